"""Tables and columns by their names for people; those of libraries have English ones, or none."""

from __future__ import annotations

from typing import Any, Final

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.users.rights.holdings import Holding

TABLES: Final[dict[str, Any]] = {
    "account.EmailAddress": gettext_lazy("indirizzi email"),
    "account.EmailConfirmation": gettext_lazy("conferme degli indirizzi email"),
    "admin.LogEntry": gettext_lazy("azioni nell’amministrazione"),
    "auth.Group": gettext_lazy("gruppi"),
    "axes.AccessAttempt": gettext_lazy("accessi non riusciti"),
    "axes.AccessAttemptExpiration": gettext_lazy("scadenze degli accessi non riusciti"),
    "axes.AccessFailureLog": gettext_lazy("registro degli accessi non riusciti"),
    "axes.AccessLog": gettext_lazy("registro delle entrate"),
    "mfa.Authenticator": gettext_lazy("passkey, app dei codici e codici di recupero"),
    "sessions.Session": gettext_lazy("sessioni"),
    "users.CustomUser": gettext_lazy("account"),
    "users.CustomUser_groups": gettext_lazy("gruppi"),
    "users.CustomUser_user_permissions": gettext_lazy("permessi"),
    "usersessions.UserSession": gettext_lazy("dispositivi collegati"),
}
COLUMNS: Final[dict[str, Any]] = {
    "account": gettext_lazy("indirizzo, conferma"),
    "admin": gettext_lazy("azione, quando"),
    "axes": gettext_lazy("indirizzo email scritto, indirizzo IP, browser, quando"),
    "mfa": gettext_lazy("genere, nome, segreto, quando è stato aggiunto e usato"),
    "sessions": gettext_lazy("chiave, contenuto firmato, fine"),
    "usersessions": gettext_lazy("indirizzo IP, browser, da quando, fino a quando"),
}


def table_of(model: type[models.Model]) -> str:
    return str(TABLES.get(model._meta.label) or model._meta.verbose_name_plural)


def columns_of(model: type[models.Model], fields: list[str]) -> list[str]:
    """The names given, for our own tables; of a library's what they amount to."""
    told = COLUMNS.get(model._meta.app_label)
    return [str(told)] if told is not None else fields


def what_of(holding: Holding) -> str:
    return table_of(holding.model_class())


def label_of(holding: Holding, name: str) -> str:
    """A column."""
    label = str(getattr(holding.model_class()._meta.get_field(name), "verbose_name", name))
    return _("chiave segreta") if label in ("token hash", "link key", "session key", "key") else label
