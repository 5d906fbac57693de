"""The legal entity behind one or more communities."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models.places import Region
from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class LegalForm(models.TextChoices):
    ASSOCIATION = "ASSOCIATION", _("associazione")
    COOPERATIVE = "COOPERATIVE", _("cooperativa")
    CONSORTIUM = "CONSORTIUM", _("consorzio")
    FOUNDATION = "FOUNDATION", _("fondazione")
    COMPANY = "COMPANY", _("società")
    PUBLIC = "PUBLIC", _("ente pubblico")
    OTHER = "OTHER", _("altra forma")


class OrganisationQuerySet(VisibleQuerySet["Organisation"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        communities = user.memberships.active_at(at).values("community")
        return self.filter(pk__in=Organisation.objects.filter(communities__in=communities).values("pk"))


class Organisation(models.Model):
    """The legal entity that members join: the register, the cards, the fees and the money are its own.

    It is made silently with the first configuration, and pages hide it as long as it has only one.
    """

    name = models.CharField(_("denominazione"), max_length=200)
    legal_form = models.CharField(
        _("forma giuridica"), max_length=11, choices=LegalForm.choices, default=LegalForm.ASSOCIATION
    )
    fiscal_code = models.CharField(_("codice fiscale"), max_length=16, blank=True)
    iban = EncryptedTextField(_("IBAN"), blank=True, default="")
    address = models.CharField(_("indirizzo della sede"), max_length=200, blank=True)
    city = models.CharField(_("comune"), max_length=100, blank=True)
    zip_code = models.CharField(_("CAP"), max_length=5, blank=True)
    province = models.CharField(_("provincia"), max_length=2, blank=True)
    region = models.CharField(_("regione"), max_length=25, choices=Region.choices, blank=True)
    logo = models.FileField(_("logo"), upload_to="organisations/logos/", blank=True)
    fee_cents = models.PositiveIntegerField(_("quota annuale, in centesimi"), default=0)
    fee_days = models.PositiveSmallIntegerField(_("giorni per versare la quota"), default=30)
    statute_version = models.CharField(_("versione dello statuto"), max_length=50, blank=True)
    created_at = models.DateTimeField(_("creata il"), auto_now_add=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = _("ente della comunità")
        verbose_name_plural = _("enti delle comunità")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["fiscal_code"], condition=~Q(fiscal_code=""), name="organisation_fiscal_code_is_unique"
            ),
            models.CheckConstraint(
                condition=Q(legal_form__in=LegalForm.values), name="organisation_legal_form_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name
