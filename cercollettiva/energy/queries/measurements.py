"""What a device measured last, and how much of a time its quarter-hours know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cercollettiva.domain.calendar import QUARTER, Range, quarter_of
from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement, EnergyInterval
from cercollettiva.energy.models.intervals import IntervalQuality

LONGEST: Final = timedelta(days=366, hours=1)


class MeasurementQuality(NamedTuple):
    """The quarter-hours of a device that touch [start, end): how many are known, and how well."""

    expected: int
    present: int
    by_quality: Mapping[IntervalQuality, int]  # of those present; qualities that none has are left out
    covered: float  # the share of the time that the readings span, 0..1
    longest_gap: timedelta  # without any quarter-hour that is known

    @property
    def missing(self) -> int:
        return self.expected - self.present

    @property
    def share(self) -> float:
        return self.present / self.expected


def get_latest_measurement(device: DeviceConfiguration | str) -> DeviceMeasurement | None:
    """The newest values of a device, which may be given by its name; None where there is none.

    A name is a name, even "17": it is never taken for a key.
    """
    chosen = DeviceConfiguration.objects.filter(device_id=device).first() if isinstance(device, str) else device
    if chosen is None:
        return None
    # By the key alone: a join would read and sort every row of the device.
    return DeviceMeasurement.objects.filter(device=chosen).order_by("-timestamp", "-component").first()


def check_measurement_quality(device: DeviceConfiguration | str, start: datetime, end: datetime) -> MeasurementQuality:
    """How much of a time is known of a device, which may be given by its name. A future quarter-hour is missing too.

    Raises DeviceConfiguration.DoesNotExist for a name that no device has: nothing known would look like silence.
    """
    asked = _quarters_between(start, end)
    chosen = DeviceConfiguration.objects.get(device_id=device) if isinstance(device, str) else device
    rows = (
        EnergyInterval.objects.filter(device=chosen, start__gte=asked.start, start__lt=asked.end)
        .exclude(quality=IntervalQuality.MISSING)
        .exclude(energy_in=None, energy_out=None, produced=None)
        .order_by("start")
        .values_list("start", "quality", "coverage")
    )
    qualities: Counter[int] = Counter()
    covered, known_until, longest_gap = 0.0, asked.start, timedelta(0)
    for quarter, quality, coverage in rows:
        qualities[quality] += 1
        covered += coverage
        longest_gap = max(longest_gap, quarter - known_until)
        known_until = quarter + QUARTER
    return MeasurementQuality(
        expected=asked.quarters,
        present=qualities.total(),
        by_quality={IntervalQuality(quality): count for quality, count in sorted(qualities.items())},
        covered=covered / asked.quarters,
        longest_gap=max(longest_gap, asked.end - known_until),
    )


def _quarters_between(start: datetime, end: datetime) -> Range:
    if start.tzinfo is None or end.tzinfo is None:
        raise ValueError("A moment without a time zone belongs to no quarter-hour.")
    if not timedelta(0) < end - start <= LONGEST:
        raise ValueError(f"The end comes after the start, at most {LONGEST.days} days later.")
    last = quarter_of(end)
    return Range(quarter_of(start), last if last == end else last + QUARTER)
