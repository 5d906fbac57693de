"""Erasing a person: what stands in the way, what would become of each table, and doing it.

Deleted goes what nobody else needs. What the law keeps stays under a pseudonym: the row of the account loses all that
names somebody, and everything that refers to it refers to nobody. It is one transaction: all of it or nothing.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from cercollettiva.users import outbox
from cercollettiva.users.audit import Action, record
from cercollettiva.users.datamap import Term
from cercollettiva.users.fields import blind_indexes_of
from cercollettiva.users.models import AccountDeletionRequest, CustomUser
from cercollettiva.users.rights.holdings import Fate, Holding, Obstacle, holdings, parts
from cercollettiva.users.rights.words import label_of, what_of

logger = logging.getLogger(__name__)

YEARS_OF_LAW: Final = 10


class Obstructed(Exception):
    """Something has to happen first."""

    def __init__(self, obstacles: list[Obstacle]) -> None:
        super().__init__("; ".join(obstacle.code for obstacle in obstacles))
        self.obstacles = obstacles


class AlreadyErased(Exception):
    """What is left of this account is nobody's."""


class Line(NamedTuple):
    """What becomes of some rows of one table."""

    model: str
    what: str
    rows: int
    fate: Fate
    why: str
    until: date | None  # None: for ever under a pseudonym, or as long as the reason lasts
    stays: list[tuple[str, str]]  # columns that keep their values, and why


class Outcome(NamedTuple):
    """What an erasure did: rows by table and fate."""

    user: int
    lines: list[Line]


def obstacles_of(user: CustomUser, *, at: datetime) -> list[Obstacle]:
    """What has to happen before; empty where nothing stands in the way."""
    return [found for part in parts() if part.obstacles is not None for found in part.obstacles(user, at)]


def preview(user: CustomUser, *, at: datetime) -> list[Line]:
    """What an erasure at this moment would make of what there is. Tables without a row are left out."""
    left = _left_on(user, at)
    lines = [_line(holding, user, left) for holding in holdings()]
    return [line for line in lines if line.rows]


@transaction.atomic
def erase(user: CustomUser, *, by: CustomUser | None, at: datetime) -> Outcome:
    """Erase somebody. Raises Obstructed or AlreadyErased; then nothing has changed."""
    person = CustomUser.objects.select_for_update(of=("self",)).get(pk=user.pk)
    if person.erased_at is not None:
        raise AlreadyErased
    if obstacles := obstacles_of(person, at=at):
        raise Obstructed(obstacles)
    email, lines = person.email, preview(person, at=at)
    for part in parts():
        if part.before is not None:
            part.before(person, by=by, at=at)
    for holding in holdings():
        _carry_out(holding, person)
    CustomUser._base_manager.filter(pk=person.pk).update(erased_at=at)
    _close_request(person, at)
    counted: Counter[str] = Counter()
    for line in lines:
        counted[line.model] += line.rows
    record(Action.PERSON_ERASED, actor=by, subject=person, details={"rows": counted}, at=at)
    _tell(person.pk, email, lines, at)
    return Outcome(person.pk, lines)


def _carry_out(holding: Holding, user: CustomUser) -> None:
    rows = holding.rows_of(user)
    if holding.fate is Fate.DELETED:
        if isinstance(holding.model_class()._meta.pk, models.CompositePrimaryKey):
            rows._raw_delete(rows.db)  # measurements: many, and nothing refers to them
        else:
            rows.order_by().delete()
    elif holding.fate is Fate.EMPTIED:
        empty_rows(holding, rows, holding.emptied)


def empty_rows(holding: Holding, rows: Any, values: Mapping[str, Any]) -> None:
    """Past the models, some of which refuse to be changed: the database itself lets these columns be written."""
    model = holding.model_class()
    fixed = {name: value for name, value in values.items() if not callable(value)}
    fixed |= {index.name: "" for index in blind_indexes_of(model) if index.source in values}
    made = {name: value for name, value in values.items() if callable(value)}
    if not made:
        keys = list(rows.values_list("pk", flat=True))
        model._base_manager.filter(pk__in=keys).update(**fixed)
        return
    for row in rows:
        model._base_manager.filter(pk=row.pk).update(**fixed, **{name: make(row) for name, make in made.items()})


def kept_until(person: CustomUser) -> date:
    """The last day of the pseudonym of somebody who was erased: ten years after they left."""
    assert person.erased_at is not None  # noqa: S101  # of nobody else
    until = _until(Term.TEN_YEARS, _left_on(person, person.erased_at))
    assert until is not None  # noqa: S101  # ten years have an end
    return until


def _line(holding: Holding, user: CustomUser, left: date) -> Line:
    until: date | None = None
    if holding.fate is not Fate.DELETED:
        until = _until(holding.term, left)
    stays = [(label_of(holding, name), str(why)) for name, why in holding.stays.items()]
    rows = holding.rows_of(user).count()
    return Line(holding.model, what_of(holding), rows, holding.fate, str(holding.why), until, stays)


def _until(term: Term | None, left: date) -> date | None:
    days = {Term.YEAR: settings.KEEP_AUDIT, Term.TWO_YEARS: settings.KEEP_REGISTERS}
    if term is Term.TEN_YEARS:
        last_day = 28 if (left.month, left.day) == (2, 29) else left.day
        return left.replace(year=left.year + YEARS_OF_LAW, day=last_day)
    return left + days[term] if term in days else None


def _left_on(user: CustomUser, at: datetime) -> date:
    """The day on which the person left the last community, today for whoever was in none: terms count from it."""
    last: datetime | None = user.memberships.aggregate(last=models.Max("active_to"))["last"]
    return timezone.localdate(min(last, at) if last is not None else at)


def _close_request(user: CustomUser, at: datetime) -> None:
    """The request that was carried out; where somebody asked by letter there is none, and this is its proof."""
    if not AccountDeletionRequest.objects.open().filter(user=user).update(executed_at=at):
        AccountDeletionRequest.objects.create(user=user, requested_at=at, executed_at=at)


def _tell(user: int, email: str, lines: list[Line], at: datetime) -> None:
    """The last mail: its row has the address until it is sent; and the number, for whoever restores an old backup."""
    transaction.on_commit(lambda: logger.info("Person %d was erased", user))
    kept = [line for line in lines if line.fate is not Fate.DELETED]
    outbox.post(email, "users/mail/erased.txt", {"kept": kept}, at=at)
