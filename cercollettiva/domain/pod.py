"""What passes a connection point (POD), from what its meters measure in their roles."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from cercollettiva.domain.registers import Bools, Ints

UNKNOWN: Final = -1


class AtThePod(NamedTuple):
    """Energies of a connection point, quarter by quarter; UNKNOWN where they are not known. (n,) [mWh]"""

    drawn: Ints
    injected: Ints
    produced: Ints
    estimated: Bools  # drawn or injected were not measured at the connection point


def at_the_pod(*, is_producer: Bools | bool, drawn: Ints, injected: Ints, produced: Ints, consumed: Ints) -> AtThePod:
    """The energies of a connection point from the sums of its meters by role. (n,) [mWh]

    A meter of the exchange says what was drawn and injected. Without it a producer injects what it produces, and where
    production and consumption are both known their difference is drawn or injected: both are estimates. Anything else
    is unknown, and stays so.
    """
    known_out = injected != UNKNOWN
    known_exchange = known_out | (drawn != UNKNOWN)
    has_production = produced != UNKNOWN
    by_difference = ~known_exchange & has_production & (consumed != UNKNOWN)
    by_production = ~known_exchange & ~by_difference & has_production & is_producer
    lacking = np.where(by_difference, consumed - produced, 0)
    return AtThePod(
        drawn=np.where(by_difference, np.maximum(lacking, 0), drawn),
        injected=np.select([by_difference, by_production], [np.maximum(-lacking, 0), produced], injected),
        produced=produced,
        estimated=by_difference | by_production,
    )


def self_used(*, produced: Ints, injected: Ints) -> Ints:
    """What was produced and did not pass the connection point; UNKNOWN unless both are known. (n,) [mWh]"""
    both = (produced != UNKNOWN) & (injected != UNKNOWN)
    return np.where(both, np.maximum(produced - injected, 0), UNKNOWN)
