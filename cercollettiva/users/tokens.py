"""Tokens by which programs call in somebody's name, and the answers kept so that a call made twice has one effect."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Final, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.requests import digest
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

NOTED_EVERY: Final = timedelta(minutes=1)
MOST_OPEN: Final = 20
SHOWN: Final = 12  # characters by which its owner knows a token again

T = TypeVar("T", bound="Token")


class TooManyTokens(Exception):
    """Somebody has as many tokens as one person may have."""


class Scope(models.TextChoices):
    """How far a token reaches; each reaches as far as those before it."""

    FEED = "feed", _("solo il riepilogo: la comunità adesso e i miei dati di oggi")
    READ = "read", _("leggere tutto ciò che vedo")
    WRITE = "write", _("leggere e modificare tutto ciò che posso")


class TokenQuerySet(VisibleQuerySet[T]):
    def open_at(self, moment: datetime) -> Self:
        """Neither revoked nor expired."""
        return self.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=moment), revoked_at__isnull=True)


class ApiTokenQuerySet(TokenQuerySet["ApiToken"]):
    def recognised(self, written: str, *, at: datetime) -> ApiToken | None:
        """The open token that was written, of somebody who may sign in. One query."""
        found = self.open_at(at).filter(token_hash=digest(written), user__is_active=True)
        return found.select_related("user").first()

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(user=user)


class Token(models.Model):
    """What every token has. Only a hash of it is kept."""

    PREFIX: ClassVar[str]

    token_hash = models.CharField(_("impronta"), max_length=64, unique=True, editable=False)
    hint = models.CharField(_("comincia con"), max_length=SHOWN, editable=False)
    created_at = models.DateTimeField(_("creato il"), editable=False)
    expires_at = models.DateTimeField(_("scade il"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revocato il"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("usato l'ultima volta il"), null=True, blank=True, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def new_secret(cls) -> tuple[str, dict[str, str]]:
        """A random token, and what a row keeps of it."""
        token = f"{cls.PREFIX}{secrets.token_urlsafe(32)}"
        return token, {"token_hash": digest(token), "hint": token[:SHOWN]}

    def revoke(self, *, at: datetime) -> None:
        self.revoked_at = at
        self.save(update_fields=["revoked_at"])

    def note_use(self, *, at: datetime) -> None:
        """When it was used, to the minute: a poll every second is not a write every second."""
        if self.last_used_at is None or at - self.last_used_at >= NOTED_EVERY:
            type(self)._default_manager.filter(pk=self.pk).update(last_used_at=at)


class ApiToken(Token):
    """A person's token: a program that has it sees what the person sees, as far as the scope reaches."""

    PREFIX = "cer_"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="api_tokens", verbose_name=_("utente")
    )
    name = models.CharField(_("nome"), max_length=60, help_text=_("Per riconoscerlo: per esempio Home Assistant."))
    scope = models.CharField(_("cosa può fare"), max_length=5, choices=Scope.choices, default=Scope.FEED)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token")
        verbose_name_plural = _("token")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(scope__in=Scope.values), name="api_token_scope_is_known"),
            models.CheckConstraint(
                condition=Q(expires_at__isnull=False, expires_at__gt=F("created_at")), name="api_token_expires"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.hint}…)"

    @classmethod
    def make(cls, user: CustomUser, *, name: str, scope: Scope, lasts: timedelta, at: datetime) -> tuple[ApiToken, str]:
        """A new token, and its text: it is shown once and kept nowhere."""
        if cls.objects.open_at(at).filter(user=user).count() >= MOST_OPEN:
            raise TooManyTokens
        text, kept = cls.new_secret()
        row = cls.objects.create(user=user, name=name, scope=scope, created_at=at, expires_at=at + lasts, **kept)
        return row, text

    def reaches(self, needed: Scope) -> bool:
        order = list(Scope)
        return order.index(Scope(self.scope)) >= order.index(needed)


class IdempotentAnswer(models.Model):
    """What a call under an Idempotency-Key was answered, for a day: the same call again gets the same answer.

    The row is there, without a status, while the first call is at work; it is committed together with its effect.
    """

    caller = models.CharField(_("chi chiama"), max_length=40)  # "user:5", "device:7"
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="+", verbose_name=_("utente")
    )  # so that it goes with the account
    key = models.CharField(_("chiave"), max_length=100)
    call_hash = models.CharField(_("impronta della chiamata"), max_length=64)
    status = models.PositiveSmallIntegerField(_("stato"), null=True)
    answer = EncryptedTextField(_("risposta"), blank=True, default="")
    created_at = models.DateTimeField(_("quando"), default=timezone.now, db_index=True)

    objects = VisibleQuerySet["IdempotentAnswer"].as_manager()

    class Meta:
        verbose_name = _("risposta ripetibile")
        verbose_name_plural = _("risposte ripetibili")
        constraints = [models.UniqueConstraint(fields=["caller", "key"], name="idempotent_answer_one_per_key")]

    def __str__(self) -> str:
        return f"{self.caller} {self.created_at:%Y-%m-%d %H:%M}"
