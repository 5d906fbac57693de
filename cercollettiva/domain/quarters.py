"""From the curves of a device's channels to its quarter-hours: netting of phases, coverage, quality.

The distributor's meter sums the phases, so where several of them measure the exchange with the grid, each minute is
either drawn or injected, never both: without it a single-phase inverter on a three-phase connection looks as if it
injected a quarter more than it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.domain.curves import EDGE_TOLERANCE_US, QUARTER_US, Slices
from cercollettiva.domain.registers import Bools, Ints

UNKNOWN: Final = -1  # in arrays of energy, where an int has no None
COMPLETE: Final = 0.999  # the first reading comes a moment after the edge
MINUTE_ENOUGH_US: Final = 30_000_000  # a shorter piece at the edge of what is known says little about its minute

# Quality and source, as `energy.IntervalQuality` and `energy.IntervalSource` number them (a test holds them together).
GOOD, DEVICE_OFF, NOT_NETTED, ESTIMATED, PARTIAL, MISSING = range(6)
OFFICIAL, RECORD, REGISTERS, ESTIMATE, NO_SOURCE = range(5)


class Channel(NamedTuple):
    """One channel in its role, cut at the edges of the grid; forward and backward as its sign says."""

    role: str  # EXCHANGE, PRODUCTION or LOAD
    phases: int  # how many it sums
    net_per_minute: bool
    forward: Slices | None  # drawn, produced or consumed; None where the channel has no such register
    backward: Slices | None  # injected into the grid, or flowing back


class Flow(NamedTuple):
    """Energy in both directions through the channels of one role, slice by slice. (m,) [mWh, us]"""

    forward: Ints | None
    backward: Ints | None
    known: Ints  # the time in which every channel is known
    estimated: Ints
    coarse: Ints
    counted: Ints
    gross: Bools  # both directions flowed in a step too long to net them
    off: Ints | None = None  # the device had no power


class Quarters(NamedTuple):
    """Quarter-hours of a device, or the parts of them that belong to one place. (n,) [mWh, us, W]"""

    start: Ints
    drawn: Ints  # UNKNOWN where it is not known, like the three that follow
    injected: Ints
    produced: Ints
    consumed: Ints
    length: Ints  # of the quarter, or of the part of it
    known: Ints  # how much of that is known
    quality: NDArray[np.int16]
    source: NDArray[np.int16]
    mean_w: NDArray[np.float64]  # positive drawn; of a production meter, produced
    peak_w: NDArray[np.float64]  # the minute's mean farthest from zero; NaN where minutes are not known


def flow_of(channels: Sequence[Channel]) -> Flow:
    """The sum of channels in one role; netted where they are of the exchange and of several phases."""
    parts = [part for channel in channels for part in (channel.forward, channel.backward) if part is not None]
    known, estimated, coarse, counted = (
        reduced([getattr(part, name) for part in parts])
        for reduced, name in (
            (np.minimum.reduce, "known"),
            (np.maximum.reduce, "estimated"),
            (np.maximum.reduce, "coarse"),
            (np.maximum.reduce, "counted"),
        )
    )
    without_power = [part.off for part in parts if part.off is not None]
    off = np.maximum.reduce(without_power) if without_power else None
    forward = _sum([channel.forward for channel in channels], known)
    backward = _sum([channel.backward for channel in channels], known)
    gross = np.zeros(len(known), dtype=np.bool_)
    is_netted = channels[0].role == "EXCHANGE" and sum(channel.phases for channel in channels) > 1
    if is_netted and forward is not None and backward is not None and all(c.net_per_minute for c in channels):
        gross = (coarse > 0) & (forward > 0) & (backward > 0)
        both = np.where(gross, 0, np.minimum(forward, backward))
        forward, backward = forward - both, backward - both
    return Flow(forward, backward, known, estimated, coarse, counted, gross, off)


def _sum(parts: Sequence[Slices | None], known: Ints) -> Ints | None:
    """The sum over channels where all of them are known; None where one has no such register."""
    present = [part.energy for part in parts if part is not None]
    if len(present) < len(parts):
        return None
    total: Ints = np.sum(present, axis=0)
    return np.where(known > 0, total, 0) if len(present) > 1 else total


def quarters_of(edges: Ints, channels: Sequence[Channel]) -> Quarters:
    """The quarter-hours that the slices between `edges` fall in.

    Every quarter's edge inside must be among the edges, and a channel must have a register. (m + 1,) to (n,) [us]
    """
    starts = edges[:-1] // QUARTER_US * QUARTER_US
    first = np.flatnonzero(np.concatenate(([True], starts[1:] != starts[:-1])))
    flows = {
        role: flow_of(members)
        for role in ("EXCHANGE", "PRODUCTION", "LOAD")
        if (members := [channel for channel in channels if channel.role == role and _has_register(channel)])
    }
    per_quarter = _Sums(first)
    known: Ints = np.sum([per_quarter(flow.known) for flow in flows.values()], axis=0) // len(flows)
    length = per_quarter(np.diff(edges))

    def energy(role: str, direction: str) -> Ints:
        flow = flows.get(role)
        values = getattr(flow, direction) if flow else None
        if flow is None or values is None:
            return np.full(len(first), UNKNOWN, dtype=np.int64)
        return np.where(per_quarter(flow.known) > 0, per_quarter(values), UNKNOWN)

    main = next(iter(flows.values()))
    net = _net(main)
    lasts = np.maximum(per_quarter(main.known), 1)
    return Quarters(
        start=starts[first],
        drawn=energy("EXCHANGE", "forward"),
        injected=energy("EXCHANGE", "backward"),
        produced=energy("PRODUCTION", "forward"),
        consumed=energy("LOAD", "forward"),
        length=length,
        known=known,
        quality=_quality(flows, per_quarter, known < length * COMPLETE),
        source=_source(flows, per_quarter),
        mean_w=per_quarter(net) * 3.6e6 / lasts,
        peak_w=_peaks(net, main, first),
    )


class _Sums:
    """Sums of slices over the quarters that begin at `first`."""

    def __init__(self, first: NDArray[np.int64]) -> None:
        self._first = first

    def __call__(self, values: Ints) -> Ints:
        sums: Ints = np.add.reduceat(values, self._first)
        return sums


def _has_register(channel: Channel) -> bool:
    return channel.forward is not None or channel.backward is not None


def _net(flow: Flow) -> Ints:
    zero = np.zeros(len(flow.known), dtype=np.int64)
    return (zero if flow.forward is None else flow.forward) - (zero if flow.backward is None else flow.backward)


def _peaks(net: Ints, flow: Flow, first: NDArray[np.int64]) -> NDArray[np.float64]:
    """The slice farthest from zero, with its sign; NaN where a quarter is known from long steps only. [W]"""
    fine = (flow.known >= MINUTE_ENOUGH_US) & (flow.coarse == 0)
    watts = np.where(fine, net * 3.6e6 / np.maximum(flow.known, 1), 0.0)
    highest, lowest = np.maximum.reduceat(watts, first), np.minimum.reduceat(watts, first)
    peaks = np.where(highest >= -lowest, highest, lowest)
    return np.where(np.add.reduceat(fine.astype(np.int64), first) > 0, peaks, np.nan)


def _quality(flows: dict[str, Flow], per_quarter: _Sums, is_partial: Bools) -> NDArray[np.int16]:
    quality = np.full(len(is_partial), GOOD, dtype=np.int16)
    for flow in flows.values():
        if flow.off is not None:
            is_off = per_quarter(flow.off) > EDGE_TOLERANCE_US
            quality = np.where(is_off, np.maximum(quality, DEVICE_OFF), quality)
        quality = np.where(per_quarter(flow.gross.astype(np.int64)) > 0, np.maximum(quality, NOT_NETTED), quality)
        estimated = per_quarter(flow.estimated) > EDGE_TOLERANCE_US
        quality = np.where(estimated, np.maximum(quality, ESTIMATED), quality)
    quality = np.where(is_partial, np.maximum(quality, PARTIAL), quality)
    return quality.astype(np.int16)


def _source(flows: dict[str, Flow], per_quarter: _Sums) -> NDArray[np.int16]:
    """Records only where every part of what is known comes from them."""
    counted = np.maximum.reduce([per_quarter(flow.counted) for flow in flows.values()])
    return np.where(counted > EDGE_TOLERANCE_US, REGISTERS, RECORD).astype(np.int16)
