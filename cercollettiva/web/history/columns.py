"""Which energies a subject has, what each is called, and which of them its bars are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, Plant, PlantType
from cercollettiva.energy.queries import PeriodTotal, known_sum
from cercollettiva.energy.queries.periods import Measure


class Column(NamedTuple):
    """One energy: its name, its colour by meaning (empty where the bars do not show it), how it is read."""

    name: str
    meaning: str
    measure: Measure


class Layers(NamedTuple):
    """What is stacked above zero, from the bottom, and below it, from the top."""

    above: list[Column]
    below: list[Column]


def drawn(total: PeriodTotal) -> int | None:
    return total.drawn_mwh


def injected(total: PeriodTotal) -> int | None:
    return total.injected_mwh


def produced(total: PeriodTotal) -> int | None:
    return total.produced_mwh


def own(total: PeriodTotal) -> int | None:
    return total.own_mwh


PRODUCTION: Final = "production"


def columns_of(subject: Plant | CERConfiguration, totals: Sequence[PeriodTotal]) -> tuple[list[Column], Layers]:
    """The energies of which something is known in these totals, and how they are stacked.

    A community shows what its members drew and injected, in the colours of its three bars. A producer shows what it
    made, or what it gave where nothing measures the production; a consumer what it injected only where it ever did.
    """
    measures: tuple[Measure, ...] = (drawn, injected, produced, own)
    known = {measure for measure in measures if known_sum(totals, measure).mwh is not None}
    if isinstance(subject, CERConfiguration):
        use, give = Column(_("prelevata"), "use", drawn), Column(_("immessa"), PRODUCTION, injected)
        return _only(known, use, give), Layers(_only(known, use), _only(known, give))
    taken, made = Column(_("prelevata"), "grid", drawn), Column(_("prodotta"), PRODUCTION, produced)
    if subject.plant_type == PlantType.PRODUCER:
        alone = produced not in known
        given = Column(_("immessa"), PRODUCTION if alone else "", injected)
        shown = given if alone else made
        return _only(known, made, given, taken._replace(meaning="")), Layers(_only(known, shown), [])
    given = Column(_("immessa"), "export", injected)
    if subject.plant_type == PlantType.CONSUMER and not known_sum(totals, injected).mwh:
        return _only(known, taken), Layers(_only(known, taken), [])
    kept = Column(_("usata sul posto"), "own", own)
    columns = _only(known, taken, given, made._replace(meaning=""), kept)
    return columns, Layers(_only(known, kept, taken), _only(known, given))


def _only(known: set[Measure], *columns: Column) -> list[Column]:
    return [column for column in columns if column.measure in known]
