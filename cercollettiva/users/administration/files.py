"""Registries as files: CSV and XLSX that an Italian spreadsheet opens, runs no formula of, and gives back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar, Final

import tablib
from django.contrib import messages
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export import fields, resources, widgets
from import_export.admin import ExportMixin, ImportMixin
from import_export.formats import base_formats
from unfold.contrib.import_export.forms import ExportForm, ImportForm

from cercollettiva.domain.cells import as_written, harmless_or_number
from cercollettiva.users.administration.rights import encrypted_fields, is_staff, may_read_personal_data
from cercollettiva.users.audit import Action, record
from cercollettiva.users.encryption import ring

LARGEST_FILE: Final = 5 * 1024 * 1024
MOST_ROWS: Final = 10_000
BOM: Final = "\ufeff"


class UnreadableFile(Exception):
    """Too large, too long, or not a table."""


def _harmless_rows(dataset: Any) -> Any:
    rows = [[harmless_or_number(cell) if isinstance(cell, str) else cell for cell in row] for row in dataset]
    return tablib.Dataset(*rows, headers=dataset.headers, title=dataset.title)


def _written_rows(dataset: Any) -> Any:
    if len(dataset) > MOST_ROWS:
        raise UnreadableFile
    rows = [[as_written(cell.strip()) if isinstance(cell, str) else cell for cell in row] for row in dataset]
    return tablib.Dataset(*rows, headers=[str(name).strip() for name in dataset.headers or []])


class Csv(base_formats.CSV):  # type: ignore[misc]
    def export_data(self, dataset: Any, **_options: Any) -> str:
        return BOM + str(_harmless_rows(dataset).export("csv", delimiter=";", lineterminator="\r\n"))

    def create_dataset(self, in_stream: Any, **_options: Any) -> Any:
        text = in_stream.decode("utf-8-sig") if isinstance(in_stream, bytes) else in_stream
        text = text.removeprefix(BOM)
        first = text.partition("\n")[0]
        return _written_rows(tablib.import_set(text, format="csv", delimiter=";" if ";" in first else ","))


class Xlsx(base_formats.XLSX):  # type: ignore[misc]
    def export_data(self, dataset: Any, **_options: Any) -> bytes:
        exported: bytes = super().export_data(_harmless_rows(dataset))
        return exported

    def create_dataset(self, in_stream: Any, **_options: Any) -> Any:
        return _written_rows(super().create_dataset(in_stream))


class WaitingFile:
    """The uploaded file between its preview and the word that it is right: encrypted, for an hour, in the cache."""

    SECONDS = 3600
    CONTEXT = "administration.import"

    def __init__(self, *, name: str = "", **_options: Any) -> None:
        self.name = name or uuid.uuid4().hex

    def save(self, data: bytes) -> None:
        if len(data) > LARGEST_FILE:
            raise ValidationError(_("Il file è troppo grande: al massimo 5 MB."))
        cache.set(self._key, ring().encrypt(data.decode("latin-1"), context=self.CONTEXT), self.SECONDS)

    def read(self) -> bytes:
        kept = cache.get(self._key)
        if kept is None:
            raise UnreadableFile
        return ring().decrypt(kept, context=self.CONTEXT).encode("latin-1")

    def remove(self) -> None:
        cache.delete(self._key)

    @property
    def _key(self) -> str:
        return f"administration-import-{self.name}"


class ItalianDecimal(widgets.DecimalWidget):  # type: ignore[misc]
    """A comma before the decimals; with a dot and a comma together nobody knows which is which."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Decimal | None:
        if value in ("", None):
            return None
        if not isinstance(value, str):
            return Decimal(str(value))
        text = value.strip()
        if "." in text and "," in text:
            raise ValueError(
                _("«%(text)s» si può leggere in due modi: scrivi solo la virgola dei decimali.") % {"text": text}
            )
        try:
            return Decimal(text.replace(",", "."))
        except InvalidOperation as error:
            raise ValueError(_("«%(text)s» non è un numero.") % {"text": text}) from error

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> Any:
        if kwargs.get("force_native_type"):
            return value
        return "" if value is None else f"{value:f}".replace(".", ",")


class Instant(widgets.DateTimeWidget):  # type: ignore[misc]
    """With its offset, so that the hour that comes twice in October says which it is; without one, Italian time."""

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Any:
        if isinstance(value, str) and value.strip():
            try:
                moment = datetime.fromisoformat(value.strip())
            except ValueError:
                return super().clean(value, row, **kwargs)
            return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
        return super().clean(value, row, **kwargs)

    def render(self, value: Any, obj: Any = None, **kwargs: Any) -> str:
        return "" if value is None else timezone.localtime(value).isoformat()


class RegistryResource(resources.ModelResource):  # type: ignore[misc]
    """Rows of a registry: known by their `id`, checked like a form's, all of them or none."""

    class Meta:
        import_id_fields = ("id",)
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True
        use_transactions = True
        store_instance = True

    WIDGETS_MAP = {**resources.ModelResource.WIDGETS_MAP, "DecimalField": ItalianDecimal, "DateTimeField": Instant}

    def __init__(self, *, with_personal_data: bool = False, **kwargs: Any) -> None:
        super().__init__()
        closed = () if with_personal_data else encrypted_fields(self._meta.model)
        for name in closed:
            self.fields.pop(name, None)

    def validate_instance(
        self, instance: Any, import_validation_errors: Any = None, validate_unique: bool = True
    ) -> None:
        """As a form does: what saving fills in, such as the key of a POD, is not there yet to be checked."""
        errors = dict(import_validation_errors or {})
        derived = {field.name for field in instance._meta.concrete_fields if not field.editable}
        try:
            instance.full_clean(exclude=derived | set(errors), validate_unique=validate_unique)
        except ValidationError as error:
            errors = error.update_error_dict(errors)
        if errors:
            raise ValidationError(errors)

    def get_user_visible_fields(self) -> list[fields.Field]:
        return list(self.get_export_fields())


def resource_of(model: type[models.Model], *, without: Iterable[str] = (), **foreign: tuple[str, ...]) -> Any:
    """The resource of a model; `foreign` says by which column of the other table a row is named."""
    hidden = (models.FileField, models.BinaryField)
    columns = [
        field.name
        for field in model._meta.concrete_fields
        if (field.editable or field.primary_key) and not isinstance(field, hidden) and field.name not in without
    ]
    given: dict[str, Any] = {
        name: fields.Field(
            attribute=name,
            column_name=name,
            widget=widgets.ForeignKeyWidget(model._meta.get_field(name).related_model, by),
        )
        for name, (by,) in foreign.items()
    }
    meta = type("Meta", (RegistryResource.Meta,), {"model": model, "fields": columns, "export_order": columns})
    return type(f"{model.__name__}Resource", (RegistryResource,), {"Meta": meta, **given})


class Exported(ExportMixin):  # type: ignore[misc]
    """A page whose rows can be taken away as a file; encrypted columns only by whoever may read them."""

    export_form_class = ExportForm
    export_formats: ClassVar[Sequence[Any]] = (Csv, Xlsx)
    exportable: ClassVar[bool] = True

    def has_export_permission(self, request: HttpRequest) -> bool:
        return is_staff(request)

    def get_export_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"with_personal_data": may_read_personal_data(request)}

    def get_export_filename(self, request: HttpRequest, queryset: Any, file_format: Any) -> str:
        name: str = super().get_export_filename(request, queryset, file_format)
        return f"cercollettiva-{name.lower()}"

    def get_export_data(self, file_format: Any, request: HttpRequest, queryset: Any, **kwargs: Any) -> Any:
        rows = list(queryset)
        details = {"model": self.opts.label_lower, "rows": len(rows)}
        record(Action.REGISTRY_EXPORTED, request=request, details=details)
        if may_read_personal_data(request):
            self.tell_reading(request, rows, encrypted_fields(self.model))
        kwargs["encoding"] = "utf-8"
        return super().get_export_data(file_format, request, queryset, **kwargs)


class ImportedAndExported(Exported, ImportMixin):  # type: ignore[misc]
    """A registry that also comes in as a file: shown first, then written whole or not at all."""

    import_form_class = ImportForm
    import_formats: ClassVar[Sequence[Any]] = (Csv, Xlsx)
    import_export_change_list_template = "admin/import_export/change_list_import_export.html"
    tmp_storage_class = WaitingFile
    importable: ClassVar[bool] = True

    def has_import_permission(self, request: HttpRequest) -> bool:
        return is_staff(request)

    def get_import_resource_kwargs(self, request: HttpRequest, **kwargs: Any) -> dict[str, Any]:
        return {"with_personal_data": may_read_personal_data(request)}

    def process_import(self, request: HttpRequest, **kwargs: Any) -> Any:
        try:
            return super().process_import(request, **kwargs)
        except UnreadableFile:
            messages.error(request, _("Il file non c’è più: caricalo di nuovo."))
            return HttpResponseRedirect("../import/")

    def generate_log_entries(self, result: Any, request: HttpRequest) -> None:
        totals = {kind: count for kind, count in result.totals.items() if count}
        details = {"model": self.opts.label_lower, **totals}
        record(Action.REGISTRY_IMPORTED, request=request, details=details)
        for row in result:
            if row.import_type in ("new", "update") and row.instance is not None:
                action = Action.REGISTRY_CREATED if row.import_type == "new" else Action.REGISTRY_CHANGED
                self._record(request, [(row.instance, None)], action)
