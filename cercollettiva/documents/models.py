"""A paper with its life: where it came from, what was read from it, who looked, when it must go and when it went."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import Application, CERConfiguration, MemberRole, Organisation, Plant
from cercollettiva.documents.types import TECHNICAL, USUAL_TERMS, Classification, DocumentType, Keeping
from cercollettiva.users.fields import BlindIndexedModel, BlindIndexedQuerySet, BlindIndexField, EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class Processing(models.TextChoices):
    NONE = "NONE", _("niente da leggere")
    WAITING = "WAITING", _("in attesa di lettura")
    RUNNING = "RUNNING", _("in lettura")
    DONE = "DONE", _("letto")
    FAILED = "FAILED", _("non leggibile")


class RetentionTerm(models.Model):
    """How long papers of a type are kept, where it differs from the usual term."""

    type = models.CharField(_("tipo"), max_length=14, choices=DocumentType.choices, unique=True)
    days = models.PositiveIntegerField(_("giorni dal caricamento"))
    days_after_verification = models.PositiveIntegerField(_("giorni dalla verifica"), null=True, blank=True)

    objects = VisibleQuerySet["RetentionTerm"].as_manager()

    class Meta:
        verbose_name = _("termine di conservazione")
        verbose_name_plural = _("termini di conservazione")
        ordering = ("type",)

    def __str__(self) -> str:
        return f"{self.get_type_display()}: {self.days} {_('giorni')}"


def keeping_of(kind: str) -> Keeping:
    """The term of a type of paper: the platform's own, or the usual one."""
    usual = USUAL_TERMS[DocumentType(kind)]
    own = RetentionTerm.objects.filter(type=kind).first()
    if own is None:
        return usual
    return Keeping(own.days, own.days_after_verification, usual.classification)


def all_keepings() -> dict[str, Keeping]:
    """The term of each type, with one query."""
    own = {term.type: term for term in RetentionTerm.objects.all()}
    return {
        kind.value: Keeping(own[kind].days, own[kind].days_after_verification, usual.classification)
        if kind in own
        else usual
        for kind, usual in USUAL_TERMS.items()
    }


class DocumentQuerySet(  # type: ignore[override]
    BlindIndexedQuerySet["Document"], VisibleQuerySet["Document"]
):
    def kept(self) -> Self:
        """Those whose file is still here."""
        return self.filter(deleted_at__isnull=True)

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """One's own, what one's communities publish, what one administers, technical papers of what one looks after."""
        memberships = user.memberships.managing(at=at)
        administers = memberships.filter(role=MemberRole.ADMIN).values("community")
        organisations = CERConfiguration.objects.filter(pk__in=administers).values("organisation")
        return self.kept().filter(
            Q(owner=user)
            | Q(plant__owner=user)
            | Q(community__in=administers)
            | Q(community__in=CERConfiguration.objects.visible_to(user, at=at), classification=Classification.PUBLIC)
            | Q(plant__cer_configuration__in=administers)
            | Q(organisation__in=organisations)
            | Q(application__user=user)
            | Q(application__in=Application.objects.administered_by(user, at=at).values("pk"))
            | Q(plant__cer_configuration__in=memberships.values("community"), type__in=TECHNICAL)
        )

    def administered_by(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """Those of the communities somebody administers, of their plants and applicants; what was deleted too."""
        return self.open_to(user, self._administered_by_person, at=at)

    def deletable_by(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """One's own until somebody has verified them, and those one administers."""
        return self.kept().open_to(user, self.kept()._deletable_by_person, at=at)

    def _administered_by_person(self, user: CustomUser, at: datetime) -> Self:
        communities = user.memberships.administering(at=at).values("community")
        organisations = CERConfiguration.objects.filter(pk__in=communities).values("organisation")
        return self.filter(
            Q(community__in=communities)
            | Q(plant__cer_configuration__in=communities)
            | Q(organisation__in=organisations)
            | Q(application__in=Application.objects.administered_by(user, at=at).values("pk"))
        )

    def _deletable_by_person(self, user: CustomUser, at: datetime) -> Self:
        own = Q(owner=user) | Q(plant__owner=user) | Q(application__user=user)
        administered = Document.objects.administered_by(user, at=at).values("pk")
        return self.filter(own & Q(verified_at__isnull=True) | Q(pk__in=administered))


class Document(BlindIndexedModel):
    """A file, encrypted under a key of its own; the key is encrypted as every personal field is."""

    file_id = models.UUIDField(_("nome su disco"), default=uuid.uuid4, editable=False, unique=True)
    type = models.CharField(_("tipo"), max_length=14, choices=DocumentType.choices)
    classification = models.CharField(_("classificazione"), max_length=12, choices=Classification.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="documents",
        verbose_name=_("titolare"),
    )  # whose data it holds
    plant = models.ForeignKey(
        Plant, models.PROTECT, null=True, blank=True, related_name="documents", verbose_name=_("impianto")
    )
    community = models.ForeignKey(
        CERConfiguration, models.PROTECT, null=True, blank=True, related_name="documents", verbose_name=_("comunità")
    )
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="documents", verbose_name=_("ente")
    )
    application = models.ForeignKey(
        Application,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="documents",
        verbose_name=_("domanda di adesione"),
    )  # handed in with it, perhaps before there is an account
    file_name = EncryptedTextField(_("nome del file"), max_length=200)
    media_type = models.CharField(_("formato"), max_length=40)
    size = models.PositiveIntegerField(_("dimensione (byte)"))
    sha256 = EncryptedTextField(_("impronta"), editable=False)
    checksum = BlindIndexField(source="sha256")  # keyed: it finds copies, and confirms nothing to whoever has the dump
    file_key = EncryptedTextField(_("chiave del file"), editable=False)
    notes = EncryptedTextField(_("note"), blank=True, default="")

    uploaded_at = models.DateTimeField(_("caricato il"), default=timezone.now)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("caricato da")
    )
    consent_version = models.CharField(_("versione dell'informativa"), max_length=20, blank=True)
    verified_at = models.DateTimeField(_("verificato il"), null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("verificato da"),
    )

    processing = models.CharField(_("lettura"), max_length=7, choices=Processing.choices, default=Processing.NONE)
    processing_since = models.DateTimeField(_("lettura dal"), null=True, blank=True)
    processing_error = models.CharField(_("errore di lettura"), max_length=300, blank=True)
    read_json = EncryptedTextField(_("dati letti"), blank=True, default="", editable=False)

    retention_until = models.DateField(_("da conservare fino al"))
    expiry_told_at = models.DateTimeField(_("avviso di scadenza"), null=True, blank=True)
    legal_hold = models.BooleanField(_("conservazione obbligata"), default=False)
    legal_hold_reason = EncryptedTextField(_("motivo"), max_length=300, blank=True, default="")
    deleted_at = models.DateTimeField(_("eliminato il"), null=True, blank=True)  # the file went, the proof stays

    objects = DocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("documento")
        verbose_name_plural = _("documenti")
        ordering = ("-uploaded_at",)
        constraints = [
            models.CheckConstraint(
                name="documents_document_is_of_somebody",
                condition=Q(owner__isnull=False)
                | Q(plant__isnull=False)
                | Q(community__isnull=False)
                | Q(organisation__isnull=False)
                | Q(application__isnull=False)
                | Q(deleted_at__isnull=False),  # of an application that was forgotten
            ),
        ]
        indexes = [
            models.Index(fields=["retention_until"], name="documents_by_term"),
            models.Index(
                fields=["uploaded_at"], condition=Q(processing=Processing.WAITING), name="documents_that_wait"
            ),  # asked for every second
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.pk}"

    def term(self, keeping: Keeping | None = None) -> date:
        """The last day on which the file may be kept, under the term of its type or another one."""
        keeping = keeping or keeping_of(self.type)
        until = self.uploaded_at + timedelta(days=keeping.days)
        if self.verified_at and keeping.days_after_verification is not None:
            until = min(until, self.verified_at + timedelta(days=keeping.days_after_verification))
        return timezone.localdate(until)

    @property
    def fields_read(self) -> dict[str, Any]:
        """What was read from the file, as its reader gave it; empty where nothing was."""
        fields: dict[str, Any] = json.loads(self.read_json) if self.read_json else {}
        return fields

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        if not self.deleted_at:
            self.retention_until = self.term()
            update_fields = None if update_fields is None else {*update_fields, "retention_until"}
        super().save(update_fields=update_fields, **kwargs)


class PlantDocumentManager(models.Manager.from_queryset(DocumentQuerySet)):  # type: ignore[misc]
    def get_queryset(self) -> DocumentQuerySet:
        documents: DocumentQuerySet = super().get_queryset().filter(plant__isnull=False, type__in=TECHNICAL)
        return documents


class PlantDocument(Document):
    """A technical paper of a plant."""

    objects = PlantDocumentManager()  # type: ignore[misc]

    class Meta:
        proxy = True
        verbose_name = _("documento dell'impianto")
        verbose_name_plural = _("documenti dell'impianto")


class AccessKind(models.TextChoices):
    UPLOADED = "UPLOADED", _("caricato")
    SEEN = "SEEN", _("consultato")
    DOWNLOADED = "DOWNLOADED", _("scaricato")
    VERIFIED = "VERIFIED", _("verificato")
    HELD = "HELD", _("conservazione obbligata")
    RELEASED = "RELEASED", _("fine della conservazione obbligata")
    DELETED = "DELETED", _("eliminato")


class DocumentAccessQuerySet(VisibleQuerySet["DocumentAccess"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Whoever sees a paper sees who has looked at it; of a public one, only administrators see the others."""
        administered = Document.objects.administered_by(user, at=at).values("pk")
        told = Q(user=user) | ~Q(document__classification=Classification.PUBLIC) | Q(document__in=administered)
        return self.filter(told, document__in=Document.objects.visible_to(user, at=at).values("pk"))


class DocumentAccess(models.Model):
    """Who did what with a paper, when and from where. Rows are added only."""

    document = models.ForeignKey(Document, models.PROTECT, related_name="accesses", verbose_name=_("documento"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("utente")
    )  # null: the platform itself
    kind = models.CharField(_("azione"), max_length=10, choices=AccessKind.choices)
    at = models.DateTimeField(_("quando"), default=timezone.now)
    address = models.GenericIPAddressField(_("indirizzo di rete"), null=True, blank=True)

    objects = DocumentAccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("accesso a un documento")
        verbose_name_plural = _("accessi ai documenti")
        ordering = ("-at",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%d/%m/%Y %H:%M}"
