"""Bodies of requests: JSON of a size, and nothing that Python reads and JSON does not have."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = _("Il corpo della richiesta è troppo grande: al massimo 1 MiB.")
    default_code = "body_too_large"


class BoundedJSONParser(JSONParser):
    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        body = stream.read(settings.API_BODY_LIMIT + 1)
        if len(body) > settings.API_BODY_LIMIT:
            raise BodyTooLarge
        try:
            return super().parse(io.BytesIO(body), media_type, parser_context)
        except RecursionError as error:  # brackets within brackets, thousands deep
            raise ParseError(_("Il JSON è annidato troppo in profondità.")) from error
