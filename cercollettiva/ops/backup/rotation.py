"""Which backups stay: one of each of the last days, weeks and months that have any."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

SUFFIX: Final = ".cerbackup"
NAME: Final = re.compile(r"cercollettiva-(\d{8}T\d{6})Z\.cerbackup")
DAYS, WEEKS, MONTHS = 7, 4, 12


def name_at(moment: datetime) -> str:
    return f"cercollettiva-{moment.astimezone(UTC):%Y%m%dT%H%M%S}Z{SUFFIX}"


def moment_of(name: str) -> datetime | None:
    """When the backup of this name was made; None for whatever is no backup of ours."""
    matched = NAME.fullmatch(name)
    if matched is None:
        return None
    try:
        return datetime.strptime(matched[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def to_keep(moments: Iterable[datetime]) -> set[datetime]:
    """The newest of each of the last 7 days, 4 weeks and 12 months; days without a backup do not count."""
    newest_first = sorted(moments, reverse=True)
    kept: set[datetime] = set()
    for count, period in (
        (DAYS, lambda moment: moment.date()),
        (WEEKS, lambda moment: moment.isocalendar()[:2]),
        (MONTHS, lambda moment: (moment.year, moment.month)),
    ):
        first_of: dict[object, datetime] = {}
        for moment in newest_first:
            first_of.setdefault(period(moment), moment)
        kept |= set(list(first_of.values())[:count])
    return kept


def backups_in(folder: Path) -> dict[datetime, Path]:
    found = {moment_of(path.name): path for path in folder.glob(f"*{SUFFIX}")}
    return {moment: path for moment, path in sorted(found.items(), key=lambda each: each[1].name) if moment is not None}


def rotate(folder: Path) -> list[Path]:
    """Remove the backups that need not stay, and say which; nothing else in the folder is touched."""
    present = backups_in(folder)
    kept = to_keep(present)
    gone = [path for moment, path in present.items() if moment not in kept]
    for path in gone:
        path.unlink(missing_ok=True)
    return gone
