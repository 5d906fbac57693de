"""People who sign in, and what they consented to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar, Self

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.audit import AuditAnchor as AuditAnchor
from cercollettiva.users.audit import AuditHead as AuditHead
from cercollettiva.users.audit import AuditLine as AuditLine
from cercollettiva.users.exports import DataExport as DataExport
from cercollettiva.users.fields import (
    BlindIndexedModel,
    BlindIndexedQuerySet,
    BlindIndexField,
    EncryptedTextField,
    blind_indexes_of,
)
from cercollettiva.users.mails import MailState as MailState
from cercollettiva.users.mails import OutgoingMail as OutgoingMail
from cercollettiva.users.names import may_be_opened
from cercollettiva.users.requests import AccountDeletionRequest as AccountDeletionRequest
from cercollettiva.users.requests import SetupToken as SetupToken
from cercollettiva.users.tokens import ApiToken as ApiToken
from cercollettiva.users.tokens import IdempotentAnswer as IdempotentAnswer
from cercollettiva.users.tokens import Scope as Scope
from cercollettiva.users.visibility import VisibleQuerySet
from cercollettiva.users.watching import WatchedQuerySet


class LegalType(models.TextChoices):
    """The legal form of a member: the premium and its threshold depend on it."""

    PRIVATE = "PRIVATE", _("persona fisica")
    BUSINESS = "BUSINESS", _("impresa")
    ASSOCIATION = "ASSOCIATION", _("associazione o ente del terzo settore")
    CHURCH = "CHURCH", _("ente religioso")
    PUBLIC = "PUBLIC", _("ente pubblico")


class ProfitType(models.TextChoices):
    PROFIT = "PROFIT", _("con scopo di lucro")
    NON_PROFIT = "NON_PROFIT", _("senza scopo di lucro")


class CustomUserQuerySet(  # type: ignore[override]
    WatchedQuerySet["CustomUser"], BlindIndexedQuerySet["CustomUser"], VisibleQuerySet["CustomUser"]
):
    def with_fiscal_code(self, code: str) -> Self:
        return self._indexed("fiscal_code_index", code)

    def with_vat_number(self, number: str) -> Self:
        return self._indexed("vat_number_index", number)

    def with_iban(self, iban: str) -> Self:
        return self._indexed("iban_index", iban)

    def _indexed(self, name: str, value: str) -> Self:
        field = next(field for field in blind_indexes_of(self.model) if field.name == name)
        return self.filter(**{f"{name}__in": field.indexes_of(value)})

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Oneself, and for an administrator those who are or ask to be members of the community."""
        communities = user.memberships.administering(at=at).values("community")
        people = CustomUser.objects.filter(memberships__community__in=communities).values("pk")
        return self.filter(Q(pk=user.pk) | Q(pk__in=people))


class CustomUserManager(BaseUserManager["CustomUser"].from_queryset(CustomUserQuerySet)):  # type: ignore[misc]
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> CustomUser:
        user: CustomUser = self.model(email=email, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> CustomUser:
        """Whoever can run commands answers for the address: it is not asked to be confirmed."""
        user = self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})
        user.confirm_email()
        return user

    def get_by_natural_key(self, email: str | None) -> CustomUser:
        user: CustomUser = self.get(email=_lower(email))
        return user


class CustomUser(BlindIndexedModel, AbstractBaseUser, PermissionsMixin):
    """A person, or the person who acts for a body, who signs in with an email address."""

    email = models.EmailField(
        _("indirizzo email"), unique=True, error_messages={"unique": _("Esiste già un utente con questo indirizzo.")}
    )
    first_name = models.CharField(_("nome"), max_length=150, blank=True)
    last_name = models.CharField(_("cognome"), max_length=150, blank=True)

    legal_type = models.CharField(
        _("forma giuridica"), max_length=11, choices=LegalType.choices, default=LegalType.PRIVATE
    )
    is_large_company = models.BooleanField(
        _("grande impresa"), default=False, help_text=_("Una grande impresa non può essere socia di una comunità.")
    )
    profit_type = models.CharField(_("scopo"), max_length=10, choices=ProfitType.choices, blank=True)

    # Encrypted, all but names and address to write to: docs/privacy.md says why.
    legal_name = EncryptedTextField(_("ragione sociale"), max_length=200, blank=True, default="")
    sdi_code = EncryptedTextField(_("codice SDI"), max_length=7, blank=True, default="")
    fiscal_code = EncryptedTextField(_("codice fiscale"), blank=True, default="")
    fiscal_code_index = BlindIndexField(source="fiscal_code")
    vat_number = EncryptedTextField(_("partita IVA"), blank=True, default="")
    vat_number_index = BlindIndexField(source="vat_number")
    pec = EncryptedTextField(_("PEC"), blank=True, default="")
    iban = EncryptedTextField(_("IBAN"), blank=True, default="")
    iban_index = BlindIndexField(source="iban")
    phone = EncryptedTextField(_("telefono"), blank=True, default="")
    address = EncryptedTextField(_("indirizzo"), blank=True, default="")

    is_staff = models.BooleanField(
        _("gestore della piattaforma"), default=False, help_text=_("Vede e gestisce tutte le comunità.")
    )
    is_active = models.BooleanField(
        _("attivo"), default=True, help_text=_("Un utente non attivo non può accedere: si disattiva, non si cancella.")
    )
    second_factor_due_at = models.DateTimeField(
        _("verifica in due passaggi entro il"), null=True, blank=True, editable=False
    )  # null: no role has asked for one yet
    # What is left of somebody who was erased has no name, and nobody signs in with it.
    erased_at = models.DateTimeField(_("cancellato il"), null=True, blank=True, editable=False)
    purged_at = models.DateTimeField(_("pseudonimo finito il"), null=True, blank=True, editable=False)
    date_joined = models.DateTimeField(_("iscritto dal"), default=timezone.now, editable=False)

    objects = CustomUserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("utente")
        verbose_name_plural = _("utenti")
        ordering = ["last_name", "first_name", "email"]
        permissions = [("read_personal_data", "Può leggere i dati personali cifrati nell’amministrazione")]
        constraints = [
            # With the unique column: one account per address, whatever its case.
            models.CheckConstraint(condition=Q(email=Lower("email")), name="user_email_is_lower_case"),
            models.CheckConstraint(condition=Q(legal_type__in=LegalType.values), name="user_legal_type_is_known"),
            models.CheckConstraint(
                condition=Q(profit_type__in=["", *ProfitType.values]), name="user_profit_type_is_known"
            ),
            models.CheckConstraint(
                condition=Q(is_large_company=False) | Q(legal_type=LegalType.BUSINESS),
                name="user_large_company_is_a_business",
            ),
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.email = _lower(self.email)
        super().save(update_fields=update_fields, **kwargs)

    def clean(self) -> None:
        super().clean()
        self.email = _lower(self.email)

    def confirm_email(self) -> None:
        """Count the address as confirmed, where somebody answers for it: one does not sign in with another."""
        known: Any = self.emailaddress_set  # type: ignore[attr-defined]  # allauth's
        known.update_or_create(email=self.email, defaults={"verified": True, "primary": True})

    def get_full_name(self) -> str:
        """The name to show: of the body where there is one, else of the person."""
        body = self.legal_name if may_be_opened() else ""
        return body or f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        return self.first_name or self.get_full_name()


class ConsentQuerySet(VisibleQuerySet["Consent"]):
    def in_force(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(user=user)


class Consent(models.Model):
    """That a person accepted one version of a document; a withdrawn consent stays as a row."""

    user = models.ForeignKey(CustomUser, models.CASCADE, related_name="consents", verbose_name=_("utente"))
    document = models.SlugField(_("documento"), max_length=50, help_text=_("Per esempio privacy o statuto."))
    version = models.CharField(_("versione"), max_length=20)
    accepted_at = models.DateTimeField(_("accettato il"))
    withdrawn_at = models.DateTimeField(_("revocato il"), null=True, blank=True)

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consenso")
        verbose_name_plural = _("consensi")
        ordering = ["-accepted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "document", "version"],
                condition=Q(withdrawn_at__isnull=True),
                name="consent_once_per_version_in_force",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("accepted_at")),
                name="consent_withdrawn_after_it_was_given",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.document} {self.version}"

    def withdraw(self, *, at: datetime) -> None:
        """When it was first withdrawn stays what it was."""
        if self.withdrawn_at is not None:
            return
        self.withdrawn_at = at
        self.save(update_fields=["withdrawn_at"])


def _lower(email: str | None) -> str:
    return (email or "").strip().lower()
