"""`make`, `.ci/run` and the installer of system packages, with stand-ins for what they call."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.house.tree import ROOT

INSTALLER = ROOT / "tools" / "system-packages"


class Machine:
    """A folder in the place of /, and stand-ins that come first in PATH and note how they were called."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.programs = folder / "programs"
        self.calls = folder / "calls"
        self.policy = self.root / "usr/sbin/policy-rc.d"
        for path in (self.programs, self.policy.parent, self.root / "run/lock"):
            path.mkdir(parents=True)

    def program(self, name: str, script: str = "") -> None:
        path = self.programs / name
        path.write_text(f'#!/bin/sh\necho {name} "$@" >> {self.calls}\n{script}\n')
        path.chmod(0o755)

    def run(self, *command: str | Path, **env: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "SYSTEM_PREFIX": str(self.root),
            "HOME": os.environ.get("HOME", ""),
            **env,
        }
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def calls_of(self, name: str) -> list[str]:
        lines = self.calls.read_text().splitlines() if self.calls.exists() else []
        return [line.removeprefix(f"{name} ") for line in lines if line.startswith(f"{name} ")]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Debian without PostgreSQL and Mosquitto, seen by root."""
    machine = Machine(tmp_path)
    machine.program("id", "echo 0")
    machine.program("apt-cache")
    machine.program("apt-get", f"sh {machine.policy} mosquitto start; echo $? >> {tmp_path}/policy-answer")
    return machine


def documented_targets() -> set[str]:
    texts = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", ".ci/run")]
    found = (re.findall(r"(?:`|^)make ([a-z0-9-]+)", path.read_text(), re.MULTILINE) for path in texts if path.exists())
    return set().union(*found)


def test_make_alone_prints_help_with_every_documented_target():
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)

    listed = set(re.findall(r"^  make ([a-z0-9-]+) ", done.stdout, re.MULTILINE))

    assert {"setup", "test", "check", "bench"} <= listed
    assert documented_targets() <= listed


def test_every_listed_target_exists():
    text = (ROOT / "Makefile").read_text()

    listed = set(re.findall(r"^([a-z0-9-]+):.*## ", text, re.MULTILINE))
    phony = set(re.findall(r"^\.PHONY: (.*)$", text, re.MULTILINE)[0].split())

    assert listed <= phony


def test_who_may_not_install_is_told_the_one_line_to_run(machine):
    machine.program("id", "echo 1000")

    done = machine.run(INSTALLER, "postgresql", "mosquitto")

    assert done.returncode == 1
    assert done.stderr == "Missing: install it with: sudo apt-get install postgresql mosquitto mosquitto-clients\n"
    assert machine.calls_of("apt-get") == []


def test_root_installs_what_is_missing_and_no_service_may_start(machine, tmp_path):
    done = machine.run(INSTALLER, "postgresql", "mosquitto")

    assert done.returncode == 0, done.stderr
    assert machine.calls_of("apt-get")[-1].endswith(" postgresql mosquitto mosquitto-clients")
    assert (tmp_path / "policy-answer").read_text() == "101\n"
    assert not machine.policy.exists()


def test_a_policy_of_the_machines_own_comes_back_even_when_the_installation_fails(machine):
    machine.policy.write_text("#!/bin/sh\nexit 0\n")
    machine.policy.chmod(0o755)
    machine.program("apt-get", f"sh {machine.policy} mosquitto start; echo answered $? >&2; exit 100")

    done = machine.run(INSTALLER, "mosquitto")

    assert done.returncode == 100
    assert "answered 101" in done.stderr
    assert machine.policy.read_text() == "#!/bin/sh\nexit 0\n"
    assert list(machine.policy.parent.iterdir()) == [machine.policy]


def test_empty_package_lists_are_fetched_first(machine):
    machine.program("apt-cache", "exit 100")

    machine.run(INSTALLER, "mosquitto")

    assert [call.split()[-1] for call in machine.calls_of("apt-get")] == ["update", "mosquitto-clients"]


def test_a_build_server_installs_through_sudo(machine):
    machine.program("id", f"test -e {machine.root}/sudo && echo 0 || echo 1000")
    machine.program("sudo", f'[ "$2" = true ] && exit 0\ntouch {machine.root}/sudo\nshift 2\nexec "$@"')

    done = machine.run(INSTALLER, "mosquitto", CI="true")

    assert done.returncode == 0, done.stderr
    assert len(machine.calls_of("apt-get")) == 1


def test_nothing_is_called_when_nothing_is_missing(machine):
    for name in ("initdb", "mosquitto", "mosquitto_sub"):
        machine.program(name)

    done = machine.run(INSTALLER, "postgresql", "mosquitto")

    assert done.returncode == 0, done.stderr
    assert not machine.calls.exists()


def test_an_unknown_name_is_refused(machine):
    done = machine.run(INSTALLER, "oracle")

    assert done.returncode == 2
    assert "oracle: unknown name" in done.stderr


CLOSING_LINE = "============== 3 passed in 0.12s ==============="


def test_the_gate_runs_tests_then_checks_and_ends_with_the_closing_line(machine):
    machine.program("make", f'[ "$2" = test ] && echo "{CLOSING_LINE}" || true')

    done = machine.run(ROOT / ".ci" / "run")

    assert done.returncode == 0, done.stderr
    preparation, *parts = machine.calls_of("make")
    assert preparation.startswith("setup ")
    assert [call.split()[-1] for call in parts][:2] == ["test", "check"]
    assert done.stdout.splitlines()[-1] == CLOSING_LINE


@pytest.mark.parametrize("broken", ["test", "check"])
def test_the_gate_is_closed_when_any_part_fails(machine, broken):
    machine.program("make", f'[ "$2" != {broken} ]')

    done = machine.run(ROOT / ".ci" / "run")

    assert done.returncode != 0
    assert f"make {broken}: FAILED" in done.stdout
    assert [call.split()[-1] for call in machine.calls_of("make")][1:3] == ["test", "check"]
