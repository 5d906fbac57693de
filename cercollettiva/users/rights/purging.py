"""The end of a pseudonym: ten years after somebody who was erased had left, what the law kept goes too.

What can go is deleted. Books that lose no line by law or by the database's word (the register of members, receipts)
keep numbers, days and amounts, and the account to which they point says of nobody whose they were.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError, RestrictedError
from django.utils import timezone

from cercollettiva.users.audit import Action, record
from cercollettiva.users.datamap import Term
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights.erasure import empty_rows, kept_until
from cercollettiva.users.rights.holdings import Fate, Holding, holdings, parts

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 200  # people of one night


class Purged(NamedTuple):
    """What became of one person's rows, by table."""

    user: int
    until: date
    deleted: dict[str, int]
    nameless: dict[str, int]  # what a book keeps, of nobody


def due(today: date) -> Iterator[tuple[CustomUser, date]]:
    """Those who were erased and whose term is over, with its last day; a legal hold keeps them waiting."""
    erased = CustomUser.objects.filter(erased_at__isnull=False, purged_at__isnull=True).order_by("pk")
    for person in erased:
        until = kept_until(person)
        if until < today and not any(part.holds(person) for part in parts() if part.holds is not None):
            yield person, until


def purge_due(now: datetime, *, dry_run: bool = False) -> list[Purged]:
    """End the pseudonyms whose term is over, each by itself. A dry run does it too, and takes it back."""
    done = []
    for person, until in list(due(timezone.localdate(now)))[:MOST_AT_ONCE]:
        try:
            done.append(_purge(person, until, at=now, dry_run=dry_run))
        except Exception:  # one person's rows must not keep the others': it is logged, and tried again the next night
            logger.exception("The pseudonym of person %d could not be ended", person.pk)
    return done


@transaction.atomic
def _purge(person: CustomUser, until: date, *, at: datetime, dry_run: bool) -> Purged:
    CustomUser.objects.select_for_update(of=("self",)).get(pk=person.pk)
    deleted: Counter[str] = Counter()
    nameless: Counter[str] = Counter()
    # Which rows there are is asked before any goes: some are found by others.
    ending = [(holding, list(holding.rows_of(person).values_list("pk", flat=True))) for holding in holdings()]
    for holding, keys in ending:
        if not _ends(holding):
            continue
        left = [key for key in keys if holding.outlasts or not _delete(holding, key)]
        deleted[holding.model] += len(keys) - len(left)
        nameless[holding.model] += len(left)
        if left and holding.ending:
            empty_rows(holding, holding.model_class()._base_manager.filter(pk__in=left), holding.ending)
    CustomUser._base_manager.filter(pk=person.pk).update(purged_at=at)
    outcome = Purged(person.pk, until, dict(+deleted), dict(+nameless))
    if dry_run:
        transaction.set_rollback(True)
        return outcome
    details = {"deleted": outcome.deleted, "nameless": outcome.nameless}
    record(Action.PSEUDONYM_PURGED, actor=None, subject=("users.customuser", person.pk), details=details, at=at)
    transaction.on_commit(lambda: logger.info("The pseudonym of person %d ended", person.pk))
    return outcome


def _ends(holding: Holding) -> bool:
    """What stayed for ten years; measurements go by their own age, and logs by theirs."""
    return holding.fate is not Fate.DELETED and holding.term is Term.TEN_YEARS and not holding.as_csv


def _delete(holding: Holding, key: Any) -> bool:
    """Whether the row went: what a book or somebody else's row still points to stays."""
    model = holding.model_class()
    try:
        with transaction.atomic():
            for name in holding.takes_along:
                relation: Any = model._meta.get_field(name)
                _rows(relation.related_model).filter(**{relation.field.name: key}).delete()
            _rows(model).filter(pk=key).delete()
    except (ProtectedError, RestrictedError, IntegrityError):  # the last: a table that nobody changes points to it
        return False
    return True


def _rows(model: type[models.Model]) -> Any:
    """Past the managers, some of which refuse."""
    return models.QuerySet(model=model).order_by()
