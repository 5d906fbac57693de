"""Untrusted files are read in a process of their own, which may use little time and memory and knows no secret (T8).

`in_child` is for whoever wants a file read; `python -m cercollettiva.documents.child MODULE:FUNCTION FILE` reads it.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from cercollettiva.documents.refusals import Reason, refusal

# What may be asked: a name, and where the function is that reads a path and gives what JSON can carry.
JOBS: Final = {
    "gaudi": "cercollettiva.documents.gaudi.reading:read_gaudi",
    "bill": "cercollettiva.documents.bill:read_bill",
    "clean": "cercollettiva.documents.cleaning:clean",
    "page": "cercollettiva.documents.gaudi.picture:picture_of",
}
CPU_SECONDS: Final = 8  # with its start under ten seconds (T8)
WALL_SECONDS: Final = 20  # of a machine that has much else to do: nothing in a file can wait
MEMORY: Final = 300 * 1024 * 1024
MOST_ANSWER: Final = 24 * 1024 * 1024  # 10 MB as base64, and room
ROOT: Final = Path(__file__).resolve().parents[2]
TOO_HARD: Final = refusal(Reason.TOO_HARD)


def in_child(job: str, path: Path) -> dict[str, Any]:
    """What the job says of a file; `{"rejected": refusal}` when it fails or takes too much. The job is one of JOBS."""
    command, environment = command_of(job, path), environment_of_a_child()
    try:
        done = subprocess.run(
            command, env=environment, cwd="/", capture_output=True, timeout=WALL_SECONDS, check=False, close_fds=True
        )
    except subprocess.TimeoutExpired:
        return {"rejected": TOO_HARD}
    if done.returncode or len(done.stdout) > MOST_ANSWER:
        return {"rejected": TOO_HARD}
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def command_of(job: str, path: Path) -> list[str]:
    """What is started for a job, in the root folder."""
    return [sys.executable, "-m", "cercollettiva.documents.child", JOBS[job], str(path.resolve())]


def environment_of_a_child() -> dict[str, str]:
    """All that it is told: no secret."""
    return {"PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "PATH": os.defpath}


def limit_ourselves() -> None:
    """No more than this from here on: what an evil file starts ends with us."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))


def main(place: str, path: str) -> int:
    """Print what the function at that place says of the file."""
    module, _, function = place.partition(":")
    work = getattr(importlib.import_module(module), function)
    limit_ourselves()
    sys.stdout.write(json.dumps(work(Path(path))))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
