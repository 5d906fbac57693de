"""How long a meter may be quiet: its rhythm, learnt from its own reports, and what its silence means.

Arrays in, arrays out, one place for each meter; times and lengths in seconds, and "now" is an argument. `learn` follows
what arrives, `judge` says what a silence is. A lost report makes a meter late, which nobody is told; it is silent when
no chance explains it any more.

The rhythm is seen through the check's own clock: what reports more often than we look seems to report as often as we
look. Where several reports may hide between two looks, a long gap is divided among them.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEARNT: Final = 20  # gaps, before a meter's own rhythm counts
UNLEARNT_LATE: Final = 900.0  # seconds, for a meter whose rhythm is not known yet
UNLEARNT_SILENT: Final = 7200.0
RATE: Final = 0.02  # how fast the period follows
FORGETS: Final = 0.998  # of the widest departure, at each report
FORGETS_FIRST: Final = 0.9  # while the period itself is a guess
UNUSUAL: Final = 4.0  # periods: longer is an absence, which teaches nothing
LEARNS_ANEW: Final = 3  # absences in a row are a new rhythm
MISSES_RATE: Final = 0.01


class State(IntEnum):
    """What a meter's silence means."""

    NEW = 0  # never heard: nothing can be missing yet
    OK = 1
    LATE = 2
    SILENT = 3


class Rhythms(NamedTuple):
    """What is known of each meter; NaN is not known."""

    heard: NDArray[np.float64]  # when its last report came [s]
    since: NDArray[np.float64]  # silence before this does not count: a start, a return, an outage that was not its own
    period: NDArray[np.float64]  # between reports [s]
    spread: NDArray[np.float64]  # the widest departure from it lately [s]
    missed: NDArray[np.float64]  # share of the reports that did not come, lately
    gaps: NDArray[np.int64]  # how many taught us this
    odd: NDArray[np.int64]  # absences in a row

    @classmethod
    def unknown(cls, count: int, *, since: float) -> Rhythms:
        nothing = np.full(count, np.nan)
        none = np.zeros(count, dtype=np.int64)
        return cls(nothing, np.full(count, since), nothing.copy(), nothing.copy(), np.zeros(count), none, none.copy())


def learn(known: Rhythms, heard: NDArray[np.float64], *, looked: float, every: float) -> Rhythms:
    """What each meter's newest report teaches; `looked` is when we looked last, and we look `every` so often. [s]

    A gap that began before `since` was not the meter's own, and teaches nothing.
    """
    came = heard > known.heard  # False where one of them is not known
    counts = came & (known.heard >= known.since)
    gap = heard - known.heard
    period = np.where(counts & np.isnan(known.period), np.where(gap > UNUSUAL * every, gap, every), known.period)
    hidden = 1 + np.floor(np.maximum(heard - looked, 0) / (0.9 * period))  # how many may have come since we looked
    each = gap / np.maximum(np.minimum(np.floor(gap / period + 0.7), hidden), 1)
    usual = counts & (each <= UNUSUAL * period)
    odd = np.where(usual, 0, known.odd + counts)
    off = each - period
    # Shorter gaps count twice: a longer one may hide a report that we cannot count.
    pull = np.maximum(np.minimum(off, period / 2), -period)
    followed = period + np.maximum(RATE, 1 / (known.gaps + 2.0)) * np.where(pull < 0, pull, pull / 2)
    departure = np.fmax(np.abs(off), known.spread * np.where(known.gaps < 3 * LEARNT, FORGETS_FIRST, FORGETS))
    lost = np.maximum(np.rint(off / period), 0)
    missed = known.missed + MISSES_RATE * (lost / (lost + 1) - known.missed)
    learnt = Rhythms(
        heard=np.fmax(heard, known.heard),
        since=known.since,
        period=np.where(usual, np.maximum(followed, 0.9 * every), period),
        spread=np.where(usual, departure, known.spread),
        missed=np.where(usual, missed, known.missed),
        gaps=known.gaps + usual,
        odd=odd,
    )
    anew = odd >= LEARNS_ANEW
    return _anew(learnt, anew, each) if anew.any() else learnt


def _anew(known: Rhythms, who: NDArray[np.bool_], period: NDArray[np.float64]) -> Rhythms:
    """Their rhythm has changed: what was learnt is forgotten."""
    return known._replace(
        period=np.where(who, period, known.period),
        spread=np.where(who, np.nan, known.spread),
        gaps=np.where(who, 1, known.gaps),
        odd=np.where(who, 0, known.odd),
    )


def late_after(known: Rhythms) -> NDArray[np.float64]:
    """The silence after which a report is overdue: never more than two periods. [s]"""
    own = known.period + _between(known.spread, 0.15 * known.period, 0.75 * known.period)
    return np.where(known.gaps >= LEARNT, own, np.fmax(UNLEARNT_LATE, 2 * known.period))


def silent_after(known: Rhythms) -> NDArray[np.float64]:
    """The silence that three lost reports and the meter's own unpunctuality do not explain. [s]"""
    own = 4 * known.period + 1.5 * _between(known.spread, 0.1 * known.period, 2 * known.period)
    return np.where(known.gaps >= LEARNT, own, np.fmax(UNLEARNT_SILENT, 7 * known.period))


def _between(values: NDArray[np.float64], least: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.fmax(np.fmin(values, most), least)


def judge(known: Rhythms, now: float) -> NDArray[np.int64]:
    """The State of each meter."""
    quiet = now - np.fmax(known.heard, known.since)
    state = np.where(
        quiet > silent_after(known), State.SILENT, np.where(quiet > late_after(known), State.LATE, State.OK)
    )
    return np.where(np.isnan(known.heard), State.NEW, state)


def all_are_quiet(known: Rhythms, before: NDArray[np.int64], sites: NDArray[np.int64], now: float) -> bool:
    """Whether nothing at all has come for as long as the three most frequent meters, at two sites, allow.

    `before` is what each was when we looked last: those that were silent say nothing about what lies between. A word
    of any meter, even of one whose rhythm is not known, says that the way is open.
    """
    speaking = (known.gaps >= LEARNT) & (before != State.SILENT) & (before != State.NEW)
    if speaking.sum() < 3 or len(np.unique(sites[speaking])) < 2:
        return False
    allowed = max(90.0, float(np.partition(late_after(known)[speaking], 2)[2]))
    newest = max(float(np.nanmax(known.heard)), float(known.since[speaking].max()))
    return now - newest > allowed


def quiet_sites(state: NDArray[np.int64], sites: NDArray[np.int64]) -> NDArray[np.int64]:
    """The sites of two meters or more at which one is silent and no other is on time."""
    heard = state != State.NEW
    found, where = np.unique(sites[heard], return_inverse=True)
    count = np.bincount(where, minlength=len(found))
    late = np.bincount(where, weights=state[heard] >= State.LATE, minlength=len(found))
    silent = np.bincount(where, weights=state[heard] == State.SILENT, minlength=len(found))
    chosen: NDArray[np.int64] = found[(count >= 2) & (late == count) & (silent >= 1)]
    return chosen
