"""The two kinds of page of the administration: a registry that staff edits, and a history that it only reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import IntegrityError, models, transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextInputWidget

from cercollettiva.users.administration.personal import EncryptedValues
from cercollettiva.users.administration.rights import has_all, is_staff
from cercollettiva.users.audit import Action, AuditLine, Entry, record_all
from cercollettiva.users.fields import BlindIndexField, EncryptedTextField
from cercollettiva.users.models import CustomUser
from cercollettiva.users.watching import watched_fields

LINES_PER_PAGE = 100


class HistoryPage(EncryptedValues, ModelAdmin):  # type: ignore[misc]
    """What happened: read, filtered, never changed here."""

    kind: ClassVar[str] = "history"
    hidden: ClassVar[tuple[str, ...]] = ()  # hashes and bytes, which say nothing to a person
    links: ClassVar[tuple[str, ...]] = ()  # methods that lead to the pages of measures
    list_per_page = 50
    show_full_result_count = False
    actions: ClassVar[Any] = None
    list_filter_submit = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model.objects.visible_to(request.user)
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def has_module_permission(self, request: HttpRequest) -> bool:
        return is_staff(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        return [*self.readable(request, self._shown()), *self.links]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        return self.get_fields(request, obj)

    def _shown(self) -> list[str]:
        """The columns of a row that somebody can read."""
        unreadable = (models.BinaryField, models.FileField, BlindIndexField)
        columns = [field for field in self.model._meta.concrete_fields if not isinstance(field, unreadable)]
        return [field.name for field in columns if field.name not in self.hidden and not field.primary_key]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """What the audit log says of this row; there is no second log."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        lines = AuditLine.objects.visible_to(request.user)
        lines = lines.filter(subject_type=self.opts.label_lower, subject_id=row.pk).order_by("-seq")
        page = Paginator(lines, LINES_PER_PAGE).get_page(request.GET.get("p"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Storia di %(row)s") % {"row": row},
            "lines": page,
            "opts": self.opts,
            "object": row,
        }
        return TemplateResponse(request, "administration/history.html", context)


class RegistryPage(HistoryPage):
    """What staff keeps: rows are added and changed; taken away where that is said, by whoever has all permissions."""

    kind = "registry"
    addable: ClassVar[bool] = True
    deletable: ClassVar[bool] = False
    fixed: ClassVar[tuple[str, ...]] = ()  # columns with pages of their own, where more follows from a change
    warn_unsaved_form = True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.addable and is_staff(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return is_staff(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.deletable and has_all(request)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        columns = {field.name: field for field in self.model._meta.concrete_fields}
        shown = [name for name in self._shown() if obj is not None or columns[name].editable]
        if obj is None:
            return shown
        return [*self.readable(request, shown), *self.links]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        columns = {field.name: field for field in self.model._meta.concrete_fields}
        given = [name for name in self.get_fields(request, obj) if name not in columns or not columns[name].editable]
        return [*given, *(self.fixed if obj is not None else ())]

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if isinstance(db_field, EncryptedTextField) and db_field.name != "notes":
            kwargs["widget"] = UnfoldAdminTextInputWidget  # one line, whatever the column keeps
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """What the forms do not know the database refuses: rules over several rows, such as periods that overlap."""
        try:
            with transaction.atomic():
                return super().changeform_view(request, *args, **kwargs)
        except IntegrityError as error:
            messages.error(request, words_of(error))
            return HttpResponseRedirect(request.get_full_path())

    # One log for the whole platform: what Django would write in its own is a line of the audit log.

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self._record(request, [(obj, None)], Action.REGISTRY_CREATED)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        names = {name for part in message if isinstance(part, dict) for name in _fields_of(part)}
        self._record(request, [(obj, names)], Action.REGISTRY_CHANGED)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        self._record(request, [(obj, None) for obj in queryset], Action.REGISTRY_DELETED)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        return [{"changed": {"fields": list(form.changed_data)}}]

    def _record(self, request: HttpRequest, rows: Sequence[tuple[Any, set[str] | None]], action: Action) -> None:
        """Accounts are watched however they are written: of these only what nobody watches is told.

        What is watched elsewhere is told about a person: here the line is about the row, whose history it is.
        """
        watched = watched_fields(self.model) if self.model is CustomUser else frozenset()
        entries = []
        for row, names in rows:
            untold = None if names is None else sorted(names - watched)
            if (names is None and watched) or untold == []:
                continue
            entries.append(Entry(action, subject=row, details={} if untold is None else {"fields": untold}))
        record_all(entries, request=request)


def _fields_of(part: dict[str, Any]) -> list[str]:
    fields: list[str] = part.get("changed", {}).get("fields", [])
    return fields


def words_of(error: IntegrityError) -> str:
    """A refusal without the values of the row, which a database repeats."""
    cause = error.__cause__
    name = getattr(getattr(cause, "diag", None), "constraint_name", None) or str(error).rpartition(": ")[2]
    if "overlap" in name or "one_exchange" in name or "one_per" in name:
        return _("Due periodi si sovrappongono: chiudi prima quello che c’è, con la sua data di fine.")
    return _("I dati contraddicono una regola dell’archivio (%(rule)s): niente è stato salvato.") % {"rule": name}


def link_to(view: str, key: Any, words: Any) -> str:
    """A link to the page of the site that shows the measures, which are not rows for an administration."""
    return format_html('<a href="{}">{}</a>', reverse(view, args=[key]), words)


SEE_MEASURES = gettext_lazy("Vedi le misure")
