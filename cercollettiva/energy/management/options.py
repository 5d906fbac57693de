"""What the commands of this room have in common: moments as people type them."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.management.base import CommandError
from django.utils.dateparse import parse_date, parse_datetime

BAD_INPUT = 2


def moment(text: str | None, name: str) -> datetime | None:
    """A date, which is its midnight in Italy, or a date and time; without an offset it is the Italian clock's."""
    if text is None:
        return None
    zone = ZoneInfo(settings.LOCAL_TIME_ZONE)
    try:
        day, at = parse_date(text), parse_datetime(text)
    except ValueError:
        day = at = None
    if day is not None:
        return datetime.combine(day, time(), zone)
    if at is None:
        raise CommandError(
            f"{name} is a date or a time such as 2026-03-29 or 2026-03-29T12:00+02:00, not {text!r}.",
            returncode=BAD_INPUT,
        )
    return at if at.tzinfo else at.replace(tzinfo=zone)
