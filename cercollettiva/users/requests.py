"""What a person asks for, and the token that opens the first start."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

SETUP_TOKEN_LASTS: Final = timedelta(hours=24)


def digest(token: str) -> str:
    """What is stored of a random token: enough to recognise it, useless to whoever reads the database."""
    return hashlib.sha256(token.encode()).hexdigest()


class AccountDeletionRequestQuerySet(VisibleQuerySet["AccountDeletionRequest"]):
    def open(self) -> Self:
        """Neither taken back nor carried out."""
        return self.filter(cancelled_at__isnull=True, executed_at__isnull=True)

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(user=user)


class AccountDeletionRequest(models.Model):
    """That a person asked for their account to go; `rights.erasure` carries it out, and what the law keeps stays."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="deletion_requests", verbose_name=_("utente")
    )
    requested_at = models.DateTimeField(_("chiesta il"))
    cancelled_at = models.DateTimeField(_("annullata il"), null=True, blank=True)
    executed_at = models.DateTimeField(_("eseguita il"), null=True, blank=True)

    objects = AccountDeletionRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("richiesta di cancellazione")
        verbose_name_plural = _("richieste di cancellazione")
        ordering = ["-requested_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(cancelled_at__isnull=True), name="deletion_request_one_open_per_person"
            ),
            models.CheckConstraint(
                condition=Q(cancelled_at__isnull=True) | Q(cancelled_at__gte=F("requested_at")),
                name="deletion_request_cancelled_after_it_was_made",
            ),
            models.CheckConstraint(
                condition=Q(executed_at__isnull=True)
                | Q(cancelled_at__isnull=True, executed_at__gte=F("requested_at")),
                name="deletion_request_executed_unless_cancelled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.requested_at:%d/%m/%Y}"

    def cancel(self, *, at: datetime) -> None:
        self.cancelled_at = at
        self.save(update_fields=["cancelled_at"])

    @property
    def due_at(self) -> datetime:
        """When it is carried out without anybody doing anything, if nothing stands in its way."""
        return self.requested_at + settings.ERASURE_COOLING_OFF


class SetupTokenQuerySet(VisibleQuerySet["SetupToken"]):
    """For staff alone, and only that there was one: the token itself is nowhere."""


class SetupToken(models.Model):
    """The secret of the console that opens /setup/ once, on an empty database. A used one stays, and keeps it shut."""

    token_hash = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = SetupTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("codice di prima configurazione")
        verbose_name_plural = _("codici di prima configurazione")

    def __str__(self) -> str:
        return f"{self.expires_at:%d/%m/%Y %H:%M}"

    @classmethod
    def make(cls, *, at: datetime, keep_others: bool = False) -> str:
        """A new token; those that were printed before no longer count, unless they are kept."""
        token = secrets.token_urlsafe(32)
        if not keep_others:
            cls.objects.filter(used_at__isnull=True).delete()
        cls.objects.create(token_hash=digest(token), expires_at=at + SETUP_TOKEN_LASTS)
        return token
