"""Measurements page by page: by their key, so that the hundredth page costs what the first does."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple

from django.db.models import Q, QuerySet

from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement

BETWEEN: Final = "~"


class MeasurementPage(NamedTuple):
    """Some measurements of a device, the newest first; `older` is the mark after which the next ones stand, or ""."""

    rows: list[DeviceMeasurement]
    older: str


def measurement_page(
    visible: QuerySet[DeviceMeasurement],
    device: DeviceConfiguration,
    *,
    size: int,
    since: datetime | None = None,
    until: datetime | None = None,
    quality: int | None = None,
    after: str = "",
) -> MeasurementPage:
    """One page of what a person may see of a device. A mark that is none of ours begins at the first page."""
    rows = visible.filter(device=device)
    if since is not None:
        rows = rows.filter(timestamp__gte=since)
    if until is not None:
        rows = rows.filter(timestamp__lt=until)
    if quality is not None:
        rows = rows.filter(quality=quality)
    if (mark := _mark_of(after)) is not None:
        moment, component = mark
        rows = rows.filter(Q(timestamp__lt=moment) | Q(timestamp=moment, component__lt=component))
        rows = rows.filter(timestamp__lte=moment)  # the same again, for the index
    found = list(rows.order_by("-timestamp", "-component")[: size + 1])
    shown = found[:size]
    older = f"{shown[-1].timestamp.isoformat()}{BETWEEN}{shown[-1].component}" if len(found) > size else ""
    return MeasurementPage(shown, older)


def _mark_of(text: str) -> tuple[datetime, str] | None:
    instant, between, component = text.partition(BETWEEN)
    try:
        moment = datetime.fromisoformat(instant)
    except ValueError:
        return None
    is_ours = between and moment.tzinfo is not None and 2000 <= moment.year <= 2100 and "\0" not in component
    return (moment, component) if is_ours else None
