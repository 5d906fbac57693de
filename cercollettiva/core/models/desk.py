"""Long work of the members' desk: cards for many, and members from a file."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class JobState(models.TextChoices):
    QUEUED = "QUEUED", _("in attesa")
    RUNNING = "RUNNING", _("in corso")
    DONE = "DONE", _("finito")
    FAILED = "FAILED", _("non riuscito")


class CardJobQuerySet(VisibleQuerySet["CardJob"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(community__in=user.memberships.administering(at=at).values("community"))


class CardJob(models.Model):
    """The cards of a community as PDF files in one archive, made by `work`; the file is deleted after a week."""

    community = models.ForeignKey(
        "core.CERConfiguration", models.PROTECT, related_name="card_jobs", verbose_name=_("comunità")
    )
    state = models.CharField(_("stato"), max_length=7, choices=JobState.choices, default=JobState.QUEUED)
    done = models.PositiveIntegerField(_("fatte"), default=0)
    total = models.PositiveIntegerField(_("in tutto"), default=0)
    file = models.FileField(_("file"), upload_to="communities/cards/", blank=True)
    asked_at = models.DateTimeField(_("chiesto il"))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("chiesto da")
    )
    finished_at = models.DateTimeField(_("finito il"), null=True, blank=True)

    objects = CardJobQuerySet.as_manager()

    class Meta:
        verbose_name = _("stampa delle tessere")
        verbose_name_plural = _("stampe delle tessere")
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=JobState.values), name="card_job_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.community}: {self.done}/{self.total}"


class ImportState(models.TextChoices):
    UPLOADED = "UPLOADED", _("caricato")
    CHECKED = "CHECKED", _("provato")
    QUEUED = "QUEUED", _("in attesa")
    DONE = "DONE", _("eseguito")
    UNDONE = "UNDONE", _("annullato")


class MemberImportQuerySet(VisibleQuerySet["MemberImport"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(community__in=user.memberships.administering(at=at).values("community"))


class MemberImport(models.Model):
    """A file of members: uploaded, its columns named, tried, carried out, perhaps undone."""

    community = models.ForeignKey(
        "core.CERConfiguration", models.PROTECT, related_name="member_imports", verbose_name=_("comunità")
    )
    file_name = models.CharField(_("nome del file"), max_length=200)
    header = models.JSONField(_("intestazioni"), default=list)
    mapping = models.JSONField(_("colonne"), default=dict)  # name of a field: number of its column
    state = models.CharField(_("stato"), max_length=8, choices=ImportState.choices, default=ImportState.UPLOADED)
    with_invitations = models.BooleanField(_("con inviti"), default=False)
    uploaded_at = models.DateTimeField(_("caricato il"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("caricato da")
    )
    finished_at = models.DateTimeField(_("eseguito il"), null=True, blank=True)

    objects = MemberImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("importazione di soci")
        verbose_name_plural = _("importazioni di soci")
        ordering = ["-uploaded_at"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=ImportState.values), name="member_import_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} ({self.get_state_display()})"


class RowOutcome(models.TextChoices):
    """What is, or would be, done with a row."""

    READY = "READY", _("da creare")
    CREATED = "CREATED", _("creata")
    KNOWN = "KNOWN", _("già socia")
    REFUSED = "REFUSED", _("rifiutata")
    UNDONE = "UNDONE", _("annullata")


class MemberImportRowQuerySet(VisibleQuerySet["MemberImportRow"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        administered = user.memberships.administering(at=at).values("community")
        return self.filter(member_import__community__in=administered)


class MemberImportRow(models.Model):
    """One row of a file and what became of it."""

    member_import = models.ForeignKey(MemberImport, models.CASCADE, related_name="rows", verbose_name=_("importazione"))
    number = models.PositiveIntegerField(_("riga"))
    cells = EncryptedTextField(_("celle"), blank=True, default="")  # JSON, as they were read
    outcome = models.CharField(_("esito"), max_length=7, choices=RowOutcome.choices, blank=True)
    reason = EncryptedTextField(_("motivo"), blank=True, default="")  # it may repeat what a cell holds
    membership = models.ForeignKey(
        "core.CERMembership", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("appartenenza")
    )
    made_account = models.BooleanField(_("account creato"), default=False)

    objects = MemberImportRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("riga di un'importazione")
        verbose_name_plural = _("righe delle importazioni")
        ordering = ["member_import", "number"]
        constraints = [
            models.UniqueConstraint(fields=["member_import", "number"], name="member_import_row_is_unique"),
            models.CheckConstraint(
                condition=models.Q(outcome__in=["", *RowOutcome.values]), name="member_import_outcome_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}: {self.get_outcome_display()}"
