"""Alerts: what is wrong with a plant, a community, a device or the platform, until resolved; and their history."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.monitoring.kinds import KINDS, OF_THE_STAFF, AlertKind
from cercollettiva.monitoring.severity import Severity
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class AlertState(models.TextChoices):
    OPEN = "OPEN", _("aperto")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("preso in carico")
    SNOOZED = "SNOOZED", _("rimandato")
    ESCALATED = "ESCALATED", _("passato al livello superiore")
    RESOLVED = "RESOLVED", _("risolto")


class AlertQuerySet(VisibleQuerySet["Alert"]):
    def unresolved(self) -> Self:
        return self.exclude(state=AlertState.RESOLVED)

    def managed_by(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """Those this user may take, put off or close: of what they look after; the platform's are its staff's."""
        return self.open_to(
            user,
            lambda person, moment: self.filter(
                Q(plant__in=Plant.objects.managed_by(person, at=moment))
                | Q(device__in=DeviceConfiguration.objects.managed_by(person, at=moment))
                | Q(community__in=CERConfiguration.objects.managed_by(person, at=moment))
            ),
            at=at,
        )

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Those of visible plants and devices; those of a community only for who looks after it.

        What stops the whole platform is for everybody who looks after a community: it says why their meters are silent.
        """
        looked_after = CERConfiguration.objects.managed_by(user, at=at)
        return self.filter(
            Q(plant__in=Plant.objects.visible_to(user, at=at))
            | Q(device__in=DeviceConfiguration.objects.visible_to(user, at=at))
            | Q(community__in=looked_after)
            | (Q(is_platform=True) & ~Q(kind__in=OF_THE_STAFF) & Exists(looked_after))
        )


class Alert(models.Model):
    """Something wrong with one plant, community or device, or with the platform; one unresolved alert of each kind.

    `message` is the text of whoever opened it, in Italian; where `details` are known the kind has a text for them, in
    the language of who reads. What happens to an alert goes through `monitoring.life`.
    """

    plant = models.ForeignKey(
        "core.Plant", models.CASCADE, null=True, blank=True, related_name="alerts", verbose_name=_("impianto")
    )
    community = models.ForeignKey(
        "core.CERConfiguration",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="alerts",
        verbose_name=_("comunità"),
    )
    device = models.ForeignKey(
        "energy.DeviceConfiguration",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="alerts",
        verbose_name=_("misuratore"),
    )
    is_platform = models.BooleanField(_("di tutta la piattaforma"), default=False)
    kind = models.SlugField(_("genere"), max_length=50, db_index=False)
    severity = models.CharField(_("gravità"), max_length=8, choices=Severity.choices, default=Severity.WARNING)
    state = models.CharField(_("stato"), max_length=12, choices=AlertState.choices, default=AlertState.OPEN)
    snoozed_until = models.DateTimeField(_("rimandato fino al"), null=True, blank=True)
    message = models.TextField(_("messaggio"), blank=True)
    details = models.JSONField(_("dettagli"), default=dict, blank=True)
    opened_at = models.DateTimeField(_("aperto il"), default=timezone.now)
    closed_at = models.DateTimeField(_("chiuso il"), null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("avviso")
        verbose_name_plural = _("avvisi")
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(plant__isnull=False, community__isnull=True, device__isnull=True, is_platform=False)
                | Q(plant__isnull=True, community__isnull=False, device__isnull=True, is_platform=False)
                | Q(plant__isnull=True, community__isnull=True, device__isnull=False, is_platform=False)
                | Q(plant__isnull=True, community__isnull=True, device__isnull=True, is_platform=True),
                name="alert_has_one_subject",
            ),
            *(
                models.UniqueConstraint(
                    fields=[subject, "kind"],
                    condition=Q(**{f"{subject}__isnull": False}) & ~Q(state=AlertState.RESOLVED),
                    name=f"alert_one_unresolved_per_{subject}_and_kind",
                )
                for subject in ("plant", "community", "device")
            ),
            models.UniqueConstraint(
                fields=["kind"],
                condition=Q(is_platform=True) & ~Q(state=AlertState.RESOLVED),
                name="alert_one_unresolved_per_platform_and_kind",
            ),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="alert_severity_is_known"),
            models.CheckConstraint(
                condition=Q(state=AlertState.RESOLVED, closed_at__isnull=False, closed_at__gte=F("opened_at"))
                | Q(~Q(state=AlertState.RESOLVED), state__in=AlertState.values, closed_at__isnull=True),
                name="alert_is_closed_when_resolved",
            ),
            models.CheckConstraint(
                condition=Q(state=AlertState.SNOOZED, snoozed_until__isnull=False)
                | Q(~Q(state=AlertState.SNOOZED), snoozed_until__isnull=True),
                name="alert_is_snoozed_until_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject or _('piattaforma')}: {self.kind}"

    @property
    def subject(self) -> Plant | CERConfiguration | DeviceConfiguration | None:
        """What it is about; None is the platform."""
        return self.plant or self.community or self.device

    @property
    def subject_kind(self) -> str:
        """`plant`, `community`, `device` or `platform`."""
        if self.is_platform:
            return "platform"
        return "plant" if self.plant_id else "community" if self.community_id else "device"

    @property
    def about(self) -> AlertKind | None:
        """Its kind in the closed list; None for a word that the list no longer has."""
        return KINDS.get(self.kind)

    @property
    def label(self) -> str:
        return str(self.about.label) if self.about else self.kind

    @property
    def text(self) -> str:
        """What happened, in the language of now where it can be said in it."""
        if self.details and self.about and self.about.says:
            return self.about.text(self.details)
        return self.message or self.label


class Change(models.TextChoices):
    """What happened to an alert."""

    OPENED = "OPENED", _("aperto")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("preso in carico")
    SNOOZED = "SNOOZED", _("rimandato")
    WOKEN = "WOKEN", _("tornato aperto")
    ESCALATED = "ESCALATED", _("passato a chi amministra")
    FOLDED = "FOLDED", _("raccolto in un avviso più grande")
    RESOLVED = "RESOLVED", _("risolto")


class AlertEventQuerySet(VisibleQuerySet["AlertEvent"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(alert__in=Alert.objects.visible_to(user, at=at))


class AlertEvent(models.Model):
    """A line of an alert's history; those that are to be told to people are told once (`told_at`)."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="events", verbose_name=_("avviso"))
    at = models.DateTimeField(_("istante"))
    change = models.CharField(_("che cosa"), max_length=12, choices=Change.choices)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("autore"),
    )  # null: by the platform, from data
    note = models.TextField(_("nota"), blank=True, default="")
    until = models.DateTimeField(_("fino al"), null=True, blank=True)  # of what was snoozed
    told_at = models.DateTimeField(_("comunicato il"), null=True, blank=True)

    objects = AlertEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("evento di un avviso")
        verbose_name_plural = _("eventi degli avvisi")
        ordering = ["alert", "at", "pk"]
        indexes = [
            models.Index(fields=["at"], condition=Q(told_at__isnull=True), name="alert_event_to_be_told"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(change__in=Change.values), name="alert_event_change_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.alert_id}: {self.change}"
