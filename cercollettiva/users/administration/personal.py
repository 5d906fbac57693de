"""Encrypted values in the administration: for whoever may read them, and every reading is a line of the audit log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cercollettiva.users.administration.rights import encrypted_fields, may_read_personal_data
from cercollettiva.users.audit import Action, personal_data_read, record
from cercollettiva.users.models import CustomUser

PURPOSE = "administration"


class EncryptedValues:
    """Part of every page: what of a row is readable, and that it was read.

    Somebody who may not read finds said which values there are. A secret of the platform, `never_shown`, nobody reads.
    """

    model: Any
    get_fields: Any
    never_shown: Sequence[str] = ()

    def readable(self, request: HttpRequest, names: Sequence[str]) -> list[str]:
        closed = set(encrypted_fields(self.model))
        if not closed:
            return list(names)
        if may_read_personal_data(request):
            return [name for name in names if name not in self.never_shown]
        return [*(name for name in names if name not in closed), "sealed"]

    @admin.display(description=gettext_lazy("dati cifrati"))
    def sealed(self, row: models.Model) -> str:
        kept = [row._meta.get_field(name) for name in encrypted_fields(type(row)) if getattr(row, name)]
        names = ", ".join(str(field.verbose_name) for field in kept)  # type: ignore[union-attr]
        return _("presenti: %(names)s") % {"names": names} if names else _("nessuno")

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        row = kwargs.get("obj")
        if row is not None:
            self.tell_reading(request, [row], self.get_fields(request, row))
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]

    def tell_reading(self, request: HttpRequest, rows: Sequence[Any], shown: Sequence[str]) -> None:
        """One line for each row with something to read: about the person whose it is, or about the row itself."""
        closed = [name for name in encrypted_fields(self.model) if name in shown]
        for row in rows:
            read = sorted(name for name in closed if getattr(row, name))
            if not read:
                continue
            person = self.person_of(row)
            if person is not None:
                personal_data_read([person], fields=read, purpose=PURPOSE, request=request)
            else:
                record(Action.DATA_READ, subject=row, request=request, details={"fields": read, "purpose": PURPOSE})

    def person_of(self, row: Any) -> int | None:
        """Whose data they are, so that each finds the line among their own."""
        if isinstance(row, CustomUser):
            return row.pk
        return getattr(row, "user_id", None) or getattr(row, "owner_id", None)
