"""Fields of what is asked and answered: instants, energies, powers."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from typing import Any, Final

from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from cercollettiva.domain.calendar import ITALY, midnight

EARLIEST: Final = midnight(date(2000, 1, 1))
LATEST: Final = midnight(date(2100, 1, 1))
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_LOST_PLUS: Final = re.compile(r" (\d{2}:?\d{2})$", re.ASCII)  # "+" of an offset that was not escaped in an address
_INSTANT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?", re.ASCII)
MWH_PER_KWH: Final = 1_000_000


def local(moment: datetime | None) -> str | None:
    """ISO 8601 with the offset of the Italian clock."""
    return None if moment is None else moment.astimezone(ITALY).isoformat()


def kwh(mwh: int | None) -> float | None:
    return None if mwh is None else mwh / MWH_PER_KWH


def rounded(value: float | None, digits: int = 1) -> float | None:
    """None, and what is no number, stay unknown."""
    return None if value is None or not math.isfinite(value) else round(value, digits)


def kilowatts(watts: float | None) -> float | None:
    return None if watts is None else round(watts / 1000, 3)


@extend_schema_field({"type": "string", "format": "date-time"})
class Instant(serializers.Field):
    """An instant, or a day: its first instant in Italy. Without an offset it is the Italian clock's."""

    default_error_messages = {
        "invalid": _("Scrivi un istante come 2026-03-01T00:00:00+01:00, o un giorno come 2026-03-01."),
        "range": _("Scrivi un istante tra il 2000 e il 2100."),
    }

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or len(data) > 40:
            self.fail("invalid")
        written = _LOST_PLUS.sub(r"+\1", data.strip())
        try:
            moment = self._read(written)
        except (ValueError, OverflowError):
            moment = None
        if moment is None:
            raise serializers.ValidationError(self.error_messages["invalid"])
        if not EARLIEST <= moment < LATEST:
            self.fail("range")
        return moment

    def _read(self, written: str) -> datetime | None:
        if _DAY.fullmatch(written):
            day = date.fromisoformat(written)
            return midnight(day) if 2000 <= day.year < 2100 else datetime(1999, 1, 1, tzinfo=UTC)
        if not _INSTANT.fullmatch(written):
            return None
        moment = parse_datetime(written)
        if moment is None:
            return None
        if not 1999 < moment.year < 2101:  # near the ends of the calendar there is no other zone
            return datetime(1999, 1, 1, tzinfo=UTC)
        return (moment if moment.tzinfo else moment.replace(tzinfo=ITALY)).astimezone(UTC)

    def to_representation(self, value: datetime) -> str | None:
        return local(value)


class Watts(serializers.FloatField):
    """An instantaneous value; W unless the field says otherwise."""

    def to_representation(self, value: float) -> float | None:
        return rounded(value, 3)


class KilowattHours(serializers.FloatField):
    """Energy: whole mWh inside, kWh outside."""

    def to_representation(self, value: int) -> float | None:
        return kwh(value)
