"""A guided check of the direction of a channel: something is switched on, and the figure must move the right way."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, NamedTuple

from django.core import signing

from cercollettiva.core.models import PlantType
from cercollettiva.energy.models import ChannelRole, DeviceState, Role

ENOUGH_W: Final = 300.0  # a kettle is 2,000; what a fridge does by itself is less
PRODUCING_W: Final = 50.0  # more than an inverter's own use
LONG_ENOUGH: Final = timedelta(seconds=60)
GOOD_FOR: Final = timedelta(hours=1)
SALT: Final = "direction-check"


class Expected(StrEnum):
    """What should happen when the person has done their part."""

    DRAW_RISES = "prelievo"  # a load was switched on
    EXPORT_RISES = "immissione"  # in the sun the loads were switched off
    PRODUCES = "produzione"  # the sun shines on the panels


class Answer(StrEnum):
    WAITING = "waiting"  # nothing was measured since the check began
    NOT_YET = "not_yet"  # measured, but the figure has not moved enough
    STILL_NOT = "still_not"  # and a minute has gone
    RIGHT = "right"
    REVERSED = "reversed"


class Begun(NamedTuple):
    """A check that runs: kept in the page's address, signed, because nobody needs it tomorrow."""

    role: int
    expected: Expected
    watts: float  # with the role's sign; positive is drawn, of a production produced
    at: datetime

    def token(self) -> str:
        return signing.dumps([self.role, self.expected.value, self.watts, self.at.isoformat()], salt=SALT)


class Reading(NamedTuple):
    """What a channel measures, with its role's sign. [W]"""

    watts: float | None
    at: datetime | None


class Verdict(NamedTuple):
    answer: Answer
    before_w: float
    now_w: float | None


def begun_of(token: str) -> Begun | None:
    """The check behind a token of ours that is not older than an hour."""
    try:
        role, expected, watts, at = signing.loads(token, salt=SALT, max_age=GOOD_FOR)
        return Begun(role, Expected(expected), watts, datetime.fromisoformat(at))
    except (signing.BadSignature, ValueError, TypeError):
        return None


def possible(role: ChannelRole) -> list[Expected]:
    """What can be tried with a channel."""
    if role.role == Role.PRODUCTION:
        return [Expected.PRODUCES]
    if role.role == Role.EXCHANGE and role.plant.plant_type != PlantType.CONSUMER:
        return [Expected.DRAW_RISES, Expected.EXPORT_RISES]
    return [Expected.DRAW_RISES]


def reading_of(role: ChannelRole, state: DeviceState | None) -> Reading:
    """The last value of the role's channel since the meter stands there."""
    values: dict[str, Any] = (state.values if state else {}).get(role.component, {})
    at = datetime.fromisoformat(values["at"]) if values.get("at") else None
    if at is None or at < role.placement.active_from:
        return Reading(None, None)
    parts = [values.get(f"{phase}_power") for phase in role.phases] if role.phases else [_total(values)]
    known = [float(part) for part in parts if part is not None]
    return Reading(role.sign * sum(known) if len(known) == len(parts) else None, at)


def verdict(begun: Begun, reading: Reading, *, now: datetime) -> Verdict:
    """How the figure moved since the check began."""
    if reading.watts is None or reading.at is None or reading.at <= begun.at:
        return Verdict(Answer.WAITING, begun.watts, reading.watts)
    if begun.expected is Expected.PRODUCES:
        moved, enough = reading.watts, PRODUCING_W
    else:
        moved, enough = reading.watts - begun.watts, ENOUGH_W
        if begun.expected is Expected.EXPORT_RISES:
            moved = -moved
    answer = Answer.STILL_NOT if now - begun.at >= LONG_ENOUGH else Answer.NOT_YET
    if moved >= enough:
        answer = Answer.RIGHT
    elif moved <= -enough:
        answer = Answer.REVERSED
    return Verdict(answer, begun.watts, reading.watts)


def _total(values: dict[str, Any]) -> float | None:
    if values.get("power") is not None:
        return float(values["power"])
    phases = [values[name] for name in ("a_power", "b_power", "c_power") if values.get(name) is not None]
    return float(sum(phases)) if phases else None
