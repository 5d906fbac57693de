"""What the address of a call asks for. A parameter that we do not know, or cannot mean, is refused by its name."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request

IGNORED: Final = frozenset({"format", "_", "lang"})  # the form of the answer; a browser's way round its cache
GREATEST_KEY: Final = 2**63 - 1
SEARCHED: Final = 100  # characters


class Asked(serializers.Serializer[Any]):
    """The parameters of a call."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields) - IGNORED)
        if unknown:
            known = ", ".join(self.fields)
            message = _("Parametro sconosciuto. Quelli ammessi sono: %(known)s.") % {"known": known or "—"}
            raise serializers.ValidationError({name[:60]: [message] for name in unknown})
        return attrs

    @classmethod
    def of(cls, request: Request, **context: Any) -> dict[str, Any]:
        """The parameters as values; raises ValidationError."""
        twice = {name for name, values in request.query_params.lists() if len(values) > 1}
        if twice:
            raise serializers.ValidationError({name[:60]: [_("È scritto più di una volta.")] for name in sorted(twice)})
        asked = cls(data=request.query_params.dict(), context=context)
        asked.is_valid(raise_exception=True)
        values: dict[str, Any] = asked.validated_data
        return values


class Nothing(Asked):
    """No parameters."""


class Key(serializers.IntegerField):
    """The key of a row."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": GREATEST_KEY, **kwargs})


class Words(serializers.CharField):
    """What is searched for."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": SEARCHED, "allow_blank": True, **kwargs})


def check_order(start: datetime | None, end: datetime | None) -> None:
    if start is not None and end is not None and start >= end:
        raise serializers.ValidationError({"to": [_("La fine viene dopo l'inizio.")]})
