"""Columns that keep personal data encrypted, and the column that finds them again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeVar

from django import forms
from django.core import checks
from django.core.exceptions import FieldError
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from cercollettiva.users.encryption import ring

M = TypeVar("M", bound=models.Model)


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text that is encrypted in the database and plain in Python.

    An empty string and None are stored as they are. The value is bound to its column: when a model or a field is
    renamed, pass the old name as `context` ("users.CustomUser.iban") so that the stored values still open.
    It cannot be searched or compared, only asked whether it is null: put a BlindIndexField beside it for that.
    With a `max_length` it is one line in a form; the length is for the form, not for the column.
    """

    def __init__(self, *args: Any, context: str = "", **kwargs: Any) -> None:
        self._context = context
        super().__init__(*args, **kwargs)

    @property
    def context(self) -> str:
        return self._context or f"{self.model._meta.label}.{self.name}"

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        if self._context:
            kwargs["context"] = self._context
        return name, path, args, kwargs

    def formfield(self, **kwargs: Any) -> Any:
        if self.max_length is not None:
            kwargs.setdefault("widget", forms.TextInput)
        return super().formfield(**kwargs)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        if self.unique or self.db_index:  # type: ignore[attr-defined]
            reason = "Equal values are encrypted to different texts: an index on them finds nothing."
            found.append(checks.Error(reason, hint="Use a BlindIndexField.", obj=self, id="users.E001"))
        return found

    def get_prep_value(self, value: Any) -> Any:
        text = super().get_prep_value(value)
        return ring().encrypt(text, context=self.context) if isinstance(text, str) and text else text

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return ring().decrypt(value, context=self.context) if value else value

    def get_db_converters(self, connection: BaseDatabaseWrapper) -> list[Any]:
        """`from_db_value` with ring and context looked up once for a query, not for each of its values."""
        decrypt, context = ring().decrypt, self.context
        return [lambda value, *_: decrypt(value, context=context) if value else value]

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name != "isnull":
            raise FieldError(
                f"{self.context} is encrypted: it cannot be looked up with {lookup_name!r}. Use its BlindIndexField."
            )
        return super().get_lookup(lookup_name)

    def get_transform(self, lookup_name: str) -> Any:
        raise FieldError(f"{self.context} is encrypted: it cannot be transformed with {lookup_name!r} in the database.")


class BlindIndexField(models.CharField):  # type: ignore[type-arg]
    """A keyed hash of another field of the same model, filled whenever a row is saved, so that it can be looked up.

    The model derives from BlindIndexedModel and its manager from BlindIndexedQuerySet: they keep the two columns
    together in save(update_fields=...), update(), bulk_create() and bulk_update().
    Ask with `filter(fiscal_code_index__in=field.indexes_of(code))`: one index for each key of the ring.
    """

    LENGTH = 43  # 32 bytes in base64 without padding

    def __init__(self, *args: Any, source: str = "", **kwargs: Any) -> None:
        self.source = source
        kwargs.setdefault("max_length", self.LENGTH)
        kwargs.setdefault("db_index", True)
        kwargs.update(editable=False, blank=True, default="")
        super().__init__(*args, **kwargs)

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        found = super().check(**kwargs)
        if not isinstance(self.model._meta.get_field(self.source), EncryptedTextField):
            reason = "A rotation of the keys knows an index by the key of the encrypted value that it indexes."
            found.append(checks.Error(reason, hint="Index plain columns plainly.", obj=self, id="users.E002"))
        return found

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs["source"] = self.source
        for implied in ("editable", "blank", "default"):
            kwargs.pop(implied, None)
        return name, path, args, kwargs

    def pre_save(self, model_instance: models.Model, add: bool) -> str:
        index = self.index_of(getattr(model_instance, self.source))
        setattr(model_instance, self.attname, index)
        return index

    def index_of(self, value: str | None) -> str:
        """What is stored for a value; empty where there is no value."""
        text = _comparable(value)
        return ring().blind_index(text, context=self._context) if text else ""

    def indexes_of(self, value: str | None) -> list[str]:
        """Every index a row with this value may carry; none for an empty value, which then finds nobody."""
        text = _comparable(value)
        return ring().blind_indexes(text, context=self._context) if text else []

    @property
    def _context(self) -> str:
        source: EncryptedTextField = self.model._meta.get_field(self.source)  # type: ignore[assignment]
        return source.context


class BlindIndexedQuerySet(models.QuerySet[M]):
    """Keeps blind indexes in step with what they index, whatever way a row is written."""

    def update(self, **kwargs: Any) -> int:
        for field in blind_indexes_of(self.model):
            if field.source not in kwargs or field.name in kwargs:
                continue
            value = kwargs[field.source]
            if hasattr(value, "resolve_expression"):
                raise FieldError(f"{field.source} has a blind index: give update() a plain value, not an expression.")
            kwargs[field.name] = field.index_of(value)
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def bulk_update(self, objs: Iterable[M], fields: Iterable[str], batch_size: int | None = None) -> int:
        objects, names = tuple(objs), list(fields)
        for field in blind_indexes_of(self.model):
            if field.source in names:
                names = [*names, field.name] if field.name not in names else names
                for obj in objects:
                    field.pre_save(obj, add=False)
        return super().bulk_update(objects, names, batch_size=batch_size)

    bulk_update.alters_data = True  # type: ignore[attr-defined]


class BlindIndexedModel(models.Model):
    """A model with blind indexes: saving some of its fields saves their indexes too."""

    class Meta:
        abstract = True

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if update_fields is not None:
            update_fields = _with_indexes(type(self), update_fields)
        super().save(update_fields=update_fields, **kwargs)


def blind_indexes_of(model: type[models.Model]) -> list[BlindIndexField]:
    return [field for field in model._meta.local_concrete_fields if isinstance(field, BlindIndexField)]


def encrypted_fields_of(model: type[models.Model]) -> list[EncryptedTextField]:
    return [field for field in model._meta.local_concrete_fields if isinstance(field, EncryptedTextField)]


def _with_indexes(model: type[models.Model], names: Iterable[str]) -> set[str]:
    chosen = set(names)
    return chosen | {field.name for field in blind_indexes_of(model) if field.source in chosen}


def _comparable(value: str | None) -> str:
    """Codes are compared without spaces and in upper case."""
    return "".join((value or "").split()).upper()
