"""A copy of all that is held of a person, made for the person: asked for, made by `work`, downloaded, forgotten."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

LASTS: Final = timedelta(hours=24)  # from when it is ready


class ExportState(models.TextChoices):
    QUEUED = "QUEUED", _("in attesa")
    RUNNING = "RUNNING", _("in preparazione")
    READY = "READY", _("pronta")
    FAILED = "FAILED", _("non riuscita")


class DataExportQuerySet(VisibleQuerySet["DataExport"]):
    def unfinished(self) -> Self:
        return self.filter(state__in=(ExportState.QUEUED, ExportState.RUNNING))

    def open_at(self, moment: datetime) -> Self:
        """Those that may be downloaded."""
        return self.filter(state=ExportState.READY, expires_at__gt=moment)

    def over_at(self, moment: datetime) -> Self:
        """Those whose time has passed, and those that failed that long ago."""
        return self.filter(Q(expires_at__lte=moment) | Q(state=ExportState.FAILED, asked_at__lte=moment - LASTS))

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(user=user)


class DataExport(models.Model):
    """The archive lies encrypted on disk, under a key of its own; the key is in the row, encrypted too."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="data_exports", verbose_name=_("utente")
    )
    state = models.CharField(_("stato"), max_length=7, choices=ExportState.choices, default=ExportState.QUEUED)
    file_id = models.UUIDField(_("nome su disco"), default=uuid.uuid4, editable=False, unique=True)
    file_key = EncryptedTextField(_("chiave del file"), blank=True, default="", editable=False)
    size = models.PositiveBigIntegerField(_("dimensione (byte)"), default=0)
    asked_at = models.DateTimeField(_("chiesta il"))
    started_at = models.DateTimeField(_("cominciata il"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finita il"), null=True, blank=True)
    expires_at = models.DateTimeField(_("disponibile fino al"), null=True, blank=True)

    objects = DataExportQuerySet.as_manager()

    class Meta:
        verbose_name = _("copia dei propri dati")
        verbose_name_plural = _("copie dei propri dati")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["user"], condition=Q(state__in=("QUEUED", "RUNNING")), name="data_export_one_at_a_time"
            ),
            models.CheckConstraint(condition=Q(state__in=ExportState.values), name="data_export_state_is_known"),
            models.CheckConstraint(
                condition=~Q(state="READY") | Q(expires_at__isnull=False), name="data_export_ready_has_an_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.asked_at:%d/%m/%Y %H:%M}"
