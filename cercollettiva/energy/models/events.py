"""What was odd about a register, for a person to look at."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.energy.models.measurements import MeasuredDeviceKey
from cercollettiva.energy.models.visibility import MeasuredQuerySet


class RegisterEventQuerySet(MeasuredQuerySet["RegisterEvent"]):
    time_column = "at"


class RegisterEvent(models.Model):
    """A register that did something else than count, where it was found; computed again with its quarter-hours. [mWh]

    Each kind has one outcome: what a glitch said is left out; a reset counts from zero, and its quarter is an estimate;
    what a jump would have booked is left out, and its time is not known.
    """

    class Kind(models.IntegerChoices):
        """The numbers of `domain.registers.EventKind`. Never renumber."""

        GLITCH = 0, _("valore anomalo, poi tornato")
        RESET = 1, _("contatore azzerato")
        JUMP = 2, _("salto impossibile")

    device = MeasuredDeviceKey(on_delete=models.CASCADE, related_name="register_events")
    component = models.CharField(_("componente"), max_length=32)
    register = models.CharField(_("registro"), max_length=10)  # drawn or returned
    at = models.DateTimeField(_("istante"))
    kind = models.SmallIntegerField(_("genere"), choices=Kind.choices)
    before = models.BigIntegerField(_("prima (mWh)"))
    after = models.BigIntegerField(_("dopo (mWh)"))
    found_at = models.DateTimeField(_("trovato il"))

    objects = RegisterEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("evento di un registro")
        verbose_name_plural = _("eventi dei registri")
        ordering = ["-at"]
        constraints = [
            models.UniqueConstraint(fields=["device", "component", "register", "at"], name="register_event_is_one"),
            models.CheckConstraint(condition=Q(kind__in=(0, 1, 2)), name="register_event_kind_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.component} {self.at:%Y-%m-%d %H:%M:%S}"
