"""Whether the broker beside us can keep what it promises: room on its disk, saves that end, a state that loads.

A broker whose disk is full goes on acknowledging what it can no longer save, and says so in its log alone. So the
folder itself is looked at: what a save that failed left behind, and how much room the next one has.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

STATE: Final = "state"
DATABASE: Final = "mosquitto.db"
UNFINISHED: Final = "mosquitto.db.new"  # a save writes here, then takes the old one's place
LOST: Final = "state-lost"  # written by tools/broker-start when it had to begin without a state
UNFINISHED_SECONDS: Final = 20
LEAST_FREE: Final = 1024 * 1024


class Trouble(Enum):
    """Kinds of alert about the broker; the value is the alert's."""

    DISK_FULL = "broker-disk-full"
    NOT_SAVED = "broker-not-saved"
    STATE_LOST = "broker-state-lost"
    DROPPED = "broker-dropped"


class State(NamedTuple):
    """What the folder shows now."""

    free_bytes: int
    saved_bytes: int
    unfinished_seconds: float  # how old a save is that has not ended; 0 where there is none
    is_lost: bool

    @property
    def troubles(self) -> list[Trouble]:
        """Those that are there to be seen; each ends by itself, except a lost state, which a person must know of."""
        found = []
        if self.free_bytes < max(LEAST_FREE, self.saved_bytes):  # a save needs the room of the one before once more
            found.append(Trouble.DISK_FULL)
        if self.unfinished_seconds > UNFINISHED_SECONDS:
            found.append(Trouble.NOT_SAVED)
        if self.is_lost:
            found.append(Trouble.STATE_LOST)
        return found


def state_of(folder: Path) -> State | None:
    """What stands in the broker's folder; None where there is none yet."""
    kept = folder / STATE
    try:
        free = shutil.disk_usage(kept).free
    except FileNotFoundError:
        return None
    return State(
        free, _size(kept / DATABASE), _age_of_change(kept / UNFINISHED, kept / DATABASE), (folder / LOST).exists()
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _age_of_change(unfinished: Path, saved: Path) -> float:
    """How long there has been no save that ended while one is begun; 0 where none is begun."""
    try:
        begun = unfinished.stat().st_mtime
    except FileNotFoundError:
        return 0.0
    with contextlib.suppress(FileNotFoundError):
        begun = min(begun, saved.stat().st_mtime)
    return max(0.0, time.time() - begun)
