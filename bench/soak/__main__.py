"""`python -m bench.soak [--minutes 30] [--warm-up 12]`: prints what grew and was lost as JSON; exit 1 if any did."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from pathlib import Path

from bench.soak.run import LONG, Length, soak


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=LONG.minutes, help="how long, the warm-up included")
    parser.add_argument("--warm-up", type=float, default=LONG.warm_up, help="minutes that are not measured")
    parser.add_argument("--bound", type=float, default=LONG.bound, help="MB an hour that a part may grow by")
    parser.add_argument("--samples", type=Path, help="a file for every sample, one JSON object a line")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is stopped in order
    figures = soak(Length(asked.minutes, asked.warm_up, asked.bound), samples=asked.samples)
    print(json.dumps(figures, indent=1))
    for trouble in figures["troubles"]:
        print(trouble, file=sys.stderr)
    return 1 if figures["troubles"] else 0


if __name__ == "__main__":
    sys.exit(main())
