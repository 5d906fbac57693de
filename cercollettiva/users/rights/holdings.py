"""What the rooms hold of a person: which rows, what a copy shows of them, what an erasure makes of them.

A test holds this complete: every table in which the data map finds somebody's data is here or says why it is not, and
every text that an erasure leaves standing has its reason.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

from django.apps import apps
from django.db import models
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.datamap import Term

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

Rows = models.QuerySet[Any]
Said = Any  # text, perhaps to be translated
Shown = dict[str, Any]


class Fate(models.TextChoices):
    """What an erasure makes of rows."""

    DELETED = "DELETED", _("si cancella")
    EMPTIED = "EMPTIED", _("resta senza i dati personali, sotto uno pseudonimo")
    KEPT = "KEPT", _("resta per legge, sotto uno pseudonimo")


@dataclass(frozen=True)
class Holding:
    """The rows of one table that are about a person."""

    model: str  # app.Model
    rows_of: Callable[[CustomUser], Rows]  # what an erasure touches
    fate: Fate
    why: Said = ""  # why rows stay
    term: Term | None = None  # until when they stay
    # What takes the place of a value: a plain one, or a function of the row.
    emptied: Mapping[str, Any] = field(default_factory=dict)
    stays: Mapping[str, Said] = field(default_factory=dict)  # personal columns that stay as they are, and why
    # When the term of the pseudonym is over: rows that no book may lose stay, and what takes the place of their values;
    # relations whose rows go with theirs.
    outlasts: Said = ""
    ending: Mapping[str, Any] = field(default_factory=dict)
    takes_along: tuple[str, ...] = ()
    # For the copy: other rows than an erasure touches, what of a row is shown, what is never shown and why.
    read_of: Callable[[CustomUser], Rows] | None = None
    shown: Callable[[Any, CustomUser], Shown] | None = None
    withheld: Mapping[str, Said] = field(default_factory=dict)
    named: tuple[str, ...] = ()  # relations of which the copy gives the name, not only the number
    in_copy: bool = True
    as_csv: bool = False  # measurements: too many rows for one JSON

    def model_class(self) -> type[models.Model]:
        return apps.get_model(self.model)

    def rows_to_read(self, user: CustomUser) -> Rows:
        return (self.read_of or self.rows_of)(user)


class Obstacle(NamedTuple):
    """What has to happen before somebody can be erased."""

    code: str
    text: str  # what, and who can do it


class File(NamedTuple):
    """A file of the copy: its name in the archive, and its content in pieces, made when it is written."""

    name: str
    content: Callable[[], Iterator[bytes]]


class Step(Protocol):
    def __call__(self, user: CustomUser, *, by: CustomUser | None, at: datetime) -> None: ...


@dataclass(frozen=True)
class Part:
    """What one room has to do with somebody's rights."""

    holdings: tuple[Holding, ...]
    elsewhere: Mapping[str, Said] = field(default_factory=dict)  # tables of the map without rows of a person, and why
    obstacles: Callable[[CustomUser, datetime], Iterable[Obstacle]] | None = None
    before: Step | None = None  # what is done by name before the rows are: ending, destroying files
    files: Callable[[CustomUser], Iterable[File]] | None = None
    holds: Callable[[CustomUser], bool] | None = None  # whether a law keeps a pseudonym beyond its term


def parts() -> list[Part]:
    """Of every room that has any, the highest first: what refers goes before what is referred to."""
    found = []
    for config in apps.get_app_configs():
        name = f"{config.name}.rights.own" if config.label == "users" else f"{config.name}.rights"
        if config.name.startswith("cercollettiva.") and importlib.util.find_spec(name):
            part = getattr(importlib.import_module(name), "RIGHTS", None)
            if part is not None:
                found.append(cast(Part, part))
    return found[::-1]


def holdings() -> list[Holding]:
    return [holding for part in parts() for holding in part.holdings]


def elsewhere() -> dict[str, Said]:
    return {label: why for part in parts() for label, why in part.elsewhere.items()}
