"""Bodies of requests: JSON of a size, and nothing that Python reads and JSON does not have."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping
from typing import IO, Any, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import JSONParser

_HALF: Final = re.compile("[\ud800-\udfff]")


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
            return _storable(super().parse(io.BytesIO(body), media_type, parser_context))
        except RecursionError as error:  # brackets within brackets, thousands deep
            raise ParseError(_("Il JSON è annidato troppo in profondità.")) from error


def _storable(value: Any) -> Any:
    """JSON may write halves of a character and numbers beyond all floats; neither can be kept or told again."""
    if isinstance(value, str) and _HALF.search(value):
        raise ParseError(_("Il testo ha mezzi caratteri Unicode, da U+D800 a U+DFFF."))
    if isinstance(value, float) and not math.isfinite(value):
        raise ParseError(_("Un numero è troppo grande."))
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    for item in inner:
        _storable(item)
    return value
