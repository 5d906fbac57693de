"""Mails that wait to be sent, were sent, or were given up: the table. Writing and sending them is `outbox.py`'s."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.fields import BlindIndexedModel, BlindIndexedQuerySet, BlindIndexField, EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet


class MailState(models.TextChoices):
    WAITING = "WAITING", _("in attesa")
    SENT = "SENT", _("spedita")
    GIVEN_UP = "GIVEN_UP", _("non consegnata")


class OutgoingMailQuerySet(  # type: ignore[override]
    BlindIndexedQuerySet["OutgoingMail"], VisibleQuerySet["OutgoingMail"]
):
    def waiting(self) -> Self:
        return self.filter(state=MailState.WAITING)

    def due_at(self, moment: datetime) -> Self:
        return self.waiting().filter(next_try_at__lte=moment)

    def to(self, address: str) -> Self:
        field: Any = self.model._meta.get_field("recipient_index")
        return self.filter(recipient_index__in=field.indexes_of(address))


class OutgoingMail(BlindIndexedModel):
    """A mail, written in the same transaction as what it tells. Once it is sent, address and text are emptied."""

    recipient = EncryptedTextField(_("destinatario"), max_length=254, blank=True, default="")
    recipient_index = BlindIndexField(source="recipient")
    text = EncryptedTextField(_("testo"), blank=True, default="")  # its first line is the subject
    template = models.CharField(_("modello di testo"), max_length=100)
    language = models.CharField(_("lingua"), max_length=10)
    state = models.CharField(_("stato"), max_length=8, choices=MailState.choices, default=MailState.WAITING)
    attempts = models.PositiveSmallIntegerField(_("tentativi"), default=0)
    posted_at = models.DateTimeField(_("scritta il"))
    next_try_at = models.DateTimeField(_("prossimo tentativo"))
    useless_after = models.DateTimeField(_("inutile dopo il"), null=True, blank=True)  # a code that has run out
    sent_at = models.DateTimeField(_("spedita il"), null=True, blank=True)
    error = models.CharField(_("ultimo errore"), max_length=200, blank=True, default="")  # without addresses

    objects = OutgoingMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("email in uscita")
        verbose_name_plural = _("email in uscita")
        ordering = ["-posted_at", "-pk"]
        indexes = [
            models.Index(fields=["next_try_at"], name="mail_waiting_by_next_try", condition=Q(state="WAITING")),
            models.Index(fields=["state", "posted_at"], name="mail_by_state"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=MailState.values), name="mail_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="SENT", sent_at__isnull=False, recipient_index="")
                | (~Q(state="SENT") & Q(sent_at__isnull=True) & ~Q(recipient_index="")),
                name="mail_has_an_address_until_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.template}, {self.get_state_display()}"
