"""Real parts as child processes: each in a folder of its own, on a loopback port, stopped by its own process id."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

FOLDER_VARIABLE = "CER_TEST_FOLDER"  # tells xdist workers where the session keeps its folders
LOOPBACK = "127.0.0.1"

# Linux ties a child's death signal to the thread that forked it, so one thread that lives as long as the
# session does all the forking, whichever thread asks.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="forker")

started: list[Child] = []  # in order of birth, for the logs that a failing test shows


class DidNotAnswer(RuntimeError):
    """A child ended, or stayed silent for too long; the message carries the end of its log."""


def free_port() -> int:
    """A TCP port that was free a moment ago: kernels hand them out in turn, so it stays free long enough."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def accepts_connections(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((LOOPBACK, port)) == 0


@functools.cache
def session_folder() -> Path:
    """The folder of everything this session writes outside the checkout. Others may pass through it, not list it."""
    inherited = os.environ.get(FOLDER_VARIABLE)
    if inherited:
        return Path(inherited)
    folder = Path(tempfile.mkdtemp(prefix="cercollettiva-"))
    folder.chmod(0o711)  # a server that runs as another user has its folder in here
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def logs_folder() -> Path:
    folder = session_folder() / "logs"
    folder.mkdir(exist_ok=True)
    return folder


def make_folder(name: str) -> Path:
    return Path(tempfile.mkdtemp(prefix=f"{name}-", dir=session_folder()))


def user_for_root(*names: str) -> str | None:
    """Whom a server must run as when we are root, which PostgreSQL refuses to be: the first of `names` that exists."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


def hand_over(path: Path, user: str | None) -> None:
    """Gives a folder and what is in it to `user`."""
    if user is not None:
        for each in (path, *path.rglob("*")):
            shutil.chown(each, user, pwd.getpwnam(user).pw_gid)


def wait_until(holds: Callable[[], bool], *, within: float, every: float = 0.02) -> bool:
    """Whether `holds` came true within that many seconds."""
    deadline = time.monotonic() + within
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True


class Child:
    """A program we start, watch and stop. It dies with us, even when we are killed.

    `start` may be called again after a stop or a kill: folder, log and command stay the same.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        name: str,
        folder: Path | None = None,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
        answers: Callable[[], bool] = lambda: True,
        death_signal: str = "KILL",
    ) -> None:
        self.command = [str(part) for part in command]
        self.name = name
        self.folder = folder or make_folder(name)
        self.env = {**os.environ, **(env or {})}
        self.user = user
        self.answers = answers
        self.death_signal = death_signal
        self.reads_all = False  # though it runs as another user: a checkout may be in a folder that only root enters
        self.process: subprocess.Popen[bytes] | None = None
        self.log = logs_folder() / f"{self.folder.name}.log"

    @property
    def pid(self) -> int:
        assert self.process is not None, f"{self.name} was never started"
        return self.process.pid

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self, *, within: float = 30) -> Self:
        """Starts the program and returns when it answers."""
        assert not self.running, f"{self.name} is running already"
        become = ["--pdeathsig", self.death_signal]
        if self.user is not None:
            group = str(pwd.getpwnam(self.user).pw_gid)
            become += ["--reuid", self.user, "--regid", group, "--clear-groups"]
            if self.reads_all:
                become += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        with self.log.open("ab") as log:
            self.process = _forker.submit(
                subprocess.Popen,
                ["setpriv", *become, "--", *self.command],  # becomes the program: the process id is the program's
                cwd=self.folder,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the tests, which then stop their children in order
            ).result()
        if self not in started:
            started.append(self)
        if not wait_until(lambda: not self.running or self.answers(), within=within) or not self.running:
            fate = "does not answer" if self.running else f"ended with {self.process.returncode}"
            self.kill()
            raise DidNotAnswer(f"{self.name} {fate}. The end of {self.log}:\n{self.log_tail()}")
        return self

    def send(self, number: signal.Signals) -> None:
        if self.running:
            os.kill(self.pid, number)

    def wait(self, *, within: float = 30) -> int:
        """Its exit code, negative when a signal ended it."""
        assert self.process is not None, f"{self.name} was never started"
        return self.process.wait(within)

    def kill(self) -> None:
        """What a power cut does: no goodbye."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(10)

    def terminate(self, *, within: float = 15, by: signal.Signals = signal.SIGTERM) -> int | None:
        """Asks it to stop, and kills it when it takes longer. The exit code, or None when it had never run."""
        self.send(by)
        if self.process is None:
            return None
        try:
            return self.wait(within=within)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.process.returncode

    def log_tail(self, lines: int = 40, *, since: int = 0) -> str:
        """The last lines of what it wrote, after the first `since` bytes."""
        try:
            written = self.log.read_bytes()[since:]
        except FileNotFoundError:
            return ""
        return "\n".join(written.decode(errors="replace").splitlines()[-lines:])

    def has_written(self, words: str) -> bool:
        """Whether its log holds that anywhere: a line may be far from the end between two looks."""
        return words in self.log_tail(sys.maxsize)

    def remove(self) -> None:
        """Stops it and removes its folder; the log stays."""
        self.terminate()
        if self in started:
            started.remove(self)
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self if self.running else self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()


def python(*arguments: str | Path, name: str, **options: object) -> Child:
    """A Python program of ours, with the interpreter of the tests and its output unbuffered."""
    return Child([sys.executable, "-u", *arguments], name=name, **options)  # type: ignore[arg-type]
