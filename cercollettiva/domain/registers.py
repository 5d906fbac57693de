"""What a cumulative register counted between its readings: never a negative, never the lifetime total.

A register that falls has dipped, glitched or been reset; one that rises by more than the connection can carry has
jumped. Each has a rule of its own, and each rule looks at a few readings around, so that the same readings give the
same energy in whatever order they came.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DIP_MWH: Final = 20  # a counter that is read while it is written may lack as much (reliability, fault 24)
LOOK_AHEAD: Final = 3  # readings in which a glitch must be over
OVER_RATED: Final = 1.2  # what a connection may carry above its rated power (fault 23)
SLACK_US: Final = 60_000_000  # a reading may have been on its way for so long
ONE_CLOCK_WITHIN_US: Final = 150_000_000
_WS_PER_MWH: Final = 3.6


class Doubt(IntEnum):
    """How well the energy of a step is known."""

    NONE = 0
    ESTIMATED = 1  # what was counted before a reset is lost: a lower bound
    UNKNOWN = 2  # nothing can be said of it


class EventKind(IntEnum):
    """What was odd about a register. Stored as a number: never renumber."""

    GLITCH = 0  # it left for some readings, and the old value returned
    RESET = 1  # it began again from zero
    JUMP = 2  # it rose, or was replaced, by more than the connection could have carried


class Event(NamedTuple):
    """A register that did something else than count. [us, mWh]"""

    kind: EventKind
    at: int  # of the first odd reading
    before: int
    after: int


class Counted(NamedTuple):
    """The readings that are believed, and what was counted in the steps between them."""

    at: Ints  # (n,) of the readings, ascending [us]
    energy: Ints  # (n - 1,) zero where unknown [mWh]
    doubt: NDArray[np.int8]  # (n - 1,) Doubt
    events: list[Event]


def one_clock(at: Ints, is_device_time: Bools) -> Bools:
    """Which readings of a component to use: those with the device's own time outrank those with ours (rule R13).

    The two clocks differ, and readings of both side by side would look like a register that falls. Ours serve where
    the device says no time within two and a half minutes. `at` is ascending; shapes (n,), (n,) to (n,). [us]
    """
    device = at[is_device_time]
    if not len(device) or len(device) == len(at):
        return np.ones(len(at), dtype=np.bool_)
    after = np.searchsorted(device, at)
    to_next = device[np.minimum(after, len(device) - 1)] - at
    to_last = at - device[np.maximum(after - 1, 0)]
    alone: Bools = np.minimum(np.abs(to_next), np.abs(to_last)) > ONE_CLOCK_WITHIN_US
    return is_device_time | alone


def count(at: Ints, register: Ints, *, limit_w: float) -> Counted:
    """What a register counted in each step between its readings. Shapes (n,), (n,). [us, mWh, W]

    `limit_w` is the rated power of the connection in that direction; a step may carry 1.2 times as much.
    """
    if len(at) < 2:
        return Counted(at, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int8), [])
    rises = np.diff(register)
    if rises.min() >= 0 and not (rises > _most(np.diff(at), limit_w)).any():
        return Counted(at, rises, np.zeros(len(rises), dtype=np.int8), [])
    return _count_one_by_one(at, register, limit_w)


def _most(microseconds: Ints, limit_w: float) -> NDArray[Any]:
    """The most energy a step can carry. [us, W] to [mWh]"""
    return (microseconds + SLACK_US) * (limit_w * OVER_RATED / _WS_PER_MWH / 1e6)


def _count_one_by_one(at: Ints, register: Ints, limit_w: float) -> Counted:
    """The same where the register did not only rise."""
    times, values = at.tolist(), register.tolist()
    most_per_us = float(limit_w) * OVER_RATED / _WS_PER_MWH / 1e6
    kept, energies, doubts, events = [0], [], [], []
    base, since = values[0], times[0]

    def continues(number: int) -> bool:
        rise: int = values[number] - base
        most: float = (times[number] - since + SLACK_US) * most_per_us
        return -DIP_MWH <= rise <= most

    number = 1
    while number < len(values):
        value = values[number]
        if continues(number):
            energy, doubt = max(value - base, 0), Doubt.NONE
            base = max(value, base)  # after a dip the next rise counts from the highest value
        else:
            following = range(number + 1, min(number + 1 + LOOK_AHEAD, len(values)))
            back = next((later for later in following if continues(later)), None)
            if back is not None:
                events.append(Event(EventKind.GLITCH, times[number], base, value))
                number = back
                continue
            if not following:  # one reading alone may be a glitch: wait for the next
                break
            since_zero = value <= (times[number] - since + SLACK_US) * most_per_us
            if value < base and since_zero:
                energy, doubt, kind = value, Doubt.ESTIMATED, EventKind.RESET
            else:
                energy, doubt, kind = 0, Doubt.UNKNOWN, EventKind.JUMP
            events.append(Event(kind, times[number], base, value))
            base = value
        kept.append(number)
        energies.append(energy)
        doubts.append(doubt)
        since = times[number]
        number += 1
    return Counted(at[kept], np.array(energies, dtype=np.int64), np.array(doubts, dtype=np.int8), events)
