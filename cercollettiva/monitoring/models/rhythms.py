"""What the minute check remembers from one look to the next."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.users.models import CustomUser
from cercollettiva.users.visibility import VisibleQuerySet


class MeterRhythmQuerySet(VisibleQuerySet["MeterRhythm"]):
    def _visible_to_person(self, user: CustomUser, at: object) -> Self:
        return self.filter(device__in=DeviceConfiguration.objects.visible_to(user))


class MeterRhythm(models.Model):
    """How often a meter reports its energy, learnt from its reports (`monitoring.freshness`), and how it stands now."""

    device = models.OneToOneField(
        DeviceConfiguration,
        models.CASCADE,
        primary_key=True,
        related_name="rhythm",
        verbose_name=_("misuratore"),
    )
    energy_at = models.DateTimeField(_("energia al"), null=True)  # the instant of its newest registers
    heard_at = models.DateTimeField(_("energia ricevuta il"), null=True)
    since = models.DateTimeField(_("silenzio contato dal"))
    period = models.FloatField(_("periodo (s)"), null=True)
    spread = models.FloatField(_("scarto (s)"), null=True)
    missed = models.FloatField(_("invii mancati"), default=0.0)
    gaps = models.IntegerField(_("intervalli visti"), default=0)
    odd = models.IntegerField(_("assenze di seguito"), default=0)
    state = models.SmallIntegerField(_("stato"), default=0)  # freshness.State
    memory = models.JSONField(_("memoria dei contatori"), default=dict)

    objects = MeterRhythmQuerySet.as_manager()

    class Meta:
        verbose_name = _("ritmo di un misuratore")
        verbose_name_plural = _("ritmi dei misuratori")

    def __str__(self) -> str:
        return f"{self.device_id}: {self.period} s"


class Look(models.Model):
    """When the check looked last: one row, which the process that looks takes for itself."""

    looked_at = models.DateTimeField(_("guardato il"))

    objects = VisibleQuerySet["Look"].as_manager()

    class Meta:
        verbose_name = _("controllo dei misuratori")
        verbose_name_plural = _("controlli dei misuratori")

    def __str__(self) -> str:
        return f"{self.looked_at:%Y-%m-%d %H:%M:%S}"
