"""Children of a command: their output line by line behind a short name, and none that outlives the parent."""

from __future__ import annotations

import ctypes
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Final

STOP_WITHIN: Final = 8.0  # seconds, then it is killed
READ_BYTES: Final = 65_536
NAME_WIDTH: Final = 8
_PR_SET_PDEATHSIG: Final = 1
_libc = ctypes.CDLL(None)


class Child:
    """A process with a name, and the part of a line that it has not finished yet."""

    def __init__(self, name: str, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.process = process
        self._unfinished = b""

    def lines(self, data: bytes) -> list[str]:
        """The lines that are whole now; at the end of its output (no data) what is left of the last."""
        *whole, self._unfinished = (self._unfinished + data).split(b"\n")
        if not data and self._unfinished:
            whole, self._unfinished = [*whole, self._unfinished], b""
        return [line.decode(errors="replace").rstrip() for line in whole]


class Troop:
    """The children of this process, in order of birth. Everything happens on the caller's thread."""

    def __init__(self, *, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()

    def start(self, name: str, command: Sequence[str], *, env: Mapping[str, str]) -> None:
        """Start a program. It gets a session of its own: Ctrl-C is for the parent, which then stops it in order."""
        process = subprocess.Popen(
            list(command),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),  # safe: this process has one thread
        )
        child = Child(name, process)
        self._children.append(child)
        assert process.stdout is not None  # noqa: S101  # asked for above
        os.set_blocking(process.stdout.fileno(), False)
        self._selector.register(process.stdout, selectors.EVENT_READ, child)

    def pump(self, timeout: float) -> None:
        """Pass on what the children say, for up to `timeout` seconds."""
        until = time.monotonic() + timeout
        while (left := until - time.monotonic()) > 0:
            if not self._selector.get_map():
                time.sleep(min(left, 0.05))
                continue
            for key, _ in self._selector.select(left):
                self._read(key)

    def fallen(self) -> Child | None:
        """A child that has ended by itself."""
        return next((child for child in self._children if child.process.poll() is not None), None)

    def stop(self) -> None:
        """End every child, last born first; one that does not go is killed."""
        for child in reversed(self._children):
            if child.process.poll() is None:
                child.process.terminate()
            deadline = time.monotonic() + STOP_WITHIN
            while child.process.poll() is None and time.monotonic() < deadline:
                self.pump(0.02)
            if child.process.poll() is None:
                child.process.send_signal(signal.SIGKILL)
                child.process.wait()
        self.pump(0.05)
        self._selector.close()

    def _read(self, key: selectors.SelectorKey) -> None:
        child: Child = key.data
        try:
            data = os.read(key.fd, READ_BYTES)
        except BlockingIOError:
            return
        for line in child.lines(data):
            self._tell(f"{child.name:<{NAME_WIDTH}}| {line}")
        if not data:
            self._selector.unregister(key.fileobj)


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a child does first, so that the kernel kills it when its parent dies; None where there is no such call."""
    if not hasattr(_libc, "prctl"):
        return None

    def tie() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the kernel knew
            os._exit(1)

    return tie
