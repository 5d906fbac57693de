"""`python -m bench [NAME...]`: runs the benchmarks, all of them or those named, and prints their figures as JSON."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from typing import Any

from bench import (
    api,
    cards,
    decoding,
    encryption,
    energy,
    freshness,
    history,
    ingest,
    live,
    memory,
    minute,
    pages,
    papers,
    restore,
    settlement,
    settlement_rows,
    sharing,
)

BENCHMARKS: dict[str, Callable[[], dict[str, Any]]] = {
    "ingest": ingest.run,
    "sharing": sharing.run,
    "decoding": decoding.run,
    "energy": energy.run,
    "freshness": freshness.run,
    "history": history.run,
    "encryption": encryption.run,
    "live": live.run,
    "memory": memory.run,
    "minute": minute.run,
    "settlement": settlement.run,
    "settlement_rows": settlement_rows.run,
    "pages": pages.run,
    "papers": papers.run,
    "cards": cards.run,
    "api": api.run,
    "restore": restore.run,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"Unknown: {', '.join(unknown)}. There are: {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    figures = {name: BENCHMARKS[name]() for name in names or BENCHMARKS}
    print(json.dumps({"machine": platform.machine(), "python": platform.python_version(), **figures}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
