"""Rows that are only ever added: a correction is a new row, and the old one still says what was once decided."""

from __future__ import annotations

from typing import Any, NoReturn, TypeVar

from django.db import models

from cercollettiva.users.visibility import VisibleQuerySet

M = TypeVar("M", bound=models.Model)


class NeverChanged(Exception):
    """Somebody tried to change or delete a row that figures may rest on."""

    def __init__(self) -> None:
        super().__init__("Rules, parameters and prices are never changed: write a new version instead.")


class AppendedQuerySet(VisibleQuerySet[M]):
    """Rows that are read and added."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise NeverChanged

    def delete(self) -> NoReturn:
        raise NeverChanged

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class Appended(models.Model):
    """A row that is written once."""

    class Meta:
        abstract = True

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NeverChanged
        super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NeverChanged
