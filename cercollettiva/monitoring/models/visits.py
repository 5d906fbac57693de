"""What was found and done at a plant: written on the spot, often without network, and sent when there is one."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class DataReturned(models.TextChoices):
    YES = "YES", _("sì")
    NO = "NO", _("no")
    UNKNOWN = "UNKNOWN", _("non l’ho ancora visto")


class ReportIsPermanent(Exception):
    """Somebody tried to change or delete a report: whoever finds out more writes another one."""

    def __init__(self) -> None:
        super().__init__("Reports of visits are never changed nor deleted: write another one.")


class VisitReportQuerySet(VisibleQuerySet["VisitReport"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise ReportIsPermanent

    def delete(self) -> NoReturn:
        raise ReportIsPermanent

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Those of the plants one looks after: a report may say what was seen in somebody's home."""
        return self.filter(plant__in=Plant.objects.managed_by(user, at=at))


class VisitReport(models.Model):
    """A visit at a plant, mostly for one of its meters; rows are added only, and each comes once.

    `key` is made where the report is written, before there is a network: sent twice it has one effect.
    """

    # For those who may lift the protection: the owner of the table, in tests and in a demo that starts anew.
    APPEND_ONLY: ClassVar[dict[str, Any]] = {"unique": ["key"], "encrypted": ["found", "done"]}

    key = models.UUIDField(_("chiave"), unique=True, default=uuid.uuid4, editable=False)
    plant = models.ForeignKey(Plant, models.PROTECT, related_name="visits", verbose_name=_("impianto"))
    device = models.ForeignKey(
        DeviceConfiguration,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="visits",
        verbose_name=_("misuratore"),
    )  # null: the visit was for the plant
    technician = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("chi c’è stato")
    )
    visited_at = models.DateTimeField(_("quando"))
    received_at = models.DateTimeField(_("ricevuto il"), default=timezone.now, editable=False)
    kinds = models.JSONField(_("avvisi aperti"), default=list)  # words of the list of kinds
    steps = models.JSONField(_("prove fatte"), default=list)  # the advice that was followed, in its words of that day
    found = EncryptedTextField(_("che cosa ho trovato"), blank=True, default="")
    done = EncryptedTextField(_("che cosa ho fatto"), blank=True, default="")
    data_returned = models.CharField(_("i dati sono tornati"), max_length=7, choices=DataReturned.choices)

    objects = VisitReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("rapporto d’intervento")
        verbose_name_plural = _("rapporti d’intervento")
        ordering = ["-visited_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(data_returned__in=DataReturned.values), name="visit_says_whether_data_returned"
            ),
            models.CheckConstraint(condition=Q(visited_at__lte=models.F("received_at")), name="visit_was_made_already"),
        ]
        indexes = [models.Index(fields=["device", "-visited_at"], name="visit_by_device")]

    def __str__(self) -> str:
        return f"{self.plant.name}, {self.visited_at:%Y-%m-%d}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise ReportIsPermanent
        super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise ReportIsPermanent
