"""Models whose changes are written into the audit log, however a row is written.

A room says in its AppConfig what it wants watched; saving and deleting are heard through Django's signals, and the
manager derives from WatchedQuerySet for update() and bulk_create(), which send none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

from django.db import models, transaction
from django.db.models.signals import post_delete, post_save, pre_save

from cercollettiva.users.audit import Action, Entry, record_all

M = TypeVar("M", bound=models.Model)
Row = Mapping[str, Any]
BATCH = 500


class Watch(NamedTuple):
    """What is watched of a model and how it is told."""

    fields: tuple[str, ...]
    created: Action
    changed: Action
    deleted: Action
    subject: Callable[[Row], tuple[str, int | None]]
    beside: tuple[str, ...] = ()  # keys that every line carries
    with_values: bool = False  # choices and times may be told, personal values never


_watches: dict[type[models.Model], Watch] = {}


def watch(model: type[models.Model], what: Watch) -> None:
    _watches[model] = what
    for signal, receiver in ((pre_save, _before), (post_save, _after), (post_delete, _gone)):
        signal.connect(receiver, sender=model, dispatch_uid=f"audit of {model._meta.label}")


def watched_fields(model: type[models.Model]) -> frozenset[str]:
    """What of a model is written down by itself."""
    return frozenset(_watches[model].fields) if model in _watches else frozenset()


class WatchedQuerySet(models.QuerySet[M]):
    def update(self, **kwargs: Any) -> int:
        what = _watches.get(self.model)
        touched = [name for name in what.fields if name in kwargs] if what else []
        if what is None or not touched:
            return super().update(**kwargs)
        with transaction.atomic(using=self.db):
            before = _rows(self, what, touched)
            changed = super().update(**kwargs)
            for keys in _batches(list(before)):
                after = _rows(self.model._base_manager.filter(pk__in=keys), what, touched)
                pairs = ((before[key], after[key]) for key in keys if key in after)
                record_all([entry for pair in pairs for entry in _entries(what, *pair)])
        return changed

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        with transaction.atomic(using=self.db):
            created = super().bulk_create(objs, *args, **kwargs)
            what = _watches.get(self.model)
            if what is not None:
                known = [_row_of(each, what) for each in created if each.pk is not None]
                record_all([entry for row in known for entry in _entries(what, None, row)])
        return created

    bulk_create.alters_data = True  # type: ignore[attr-defined]


def _before(sender: type[models.Model], instance: models.Model, update_fields: Any, raw: bool, **_: Any) -> None:
    what = _watches[sender]
    names = [name for name in what.fields if update_fields is None or name in update_fields]
    instance._watched = None  # type: ignore[attr-defined]
    if names and not instance._state.adding and not raw:
        rows = _rows(sender._base_manager.filter(pk=instance.pk), what, names)
        instance._watched = rows.get(instance.pk)  # type: ignore[attr-defined]


def _after(sender: type[models.Model], instance: models.Model, created: bool, raw: bool, **_: Any) -> None:
    what = _watches[sender]
    before = None if raw else instance.__dict__.pop("_watched", None)
    if created:
        record_all(_entries(what, None, _row_of(instance, what)))
    elif before is not None:
        record_all(_entries(what, before, {name: _value_of(instance, name) for name in before}))


def _gone(sender: type[models.Model], instance: models.Model, **_: Any) -> None:
    what = _watches[sender]
    record_all(_entries(what, _row_of(instance, what), None))


def _entries(what: Watch, before: Row | None, after: Row | None) -> list[Entry]:
    """One line for a change, none where nothing that is watched became another."""
    row = after or before or {}
    old, new = before or {}, after or {}
    names = [name for name in what.fields if name in row and old.get(name) != new.get(name)]
    action = what.changed if before and after else what.created if after else what.deleted
    if action is what.changed and not names:
        return []
    details: dict[str, Any] = {name: row[name] for name in what.beside}
    if what.with_values:
        details |= {name: [old.get(name), new.get(name)] for name in names}
    elif action is what.changed:
        details["fields"] = names
    return [Entry(action, subject=what.subject(row), details=details)]


def _rows(queryset: models.QuerySet[Any], what: Watch, names: Iterable[str]) -> dict[Any, Row]:
    found = queryset.order_by().values("pk", *what.beside, *names)
    return {row["pk"]: row for row in found}


def _row_of(instance: models.Model, what: Watch) -> Row:
    return {name: _value_of(instance, name) for name in ("pk", *what.beside, *what.fields)}


def _value_of(instance: models.Model, name: str) -> Any:
    value = getattr(instance, name)
    return value.value if isinstance(value, models.Choices) else value


def _batches(keys: list[Any]) -> Iterable[list[Any]]:
    return (keys[start : start + BATCH] for start in range(0, len(keys), BATCH))
