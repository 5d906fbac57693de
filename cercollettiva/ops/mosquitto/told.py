"""What the broker's log tells: who connected and when, whose messages it drops. It is read from where it was left."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

CONNECTED: Final = re.compile(rb"(\d{10}): New client connected from \S+ as .* \(p\d, c\d, k\d+, u'([^']+)'\)\.")
DROPPED: Final = re.compile(rb"\d{10}: Outgoing messages are being dropped for client (.+)\.")
NOT_SAVED: Final = re.compile(rb"\d{10}: Error(: No space left on device\.| saving in-memory database.*)")
READ_BYTES: Final = 1024 * 1024  # at a time: after a storm the rest is read a second later
LONGEST_LOG: Final = 16 * 1024 * 1024  # then it begins anew; Mosquitto appends, wherever the end is


@dataclass
class Told:
    """What the log told since the last time."""

    connected: dict[str, datetime] = field(default_factory=dict)  # when each user came in last
    dropped: set[str] = field(default_factory=set)  # whose queue was full
    not_saved: bool = False


class LogReader:
    """Reads what was added to a log; one that was shortened or replaced is read from its beginning."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inode = self._offset = 0

    def read(self) -> Told:
        told = Told()
        for line in self._new_lines():
            if match := CONNECTED.fullmatch(line):
                told.connected[_text(match[2])] = datetime.fromtimestamp(int(match[1]), UTC)
            elif match := DROPPED.fullmatch(line):
                told.dropped.add(_text(match[1]))
            elif NOT_SAVED.fullmatch(line):
                told.not_saved = True
        return told

    def _new_lines(self) -> Iterator[bytes]:
        try:
            file = self._path.open("rb")
        except FileNotFoundError:  # the broker has not started yet
            return
        with file:
            status = os.fstat(file.fileno())
            if status.st_ino != self._inode or status.st_size < self._offset:
                self._inode, self._offset = status.st_ino, 0
            file.seek(self._offset)
            told = file.read(READ_BYTES)
            whole = told.rfind(b"\n") + 1
            if not whole and len(told) == READ_BYTES:  # one line without an end: it is none of ours
                whole = len(told)
            self._offset += whole
            yield from told[:whole].splitlines()
        if self._offset >= LONGEST_LOG and self._offset == status.st_size:
            os.truncate(self._path, 0)


def _text(written: bytes) -> str:
    return written.decode("utf-8", "replace")
