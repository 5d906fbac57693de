"""What is exported: rows of periods, who they are about, and what whoever reads the file must know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from cercollettiva.energy.queries import PeriodTotal

COLUMNS: Final = (
    *("start_time", "end_time", "energy_in", "energy_out", "peak_power", "avg_power", "net_energy"),
    *("coverage", "quality", "energy_produced"),
)
UNITS: Final = {
    **dict.fromkeys(("energy_in", "energy_out", "net_energy", "energy_produced"), "kWh"),
    **dict.fromkeys(("peak_power", "avg_power"), "W"),
}


@dataclass
class Table:
    """The rows are read while they are written; `seen` counts meanwhile what of them is known."""

    subject: str
    period: str
    start: datetime
    end: datetime
    made_at: datetime
    count: int
    rows: Iterable[PeriodTotal]
    file_name: str
    complete: int = field(default=0, init=False)
    known: int = field(default=0, init=False)
    covered: float = field(default=0.0, init=False)

    def counted(self) -> Iterator[PeriodTotal]:
        for row in self.rows:
            self.known += row.is_known
            self.complete += row.is_known and row.coverage >= 0.999
            self.covered += row.coverage
            yield row


def net_mwh(row: PeriodTotal) -> int | None:
    """Drawn less injected, where both are known; what is only ever drawn, or only injected, is the whole of it."""
    if row.drawn_mwh is None and row.injected_mwh is None:
        return None
    return (row.drawn_mwh or 0) - (row.injected_mwh or 0)


def energies_of(row: PeriodTotal) -> dict[str, int | None]:
    return {
        "energy_in": row.drawn_mwh,
        "energy_out": row.injected_mwh,
        "net_energy": net_mwh(row),
        "energy_produced": row.produced_mwh,
    }


def powers_of(row: PeriodTotal) -> dict[str, Any]:
    return {"peak_power": row.peak_w, "avg_power": row.mean_w}
