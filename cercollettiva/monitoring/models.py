"""Alerts: what is wrong with a plant, a community or a device, until it is resolved."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class Severity(models.TextChoices):
    INFO = "INFO", _("informazione")
    WARNING = "WARNING", _("da guardare")
    CRITICAL = "CRITICAL", _("da risolvere oggi")


class AlertState(models.TextChoices):
    OPEN = "OPEN", _("aperto")
    ACKNOWLEDGED = "ACKNOWLEDGED", _("preso in carico")
    SNOOZED = "SNOOZED", _("rimandato")
    ESCALATED = "ESCALATED", _("passato al livello superiore")
    RESOLVED = "RESOLVED", _("risolto")


class AlertQuerySet(VisibleQuerySet["Alert"]):
    def unresolved(self) -> Self:
        return self.exclude(state=AlertState.RESOLVED)

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Those of visible plants and devices; those of a community only for who looks after it."""
        return self.filter(
            Q(plant__in=Plant.objects.visible_to(user, at=at))
            | Q(device__in=DeviceConfiguration.objects.visible_to(user, at=at))
            | Q(community__in=CERConfiguration.objects.managed_by(user, at=at))
        )


class Alert(models.Model):
    """Something wrong with one plant, one community or one device; there is one unresolved alert of each kind."""

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
    kind = models.SlugField(_("genere"), max_length=50, db_index=False)
    severity = models.CharField(_("gravità"), max_length=8, choices=Severity.choices, default=Severity.WARNING)
    state = models.CharField(_("stato"), max_length=12, choices=AlertState.choices, default=AlertState.OPEN)
    snoozed_until = models.DateTimeField(_("rimandato fino al"), null=True, blank=True)
    message = models.TextField(_("messaggio"), blank=True)
    opened_at = models.DateTimeField(_("aperto il"), default=timezone.now)
    closed_at = models.DateTimeField(_("chiuso il"), null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("avviso")
        verbose_name_plural = _("avvisi")
        ordering = ["-opened_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(plant__isnull=False, community__isnull=True, device__isnull=True)
                | Q(plant__isnull=True, community__isnull=False, device__isnull=True)
                | Q(plant__isnull=True, community__isnull=True, device__isnull=False),
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
        return f"{self.subject}: {self.kind}"

    @property
    def subject(self) -> Plant | CERConfiguration | DeviceConfiguration | None:
        return self.plant or self.community or self.device

    @property
    def subject_kind(self) -> str:
        """`plant`, `community` or `device`."""
        return "plant" if self.plant_id else "community" if self.community_id else "device"

    def acknowledge(self) -> None:
        self._become(AlertState.ACKNOWLEDGED)

    def snooze(self, *, until: datetime) -> None:
        self._become(AlertState.SNOOZED, snoozed_until=until)

    def escalate(self) -> None:
        self._become(AlertState.ESCALATED)

    def resolve(self, *, at: datetime) -> None:
        self._become(AlertState.RESOLVED, closed_at=at)

    def _become(
        self, state: AlertState, *, snoozed_until: datetime | None = None, closed_at: datetime | None = None
    ) -> None:
        self.state, self.snoozed_until, self.closed_at = state, snoozed_until, closed_at
        self.save(update_fields=["state", "snoozed_until", "closed_at"])
