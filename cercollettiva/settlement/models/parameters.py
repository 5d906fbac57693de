"""What ARERA and the decrees publish from year to year: dated values with their source, never constants in code."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.settlement.models.appending import Appended, AppendedQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class ParameterName(models.TextChoices):
    """The dated parameters the calculation asks for. [EUR/MWh]"""

    TRASE = "TRASE", _("TRASE: tariffa di trasmissione (€/MWh)")
    BTAU = "BTAU", _("BTAU: componente variabile di distribuzione (€/MWh)")


class TariffParameterQuerySet(AppendedQuerySet["TariffParameter"]):
    def of(self, name: str, day: date) -> TariffParameter | None:
        """The value in force on a day as it is known now: the latest start, and of one start the latest version."""
        return self.filter(name=name, valid_from__lte=day).order_by("-valid_from", "-version").first()

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Published by ARERA: whoever may sign in may read them."""
        return self.all()


class TariffParameter(Appended):
    """A published value in force from a day on until a later one; a correction is a new version of the same day."""

    name = models.CharField(_("parametro"), max_length=10, choices=ParameterName.choices)
    valid_from = models.DateField(_("in vigore dal"))
    version = models.PositiveIntegerField(_("versione"), default=1)
    value: models.DecimalField[Decimal, Decimal] = models.DecimalField(_("valore"), max_digits=12, decimal_places=8)
    source = models.CharField(
        _("fonte"), max_length=200, help_text=_("La delibera o la pagina in cui è pubblicato, con la data.")
    )
    recorded_at = models.DateTimeField(_("scritto il"), default=timezone.now)

    objects = TariffParameterQuerySet.as_manager()

    class Meta:
        verbose_name = _("parametro tariffario")
        verbose_name_plural = _("parametri tariffari")
        ordering = ["name", "-valid_from", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "valid_from", "version"], name="tariff_parameter_is_unique"),
            models.CheckConstraint(condition=Q(name__in=ParameterName.values), name="tariff_parameter_is_known"),
            models.CheckConstraint(condition=Q(version__gte=1), name="tariff_parameter_versions_start_at_one"),
            models.CheckConstraint(condition=Q(value__gte=0), name="tariff_parameter_is_not_negative"),
            models.CheckConstraint(condition=~Q(source=""), name="tariff_parameter_has_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.value} ({self.valid_from:%Y-%m-%d}, v{self.version})"
