"""An installation below a folder, as `deploy/install.sh --prefix` leaves it, and what systemd would start from it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.support.processes import Child, free_port
from tests.support.services import ROOT

PARTS = ("broker", "web", "live", "ingest", "work")
OUTSIDE = ("PATH", "HOME")  # what a shell of an operator has, and nothing of the tests


class Installation:
    """Its folders, its commands, and its parts on ports of ours; `trust` is the certificate this machine trusts."""

    def __init__(self, prefix: Path, *, trust: Path | None = None) -> None:
        self.prefix = prefix
        self.app = prefix / "opt" / "cercollettiva"
        self.etc = prefix / "etc" / "cercollettiva"
        self.env_file = self.etc / "cercollettiva.env"
        self.ports = {"web": free_port(), "live": free_port()}
        self.outside = {name: os.environ[name] for name in OUTSIDE if name in os.environ}
        if trust is not None:
            self.outside["SSL_CERT_FILE"] = str(trust)

    def install(self, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        command = [ROOT / "deploy" / "install.sh", "--prefix", self.prefix, *arguments]
        return self._run(*command, env=env)

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`cercollettiva COMMAND`, as the guide has it."""
        return self._run(self.app / "manage", *arguments)

    def configure(self, **values: object) -> None:
        """What an operator writes into the configuration; the last line of a name counts."""
        with self.env_file.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())

    def start(self, name: str) -> Child:
        """What systemd would start: the commands and the environment of the unit."""
        unit = (self.prefix / "etc" / "systemd" / "system" / f"cercollettiva-{name}.service").read_text()
        env = {**self.outside, **_environment_of(unit), "PYTHONUNBUFFERED": "1"}
        for before in _all(unit, "ExecStartPre"):
            subprocess.run(_words(before, env), env=env, check=True, capture_output=True, timeout=60)
        [command] = [_words(line, env) for line in _all(unit, "ExecStart")]
        if "--port" in command:
            command[command.index("--port") + 1] = str(self.ports[name])
        child = Child(command, name=name)
        child.env = env
        [folder] = _all(unit, "WorkingDirectory")
        child.folder = Path(folder)
        return child.start()

    def _run(self, *command: str | Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            env={**self.outside, **(env or {})},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )


def own_environment() -> str:
    """The folder of the environment that the tests run in, which has the dependencies already."""
    return sys.prefix


def _all(unit: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=-?(.*)$", unit, re.MULTILINE)


def _words(line: str, env: dict[str, str]) -> list[str]:
    return [re.sub(r"\$\{(\w+)\}", lambda found: env[found[1]], word) for word in shlex.split(line)]


def _environment_of(unit: str) -> dict[str, str]:
    lines = [line for file in _all(unit, "EnvironmentFile") for line in Path(file).read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))
