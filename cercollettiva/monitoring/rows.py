"""The meters that are watched, as arrays: read in one query, written in one, whatever their number."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import numpy as np
import orjson
from django.db import connection
from django.db.models import Q

from cercollettiva.energy.models import DevicePlacement
from cercollettiva.monitoring.freshness import Rhythms
from cercollettiva.monitoring.models import MeterRhythm

_STATE: Final = ("last_seen", "power_at", "values", "registers")
_RHYTHM: Final = ("energy_at", "heard_at", "since", "period", "spread", "missed", "gaps", "odd", "state", "memory")
_COLUMNS: Final = ("device_id", *_RHYTHM)
_TYPES: Final = {
    **dict.fromkeys(("energy_at", "heard_at", "since"), "timestamptz"),
    **dict.fromkeys(("period", "spread", "missed"), "double precision"),
    **dict.fromkeys(("device_id", "gaps", "odd", "state"), "integer"),
    "memory": "jsonb",
}


class Meter(NamedTuple):
    """One watched meter: what it said last, and what was known of its rhythm."""

    device_id: int
    name: str
    plant_id: int
    plant: str
    last_seen: datetime | None
    power_at: datetime | None
    values: dict[str, Any]
    registers: dict[str, Any]
    energy_at: datetime | None
    heard_at: datetime | None
    since: datetime | None  # None: not watched until now
    period: float | None
    spread: float | None
    missed: float | None
    gaps: int | None
    odd: int | None
    state: int | None
    memory: dict[str, Any] | None

    def newest_energy(self) -> datetime | None:
        """The instant of its newest registers; of its power where it has no registers. A retained copy has none."""
        told = [datetime.fromisoformat(one["at"]) for one in self.registers.values() if one.get("at")]
        if told:
            return max(told)
        return None if self.registers else self.power_at

    def report_came_at(self, energy: datetime | None, *, looked: datetime, now: datetime) -> datetime | None:
        """When the newest energy came: its own instant if that is since we looked, else when the meter spoke last."""
        if energy is None or (self.energy_at is not None and energy <= self.energy_at):
            return self.heard_at
        if self.energy_at is None or looked <= energy <= now:
            return min(energy, now)
        return min(max(energy, self.last_seen or now), now)


def watched(now: datetime) -> list[Meter]:
    """The active meters that stand somewhere now, in order of device. One query."""
    placed = DevicePlacement.objects.active_at(now).filter(
        Q(plant__active_to__isnull=True) | Q(plant__active_to__gt=now), device__is_active=True
    )
    rows = placed.order_by("device_id").values_list(
        "device_id",
        "device__device_id",
        "plant_id",
        "plant__name",
        *(f"device__state__{name}" for name in _STATE),
        *(f"device__rhythm__{name}" for name in _RHYTHM),
    )
    meters = [Meter(*row) for row in rows]
    return [one._replace(values=one.values or {}, registers=one.registers or {}) for one in meters]


def rhythms_of(meters: list[Meter], *, since: float) -> Rhythms:
    """What is known of them; who was not watched until now is watched from `since`."""
    return Rhythms(
        heard=_seconds(one.heard_at for one in meters),
        since=np.array([since if one.since is None else one.since.timestamp() for one in meters], dtype=np.float64),
        period=_numbers(one.period for one in meters),
        spread=_numbers(one.spread for one in meters),
        missed=np.array([one.missed or 0.0 for one in meters], dtype=np.float64),
        gaps=np.array([one.gaps or 0 for one in meters], dtype=np.int64),
        odd=np.array([one.odd or 0 for one in meters], dtype=np.int64),
    )


def keep(
    meters: list[Meter], known: Rhythms, energy: list[datetime | None], state: Any, memories: list[dict[str, Any]]
) -> None:
    """Write what is known of each meter. One query."""
    rows = []
    for number, one in enumerate(meters):
        rows.append(
            {
                "device_id": one.device_id,
                "energy_at": _moment(energy[number]),
                "heard_at": _moment_of(known.heard[number]),
                "since": _moment_of(known.since[number]),
                "period": _number(known.period[number]),
                "spread": _number(known.spread[number]),
                "missed": float(known.missed[number]),
                "gaps": int(known.gaps[number]),
                "odd": int(known.odd[number]),
                "state": int(state[number]),
                "memory": memories[number],
            }
        )
    table, columns = MeterRhythm._meta.db_table, ", ".join(_COLUMNS)
    changed = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS[1:])
    # Names of the code alone; only devices that are still there, because one may be removed meanwhile.
    if connection.vendor == "postgresql":
        shape = ", ".join(f"{name} {_TYPES[name]}" for name in _COLUMNS)
        source = f"SELECT {columns} FROM json_to_recordset(%s) AS given({shape})"  # noqa: S608
    else:
        given = ", ".join(f"json_extract(value, '$.{name}') AS {name}" for name in _COLUMNS)
        source = f"SELECT {given} FROM json_each(%s)"  # noqa: S608
    statement = (
        f"INSERT INTO {table} ({columns}) SELECT {columns} FROM ({source}) AS new "  # noqa: S608
        f"WHERE device_id IN (SELECT id FROM energy_deviceconfiguration) "
        f"ON CONFLICT (device_id) DO UPDATE SET {changed}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [orjson.dumps(rows).decode()])


def forget_unwatched(now: datetime) -> None:
    """A meter that nobody watches any more starts anew if it comes back; its rhythm was of another place. One query."""
    standing = DevicePlacement.objects.active_at(now).filter(device__is_active=True).values("device")
    MeterRhythm.objects.exclude(device__in=standing).delete()


def _moment(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f") + ("+00" if connection.vendor == "postgresql" else "")


def _moment_of(seconds: float) -> str | None:
    return None if np.isnan(seconds) else _moment(datetime.fromtimestamp(float(seconds), UTC))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _numbers(values: Iterable[float | None]) -> Any:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _seconds(moments: Iterable[datetime | None]) -> Any:
    return np.array([np.nan if at is None else at.timestamp() for at in moments], dtype=np.float64)
