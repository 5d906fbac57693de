"""Whole cents: where an amount is rounded, and how it is divided without losing or making one."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from cercollettiva.domain.settlement.errors import BadWeight, NotAnAmount, RepeatedMember

SIX_PLACES: Final = Decimal("0.000001")
CENT: Final = Decimal("0.01")


def six_places(amount: float | Decimal) -> Decimal:
    """The unrounded figure as it is shown: six places, so that the last bits of a float say nothing."""
    try:
        exact = Decimal(amount)
        if not exact.is_finite():
            raise NotAnAmount(amount)
        return exact.quantize(SIX_PLACES, ROUND_HALF_EVEN) + 0  # no minus before a zero
    except (InvalidOperation, TypeError, ValueError) as error:
        raise NotAnAmount(amount) from error


def cents_of(amount_eur: float | Decimal) -> int:
    """An amount in whole cents, half a cent upwards: the one place where money is rounded.

    It is the figure with six places, as it is shown, that is rounded: whoever reads it gets the same cents. Each kind
    of money is rounded by itself: 1.005 and 2.005 are 302 cents.
    """
    return int(six_places(amount_eur).quantize(CENT, ROUND_HALF_UP).scaleb(2))


def by_largest_remainder(total_cents: int, weights: Sequence[int], keys: Sequence[Any]) -> list[int]:
    """Divide cents in proportion to whole weights, so that the parts add up to the whole.

    Each part is rounded down, and the cents left over go one each to the largest remainders, of equal ones to the
    lowest key. Weights that are all zero count as equal; a negative total is divided like a positive one.
    """
    if len(set(keys)) != len(keys):
        raise RepeatedMember(next(key for key in keys if list(keys).count(key) > 1))
    for key, weight in zip(keys, weights, strict=True):
        if weight < 0:
            raise BadWeight(key, weight)
    if not keys:
        return []
    sign, size = (-1, -total_cents) if total_cents < 0 else (1, total_cents)
    counted = [int(weight) for weight in weights] if any(weights) else [1] * len(keys)
    whole = sum(counted)
    parts = [size * weight // whole for weight in counted]
    remainders = [size * weight % whole for weight in counted]
    first = sorted(range(len(keys)), key=lambda place: (-remainders[place], keys[place]))
    for place in first[: size - sum(parts)]:
        parts[place] += 1
    return [sign * part for part in parts]
