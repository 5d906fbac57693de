"""Children of a command, as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cercollettiva.ops.processes import Troop
from tests.support.processes import wait_until
from tests.unit.house.tree import ROOT

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here'); time.sleep(60)"


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def troop(told) -> Iterator[Troop]:
    troop = Troop(tell=told.append)
    yield troop
    troop.stop()


def start(troop: Troop, name: str, code: str) -> None:
    troop.start(name, [sys.executable, "-u", "-c", code], env=dict(os.environ))


def pump_until(troop: Troop, holds: Callable[[], object], *, within: float = 10) -> None:
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline
        troop.pump(0.02)


def test_each_line_carries_the_name_of_who_said_it(troop, told):
    start(troop, "one", "import sys; print('out'); print('err', file=sys.stderr)")
    start(troop, "another", "print('città')")

    pump_until(troop, lambda: len(told) == 3)

    assert sorted(told) == ["another | città", "one     | err", "one     | out"]


def test_a_line_in_pieces_is_told_whole_and_the_last_one_needs_no_end(troop, told):
    code = "import sys, time\nfor part in ('a', 'b\\n', 'c'):\n sys.stdout.write(part); time.sleep(0.05)"
    start(troop, "one", code)

    pump_until(troop, lambda: len(told) == 2)

    assert told == ["one     | ab", "one     | c"]


def test_a_child_that_ends_by_itself_is_noticed_by_name(troop):
    start(troop, "lasting", "import time; time.sleep(60)")
    start(troop, "brief", "import sys; sys.exit(7)")

    pump_until(troop, troop.fallen)

    child = troop.fallen()
    assert (child.name, child.process.returncode) == ("brief", 7)


def test_one_that_does_not_listen_is_killed(troop, told, monkeypatch):
    monkeypatch.setattr("cercollettiva.ops.processes.STOP_WITHIN", 0.2)
    start(troop, "stubborn", STUBBORN)
    pump_until(troop, lambda: told)

    troop.stop()

    assert troop.fallen().process.returncode == -signal.SIGKILL


def test_the_last_born_goes_first(troop, told):
    goodbye = (
        "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: sys.exit(print('bye')))\nprint('here')\n"
    )
    for name in ("first", "second"):
        start(troop, name, goodbye + "time.sleep(60)")
    pump_until(troop, lambda: len(told) == 2)

    troop.stop()

    assert told[2:] == ["second  | bye", "first   | bye"]


def test_none_outlives_a_parent_that_is_killed(tmp_path):
    """Also one that would ignore a polite signal."""
    noted = tmp_path / "pid"
    parent = f"""
import os, sys, time
from cercollettiva.ops.processes import Troop
troop = Troop(tell=print)
troop.start("child", [sys.executable, "-c", {STUBBORN!r}], env=dict(os.environ))
open({str(noted)!r}, "w").write(str(troop._children[0].process.pid))
time.sleep(60)
"""
    process = subprocess.Popen([sys.executable, "-c", parent], cwd=ROOT)
    assert wait_until(lambda: noted.exists() and noted.read_text().isdigit(), within=10)
    child = Path("/proc") / noted.read_text()
    assert child.exists()

    process.kill()
    process.wait(10)

    assert wait_until(lambda: not child.exists(), within=5)
