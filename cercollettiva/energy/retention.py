"""What is old enough goes: instantaneous powers first, then registers, long after them quarter-hours and totals.

The rooms below say themselves how their rows go: old lines of the audit log, old invitations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import connections

from cercollettiva.core.models import Invitation
from cercollettiva.core.roles import retire_invitations
from cercollettiva.domain.calendar import quarter_of
from cercollettiva.energy import partitions
from cercollettiva.energy.models import (
    DeviceMeasurement,
    EnergyAggregate,
    EnergyInterval,
    EnergyIntervalHistory,
    EnergyIntervalPart,
    EnergyMeasurement,
    RegisterEvent,
)
from cercollettiva.users.audit_retention import retire_lines
from cercollettiva.users.models import AuditLine

ROWS_AT_A_TIME: Final = timedelta(days=1)  # a DELETE of a day's rows holds nobody up for long
_MARGIN: Final = timedelta(days=1)


class Term(NamedTuple):
    """A table, the column of its time, and how long its rows are kept."""

    model: Any
    column: str
    kept: timedelta


class Retired(NamedTuple):
    """What went from a table: whole months on PostgreSQL, and rows."""

    table: str
    before: datetime
    months: list[str]
    rows: int


def terms() -> list[Term]:
    """What is kept for how long, as the settings say."""
    return [
        Term(DeviceMeasurement, "timestamp", settings.KEEP_POWERS),
        Term(EnergyMeasurement, "timestamp", settings.KEEP_REGISTERS),
        Term(EnergyInterval, "start", settings.KEEP_INTERVALS),
        Term(EnergyIntervalPart, "start", settings.KEEP_INTERVALS),
        Term(EnergyIntervalHistory, "start", settings.KEEP_INTERVALS),
        Term(RegisterEvent, "at", settings.KEEP_INTERVALS),
        Term(EnergyAggregate, "start", settings.KEEP_INTERVALS),
    ]


def registers_reach_back_to(now: datetime) -> datetime:
    """The first quarter-hour that may still be computed from its registers, a day inside what is kept."""
    return quarter_of(now - settings.KEEP_REGISTERS + _MARGIN)


def retire(
    now: datetime,
    *,
    using: str = "default",
    dry_run: bool = False,
    detach: bool = False,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Retired]:
    """Take away what is older than its term; doing it again takes nothing more.

    On PostgreSQL whole months are dropped, or with `detach` left as tables of their own for an archive, and the rest
    of the month in which the term falls goes by DELETE. A `dry_run` counts and changes nothing.
    """
    done = []
    for model, column, kept in terms():
        before = now - kept
        months = partitions.months_before(connections[using], model, before)
        if not dry_run:
            partitions.retire_months(connections[using], model, months, detach=detach)
        rows = _delete_rows(using, model, column, before, dry_run=dry_run)
        done.append(Retired(model._meta.db_table, before, months, rows))
        tell(f"{model._meta.db_table}: {len(months)} months, {rows} rows")
    if using == "default":
        for before, table, rows in _rows_of_people(now, dry_run=dry_run):
            done.append(Retired(table, before, [], rows))
            tell(f"{table}: {rows} rows")
    return done


def _rows_of_people(now: datetime, *, dry_run: bool) -> Iterator[tuple[datetime, str, int]]:
    """Who was invited, and what the audit log says of whom; last, so that the log tells what went."""
    invitations = retire_invitations(now - settings.KEEP_INVITATIONS, dry_run=dry_run)
    yield now - settings.KEEP_INVITATIONS, Invitation._meta.db_table, invitations
    lines = retire_lines(now, dry_run=dry_run)
    yield lines.before, AuditLine._meta.db_table, lines.rows


def _delete_rows(using: str, model: Any, column: str, before: datetime, *, dry_run: bool) -> int:
    old = model.objects.using(using).filter(**{f"{column}__lt": before})
    if dry_run:
        return int(old.count())
    gone = 0
    while (oldest := old.order_by(column).values_list(column, flat=True).first()) is not None:
        until = min(oldest + ROWS_AT_A_TIME, before)
        batch = model.objects.using(using).filter(**{f"{column}__lt": until})
        gone += batch._raw_delete(using)  # no rows hang on these: nothing to collect first
    return gone
