"""What the viewsets of the energy API share: pages, orders, and refusals of what the database keeps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as Invalid
from django.db import IntegrityError, models, transaction
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from cercollettiva.api.asked import Asked
from cercollettiva.api.views import ApiView

MOST_ON_A_PAGE = 500


class Pages(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = MOST_ON_A_PAGE


class Paged(Asked):
    """The parameters of a list in pages."""

    page = serializers.IntegerField(min_value=1, max_value=1_000_000, default=1)
    page_size = serializers.IntegerField(min_value=1, max_value=MOST_ON_A_PAGE, default=Pages.page_size)


class EnergyViewSet(ApiView, ViewSet):
    """A ViewSet with pages; `self.action` is the method of the router."""

    changing: ClassVar[Mapping[str, Sequence[str]]] = {}  # polled actions and the keys that change by themselves

    def polled_keys(self) -> Sequence[str] | None:
        return self.changing.get(self.action or "")

    def page_of(self, request: Request, rows: models.QuerySet[Any], serializer: type[Any], **context: Any) -> Response:
        """A page of rows; one that is not there is 404 by DRF."""
        pages = Pages()
        page = pages.paginate_queryset(rows, request, view=self)
        data = serializer(page, many=True, context={"request": request, "now": self.now, **context}).data
        return pages.get_paginated_response(data)


def editable_or_403(visible: models.QuerySet[Any], managed: models.QuerySet[Any], pk: int) -> Any:
    """What one may not see is not there; what one may only see is refused."""
    thing = get_object_or_404(visible, pk=pk)
    if not managed.filter(pk=pk).exists():
        raise PermissionDenied(_("Puoi guardarlo, non modificarlo: lo fa chi gestisce la comunità."))
    return thing


@contextmanager
def told_by_field(names: Mapping[str, tuple[str, Any]], renamed: Mapping[str, str] | None = None) -> Iterator[None]:
    """What the database or the model refuses, as a 400 that names the field.

    `names` gives field and words for each constraint; `renamed` the API's names of a model's fields.
    """
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        for constraint, (field, words) in names.items():
            if constraint in str(error):
                raise ValidationError({field: [words]}) from error
        raise
    except Invalid as error:
        found = error.message_dict if hasattr(error, "error_dict") else {"non_field_errors": error.messages}
        raise ValidationError({(renamed or {}).get(name, name): texts for name, texts in found.items()}) from error
