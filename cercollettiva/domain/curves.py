"""A curve of energy over time from registers and interval records, and its value at any instant.

The same energy comes in both shapes and counts once: where a record covers a time the record says what flowed, and
what the register counted beyond its records is spread over the rest of its step. Where the meter says that it had no
power, nothing flowed that it could count. Every corner of the curve is a whole
mWh, and between corners it is rounded once, so that whatever the curve is cut into, the pieces add up to the whole.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from cercollettiva.domain.registers import Bools, Counted, Doubt, Ints

QUARTER_US: Final = 900_000_000
MINUTE_STEP_US: Final = 90_000_000  # a step up to this long is as good as a minute's
GAP_US: Final = 300_000_000  # in a longer step the energy at a quarter's edge is an estimate
EDGE_TOLERANCE_US: Final = 9_000_000  # a hundredth of a quarter


class Records(NamedTuple):
    """Energies of intervals as the device stored them. [us, us, mWh]"""

    start: Ints  # (n,) ascending
    length: Ints  # (n,)
    energy: Ints  # (n,)

    @property
    def end(self) -> Ints:
        return self.start + self.length


class Off(NamedTuple):
    """Times in which the device had no power, by its own record. [us]"""

    start: Ints  # (n,) ascending
    length: Ints  # (n,)


class Slices(NamedTuple):
    """The curve cut at m + 1 edges: energies, and how much of each slice's time is of which kind. (m,) [mWh, us]"""

    energy: Ints
    known: Ints  # some reading or record says what flowed
    estimated: Ints  # known, but not when in the step it flowed, or only a lower bound
    coarse: Ints  # known from a step longer than a minute
    counted: Ints  # known from registers, not from records
    off: Ints | None = None  # known because the device had no power; None where that was never so


class Curve(NamedTuple):
    """Energy over time: corners, and what is known of the segment that begins at each."""

    corner: Ints  # (n,) ascending [us]
    energy: Ints  # (n - 1,) of each segment [mWh]
    traits: Ints  # (4, n - 1) ones and zeros: known, estimated, coarse, counted; (5, n - 1) with off

    def cut(self, edges: Ints) -> Slices:
        """The curve between each edge and the next. Edges are ascending, (m + 1,). [us]"""
        if len(self.corner) < 2:
            nothing = np.zeros(len(edges) - 1, dtype=np.int64)
            return Slices(*[nothing] * 5)
        inside = np.clip(edges, self.corner[0], self.corner[-1])
        segment = np.minimum(np.searchsorted(self.corner, inside, side="right") - 1, len(self.energy) - 1)
        into = inside - self.corner[segment]
        lengths = np.diff(self.corner)
        before = np.concatenate(([0], np.cumsum(self.energy)))
        energy = before[segment] + _share(self.energy[segment], into, lengths[segment])
        elapsed = np.cumsum(self.traits * lengths, axis=1)
        times = elapsed[:, segment] - self.traits[:, segment] * (lengths[segment] - into)
        return Slices(np.diff(energy), *np.diff(times, axis=1))


NO_RECORDS: Final = Records(*[np.zeros(0, dtype=np.int64)] * 3)
NEVER_OFF: Final = Off(*[np.zeros(0, dtype=np.int64)] * 2)


def curve_of(counted: Counted, records: Records = NO_RECORDS, off: Off = NEVER_OFF) -> Curve:
    """The curve of one direction of one channel. Records must not overlap each other (`without_overlaps`).

    Where a record and the device's word that it was off meet, the record counts.
    """
    if not len(records.start) and not len(off.start):
        lengths = np.diff(counted.at)
        known = counted.doubt != Doubt.UNKNOWN
        estimated = known & ((counted.doubt == Doubt.ESTIMATED) | _crosses_an_edge(counted.at[:-1], lengths, lengths))
        return Curve(counted.at, counted.energy, _traits(known, estimated, lengths, known))
    return _merged(counted, records, off)


def without_overlaps(records: Records) -> Records:
    """Of records that overlap, the one that began first. Input ascending by start."""
    ends = np.maximum.accumulate(records.end)
    free = np.concatenate(([True], records.start[1:] >= ends[:-1])) if len(ends) else np.zeros(0, dtype=np.bool_)
    return records if free.all() else Records(*(column[free] for column in records))


def _merged(counted: Counted, records: Records, off: Off) -> Curve:
    corner = np.unique(np.concatenate((counted.at, records.start, records.end, off.start, off.start + off.length)))
    begins, lengths = corner[:-1], np.diff(corner)

    record, in_record = _inside(begins, records.start, records.end)
    _, in_off = _inside(begins, off.start, np.maximum.accumulate(off.start + off.length))
    in_off &= ~in_record
    energy = np.zeros(len(begins), dtype=np.int64)
    if len(records.start):
        into = begins - records.start[record]
        energy = np.where(in_record, _cut_in_shares(records.energy, records.length, record, into, lengths), 0)

    step = np.searchsorted(counted.at, begins, side="right") - 1
    in_step = (step >= 0) & (step < len(counted.energy))
    if not in_step.any():
        known, estimated, whole = in_record | in_off, np.zeros(len(begins), dtype=np.bool_), lengths
        from_register = np.zeros(len(begins), dtype=np.bool_)
    else:
        step = np.where(in_step, step, 0)
        spread = in_step & ~in_record & ~in_off
        size = len(counted.energy)
        rest = counted.energy - np.bincount(step[in_step], energy[in_step], size).astype(np.int64)
        free = np.bincount(step[spread], lengths[spread], size).astype(np.int64)  # time without a record [us]
        passed = np.cumsum(np.where(spread, lengths, 0)) - lengths  # such time before this segment
        into = passed - np.concatenate(([0], np.cumsum(free)))[step]
        shares = _cut_in_shares(np.maximum(rest, 0), free, step, np.where(spread, into, 0), lengths)
        crossing = _crosses_an_edge(counted.at[:-1], np.diff(counted.at), free)
        from_register = spread & (counted.doubt[step] != Doubt.UNKNOWN)
        known = in_record | in_off | from_register
        energy = np.where(from_register, shares, energy)
        estimated = from_register & ((counted.doubt == Doubt.ESTIMATED) | crossing)[step]
        whole = np.where(spread, free[step], lengths)
    if len(records.start):
        whole = np.where(in_record, records.length[record], whole)
        estimated |= in_record & _crosses_an_edge(records.start, records.length, records.length)[record]
    whole = np.where(in_off, 0, whole)  # nothing flowed at any time of it: it is as good as a minute's
    traits = _traits(known, estimated, whole, from_register)
    return Curve(corner, energy, np.vstack((traits, in_off)) if len(off.start) else traits)


def _inside(begins: Ints, starts: Ints, ends: Ints) -> tuple[Ints, Bools]:
    """For each instant the interval that began last, and whether it is in it. Ends are ascending too."""
    last = np.searchsorted(starts, begins, side="right") - 1
    if not len(starts):
        return last, np.zeros(len(begins), dtype=np.bool_)
    inside: Bools = (last >= 0) & (begins < ends[last])
    return last, inside


def _traits(known: Bools, estimated: Bools, lengths: Ints, counted: Bools) -> Ints:
    coarse = known & (lengths > MINUTE_STEP_US)
    return np.array([known, estimated, coarse, counted], dtype=np.int64)


def _crosses_an_edge(starts: Ints, lengths: Ints, free: Ints) -> Bools:
    """Where the edge of a quarter-hour is well inside a gap: what flowed on each side is not known. [us]

    `free` is the time of each step that no record covers.
    """
    first, last = starts + EDGE_TOLERANCE_US, starts + lengths - EDGE_TOLERANCE_US
    crossing: Bools = (free > GAP_US) & (first // QUARTER_US != last // QUARTER_US)
    return crossing


def _cut_in_shares(whole: Ints, length: Ints, index: Ints, into: Ints, lengths: Ints) -> Ints:
    """The share of each piece, `into` a whole and `lengths` long; the pieces of a whole add up to it. [mWh, us]"""
    of, lasts = whole[index], length[index]
    return _share(of, np.minimum(into + lengths, lasts), lasts) - _share(of, into, lasts)


def _share(energy: Ints, part: Ints, whole: Ints) -> Ints:
    """`energy * part / whole`, halves up: depends on nothing but the segment, so every window rounds alike."""
    exact = energy * (part / np.maximum(whole, 1))
    return np.floor(exact + 0.5).astype(np.int64)
