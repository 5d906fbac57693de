"""The data map is complete: no field that may hold somebody's data is left out, and none is told that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test.utils import isolate_apps

from cercollettiva.users.datamap import (
    REST,
    Basis,
    Kept,
    NotPersonal,
    Personal,
    Purpose,
    Term,
    entry_of,
    holds_text,
    plainly,
    whole_map,
)
from cercollettiva.users.fields import BlindIndexField, EncryptedTextField
from cercollettiva.users.rotation_json import SEALED_JSON

PERSONAL_LOOKING = re.compile(
    r"name|mail|phone|birth|gender|addres|street|latitude|longitude|iban|fiscal|vat|tax|pec\b|note|photo|sign|user|owner"
)
ABSENT_HERE = {"account", "mfa", "usersessions", "axes"}  # apps whose tables are told before they are installed


def may_be_personal(field: models.Field) -> bool:
    """Any text or file, whatever sounds personal, and whatever stands in a row that belongs to a person."""
    if field.primary_key and not holds_text(field):
        return False
    user = (settings.AUTH_USER_MODEL, apps.get_model(settings.AUTH_USER_MODEL))
    people = [each for each in field.model._meta.local_fields if each.is_relation and each.remote_field.model in user]
    return holds_text(field) or bool(PERSONAL_LOOKING.search(field.name)) or bool(people)


def left_out(found: Iterator[type[models.Model]], whole: dict) -> list[str]:
    fields = (field for model in found for field in model._meta.local_concrete_fields)
    return [str(field) for field in fields if may_be_personal(field) and entry_of(field, whole) is None]


def every_model() -> list[type[models.Model]]:
    return apps.get_models(include_auto_created=True)


def test_no_field_that_may_be_personal_is_left_out():
    assert left_out(iter(every_model()), whole_map()) == []


@isolate_apps("cercollettiva.users")
@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("remark", models.TextField()),
        ("card", models.FileField()),
        ("extra", models.JSONField()),
        ("scan", models.BinaryField()),
        ("birth_date", models.DateField()),
        ("secret", EncryptedTextField()),
        ("address", models.GenericIPAddressField()),
        ("member", models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)),
    ],
)
def test_a_new_field_without_an_entry_would_be_noticed(name, field):
    model = type(
        "New", (models.Model,), {"__module__": __name__, name: field, "Meta": type("Meta", (), {"app_label": "users"})}
    )

    assert left_out(iter([model]), whole_map() | {"users.New": {}}) == [f"users.New.{name}"]


@isolate_apps("cercollettiva.users")
def test_the_rest_of_a_table_covers_no_text():
    class Note(models.Model):
        text = models.TextField()
        length = models.IntegerField()

        class Meta:
            app_label = "users"

        def __str__(self) -> str:
            return self.text

    entry = plainly(Personal(Purpose.ACCOUNT, Basis.CONTRACT, Term.ACCOUNT), "a reason")

    assert left_out(iter([Note]), {"users.Note": {REST: entry}}) == ["users.Note.text"]


def test_the_map_names_nothing_that_is_not_there():
    known = {model._meta.label: {field.name for field in model._meta.local_concrete_fields} for model in every_model()}
    own = {"users.AccountDeletionRequest", "users.SetupToken"}  # come with the pages of accounts

    unknown = [
        f"{label}.{name}"
        for label, fields in whole_map().items()
        for name in fields
        if label.partition(".")[0] not in ABSENT_HERE - {each.label for each in apps.get_app_configs()}
        if label not in own - known.keys()
        if name not in {*known.get(label, set()), REST} or label not in known
    ]

    assert unknown == []


def test_what_the_map_calls_encrypted_is_and_what_it_calls_open_says_why():
    whole = whole_map()
    wrong = []
    for model in every_model():
        for field in model._meta.local_concrete_fields:
            entry = entry_of(field, whole)
            if not isinstance(entry, Personal):
                continue
            encrypted = isinstance(field, EncryptedTextField) or str(field) in SEALED_JSON
            hashed = isinstance(field, BlindIndexField) or field.name == "password"
            expected = Kept.ENCRYPTED if encrypted else Kept.HASHED if hashed else Kept.PLAIN
            if entry.kept is not expected or (entry.kept is Kept.PLAIN and not entry.why):
                wrong.append(str(field))

    assert wrong == []


def test_every_encrypted_field_is_told():
    whole = whole_map()
    encrypted = [
        field
        for model in every_model()
        for field in model._meta.local_concrete_fields
        if isinstance(field, EncryptedTextField)
    ]

    assert len(encrypted) >= 12
    assert [field for field in encrypted if entry_of(field, whole) is None] == []


def test_whatever_is_nobodys_says_why():
    entries = [entry for fields in whole_map().values() for entry in fields.values()]

    assert all(entry.why for entry in entries if isinstance(entry, NotPersonal))
    assert {entry.purpose for entry in entries if isinstance(entry, Personal)} == set(Purpose)
