"""Personal data in the database: encrypted at rest, found by blind index, readable across a change of keys."""

from __future__ import annotations

from typing import Any

import pytest
from django import forms
from django.core.exceptions import FieldError
from django.db import connection, models
from django.db.models.functions import Upper

from cercollettiva.core.models import Organisation
from cercollettiva.users.encryption import TamperedValue, UnknownKey
from cercollettiva.users.fields import BlindIndexField, EncryptedTextField
from cercollettiva.users.models import CustomUser

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

OLD = {"old": bytes(range(32))}
NEW = {"new": bytes(range(100, 132))}
ENCRYPTED = ("legal_name", "sdi_code", "fiscal_code", "vat_number", "pec", "iban", "phone", "address")
FISCAL_CODE = "RSSMRA85M01H501Q"


def make_user(**fields: str) -> CustomUser:
    return CustomUser.objects.create_user("anna@example.it", **fields)


def stored(user: CustomUser) -> dict[str, Any]:
    """The row as the database holds it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM users_customuser WHERE id = %s", [user.pk])
        return dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True))


def test_personal_data_is_encrypted_in_the_database_and_plain_in_python():
    user = make_user(**{name: f"canary {name}" for name in ENCRYPTED})

    row = stored(user)
    read = CustomUser.objects.get(pk=user.pk)

    assert "canary" not in repr(row)
    assert {name: getattr(read, name) for name in ENCRYPTED} == {name: f"canary {name}" for name in ENCRYPTED}


def test_the_account_of_an_organisation_is_encrypted_too():
    organisation = Organisation.objects.create(name="CER", iban="IT60X0542811101000000123456")

    with connection.cursor() as cursor:
        cursor.execute("SELECT iban FROM core_organisation")
        [(value,)] = cursor.fetchall()

    assert "IT60" not in value
    assert Organisation.objects.values_list("iban", flat=True).get() == organisation.iban


def test_an_empty_value_stays_empty():
    row = stored(make_user(iban=""))

    assert (row["iban"], row["fiscal_code"], row["fiscal_code_index"]) == ("", "", "")


@pytest.mark.parametrize(
    "condition", [{"iban": "x"}, {"iban__contains": "x"}, {"iban__in": ["x"]}, {"iban__upper": "X"}, {"iban__gt": "x"}]
)
def test_an_encrypted_column_cannot_be_searched(condition):
    with pytest.raises(FieldError, match=r"users\.CustomUser\.iban is encrypted"):
        CustomUser.objects.filter(**condition)


def test_an_encrypted_column_can_be_asked_whether_it_is_null():
    make_user(iban="x")

    assert CustomUser.objects.filter(iban__isnull=False).count() == 1


def test_an_encrypted_column_cannot_be_indexed():
    field = EncryptedTextField(unique=True)
    field.set_attributes_from_name("iban")
    field.model = CustomUser

    assert "users.E001" in {message.id for message in field.check()}


def test_a_value_moved_to_another_column_does_not_open():
    user = make_user(iban="IT60X0542811101000000123456")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE users_customuser SET phone = iban")

    with pytest.raises(TamperedValue, match=r"users\.CustomUser\.phone"):
        CustomUser.objects.get(pk=user.pk)


def test_a_renamed_column_opens_with_the_context_it_was_written_under():
    field = EncryptedTextField(context="users.CustomUser.iban")
    field.set_attributes_from_name("account")
    field.model = CustomUser
    written = CustomUser._meta.get_field("iban").get_prep_value("IT60")

    assert field.from_db_value(written) == "IT60"
    assert field.deconstruct()[3]["context"] == "users.CustomUser.iban"
    assert "context" not in CustomUser._meta.get_field("iban").deconstruct()[3]


@pytest.mark.parametrize("asked", [FISCAL_CODE, "rssmra85m01h501q", " RSSMRA 85M01 H501Q "])
def test_a_person_is_found_by_fiscal_code(asked):
    user = make_user(fiscal_code=FISCAL_CODE)
    CustomUser.objects.create_user("other@example.it", fiscal_code="BNCLRA80A41F205X")

    assert CustomUser.objects.with_fiscal_code(asked).get() == user


def test_a_person_is_found_by_vat_number_and_by_iban():
    user = make_user(vat_number="01234567897", iban="IT60X0542811101000000123456")
    CustomUser.objects.create_user("other@example.it", vat_number="12345678903", iban="IT25A0300203280123456789012")

    assert CustomUser.objects.with_vat_number("0123 4567 897").get() == user
    assert CustomUser.objects.with_iban("it60 x054 2811 1010 0000 0123 456").get() == user


def test_a_look_up_decrypts_nobody_else(settings):
    """The other row is under a key that is gone: reading it would raise."""
    settings.FIELD_ENCRYPTION_KEYS = OLD
    CustomUser.objects.create_user("other@example.it", fiscal_code="BNCLRA80A41F205X")
    settings.FIELD_ENCRYPTION_KEYS = NEW
    user = make_user(fiscal_code=FISCAL_CODE)

    assert CustomUser.objects.with_fiscal_code(FISCAL_CODE).get() == user
    with pytest.raises(UnknownKey):
        list(CustomUser.objects.all())


def test_a_blind_index_of_a_plain_column_is_refused():
    field = BlindIndexField(source="first_name")
    field.set_attributes_from_name("first_name_index")
    field.model = CustomUser

    assert "users.E002" in {message.id for message in field.check()}


def test_a_form_asks_for_one_line_where_there_is_a_length_and_for_a_text_where_there_is_none():
    name, notes = (EncryptedTextField(max_length=200), EncryptedTextField())

    assert (name.formfield().widget.input_type, name.formfield().max_length) == ("text", 200)
    assert isinstance(notes.formfield().widget, forms.Textarea)


def test_no_code_finds_nobody():
    make_user()

    assert not CustomUser.objects.with_fiscal_code("").exists()
    assert not CustomUser.objects.with_vat_number("").exists()


def save_all(user: CustomUser) -> None:
    user.save()


def save_the_field(user: CustomUser) -> None:
    user.save(update_fields=["fiscal_code"])


def save_from_a_generator(user: CustomUser) -> None:
    user.save(update_fields=(name for name in ["fiscal_code"]))


def update_the_table(user: CustomUser) -> None:
    CustomUser.objects.filter(pk=user.pk).update(fiscal_code=user.fiscal_code)


def update_in_bulk(user: CustomUser) -> None:
    CustomUser.objects.bulk_update([user], ["fiscal_code"])


def update_or_create(user: CustomUser) -> None:
    CustomUser.objects.update_or_create(pk=user.pk, defaults={"fiscal_code": user.fiscal_code})


@pytest.mark.parametrize(
    "write", [save_all, save_the_field, save_from_a_generator, update_the_table, update_in_bulk, update_or_create]
)
def test_the_index_follows_the_value_however_it_is_written(write):
    user = make_user(fiscal_code="BNCLRA80A41F205X")
    user.fiscal_code = FISCAL_CODE

    write(user)

    assert CustomUser.objects.with_fiscal_code(FISCAL_CODE).get().fiscal_code == FISCAL_CODE
    assert not CustomUser.objects.with_fiscal_code("BNCLRA80A41F205X").exists()


def test_rows_created_in_bulk_are_found():
    CustomUser.objects.bulk_create([CustomUser(email="anna@example.it", fiscal_code=FISCAL_CODE)])

    assert CustomUser.objects.with_fiscal_code(FISCAL_CODE).count() == 1


def test_an_expression_cannot_be_indexed_and_is_refused():
    with pytest.raises(FieldError, match="plain value"):
        CustomUser.objects.update(fiscal_code=Upper(models.Value("x")))


def test_an_index_field_is_written_into_a_migration_with_its_source():
    field = CustomUser._meta.get_field("fiscal_code_index")

    _, path, arguments, named = field.deconstruct()

    assert path == "cercollettiva.users.fields.BlindIndexField"
    assert BlindIndexField(*arguments, **named).deconstruct()[1:] == field.deconstruct()[1:]
    assert named["source"] == "fiscal_code"


def test_while_keys_change_rows_of_both_are_read_and_found(settings):
    settings.FIELD_ENCRYPTION_KEYS = OLD
    before = make_user(fiscal_code=FISCAL_CODE)
    settings.FIELD_ENCRYPTION_KEYS = {**NEW, **OLD}
    after = CustomUser.objects.create_user("other@example.it", fiscal_code=FISCAL_CODE)

    found = CustomUser.objects.with_fiscal_code(FISCAL_CODE)

    assert set(found) == {before, after}
    assert {user.fiscal_code for user in found} == {FISCAL_CODE}
    assert [stored(user)["fiscal_code"].partition(":")[0] for user in (before, after)] == ["old", "new"]


def test_after_every_row_is_saved_again_the_old_key_alone_reads_nothing(settings):
    settings.FIELD_ENCRYPTION_KEYS = OLD
    user = make_user(fiscal_code=FISCAL_CODE, iban="IT60X0542811101000000123456")
    settings.FIELD_ENCRYPTION_KEYS = {**NEW, **OLD}
    CustomUser.objects.get(pk=user.pk).save()

    settings.FIELD_ENCRYPTION_KEYS = NEW
    assert CustomUser.objects.with_fiscal_code(FISCAL_CODE).get().iban == "IT60X0542811101000000123456"
    settings.FIELD_ENCRYPTION_KEYS = OLD
    assert not CustomUser.objects.with_fiscal_code(FISCAL_CODE).exists()
    with pytest.raises(UnknownKey, match="FIELD_ENCRYPTION_KEYS"):
        CustomUser.objects.get(pk=user.pk)


def test_before_a_row_is_saved_again_the_new_key_alone_reads_nothing(settings):
    settings.FIELD_ENCRYPTION_KEYS = OLD
    user = make_user(iban="IT60X0542811101000000123456")
    settings.FIELD_ENCRYPTION_KEYS = NEW

    with pytest.raises(UnknownKey):
        CustomUser.objects.get(pk=user.pk)
