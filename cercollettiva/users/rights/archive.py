"""The copy of all that is held of a person, as an archive: one JSON, measurements as CSV, the papers as they are.

It is written from the first byte to the last without being held in memory, whatever it is written to.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from typing import IO, Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.template.loader import render_to_string
from django.utils.text import slugify

from cercollettiva.users.datamap import Basis, Personal, Purpose, Term, entry_of, whole_map
from cercollettiva.users.fields import BlindIndexField
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights.holdings import Holding, holdings, parts
from cercollettiva.users.rights.lines import csv_line
from cercollettiva.users.rights.words import label_of, what_of

ROWS_AT_ONCE: Final = 2000


def write_archive(user: CustomUser, to: IO[bytes] | Any, *, at: datetime) -> None:
    """Write the ZIP; what it is written to need not be able to go back."""
    copied = [holding for holding in holdings() if holding.in_copy]
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("LEGGIMI.txt", read_me(user, copied, at=at))
        archive.writestr("dati.json", _as_json(user, [one for one in copied if not one.as_csv], at=at))
        for holding in copied:
            if holding.as_csv:
                _write(archive, f"misure/{slugify(what_of(holding))}.csv", _as_csv(holding, user))
        for part in parts():
            for file in part.files(user) if part.files else ():
                _write(archive, file.name, file.content())


def read_me(user: CustomUser, copied: list[Holding], *, at: datetime) -> str:
    """What is in it and what is not, in words."""
    withheld = [
        (what_of(holding), label_of(holding, name), why) for holding in copied for name, why in holding.withheld.items()
    ]
    return render_to_string("users/mail/archive.txt", {"person": user, "at": at, "withheld": withheld})


def shown_of(row: models.Model, user: CustomUser, holding: Holding) -> dict[str, Any]:
    """A row as the copy has it: without secrets, and without who else had to do with it."""
    if holding.shown is not None:
        return holding.shown(row, user)
    shown: dict[str, Any] = {}
    for field in row._meta.concrete_fields:
        if field.name in holding.withheld or isinstance(field, BlindIndexField):
            continue
        value = getattr(row, field.attname)
        if field.related_model is CustomUser:
            if value == user.pk:
                shown[field.name] = value
        elif isinstance(value, bytes | memoryview):
            shown[field.name] = bytes(value).decode("utf-8", "backslashreplace")
        else:
            shown[field.name] = str(value) if isinstance(field, models.FileField) else value
            if field.choices:
                shown[f"{field.name}_label"] = str(getattr(row, f"get_{field.name}_display")())
    for name in holding.named:
        shown[f"{name}_name"] = str(getattr(row, name))
    return shown


def why_of(model: type[models.Model]) -> dict[str, list[str]]:
    """Purposes, bases and terms that the data map gives the fields of a table."""
    whole = whole_map()
    entries = [entry_of(field, whole) for field in model._meta.local_concrete_fields]
    personal = [entry for entry in entries if isinstance(entry, Personal)]
    columns: tuple[tuple[str, Any], ...] = (("purpose", Purpose), ("basis", Basis), ("term", Term))
    return {
        name: [str(kind.label) for kind in kinds if any(getattr(entry, name) is kind for entry in personal)]
        for name, kinds in columns
    }


def _as_json(user: CustomUser, copied: list[Holding], *, at: datetime) -> bytes:
    tables: dict[str, Any] = {}
    for holding in copied:
        table = tables.setdefault(
            holding.model, {"what": what_of(holding), **why_of(holding.model_class()), "rows": {}}
        )
        for row in holding.rows_to_read(user):
            table["rows"][row.pk] = shown_of(row, user, holding)  # two holdings may read the same rows
    for table in tables.values():
        table["rows"] = list(table["rows"].values())
    told = {"person": user.pk, "made_at": at, "tables": tables}
    return json.dumps(told, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1).encode()


def _as_csv(holding: Holding, user: CustomUser) -> Iterator[bytes]:
    """Numbers, times and words of the code: nothing that a spreadsheet could take for a formula."""
    names = [field.attname for field in holding.model_class()._meta.local_concrete_fields if field.attname != "pk"]
    yield csv_line(names)
    rows = holding.rows_to_read(user).values_list(*names)
    for row in rows.iterator(chunk_size=ROWS_AT_ONCE):
        yield csv_line(row)


def _write(archive: zipfile.ZipFile, name: str, content: Iterator[bytes]) -> None:
    with archive.open(name, "w", force_zip64=True) as file:
        for piece in content:
            file.write(piece)
