"""Accounts, consents and the audit log in the administration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from cercollettiva.domain import tax_codes
from cercollettiva.domain.identifiers import InvalidIdentifier
from cercollettiva.users import outbox
from cercollettiva.users.administration.files import Exported, resource_of
from cercollettiva.users.administration.pages import HistoryPage, RegistryPage
from cercollettiva.users.administration.rights import has_all
from cercollettiva.users.audit import Action, record
from cercollettiva.users.models import AccountDeletionRequest, AuditLine, Consent, CustomUser, OutgoingMail

CODES = {"fiscal_code": tax_codes.any_fiscal_code, "vat_number": tax_codes.vat_number, "pec": tax_codes.pec}


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """Codes are read as in the pages where people write their own."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for name, read in CODES.items():
            if cleaned.get(name):
                try:
                    cleaned[name] = read(cleaned[name])
                except InvalidIdentifier as error:
                    self.add_error(name, ValidationError(str(error)))
        return cleaned


@admin.register(CustomUser)
class Person(Exported, RegistryPage):
    """Names and codes; who may come in, with which role and address, is changed where it is also told to the person."""

    form = PersonForm
    addable = False  # people register, or are invited
    hidden = ("password", "last_login")
    fixed = ("email", "is_staff", "is_superuser", "is_active")
    links = ("management",)
    filter_horizontal = ()
    list_display = ("email", "first_name", "last_name", "legal_type", "is_active", "is_staff")
    list_filter = ("legal_type", "is_active", "is_staff")
    search_fields = ("email", "first_name", "last_name")
    search_help_text = _("Nome, cognome o indirizzo; gli altri dati sono cifrati e non si cercano.")
    ordering = ("last_name", "first_name", "email")
    resource_classes = [resource_of(CustomUser, without=("password", "last_login"))]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        may = super().has_change_permission(request, obj)
        return may and (obj is None or not obj.is_superuser or has_all(request))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[Any]:
        fields = list(super().get_fields(request, obj))
        return [*fields, "user_permissions"] if has_all(request) else fields

    def formfield_for_manytomany(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """The one permission there is: everything else follows from being staff."""
        kwargs["queryset"] = Permission.objects.filter(codename="read_personal_data")
        field = super().formfield_for_manytomany(db_field, request, **kwargs)
        field.label_from_instance = lambda permission: _("Può leggere i dati personali cifrati nell’amministrazione")
        field.help_text = ""
        return field

    @admin.display(description=_("accesso"))
    def management(self, row: CustomUser) -> str:
        address = reverse("users:management_person", args=[row.pk])
        return format_html('<a href="{}">{}</a>', address, _("Ruoli, sessioni e accesso di questa persona"))


@admin.register(Consent)
class ConsentHistory(Exported, HistoryPage):
    list_display = ("user", "document", "version", "accepted_at", "withdrawn_at")
    list_filter = ("document", "version")
    list_select_related = ("user",)
    resource_classes = [resource_of(Consent, user=("email",))]


@admin.register(AccountDeletionRequest)
class DeletionHistory(HistoryPage):
    list_display = ("user", "requested_at", "cancelled_at", "executed_at")
    list_select_related = ("user",)


@admin.register(AuditLine)
class AuditHistory(Exported, HistoryPage):
    """The audit log: nobody adds, changes or takes away a line."""

    hidden = ("previous",)
    list_display = ("seq", "at", "what", "actor_id", "subject_type", "subject_id", "address")
    list_filter = ("action", "subject_type")
    search_fields = ("=actor_id", "=subject_id", "=address")
    search_help_text = _("Numero di chi ha agito o della riga toccata, o indirizzo IP.")
    date_hierarchy = "at"
    ordering = ("-seq",)
    sortable_by = ()
    resource_classes = [resource_of(AuditLine)]

    @admin.display(description=_("azione"))
    def what(self, row: AuditLine) -> str:
        return row.action_label


@admin.register(OutgoingMail)
class Mails(HistoryPage):
    """What waits to be sent, and what was given up: the oldest first, with what the mail server said."""

    list_display = ("template", "state", "posted_at", "attempts", "next_try_at", "sent_at", "error")
    list_filter = ("state", "template")
    ordering = ("posted_at",)
    hidden = ("text",)  # what somebody is written is between them and the community
    actions = ("try_again",)

    @admin.action(description=_("Riprova adesso"))
    def try_again(self, request: HttpRequest, chosen: QuerySet[OutgoingMail]) -> None:
        again = outbox.try_again(chosen, timezone.now())
        record(Action.REGISTRY_CHANGED, request=request, details={"model": self.opts.label_lower, "rows": again})
        words = ngettext("%(count)s email riparte adesso.", "%(count)s email ripartono adesso.", again)
        messages.success(request, words % {"count": again})
