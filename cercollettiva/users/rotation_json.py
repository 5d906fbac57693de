"""Encrypted texts inside a JSON column: what a library keeps and encrypts through a hook of ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db import models, transaction

from cercollettiva.users.encryption import KeyRing, UnreadableValue

# `app.Model.field`, which is the context too: the secrets of second factors (the adapter of allauth encrypts them).
SEALED_JSON = ("mfa.Authenticator.data",)


class Refused(NamedTuple):
    """A value that stays as it is, and why."""

    model: str
    key: object
    field: str
    reason: str


class SealedJson:
    """A JSON column, some of whose texts are encrypted; rows are few, so each is looked at."""

    def __init__(self, path: str, keys: KeyRing, using: str) -> None:
        self.label, _, self._name = path.rpartition(".")
        self._path, self._keys = path, keys
        self._rows: models.QuerySet[Any] = apps.get_model(self.label)._base_manager.using(using)

    def count(self) -> int:
        """The texts that are under another key of the ring."""
        documents = self._rows.values_list(self._name, flat=True).iterator()
        return sum(self._changed(document)[1] for document in documents)

    def rotated(self, *, batch: int) -> Iterator[tuple[int, list[Refused]]]:
        """How many texts were put under the first key, row by row."""
        for key, document in list(self._rows.values_list("pk", self._name)):
            if self._changed(document)[1]:
                yield self._rotate_row(key), []

    def _rotate_row(self, key: Any) -> int:
        with transaction.atomic(using=self._rows.db):
            row = self._rows.select_for_update().filter(pk=key).first()
            if row is None:
                return 0
            document, count = self._changed(getattr(row, self._name))
            self._rows.filter(pk=key).update(**{self._name: document})
        return count

    def _changed(self, document: Any) -> tuple[Any, int]:
        """The document with its encrypted texts under the first key, and how many were under another."""
        if isinstance(document, dict):
            inner = {name: self._changed(value) for name, value in document.items()}
            return {name: value for name, (value, _) in inner.items()}, sum(count for _, count in inner.values())
        if isinstance(document, list):
            items = [self._changed(value) for value in document]
            return [value for value, _ in items], sum(count for _, count in items)
        if not isinstance(document, str) or self._keys.is_current(document):
            return document, 0
        try:
            text = self._keys.decrypt(document, context=self._path)
        except UnreadableValue:  # a text that is not encrypted
            return document, 0
        return self._keys.encrypt(text, context=self._path), 1


def sealed_json(keys: KeyRing, using: str) -> list[SealedJson]:
    """Those of the apps that are installed."""
    known = {model._meta.label for model in apps.get_models()}
    return [SealedJson(path, keys, using) for path in SEALED_JSON if path.rpartition(".")[0] in known]
