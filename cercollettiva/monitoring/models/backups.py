"""What became of backups; the backups themselves are files elsewhere."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.visibility import VisibleQuerySet


class BackupRunQuerySet(VisibleQuerySet["BackupRun"]):
    """Of the platform as a whole: nobody's but staff's."""


class BackupRun(models.Model):
    """One attempt at a backup, and what came of it. The backups themselves are files elsewhere."""

    started_at = models.DateTimeField(_("iniziata il"))
    ended_at = models.DateTimeField(_("finita il"))
    succeeded = models.BooleanField(_("riuscita"))
    file_name = models.CharField(_("file"), max_length=100, blank=True)
    size = models.BigIntegerField(_("dimensione"), default=0)  # bytes
    row_count = models.BigIntegerField(_("righe"), default=0)
    reason = models.CharField(_("motivo"), max_length=500, blank=True)

    objects = BackupRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("copia di sicurezza")
        verbose_name_plural = _("copie di sicurezza")
        ordering = ["-ended_at"]
        constraints = [
            models.CheckConstraint(condition=Q(ended_at__gte=F("started_at")), name="backup_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(succeeded=True, reason="") & ~Q(file_name="") | Q(succeeded=False) & ~Q(reason=""),
                name="backup_has_a_file_or_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name or self.reason
