"""A text of its own in every column of a person's rows that can hold one, and the search for them afterwards."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction

from cercollettiva.users.datamap import holds_text
from cercollettiva.users.fields import BlindIndexField
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights.holdings import Holding, holdings
from cercollettiva.users.rotation_json import SEALED_JSON

SHORTEST: Final = 7  # a word of fewer letters would be found by chance
# Written by a chain or a hash; a canary there would say nothing.
A_POD: Final = "core.Plant.pod_code"
LEFT_ALONE: Final = {"users.AuditLine", "users.CustomUser.password", "documents.Document.file_key"}


class Sown(dict[str, str]):
    """Canary to `app.Model.field`, for one person."""


def sow(user: CustomUser, mark: str) -> Sown:
    """Put a canary into every text, JSON and bytes column of the person's rows, as far as the database takes it."""
    sown, count = Sown(), itertools.count()
    rows = {(holding.model, row.pk): holding for holding in holdings() for row in _rows(holding, user)}
    for (_label, key), holding in rows.items():
        model: Any = holding.model_class()
        for field in model._meta.local_concrete_fields:
            if not _takes(field, holding):
                continue
            canary = f"{mark}{next(count):04d}x"
            if not _written(model, key, field, _dressed(field, canary, user)):
                canary = str(model._base_manager.values_list(field.name, flat=True).get(pk=key))
            if len(canary) > SHORTEST:
                sown[canary] = str(field)
    return sown


def _written(model: Any, key: Any, field: Any, value: Any) -> bool:
    """Whether the database took it; what has a form of its own, such as a POD, is its own canary."""
    if str(field) == A_POD:
        return False
    try:
        with transaction.atomic():
            model._base_manager.filter(pk=key).update(**{field.name: value})
    except IntegrityError:
        return False
    return True


def _rows(holding: Holding, user: CustomUser) -> Iterator[models.Model]:
    yield from holding.rows_of(user)
    if holding.read_of is not None:
        yield from holding.read_of(user)


def _takes(field: Any, holding: Holding) -> bool:
    if {holding.model, str(field)} & LEFT_ALONE or field.primary_key or isinstance(field, BlindIndexField):
        return False
    if isinstance(field, models.GenericIPAddressField) or str(field) in SEALED_JSON:
        return False
    # The keys by which these rows are found to be the person's.
    if str(field) in {"axes.AccessAttempt.username", "usersessions.UserSession.session_key"} or field.name in FINDERS:
        return False
    longest = getattr(field, "max_length", None)
    return holds_text(field) and (longest is None or longest > SHORTEST)


FINDERS: Final = {"caller", "email", "component", "topic", "prefix", "last_topic", "object_id", "file", "username"}


def _dressed(field: Any, canary: str, user: CustomUser) -> Any:
    if isinstance(field, models.JSONField):
        return {"canary": canary}
    if isinstance(field, models.BinaryField):
        return canary.encode()
    if str(field) in {"core.MemberRegistry.person", "core.Application.answers_json", "core.Application.sent_json"}:
        return json.dumps({"name": canary, "member_type": "PROSUMER"})
    if str(field) == "core.MemberImportRow.cells":
        return json.dumps([canary, user.email])
    if str(field) == "documents.Document.read_json":
        return json.dumps({"name": canary})
    return canary


def everything() -> Iterator[tuple[str, str]]:
    """`app.Model.field` and a value as text, of every row of every table, encrypted columns opened."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy:
            continue
        fields = [field for field in model._meta.local_concrete_fields if field.attname != "pk"]
        for row in model._base_manager.values_list(*(field.attname for field in fields)):
            yield from ((str(field), _as_text(value)) for field, value in zip(fields, row, strict=True) if value)


def every_table() -> Iterator[tuple[str, str]]:
    """The same past the models: whatever stands in the database, known to us or not."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column[0] for column in cursor.description or ()]
            for row in cursor.fetchall():
                yield from ((f"{table}.{name}", _as_text(value)) for name, value in zip(columns, row, strict=True))


def every_file() -> Iterator[tuple[str, bytes]]:
    """Of the media folder, with its name."""
    for path in Path(settings.MEDIA_ROOT).rglob("*"):
        if path.is_file():
            yield path.name, path.name.encode() + b"\n" + path.read_bytes()


def places_of(canaries: Any, found: Iterator[tuple[str, str]]) -> dict[str, set[str]]:
    """Where each canary stands: place to canaries."""
    wanted, places = list(canaries), {}
    for place, text in found:
        there = {canary for canary in wanted if canary in text}
        if there:
            places.setdefault(place, set()).update(there)
    return places


def _as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
