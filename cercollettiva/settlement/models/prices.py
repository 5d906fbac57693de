"""The zonal prices of the day-ahead market (MGP), as the GME publishes them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import MarketZone
from cercollettiva.settlement.models.appending import Appended, AppendedQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class ZonalPriceQuerySet(AppendedQuerySet["ZonalPrice"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Published by the market: whoever may sign in may read them."""
        return self.all()


class ZonalPrice(Appended):
    """The price of a zone over an hour or a quarter-hour; a corrected one is a new version. [EUR/MWh]"""

    zone = models.CharField(_("zona di mercato"), max_length=4, choices=MarketZone.choices)
    start = models.DateTimeField(_("inizio"))
    minutes = models.PositiveSmallIntegerField(_("durata (minuti)"), default=60)
    version = models.PositiveIntegerField(_("versione"), default=1)
    price: models.DecimalField[Decimal, Decimal] = models.DecimalField(
        _("prezzo (€/MWh)"), max_digits=12, decimal_places=6
    )
    source = models.CharField(_("fonte"), max_length=200)
    recorded_at = models.DateTimeField(_("scritto il"), default=timezone.now)

    objects = ZonalPriceQuerySet.as_manager()

    class Meta:
        verbose_name = _("prezzo zonale")
        verbose_name_plural = _("prezzi zonali")
        ordering = ["zone", "start", "minutes", "version"]
        constraints = [
            models.UniqueConstraint(fields=["zone", "start", "minutes", "version"], name="zonal_price_is_unique"),
            models.CheckConstraint(condition=Q(zone__in=MarketZone.values), name="zonal_price_zone_is_known"),
            models.CheckConstraint(condition=Q(minutes__in=[15, 60]), name="zonal_price_is_of_an_hour_or_a_quarter"),
            models.CheckConstraint(condition=Q(version__gte=1), name="zonal_price_versions_start_at_one"),
            models.CheckConstraint(condition=Q(price__range=(-100000, 100000)), name="zonal_price_is_a_price"),
            models.CheckConstraint(condition=~Q(source=""), name="zonal_price_has_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.zone} {self.start:%Y-%m-%d %H:%M} {self.price}"
