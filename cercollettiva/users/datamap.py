"""The data map: for every field that may hold somebody's data, what for, on what ground, for how long, how it is kept.

Each room says it of its own tables in its `datamap.py`, as plain data; `whole_map()` puts them together for the page,
the export and the test that holds the map complete. Libraries' tables are told here.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from typing import NamedTuple

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _


class Purpose(models.TextChoices):
    ACCOUNT = "ACCOUNT", _("accesso alla piattaforma")
    MEMBERSHIP = "MEMBERSHIP", _("rapporto associativo e libro soci")
    INCENTIVES = "INCENTIVES", _("pratica del GSE e riparto degli incentivi")
    PAYMENTS = "PAYMENTS", _("pagamenti e fatture")
    CONTACT = "CONTACT", _("comunicazioni")
    MEASURING = "MEASURING", _("misura dell'energia")
    SECURITY = "SECURITY", _("sicurezza e prova degli accessi")
    CONSENT = "CONSENT", _("prova dei consensi")


class Basis(models.TextChoices):
    """Article 6(1) of the GDPR."""

    CONSENT = "CONSENT", _("consenso (art. 6.1.a)")
    CONTRACT = "CONTRACT", _("contratto: lo statuto e il regolamento (art. 6.1.b)")
    LAW = "LAW", _("obbligo di legge (art. 6.1.c)")
    INTEREST = "INTEREST", _("legittimo interesse (art. 6.1.f)")


class Term(models.TextChoices):
    ACCOUNT = "ACCOUNT", _("finché esiste l'utente")
    TEN_YEARS = "TEN_YEARS", _("10 anni dopo l'uscita dalla comunità")
    TWO_YEARS = "TWO_YEARS", _("24 mesi")
    YEAR = "YEAR", _("12 mesi")
    MONTH = "MONTH", _("30 giorni")
    WEEK = "WEEK", _("7 giorni")
    DAY = "DAY", _("un giorno")
    SESSION = "SESSION", _("fino alla fine della sessione")
    OVERWRITTEN = "OVERWRITTEN", _("fino al valore successivo")


class Kept(models.TextChoices):
    ENCRYPTED = "ENCRYPTED", _("cifrato")
    HASHED = "HASHED", _("solo un'impronta, che non si può leggere")
    PLAIN = "PLAIN", _("in chiaro")


class Personal(NamedTuple):
    """Somebody's data; `why` says why it is not encrypted."""

    purpose: Purpose
    basis: Basis
    term: Term
    kept: Kept = Kept.ENCRYPTED
    why: str = ""


class NotPersonal(NamedTuple):
    """Nobody's data, and why."""

    why: str


Entry = Personal | NotPersonal
Fields = dict[str, Entry]
REST = "*"  # the fields of a table that are no text: numbers, times, choices, keys


def plainly(entry: Personal, why: str) -> Personal:
    return entry._replace(kept=Kept.PLAIN, why=why)


def same(entry: Entry, *names: str) -> Fields:
    return dict.fromkeys(names, entry)


ACCOUNT = Personal(Purpose.ACCOUNT, Basis.CONTRACT, Term.ACCOUNT)
MEMBERSHIP = Personal(Purpose.MEMBERSHIP, Basis.LAW, Term.TEN_YEARS)
PAYMENTS = Personal(Purpose.PAYMENTS, Basis.LAW, Term.TEN_YEARS)
SECURITY = Personal(Purpose.SECURITY, Basis.INTEREST, Term.YEAR)
MAIL = Personal(Purpose.CONTACT, Basis.CONTRACT, Term.MONTH)
SESSION = Personal(Purpose.SECURITY, Basis.CONTRACT, Term.SESSION)
LINK = "the key of a row, without a name"
STATE = "a state or a time: nothing by itself, and asked for by queries"
CODE = NotPersonal("words of the code")

MAP: dict[str, Fields] = {
    "users.CustomUser": {
        "email": plainly(ACCOUNT, "one signs in with it and mails go to it: it is looked up, unique, compared"),
        **same(plainly(MEMBERSHIP, "lists and the register are sorted by name"), "first_name", "last_name"),
        "password": ACCOUNT._replace(kept=Kept.HASHED),
        **same(MEMBERSHIP, "legal_name", "fiscal_code", "address"),
        **same(MEMBERSHIP._replace(kept=Kept.HASHED), "fiscal_code_index"),
        **same(PAYMENTS, "vat_number", "pec", "sdi_code", "iban"),
        **same(PAYMENTS._replace(kept=Kept.HASHED), "vat_number_index", "iban_index"),
        "phone": Personal(Purpose.CONTACT, Basis.CONTRACT, Term.ACCOUNT),
        REST: plainly(ACCOUNT, STATE),
    },
    "users.CustomUser_groups": {REST: plainly(ACCOUNT, LINK)},
    "users.CustomUser_user_permissions": {REST: plainly(ACCOUNT, LINK)},
    "users.Consent": {
        **same(NotPersonal("names a document"), "document", "version"),
        REST: plainly(Personal(Purpose.CONSENT, Basis.LAW, Term.TEN_YEARS), STATE),
    },
    "users.AuditLine": {
        "address": plainly(SECURITY, "part of what the hash is of; shown to its actor and staff"),
        **same(CODE, "action", "subject_type"),
        "details": NotPersonal("record() refuses whatever may be somebody's"),
        **same(NotPersonal("hashes of the chain"), "previous", "hash"),
        REST: plainly(SECURITY, LINK),
    },
    "users.AuditHead": {"hash": NotPersonal("a hash of the chain"), REST: NotPersonal("a count")},
    "users.AuditAnchor": {"hash": NotPersonal("a hash of the chain"), REST: NotPersonal("a count")},
    "users.AccountDeletionRequest": {REST: plainly(ACCOUNT, STATE)},
    "users.DataExport": {
        "file_key": ACCOUNT._replace(term=Term.DAY),  # with its file
        REST: plainly(ACCOUNT._replace(term=Term.DAY), STATE),
    },
    "users.ApiToken": {
        "name": plainly(ACCOUNT, "the person's own word for a program, shown in their list"),
        **same(NotPersonal("of a random token"), "token_hash", "hint"),
        REST: plainly(SECURITY, STATE),
    },
    "users.IdempotentAnswer": {
        "answer": SECURITY._replace(term=Term.DAY),
        **same(NotPersonal("a random word, a hash, or the key of a row"), "caller", "key", "call_hash"),
        REST: plainly(SECURITY._replace(term=Term.DAY), STATE),
    },
    "users.OutgoingMail": {
        **same(MAIL, "recipient", "text"),  # until it is sent; a month where it could not be
        "recipient_index": MAIL._replace(kept=Kept.HASHED),
        **same(CODE, "template", "language"),
        "error": NotPersonal("what the mail server said; addresses are taken out"),
        REST: NotPersonal("counts and times of a mail that is about nobody any more"),
    },
    "users.SetupToken": {"token_hash": NotPersonal("of the platform, and a hash"), REST: NotPersonal("a time")},
    "sessions.Session": {
        "session_key": plainly(SESSION, "a random key that is looked up"),
        "session_data": plainly(SESSION, "the key of the account, signed; ends with the session"),
        REST: plainly(SESSION, STATE),
    },
    "auth.Permission": same(CODE, "name", "codename"),
    "auth.Group": {"name": NotPersonal("a role")},
    "admin.LogEntry": {
        **same(plainly(SECURITY, "not written: the audit log stands in for it"), "object_id", "object_repr"),
        "change_message": plainly(SECURITY, "not written: the audit log stands in for it"),
        REST: plainly(SECURITY, STATE),
    },
    "contenttypes.ContentType": same(CODE, "app_label", "model"),
    "account.EmailAddress": {"email": plainly(ACCOUNT, "looked up and unique"), REST: plainly(ACCOUNT, STATE)},
    "account.EmailConfirmation": {
        "key": plainly(ACCOUNT, "a random key that is looked up"),
        REST: plainly(ACCOUNT, STATE),
    },
    "mfa.Authenticator": {
        "type": CODE,
        "data": ACCOUNT,  # its secrets; the public key of a passkey is public
        REST: plainly(ACCOUNT, STATE),
    },
    "usersessions.UserSession": {
        **same(plainly(SESSION, "shown to the person, who ends sessions by it"), "ip", "user_agent", "data"),
        "session_key": plainly(SESSION, "a random key that is looked up"),
        REST: plainly(SESSION, STATE),
    },
    "axes.AccessAttempt": {
        **same(plainly(SECURITY, "counted by address and account to lock out"), "username", "ip_address", "user_agent"),
        **same(plainly(SECURITY, "what the library keeps of a failure"), "get_data", "post_data"),
        **same(NotPersonal("names a page or a format"), "http_accept", "path_info"),
        REST: plainly(SECURITY, STATE),
    },
    "axes.AccessAttemptExpiration": {REST: plainly(SECURITY, STATE)},
    "axes.AccessFailureLog": {
        **same(plainly(SECURITY, "not written: it is off"), "username", "ip_address", "user_agent"),
        **same(NotPersonal("names a page or a format"), "http_accept", "path_info"),
        REST: plainly(SECURITY, STATE),
    },
    "axes.AccessLog": {
        **same(plainly(SECURITY, "not written: it is off"), "username", "ip_address", "user_agent", "session_hash"),
        **same(NotPersonal("names a page or a format"), "http_accept", "path_info"),
        REST: plainly(SECURITY, STATE),
    },
}


def whole_map() -> dict[str, Fields]:
    """Every room's part: `app.Model` to field to entry."""
    whole = dict(MAP)
    for config in apps.get_app_configs():
        name = f"{config.name}.datamap"
        if name != __name__ and config.name.startswith("cercollettiva.") and importlib.util.find_spec(name):
            whole |= importlib.import_module(name).MAP
    return whole


def entry_of(field: models.Field, whole: Mapping[str, Fields]) -> Entry | None:  # type: ignore[type-arg]
    """What the map says of a field; the rest of a table never covers a text."""
    fields = whole.get(field.model._meta.label, {})
    return fields.get(field.name) or (None if holds_text(field) else fields.get(REST))


def holds_text(field: models.Field) -> bool:  # type: ignore[type-arg]
    """Whether anything may be written in it: text without choices, JSON, bytes, a file, an address."""
    kinds = (models.CharField, models.TextField, models.JSONField, models.BinaryField, models.FileField)
    return isinstance(field, (*kinds, models.GenericIPAddressField)) and not field.choices
