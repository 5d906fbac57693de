"""The measurements of the demo up to a moment: quarter-hours, the registers and powers of the last days, states.

All of it comes from the one model of the simulation, so a quarter-hour and the registers at its edges agree to the mWh,
and the meters that speak from now on go on where these rows end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
from django.db import transaction
from django.utils.translation import gettext as _

from cercollettiva.devices.clocks import Moment
from cercollettiva.devices.samples import Device as DecodedDevice
from cercollettiva.devices.samples import Energies, Registers, Sample, TimeSource
from cercollettiva.devices.shelly_components import Component
from cercollettiva.devices.shelly_meters import METERS
from cercollettiva.energy.aggregation import total_up
from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement, EnergyInterval, EnergyMeasurement
from cercollettiva.energy.models.intervals import IntervalQuality, IntervalSource
from cercollettiva.energy.store import Batch, Incoming, save_batch
from cercollettiva.energy.store.columns import microseconds
from cercollettiva.energy.store.intervals import IntervalRow, save_intervals
from cercollettiva.energy.store.ranges import Ranges
from cercollettiva.ingest.directory import directory_at
from cercollettiva.ingest.latest import Latest
from cercollettiva.ops.seeding.community import devices_of
from cercollettiva.ops.simulation.energy import QUARTER, CommunityEnergy, Flows, Integers
from cercollettiva.ops.simulation.italian_time import ITALY
from cercollettiva.ops.simulation.readings import em_status, power_w
from cercollettiva.ops.simulation.scenery import Meter, Role

REGISTERS_SINCE: Final = timedelta(days=2)  # local days before today
POWERS_SINCE: Final = timedelta(hours=25)
AT_A_TIME: Final = timedelta(days=28)  # 43,000 quarter-hours: a transaction
INGESTOR: Final = "seed-demo"
QUARTERS_AN_HOUR: Final = 4
GOOD: Final = int(IntervalQuality.GOOD)
FROM_REGISTERS: Final = int(IntervalSource.REGISTERS)
_EM: Final = Component("em:0", "em", 0)
_EMDATA: Final = "emdata:0"

Devices = Mapping[Meter, DeviceConfiguration]
Tell = Callable[[str], None]


class Written(NamedTuple):
    """How many rows a run wrote."""

    intervals: int = 0
    registers: int = 0
    powers: int = 0


def bring_up_to(now: datetime, *, energy: CommunityEnergy, tell: Tell) -> Written:
    """Write what has passed since the last run, unless no quarter-hour has ended since."""
    devices = devices_of(energy.community)
    first, end = _next_quarter(devices, energy), now - (now - datetime(1970, 1, 1, tzinfo=UTC)) % QUARTER
    if first >= end:
        return Written()
    intervals, start = 0, first
    while start < end:
        stop = min(start + AT_A_TIME, end)
        intervals += save_intervals(list(interval_rows(energy, devices, start, stop, now=now)))
        day = f"{stop.astimezone(ITALY):%d/%m/%Y}"
        tell(_("Quarti d'ora fino al %(day)s: %(count)d") % {"day": day, "count": intervals})
        start = stop
    tell(_("Totali di ore, giorni, settimane, mesi e anni"))
    _add_up(devices, first, end, now)
    roles = {entry.key: entry.roles for entry in directory_at(now).values()}
    tell(_("Registri e potenze degli ultimi giorni"))
    registers = powers = 0
    for meter, device in devices.items():
        batch = _batch(energy, meter, device, now)
        registers, powers = registers + len(batch.energies()), powers + len(batch.powers())
        if batch.incoming:
            latest = Latest(device.pk)
            latest.roles = roles[device.pk]
            batch.states = [_last_word(latest, batch).row()]
            save_batch(batch, ingestor=INGESTOR, now=now)
    return Written(intervals, registers, powers)


def _add_up(devices: Devices, start: datetime, end: datetime, now: datetime) -> None:
    """The totals of the quarter-hours just written, as the platform makes them."""
    keys = np.array(sorted(device.pk for device in devices.values()), dtype=np.int64)
    first, last = (np.full(len(keys), microseconds(moment)) for moment in (start, end))
    with transaction.atomic():
        total_up(Ranges(keys, first, last), now)


def interval_rows(
    energy: CommunityEnergy, devices: Devices, start: datetime, end: datetime, *, now: datetime
) -> Iterator[IntervalRow]:
    """The quarter-hours of every meter in [start, end); mean power is positive when drawn. [mWh, W]"""
    starts = [start + number * QUARTER for number in range((end - start) // QUARTER)]
    flows = energy.history(start, end)
    pods = {meter: point.pod for point in energy.community.points for meter in point.meters}
    for meter, device in devices.items():
        drawn, injected, produced = _columns(meter, flows[pods[meter]])
        for quarter, into, out, made in zip(starts, drawn, injected, produced, strict=True):
            mean = (made if made is not None else (into or 0) - (out or 0)) * QUARTERS_AN_HOUR / 1000
            yield IntervalRow(device.pk, quarter, into, out, made, now, None, mean, 1.0, GOOD, FROM_REGISTERS)


def _columns(meter: Meter, flows: Flows) -> tuple[list[int | None], list[int | None], list[int | None]]:
    """Drawn, injected and produced, as far as a meter in this role knows them. [mWh]"""
    unknown: list[int | None] = [None] * len(flows.drawn)
    if meter.role is Role.PRODUCTION:
        return unknown, unknown, flows.produced.tolist()
    return flows.drawn.tolist(), flows.injected.tolist(), unknown


def _next_quarter(devices: Devices, energy: CommunityEnergy) -> datetime:
    """The first quarter-hour that some meter lacks: those of all meters are written together."""
    first = datetime.fromtimestamp(energy.origin_minute * 60, UTC)
    lasts = [_newest(EnergyInterval, "start", device=device) for device in devices.values()]
    known = [last + QUARTER if last is not None else first for last in lasts]
    return max(min(known, default=first), first)


def _newest(model: Any, field: str, **rows: Any) -> datetime | None:
    newest: datetime | None = model.objects.filter(**rows).order_by(f"-{field}").values_list(field, flat=True).first()
    return newest


def _batch(energy: CommunityEnergy, meter: Meter, device: DeviceConfiguration, now: datetime) -> Batch:
    """The registers and powers of a meter that are not stored yet, one of each a minute, oldest first."""
    this_minute = int(now.timestamp()) // 60
    today = now.astimezone(ITALY).replace(hour=0, minute=0, second=0, microsecond=0)
    first_register = _first_minute(today - REGISTERS_SINCE, _newest(EnergyMeasurement, "timestamp", device=device))
    first_power = _first_minute(now - POWERS_SINCE, _newest(DeviceMeasurement, "timestamp", device=device))
    first_register, first_power = (max(first, energy.origin_minute) for first in (first_register, first_power))
    first = min(first_register, first_power)
    minutes = np.arange(first, this_minute + 1, dtype=np.int64)
    if not len(minutes):
        return Batch()
    registers = _registers(energy, meter, device, minutes)
    powers = _powers(energy, meter, device, minutes[first_power - first :])
    drawn = {row.sample.at: _energies(row).drawn for row in registers}
    powers = [row._replace(energy_total=drawn[row.sample.at.replace(second=0)]) for row in powers]
    return Batch(incoming=[*registers[first_register - first :], *powers])


def _first_minute(wanted: datetime, newest: datetime | None) -> int:
    after_newest = int(newest.timestamp()) // 60 + 1 if newest is not None else 0
    return max(int(wanted.timestamp()) // 60, after_newest)


def _registers(energy: CommunityEnergy, meter: Meter, device: DeviceConfiguration, minutes: Integers) -> list[Incoming]:
    """What the registers read at the start of each minute."""
    counted = energy.meter_registers(meter, minutes)
    rows = []
    columns = zip(minutes.tolist(), counted.drawn.T.tolist(), counted.returned.T.tolist(), strict=True)
    for minute, drawn, returned in columns:
        pairs = [value for pair in zip(drawn, returned, strict=True) for value in pair]
        energies = Energies(sum(drawn), sum(returned), None, *pairs)
        at = datetime.fromtimestamp(minute * 60, UTC)
        sample = Sample(device.pk, _EMDATA, at, TimeSource.DEVICE, Registers(energies))
        rows.append(Incoming(sample, fingerprint=2 * minute, topic="", payload=b""))
    return rows


def _powers(energy: CommunityEnergy, meter: Meter, device: DeviceConfiguration, minutes: Integers) -> list[Incoming]:
    """What `em:0` shows in the middle of each minute that has ended."""
    minutes = minutes[:-1]
    if not len(minutes):
        return []
    counted = energy.meter_minutes(meter, int(minutes[0]), int(minutes[-1]) + 1)
    net = (counted.drawn - counted.returned).T.tolist()
    decoded = DecodedDevice(device.pk, device.device_id, device.topic_prefix, ITALY, datetime.min.replace(tzinfo=UTC))
    rows = []
    for minute, phases in zip(minutes.tolist(), net, strict=True):
        second = minute * 60 + 30
        status = em_status([power_w(mwh) for mwh in phases], meter=meter.device_id, second=second)
        moment = Moment(datetime.fromtimestamp(second, UTC), TimeSource.DEVICE)
        (sample,) = METERS["em"].samples(status, _EM, moment, decoded)
        rows.append(Incoming(sample, fingerprint=2 * minute + 1, topic="", payload=b""))
    return rows


def _energies(row: Incoming) -> Energies:
    reading = row.sample.reading
    assert isinstance(reading, Registers)  # noqa: S101  # `_registers` made it
    return reading.energies


def _last_word(latest: Latest, batch: Batch) -> Latest:
    """The state after the last registers and the last powers of a batch."""
    for rows in (batch.energies(), batch.powers()):
        if rows:
            latest.take(rows[-1].sample, received_at=rows[-1].sample.at)
            latest.heard(rows[-1].sample.at)
    return latest
