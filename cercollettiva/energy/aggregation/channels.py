"""Which channels of a device measure what, and where, over time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

from cercollettiva.core.models import ConnectionVoltage, PlantType
from cercollettiva.devices.samples import registers_of
from cercollettiva.energy.models import ChannelRole, Role
from cercollettiva.energy.store.columns import microseconds

FOR_EVER_US: Final = 2**62

# A plant's rated power says what it makes. What it draws is bounded by its connection, and so is a plant whose rated
# power nobody wrote down. [W]
LEAST_DRAWN_W: Final = {ConnectionVoltage.BT: 30_000.0, ConnectionVoltage.MT: 1e6, ConnectionVoltage.AT: 1e8}
ASSUMED_W: Final = {ConnectionVoltage.BT: 100_000.0, ConnectionVoltage.MT: 1e7, ConnectionVoltage.AT: 1e9}


class Span(NamedTuple):
    """A channel in one role at one plant, over [start, end). [us, W]"""

    component: str  # of its registers
    phases: str
    role: str
    sign: int
    net_per_minute: bool
    plant: int
    plant_type: str
    start: int
    end: int
    draws_at_most_w: float
    makes_at_most_w: float

    @property
    def phase_count(self) -> int:
        """How many phases it sums: all three of an `em`, where none is named."""
        return len(self.phases) or (3 if self.component.startswith("emdata") else 1)

    @property
    def total_is_forward(self) -> bool | None:
        """Which way energy flowed where one register counts both directions: the role decides, or nobody knows."""
        if self.role != Role.EXCHANGE or self.plant_type == PlantType.CONSUMER:
            return True
        return False if self.plant_type == PlantType.PRODUCER else None


def spans_of(using: str, devices: Iterable[int]) -> dict[int, list[Span]]:
    """The channels with a role that each of these devices has or had, in one query."""
    rows = (
        ChannelRole.objects.using(using)
        .filter(device_id__in=list(devices))
        .select_related("placement", "plant")
        .order_by("device_id", "component", "phases", "active_from")
    )
    spans: dict[int, list[Span]] = {}
    for row in rows:
        span = _span(row)
        if span.start < span.end:
            spans.setdefault(row.device_id, []).append(span)
    return spans


def _span(row: ChannelRole) -> Span:
    plant = row.plant
    voltage = ConnectionVoltage(plant.connection_voltage)
    rated = float(plant.nominal_power) * 1000 if plant.nominal_power else None
    return Span(
        component=registers_of(row.component),
        phases=row.phases,
        role=row.role,
        sign=row.sign,
        net_per_minute=row.net_per_minute,
        plant=row.plant_id,
        plant_type=plant.plant_type,
        start=max(microseconds(row.active_from), microseconds(row.placement.active_from)),
        end=min(_end(row.active_to), _end(row.placement.active_to)),
        draws_at_most_w=max(rated or ASSUMED_W[voltage], LEAST_DRAWN_W[voltage]),
        makes_at_most_w=rated or ASSUMED_W[voltage],
    )


def _end(moment: datetime | None) -> int:
    return FOR_EVER_US if moment is None else microseconds(moment)


def changes_within(spans: Sequence[Span], start: int, end: int) -> list[int]:
    """The instants inside (start, end) at which a channel's role begins or ends."""
    instants = {moment for span in spans for moment in (span.start, span.end)}
    return sorted(moment for moment in instants if start < moment < end)
