"""What a part of the platform holds: the memory of its processes, their files, the connections to the database."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tests.support import platform
from tests.support.postgres import PostgresServer
from tests.support.processes import Child

PROC = Path("/proc")
MIB = 1024.0
CONNECTED = """
    SELECT count(*) FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND datname = current_database() AND pid <> pg_backend_pid()
"""


class Held(NamedTuple):
    """One look at all the processes of a part. [MiB]

    `own` is the heap: anonymous memory, with each shared page divided among those who share it. What is mapped from
    files is left out of it, because whoever else runs here changes its share.
    """

    rss: float
    pss: float
    own: float
    descriptors: int
    processes: int


class Sampler(threading.Thread):
    """Looks at every part again and again, until it is told to finish."""

    def __init__(self, parts: Mapping[str, Child], server: PostgresServer, *, every: float, file: Path | None) -> None:
        super().__init__(daemon=True)
        self._parts = parts
        self._server = server
        self._every = every
        self._file = file
        self._over = threading.Event()
        self.seconds: list[float] = []
        self.held: dict[str, list[Held]] = {name: [] for name in parts}
        self.connections: list[int] = []
        self._trouble: Exception | None = None

    def run(self) -> None:
        try:
            self._look()
        except Exception as error:  # it travels to whoever waits for the figures
            self._trouble = error

    def _look(self) -> None:
        began = time.monotonic()
        with platform.connect(self._server) as connection:
            while not self._over.wait(max(0.0, began + len(self.seconds) * self._every - time.monotonic())):
                self.seconds.append(time.monotonic() - began)
                for name, child in self._parts.items():
                    self.held[name].append(held_by(child.pid))
                self.connections.append(_count(connection))
                self._write()

    def _write(self) -> None:
        if self._file is not None:
            newest = {name: held[-1] for name, held in self.held.items()}
            line = {"seconds": self.seconds[-1], "connections": self.connections[-1], **newest}
            with self._file.open("a") as file:
                file.write(json.dumps(line) + "\n")

    def finish(self) -> None:
        self._over.set()
        self.join()
        if self._trouble is not None:
            raise self._trouble


def held_by(pid: int) -> Held:
    """What a process and its descendants hold together; one that ends meanwhile holds nothing."""
    rss = pss = own = 0.0
    descriptors = processes = 0
    for each in family(pid):
        try:
            told = _memory(each)
            files = sum(1 for _ in (PROC / str(each) / "fd").iterdir())
        except (FileNotFoundError, ProcessLookupError, KeyError):  # of one that is ending, nothing is told
            continue
        rss += told["Rss"] / MIB
        pss += told["Pss"] / MIB
        own += (told["Pss_Anon"] + told["SwapPss"]) / MIB
        descriptors += files
        processes += 1
    return Held(rss, pss, own, descriptors, processes)


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    found = [pid]
    for each in found:
        try:
            tasks = list((PROC / str(each) / "task").iterdir())
            found += [int(word) for task in tasks for word in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def _memory(pid: int) -> dict[str, int]:
    lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}


def _count(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(CONNECTED).fetchone()
    assert row is not None
    return int(row[0])
