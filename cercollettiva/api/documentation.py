"""The schema of the API, and the page where people read and try it. Both are public: they hold nobody's data."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api import extensions  # noqa: F401  # tells the schema about our ways to sign in
from cercollettiva.api.asked import Nothing
from cercollettiva.api.views import CoreView


@lru_cache(maxsize=4)
def schema_in(language: str) -> dict[str, Any]:
    """It does not change while the process runs, and takes a second to write."""
    with translation.override(language):
        schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
        return schema


class Schema(CoreView):
    """GET api/schema/: OpenAPI 3.1, as JSON or with ?format=yaml."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        Nothing.of(request)
        return Response(schema_in(translation.get_language() or "it"))


@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    """GET api/docs/: the schema as a page."""
    return render(request, "api/docs.html")
