"""What goes into a calculation: a configuration over some hours, the readings that were chosen, published values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np

from cercollettiva.domain.registers import Bools, Ints
from cercollettiva.domain.settlement import ENGINE_VERSION
from cercollettiva.domain.settlement.errors import BadEnergy, MissingPrices, RepeatedPod, UnknownWord, WrongShape
from cercollettiva.domain.settlement.plants import Plant, Withdrawal
from cercollettiva.domain.settlement.thresholds import THRESHOLDS, check_threshold
from cercollettiva.domain.settlement.words import Attribution, Kind, Threshold, word
from cercollettiva.domain.sharing import Floats

HOUR: Final = timedelta(hours=1)
HOUR_S: Final = 3600


@dataclass(frozen=True, kw_only=True)
class Policies:
    """The readings of the rules that were chosen; every result carries them."""

    attribution: Attribution = Attribution.QUEUE_ALL
    threshold: Threshold = Threshold.PERCENTAGE_POINTS
    thresholds: dict[str, float] = field(default_factory=lambda: dict(THRESHOLDS))

    def __post_init__(self) -> None:
        word(Attribution, self.attribution, "Attribuzione")
        word(Threshold, self.threshold, "Calcolo oltre la soglia")
        for name, value in self.thresholds.items():
            if name not in THRESHOLDS:
                raise UnknownWord("Insieme di impianti", name, THRESHOLDS)
            check_threshold(value)


@dataclass(frozen=True, kw_only=True)
class Published:
    """Values of ARERA over the hours, and which versions of them were used. [EUR/MWh]"""

    trase: Floats | float
    btau: Floats | float | None = None  # asked for by groups in one building
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Case:
    """Hourly energies of a configuration. `injected` is (plants, hours), `withdrawn` (points, hours). [kWh]

    A plant's own withdrawals are those of a point with its POD. Where something is not known its energy must be zero
    and the mask says so; a price is NaN where there is none.
    """

    start: datetime  # of the first hour
    plants: Sequence[Plant]
    points: Sequence[Withdrawal]
    injected: Floats
    withdrawn: Floats
    price: Floats  # of the zone, (hours,) [EUR/MWh]
    published: Published
    injected_known: Bools | None = None  # None: all of it
    withdrawn_known: Bools | None = None
    kind: Kind = Kind.COMMUNITY

    @property
    def hours(self) -> int:
        return len(self.price)

    @property
    def starts(self) -> Ints:
        """The first instants of the hours. [s since the epoch]"""
        return int(self.start.timestamp()) + HOUR_S * np.arange(self.hours, dtype=np.int64)

    def start_of(self, hour: int) -> datetime:
        return self.start.astimezone(UTC) + hour * HOUR

    def checked(self) -> Case:
        """The same case by POD, so that the order it came in changes no bit; raises SettlementError."""
        word(Kind, self.kind, "Configurazione")
        if self.start.tzinfo is None or int(self.start.timestamp()) % HOUR_S:
            raise WrongShape(f"la prima ora comincia alle {self.start}")
        self._check_shapes()
        self._check_prices()
        for pods, energy in (
            ([plant.pod for plant in self.plants], self.injected),
            ([point.pod for point in self.points], self.withdrawn),
        ):
            _check_pods(pods)
            self._check_energy(pods, energy)
        return self._in_order()

    def _check_shapes(self) -> None:
        for name, array, rows in (
            ("immesse", self.injected, len(self.plants)),
            ("prelevate", self.withdrawn, len(self.points)),
            ("immesse note", self.injected_known, len(self.plants)),
            ("prelevate note", self.withdrawn_known, len(self.points)),
        ):
            if array is not None and array.shape != (rows, self.hours):
                raise WrongShape(f"{name} {array.shape}, attese {(rows, self.hours)}")

    def _check_prices(self) -> None:
        missing = np.flatnonzero(~np.isfinite(self.price))
        if len(missing):
            raise MissingPrices([self.start_of(int(hour)) for hour in missing])

    def _check_energy(self, pods: list[str], energy: Floats) -> None:
        if not energy.size or (energy.min() >= 0 and np.isfinite(energy.max())):  # NaN is neither
            return
        row, hour = (int(place) for place in np.argwhere(~((energy >= 0) & np.isfinite(energy)))[0])
        raise BadEnergy(pods[row], self.start_of(hour), float(energy[row, hour]))

    def _in_order(self) -> Case:
        pods = [plant.pod for plant in self.plants], [point.pod for point in self.points]
        if all(each == sorted(each) for each in pods):
            return self
        plants, points = (sorted(range(len(each)), key=each.__getitem__) for each in pods)
        return Case(
            start=self.start,
            plants=[self.plants[place] for place in plants],
            points=[self.points[place] for place in points],
            injected=self.injected[plants],
            withdrawn=self.withdrawn[points],
            price=self.price,
            published=self.published,
            injected_known=None if self.injected_known is None else self.injected_known[plants],
            withdrawn_known=None if self.withdrawn_known is None else self.withdrawn_known[points],
            kind=self.kind,
        )


class Gap(NamedTuple):
    """Hours of a connection point that are not known, [start, end)."""

    pod: str
    start: datetime
    end: datetime


def gaps_of(case: Case) -> list[Gap]:
    """What is missing: one line for each run of hours, by POD and time."""
    found = [
        Gap(pod, case.start_of(first), case.start_of(last))
        for pods, known in (
            ([plant.pod for plant in case.plants], case.injected_known),
            ([point.pod for point in case.points], case.withdrawn_known),
        )
        if known is not None and not known.all()
        for row, pod in enumerate(pods)
        for first, last in _runs(~known[row])
    ]
    return sorted(set(found))


def inputs_hash(case: Case, policies: Policies) -> str:
    """SHA-256 of all that a figure depends on: the same inputs give the same, whatever order they came in."""
    ordered = case.checked()
    digest = hashlib.sha256()
    described = {
        "engine": ENGINE_VERSION,
        "start": int(ordered.start.timestamp()),
        "kind": ordered.kind,
        "plants": [_described(plant) for plant in ordered.plants],
        "points": [_described(point) for point in ordered.points],
        "policies": _described(policies),
        "versions": ordered.published.versions,
    }
    digest.update(json.dumps(described, sort_keys=True, default=str).encode())
    for array in (
        ordered.injected,
        ordered.withdrawn,
        ordered.price,
        np.asarray(ordered.published.trase),
        np.asarray(np.nan if ordered.published.btau is None else ordered.published.btau),
        _mask(ordered.injected_known, ordered.injected.shape),
        _mask(ordered.withdrawn_known, ordered.withdrawn.shape),
    ):
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _mask(known: Bools | None, shape: tuple[int, ...]) -> Bools:
    return np.ones(shape, dtype=np.bool_) if known is None else known


def _described(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__dataclass_fields__}


def _check_pods(pods: list[str]) -> None:
    if len(set(pods)) < len(pods):
        raise RepeatedPod(next(pod for pod in pods if pods.count(pod) > 1))


def _runs(missing: Bools) -> list[tuple[int, int]]:
    """The runs of True as [first, end) places."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(np.int8)))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]
