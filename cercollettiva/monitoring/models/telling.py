"""Whom an alert is told to: what each person chose, and each message before and after it leaves."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.monitoring.kinds import AlertKind
from cercollettiva.monitoring.models.alerts import AlertEvent
from cercollettiva.monitoring.severity import Severity
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class Choice(models.TextChoices):
    """When somebody wants to be told about a kind of alert."""

    NOW = "NOW", _("subito")
    DIGEST = "DIGEST", _("nel riepilogo")
    NEVER = "NEVER", _("mai")


class OwnQuerySet(VisibleQuerySet["AlertPreferences"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(user=user)


class AlertPreferences(models.Model):
    """What somebody chose; who chose nothing is told at once of what is grave, and each morning of the rest."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="alert_preferences", verbose_name=_("utente")
    )
    language = models.CharField(_("lingua"), max_length=2, choices=settings.LANGUAGES, default="it")
    quiet_from = models.TimeField(_("silenzio dalle"), null=True, blank=True)
    quiet_to = models.TimeField(_("silenzio fino alle"), null=True, blank=True)
    digest_at = models.TimeField(_("riepilogo alle"), default=time(8))
    recovery = models.BooleanField(_("dimmi anche quando è tutto a posto"), default=True)
    choices = models.JSONField(_("scelte"), default=dict, blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = _("preferenze degli avvisi")
        verbose_name_plural = _("preferenze degli avvisi")
        constraints = [
            models.CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_to__isnull=True)
                | Q(quiet_from__isnull=False, quiet_to__isnull=False),
                name="alert_quiet_hours_have_two_ends",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"

    def choice(self, kind: AlertKind) -> Choice:
        given = self.choices.get(kind.slug)
        if given in Choice.values:
            return Choice(given)
        return Choice.DIGEST if kind.severity == Severity.INFO else Choice.NOW

    def chose(self, kind: AlertKind) -> bool:
        return self.choices.get(kind.slug) in Choice.values


class AlertMessageQuerySet(VisibleQuerySet["AlertMessage"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(user=user)


class AlertMessage(models.Model):
    """One event of an alert for one person; it leaves when it is due, once."""

    event = models.ForeignKey(AlertEvent, models.CASCADE, related_name="messages", verbose_name=_("evento"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="alert_messages", verbose_name=_("destinatario")
    )
    due_at = models.DateTimeField(_("da mandare il"))
    sent_at = models.DateTimeField(_("mandato il"), null=True, blank=True)
    pushed_at = models.DateTimeField(_("mandato ai dispositivi il"), null=True, blank=True)

    objects = AlertMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("messaggio di un avviso")
        verbose_name_plural = _("messaggi degli avvisi")
        constraints = [
            models.UniqueConstraint(fields=["event", "user"], name="alert_message_is_one_per_person"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(sent_at__isnull=True), name="alert_message_to_be_sent"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} -> {self.user_id}"
