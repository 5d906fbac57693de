"""The register of processing activities (GDPR, article 30) and what is held of one person: both from the data map."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy

from cercollettiva.users.datamap import Personal, Purpose, entry_of, whole_map
from cercollettiva.users.fields import BlindIndexField
from cercollettiva.users.models import CustomUser
from cercollettiva.users.rights.holdings import holdings
from cercollettiva.users.rights.words import columns_of, table_of

MEMBERS: Final = gettext_lazy("soci, chi chiede di esserlo, amministratori e tecnici")
# Whose data and who gets them, for each purpose.
SUBJECTS: Final[dict[Purpose, Any]] = {
    Purpose.ACCOUNT: gettext_lazy("chi ha un account o è stato invitato ad averlo"),
    Purpose.MEMBERSHIP: MEMBERS,
    Purpose.INCENTIVES: gettext_lazy("soci e titolari di impianti"),
    Purpose.PAYMENTS: gettext_lazy("soci"),
    Purpose.CONTACT: MEMBERS,
    Purpose.MEASURING: gettext_lazy("titolari di impianti e chi vive dove sono i misuratori"),
    Purpose.SECURITY: gettext_lazy("chi accede o prova ad accedere"),
    Purpose.CONSENT: MEMBERS,
}
RECIPIENTS: Final[dict[Purpose, Any]] = {
    Purpose.ACCOUNT: gettext_lazy("chi gestisce la piattaforma"),
    Purpose.MEMBERSHIP: gettext_lazy("amministratori della comunità; autorità di controllo, se lo chiedono"),
    Purpose.INCENTIVES: gettext_lazy("GSE, distributore, amministratori della comunità"),
    Purpose.PAYMENTS: gettext_lazy("banca, consulente fiscale, Agenzia delle entrate"),
    Purpose.CONTACT: gettext_lazy("amministratori della comunità"),
    Purpose.MEASURING: gettext_lazy("amministratori e tecnici della comunità"),
    Purpose.SECURITY: gettext_lazy("chi gestisce la piattaforma"),
    Purpose.CONSENT: gettext_lazy("amministratori della comunità; il Garante, se lo chiede"),
}


class Field(NamedTuple):
    """A column, or the rest of a table, and how it is kept."""

    label: str
    entry: Personal


class Table(NamedTuple):
    """What one table holds for one purpose."""

    label: str
    columns: list[str]
    bases: list[str]
    terms: list[str]
    kept: list[str]


class Activity(NamedTuple):
    """A processing activity: one purpose."""

    purpose: Purpose
    subjects: str
    recipients: str
    bases: list[str]
    terms: list[str]
    tables: list[Table]


def register() -> list[Activity]:
    """Every purpose with the tables that serve it."""
    return _activities(model for model in apps.get_models(include_auto_created=False) if not model._meta.proxy)


def held_of(user: CustomUser) -> list[Activity]:
    """The same for what there is of one person. One short query a table."""
    labels = {holding.model for holding in holdings() if holding.rows_to_read(user).exists()}
    return _activities(apps.get_model(label) for label in sorted(labels))


def _activities(found: Iterable[type[models.Model]]) -> list[Activity]:
    whole, by_purpose = whole_map(), {purpose: [] for purpose in Purpose}  # type: ignore[var-annotated]
    for model in found:
        fields = list(_fields(model, whole))
        for purpose in Purpose:
            chosen = [field for field in fields if field.entry.purpose is purpose]
            if chosen:
                by_purpose[purpose].append(_table(model, chosen))
    return [_activity(purpose, tables) for purpose, tables in by_purpose.items() if tables]


def _fields(model: type[models.Model], whole: Any) -> Iterable[Field]:
    for field in model._meta.local_concrete_fields:
        entry = entry_of(field, whole)
        if isinstance(entry, Personal) and not field.primary_key and not isinstance(field, BlindIndexField):
            yield Field(str(getattr(field, "verbose_name", field.name)), entry)


def _table(model: type[models.Model], fields: list[Field]) -> Table:
    entries = [field.entry for field in fields]
    return Table(
        table_of(model),
        columns_of(model, _once(field.label for field in fields)),
        _once(entry.basis.label for entry in entries),
        _once(entry.term.label for entry in entries),
        _once(entry.kept.label for entry in entries),
    )


def _activity(purpose: Purpose, tables: list[Table]) -> Activity:
    return Activity(
        purpose,
        str(SUBJECTS[purpose]),
        str(RECIPIENTS[purpose]),
        _once(basis for table in tables for basis in table.bases),
        _once(term for table in tables for term in table.terms),
        tables,
    )


def _once(words: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(word) for word in words))
