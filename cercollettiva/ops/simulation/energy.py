"""The energy of the invented community, minute by minute in whole mWh, the same whichever window is asked for.

A block of seven days of UTC is always made whole, from noise that depends on nothing but seed and minute: history made
at one go and meters simulated live agree to the mWh. Steps longer than a minute are sums of minutes, so a register's
difference over a quarter-hour is the energy of that quarter-hour.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cercollettiva.ops.simulation.italian_time import LocalClock, local_clock, minute_of
from cercollettiva.ops.simulation.loads import consumed_w
from cercollettiva.ops.simulation.noise import key_of, smooth, uniform, uniform_at
from cercollettiva.ops.simulation.scenery import Community, Meter, PhotovoltaicArray, Point, Role
from cercollettiva.ops.simulation.sky import DRIFT_MINUTES, Floats, Sky, light_on, sky

Integers = NDArray[np.int64]

QUARTER = timedelta(minutes=15)
MINUTE = timedelta(minutes=1)
BLOCK_MINUTES = 7 * 1440
_BLOCKS_KEPT = 3  # of 6 MB each
_MWH_A_MINUTE = 1000.0 / 60.0  # of one watt

# Rows of a point's block: netted over the phases first, then phase by phase.
_DRAWN, _INJECTED, _PRODUCED, _CONSUMED = range(4)
_PHASE_DRAWN, _PHASE_RETURNED, _PHASE_PRODUCED = slice(4, 7), slice(7, 10), slice(10, 13)
_ROWS = 13


class Flows(NamedTuple):
    """Energy of a point, per interval or since the origin; drawn and injected are netted minute by minute. [mWh]"""

    drawn: Integers
    injected: Integers
    produced: Integers
    consumed: Integers


class PhaseEnergy(NamedTuple):
    """What a meter counts: one row for each of the phases a, b, c; not netted between phases. [mWh]"""

    drawn: Integers
    returned: Integers


class CommunityEnergy:
    """The energy of every point of a community; its registers count from `origin`, when they read zero."""

    def __init__(self, community: Community, *, origin: datetime, seed: int = 1) -> None:
        self.community = community
        self.seed = seed
        self.origin_minute = minute_of(origin)
        self._rows = {point.pod: row for row, point in enumerate(community.points)}
        self._points_of_meters = {meter: point.pod for point in community.points for meter in point.meters}
        self._blocks: OrderedDict[int, NDArray[np.int32]] = OrderedDict()
        self._sums: dict[int, Integers] = {}
        self._openings: list[Integers] = []  # since the origin, at the start of each block from the origin's

    def history(self, start: datetime, end: datetime, *, step: timedelta = QUARTER) -> dict[str, Flows]:
        """Energy of every point in each step of [start, end). Both are whole minutes, a whole number of steps apart."""
        totals = self._totals(minute_of(start), minute_of(end), _minutes_of(step), slice(None))
        return {pod: Flows(*totals[row]) for pod, row in self._rows.items()}

    def intervals(self, pod: str, start: datetime, end: datetime, *, step: timedelta = QUARTER) -> Flows:
        """The same for one point; KeyError when there is none."""
        row = self._rows[pod]
        return Flows(*self._totals(minute_of(start), minute_of(end), _minutes_of(step), slice(row, row + 1))[0])

    def registers_at(self, pod: str, times: Sequence[datetime]) -> Flows:
        """Energy of a point from the origin to each time; ValueError before the origin."""
        minutes = np.array([minute_of(time) for time in times], dtype=np.int64)
        return Flows(*self._registers(self._rows[pod], minutes)[:4])

    def meter_registers(self, meter: Meter, minutes: Integers) -> PhaseEnergy:
        """What the registers of a meter read at the start of these minutes from 1970-01-01 UTC."""
        rows = self._registers(self._row_of(meter), minutes)
        return _seen_by(meter, rows)

    def meter_minutes(self, meter: Meter, start_minute: int, end_minute: int) -> PhaseEnergy:
        """What a meter counts in each minute of [start, end), in minutes from 1970-01-01 UTC."""
        row = self._row_of(meter)
        parts = [block[row, :, span] for _, block, span in self._blocks_of(start_minute, end_minute)]
        if not parts:
            return PhaseEnergy(np.zeros((3, 0), dtype=np.int64), np.zeros((3, 0), dtype=np.int64))
        return _seen_by(meter, np.concatenate(parts, axis=1).astype(np.int64))

    def _row_of(self, meter: Meter) -> int:
        return self._rows[self._points_of_meters[meter]]

    def _totals(self, start: int, end: int, step: int, points: slice) -> Integers:
        """Sums over steps: points x flows x steps. [mWh]"""
        count, rest = divmod(end - start, step)
        if rest or count < 0:
            raise ValueError(f"From {start} to {end} there is no whole number of steps of {step} minutes")
        chosen = range(*points.indices(len(self._rows)))
        totals = np.zeros((len(chosen), 4, count), dtype=np.int64)
        for first, block, span in self._blocks_of(start, end):
            flows = block[points, :4, span]
            steps = (np.arange(first, first + flows.shape[2]) - start) // step
            edges = np.flatnonzero(np.diff(steps, prepend=-1))
            totals[:, :, steps[0] : steps[-1] + 1] += np.add.reduceat(flows, edges, axis=2, dtype=np.int64)
        return totals

    def _registers(self, row: int, minutes: Integers) -> Integers:
        """Every row of a point since the origin, at these minutes. [mWh]"""
        if minutes.size and int(minutes.min()) < self.origin_minute:
            raise ValueError("The meters were not there yet")
        registers = np.zeros((_ROWS, len(minutes)), dtype=np.int64)
        numbers = minutes // BLOCK_MINUTES
        for number in np.unique(numbers):
            chosen = numbers == number
            counted = _running(self._block(int(number))[row])
            registers[:, chosen] = (
                self._opening(int(number))[row][:, np.newaxis] + counted[:, minutes[chosen] % BLOCK_MINUTES]
            )
        return registers

    def _opening(self, number: int) -> Integers:
        """Registers of every point at the start of a block; below zero only where the origin's own block starts."""
        first, inside = divmod(self.origin_minute, BLOCK_MINUTES)
        if not self._openings:
            self._openings.append(-self._block(first)[:, :, :inside].sum(axis=2, dtype=np.int64))
        while len(self._openings) <= number - first:
            last = first + len(self._openings) - 1
            if last not in self._sums:
                self._block(last)
            self._openings.append(self._openings[-1] + self._sums[last])
        return self._openings[number - first]

    def _blocks_of(self, start: int, end: int) -> Iterator[tuple[int, NDArray[np.int32], slice]]:
        """The blocks of [start, end): the first minute wanted, the block, the part of it wanted."""
        while start < end:
            number, inside = divmod(start, BLOCK_MINUTES)
            stop = min(end, (number + 1) * BLOCK_MINUTES)
            yield start, self._block(number), slice(inside, inside + stop - start)
            start = stop

    def _block(self, number: int) -> NDArray[np.int32]:
        """Points x rows x minutes of one block. [mWh]"""
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        minutes = np.arange(number * BLOCK_MINUTES, (number + 1) * BLOCK_MINUTES, dtype=np.int64)
        clock = local_clock(minutes)
        place = self.community.place
        above = sky(minutes, clock, latitude=place.latitude, longitude=place.longitude, seed=self.seed)
        block = np.zeros((len(self.community.points), _ROWS, BLOCK_MINUTES), dtype=np.int32)
        for row, point in enumerate(self.community.points):
            _fill(block[row], point, minutes, clock, above, self.seed)
        self._sums[number] = block.sum(axis=2, dtype=np.int64)
        self._blocks[number] = block
        if len(self._blocks) > _BLOCKS_KEPT:
            self._blocks.popitem(last=False)
        return block


def produced_w(array: PhotovoltaicArray, above: Sky, minutes: Integers, *, name: str, seed: int) -> Floats:
    """Power of a photovoltaic plant at its meter. [W]"""
    drift = int(uniform_at(key_of(seed, name, "drift"), 0) * (2 * DRIFT_MINUTES + 1)) - DRIFT_MINUTES
    light = light_on(above, tilt=array.tilt, azimuth=array.azimuth, drift=drift)
    heat = above.warmth + 0.028 * light - 25.0
    shimmer = 0.99 + 0.02 * uniform(key_of(seed, name, "shimmer"), minutes)
    power = array.kwp * light * array.performance * (1.0 - 0.0038 * heat) * shimmer
    power = np.minimum(power, array.inverter_kw * 1000.0)
    return np.where(power > 0.004 * array.kwp * 1000.0, power, 0.0)


def _fill(rows: NDArray[np.int32], point: Point, minutes: Integers, clock: LocalClock, above: Sky, seed: int) -> None:
    """Write the minutes of one point: what its phases use and produce, then what the grid sees. [mWh]"""
    power = consumed_w(point.load, name=point.pod, minutes=minutes, clock=clock, sky=above, seed=seed)
    consumed = np.rint(power * _MWH_A_MINUTE).astype(np.int64)
    used = _used_by_phase(consumed, point, minutes, seed)
    produced = np.zeros_like(consumed)
    if point.array is not None:
        power = produced_w(point.array, above, minutes, name=point.pod, seed=seed)
        produced = np.rint(power * _MWH_A_MINUTE).astype(np.int64)
        rows[_PHASE_PRODUCED] = _produced_by_phase(produced, point.array.inverter_phases)
    balance = used - rows[_PHASE_PRODUCED]
    net = consumed - produced
    rows[_DRAWN] = np.maximum(net, 0)
    rows[_INJECTED] = np.maximum(-net, 0)
    rows[_PRODUCED] = produced
    rows[_CONSUMED] = consumed
    rows[_PHASE_DRAWN] = np.maximum(balance, 0)
    rows[_PHASE_RETURNED] = np.maximum(-balance, 0)


def _used_by_phase(consumed: Integers, point: Point, minutes: Integers, seed: int) -> Integers:
    """Split over the phases, never evenly; the sum stays exact. [mWh]"""
    used = np.zeros((3, len(consumed)), dtype=np.int64)
    if point.phases == "abc":
        for row in (0, 1):
            share = 0.18 + 0.30 * smooth(key_of(seed, point.pod, "phase", row), minutes, every=95)
            used[row] = consumed * share
    used[2 if point.phases == "abc" else 0] = consumed - used[0] - used[1]
    return used


def _produced_by_phase(produced: Integers, phases: str) -> Integers:
    """Split over the phases that the inverter feeds; the sum stays exact. [mWh]"""
    parts = np.zeros((3, len(produced)), dtype=np.int64)
    for phase in phases:
        parts["abc".index(phase)] = produced // len(phases)
    parts["abc".index(phases[-1])] += produced - parts.sum(axis=0)
    return parts


def _seen_by(meter: Meter, rows: Integers) -> PhaseEnergy:
    if meter.role is Role.PRODUCTION:
        return PhaseEnergy(rows[_PHASE_PRODUCED], np.zeros_like(rows[_PHASE_PRODUCED]))
    return PhaseEnergy(rows[_PHASE_DRAWN], rows[_PHASE_RETURNED])


def _running(rows: NDArray[np.int32]) -> Integers:
    """Sums from the start of the block to the start of each minute. [mWh]"""
    sums = np.zeros(rows.shape, dtype=np.int64)
    np.cumsum(rows[:, :-1], axis=1, dtype=np.int64, out=sums[:, 1:])
    return sums


def _minutes_of(step: timedelta) -> int:
    minutes, rest = divmod(step, MINUTE)
    if rest or minutes < 1:
        raise ValueError(f"A step of {step} is not a whole number of minutes")
    return minutes
