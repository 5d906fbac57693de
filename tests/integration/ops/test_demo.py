"""`manage.py demo` from its first start to its end, on a state folder and a port of its own."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ops.guide import lines_of_the_guide, token_of
from tests.support.processes import Child, free_port, wait_until
from tests.unit.house.tree import ROOT

NAMES = ["broker", "ingest", "meters", "web", "work"]
OWN = {"DATABASE_URL": "", "MQTT_URL": "", "SECRET_KEY": "", "FIELD_ENCRYPTION_KEYS": "", "MEDIA_ROOT": ""}


class Demo(Child):
    """The command, with one day of history."""

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.state = folder / "state"
        self.port = port or free_port()
        options = ["--state", self.state, "--port", str(self.port), "--days", "1"]
        super().__init__(
            [sys.executable, ROOT / "manage.py", "demo", *options],
            name="demo",
            env=OWN,
            answers=lambda: f"http://localhost:{self.port}\n" in self.log.read_text(),
        )

    def children(self) -> dict[str, int]:
        """The process ids of its children by their short names."""
        pids = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return {name_of(Path(f"/proc/{pid}/cmdline").read_text()): int(pid) for pid in pids}

    def sequences(self) -> dict[int, int]:
        """How far the state of each device has come."""
        with sqlite3.connect(f"file:{self.state / 'demo.sqlite3'}?mode=ro", uri=True) as database:
            return dict(database.execute("SELECT device_id, seq FROM energy_devicestate").fetchall())


def name_of(command: str) -> str:
    """`command` as the kernel tells it, words that end with a NUL."""
    words = set(command.split("\0"))
    names = {"cercollettiva.ops.broker": "broker", "uvicorn": "web", "simulate_devices": "meters"}
    return next(names.get(word, word) for word in words if word in names or word in NAMES)


def are_gone(pids: dict[str, int]) -> bool:
    return not any(Path(f"/proc/{pid}").exists() for pid in pids.values())


@pytest.fixture(scope="module")
def one_demo(tmp_path_factory) -> Iterator[Demo]:
    demo = Demo(tmp_path_factory.mktemp("demo"))
    yield demo.start(within=90)
    demo.terminate(within=60)


@pytest.fixture
def demo(one_demo) -> Demo:
    """The same for all, and running: one of them ends it, and workers that steal tests change their order."""
    if not one_demo.running:
        started_again(one_demo)
    return one_demo


def started_again(demo: Demo) -> None:
    demo.log.write_text("")  # it answers by what it prints
    demo.start(within=60)


def outcome(demo: Demo) -> tuple[int, str]:
    """Exit code and last words of a demo that is not to start."""
    done = subprocess.run(
        demo.command, env={**demo.env}, capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
    )
    return done.returncode, done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="the lines are curl's")
def test_the_lines_of_the_guide_of_the_api_answer(demo, tmp_path):
    lines = lines_of_the_guide()
    known = {"PATH": "/usr/bin:/bin", "URL": f"http://localhost:{demo.port}", "TOKEN": token_of(demo)}

    assert len(lines) >= 20
    for line in lines:
        done = subprocess.run(
            ["bash", "-c", line], env=known, cwd=tmp_path, capture_output=True, check=False, timeout=30
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[:500]!r} {done.stderr[:500]!r}"
        assert done.stdout or (tmp_path / "mesi.xlsx").exists(), line
    assert (tmp_path / "mesi.xlsx").read_bytes().startswith(b"PK")


def test_the_demo_lives_alone_and_leaves_nothing_behind(demo, tmp_path):
    """Stopped, it leaves nothing; killed, it takes its children along and starts again; without one of them it ends."""
    children = demo.children()
    first = demo.sequences()
    greeting = demo.log.read_text()

    assert sorted(children) == NAMES
    assert wait_until(lambda: all(seq > first[key] for key, seq in demo.sequences().items()), within=20)
    for login in ("noemi", "gioele", "niccolo", "mariu"):
        assert f"{login}@lucernaia.example" in greeting
    assert f"password di tutti: {(demo.state / 'password').read_text().strip()}" in greeting
    assert (demo.state / "secret_key").stat().st_mode & 0o077 == 0

    second = Demo(demo.state.parent)
    assert outcome(second)[0] == 4
    assert f"processo {demo.pid}" in outcome(second)[1]
    elsewhere = Demo(tmp_path / "elsewhere", port=demo.port)
    code, words = outcome(elsewhere)
    assert (code, f"La porta {demo.port} non è libera" in words) == (3, True)

    assert demo.terminate(within=30, by=signal.SIGINT) == 0
    assert are_gone(children)

    started_again(demo)
    children = demo.children()
    demo.kill()
    assert wait_until(lambda: are_gone(children), within=10)
    started_again(demo)
    children = demo.children()
    assert demo.sequences().keys() == first.keys()

    os.kill(children["broker"], signal.SIGKILL)

    assert demo.wait(within=40) == 6
    assert "Il processo «broker» si è fermato (ucciso dal segnale 9)" in demo.log_tail()
    assert are_gone(children)


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "state").write_text("a file in its place")

    code, words = outcome(Demo(tmp_path))

    assert code == 5
    assert f"Non posso scrivere nella cartella {tmp_path / 'state'}" in words
