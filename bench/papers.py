"""What an untrusted file may cost: each hostile and each good one in the child that reads it; and an attestation's CPU.

The child is started as the product starts it; its seconds and its memory are those of that process alone.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from cercollettiva.documents.child import command_of, environment_of_a_child
from cercollettiva.documents.gaudi.reading import read_gaudi
from tests.support import hostile_files

ATTESTATION = Path(__file__).resolve().parents[1] / "tests" / "fixtures" / "gaudi" / "attestato-1.pdf"
REPEATS = 20
# In a small process: of what is started the kernel counts the memory of whoever started it too.
MEASURING = """
import os, resource, subprocess, sys, time
began = time.perf_counter()
code = subprocess.call(sys.argv[1:], stderr=subprocess.DEVNULL)
print(code, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


class Cost(NamedTuple):
    """Of one file in its child."""

    name: str
    seconds: float
    memory_mb: float
    refused: bool


def run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        evil = [cost_of(name, content, Path(folder)) for name, content in hostile_files.evil()]
        good = [cost_of(name, content, Path(folder)) for name, content in hostile_files.good()]
    return {
        "hostile": _told(evil),
        # Harmless inside: the name is the lie, which the door compares with what was found.
        "hostile_by_name_only": sum(one.name.startswith("named-otherwise") for one in evil),
        "good": _told(good),
        "attestation_cpu_ms": _reading_ms(),
    }


def cost_of(name: str, content: bytes, folder: Path) -> Cost:
    path = folder / "file"
    path.write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-S", "-c", MEASURING, *command_of("clean", path)],
        env=environment_of_a_child(),
        cwd="/",
        capture_output=True,
        check=True,
    )
    code, seconds, kilobytes = done.stderr.split()[-3:]
    refused = code != b"0" or "rejected" in json.loads(done.stdout)
    return Cost(name, float(seconds), int(kilobytes) / 1024, refused)


def _told(costs: list[Cost]) -> dict[str, Any]:
    slowest = max(costs, key=lambda one: one.seconds)
    largest = sorted(costs, key=lambda one: one.memory_mb, reverse=True)[:3]
    return {
        "files": len(costs),
        "refused": sum(one.refused for one in costs),
        "median_s": round(statistics.median(one.seconds for one in costs), 2),
        "slowest": [slowest.name, round(slowest.seconds, 2)],
        "largest_mb": {one.name: round(one.memory_mb) for one in largest},
    }


def _reading_ms() -> float:
    """In this process: the child's start, which loads the libraries, is not its own."""
    took = []
    for _ in range(REPEATS + 1):
        began = time.process_time()
        read_gaudi(ATTESTATION)
        took.append(time.process_time() - began)
    return round(statistics.median(took[1:]) * 1000, 1)
