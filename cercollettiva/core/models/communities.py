"""A community (CER, one configuration under one primary substation) and the people in it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models.places import MarketZone
from cercollettiva.core.periods import covers, ends_after_it_starts
from cercollettiva.core.validators import validate_primary_substation
from cercollettiva.domain.identifiers import primary_substation_code
from cercollettiva.users.visibility import VisibleQuerySet
from cercollettiva.users.watching import WatchedQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class MemberRole(models.TextChoices):
    ADMIN = "ADMIN", _("amministratore")
    MEMBER = "MEMBER", _("socio")
    TECHNICAL = "TECHNICAL", _("tecnico")


class MemberType(models.TextChoices):
    PRODUCER = "PRODUCER", _("produttore")
    CONSUMER = "CONSUMER", _("consumatore")
    PROSUMER = "PROSUMER", _("prosumer")


class MembershipState(models.TextChoices):
    """Where an application stands."""

    DRAFT = "DRAFT", _("bozza")
    SUBMITTED = "SUBMITTED", _("inviata")
    TO_FIX = "TO_FIX", _("documenti da correggere")
    APPROVED = "APPROVED", _("approvata")
    REJECTED = "REJECTED", _("respinta")
    LEFT = "LEFT", _("uscito")


NOT_YET_IN = (MembershipState.DRAFT, MembershipState.SUBMITTED, MembershipState.TO_FIX, MembershipState.REJECTED)
CLOSED = (MembershipState.REJECTED, MembershipState.LEFT)


class CERConfigurationQuerySet(VisibleQuerySet["CERConfiguration"]):
    def summed_for_everybody(self) -> Self:
        """The communities behind the one figure of the public home: for sums over many plants, never to be listed."""
        return self.filter(is_active=True)

    def with_public_page(self) -> Self:
        """What anybody may open by its address: a community's name, place and description are published by it."""
        return self.filter(is_active=True)

    def listed(self) -> Self:
        """What anybody finds without an address: only the communities that chose so."""
        return self.with_public_page().filter(is_listed=True)

    def administered_by(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """The communities whose members, fees and money this user may handle."""
        return self.open_to(
            user,
            lambda person, moment: self.filter(pk__in=person.memberships.administering(at=moment).values("community")),
            at=at,
        )

    def managed_by(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """The communities whose plants and devices this user looks after: administrators and technicians."""
        return self.open_to(
            user,
            lambda person, moment: self.filter(pk__in=person.memberships.managing(at=moment).values("community")),
            at=at,
        )

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(pk__in=user.memberships.active_at(at).values("community"))


class CERConfiguration(models.Model):
    """A renewable energy community under one primary substation (cabina primaria)."""

    organisation = models.ForeignKey(
        "core.Organisation", models.PROTECT, related_name="communities", verbose_name=_("ente")
    )
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL,
        through="core.CERMembership",
        through_fields=("community", "user"),
        related_name="communities",
        verbose_name=_("persone"),
    )
    name = models.CharField(_("nome"), max_length=200)
    code = models.CharField(_("codice"), max_length=50, unique=True)
    slug = models.SlugField(_("nome nell'indirizzo web"), max_length=80, unique=True)
    primary_substation = models.CharField(
        _("cabina primaria"),
        max_length=11,
        null=True,
        blank=True,
        validators=[validate_primary_substation],
        help_text=_("Il codice della cabina, per esempio AC001E00001: lo dà la mappa del GSE."),
    )
    market_zone = models.CharField(_("zona di mercato"), max_length=4, choices=MarketZone.choices, blank=True)
    description = models.TextField(_("descrizione"), blank=True)
    logo = models.FileField(_("logo"), upload_to="communities/logos/", blank=True)
    statute = models.FileField(_("statuto"), upload_to="communities/statutes/", blank=True)
    regulation = models.FileField(_("regolamento"), upload_to="communities/regulations/", blank=True)
    founded_on = models.DateField(_("costituita il"), null=True, blank=True)
    gse_effective_date = models.DateField(_("decorrenza del GSE"), null=True, blank=True)
    is_active = models.BooleanField(_("attiva"), default=True)
    is_listed = models.BooleanField(
        _("nell'elenco pubblico"),
        default=False,
        help_text=_("La pagina pubblica si apre a chi ne ha l'indirizzo; nell'elenco la trova chiunque."),
    )
    accepts_applications = models.BooleanField(_("accetta domande di adesione"), default=True)
    created_at = models.DateTimeField(_("creata il"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modificata il"), auto_now=True)

    objects = CERConfigurationQuerySet.as_manager()

    class Meta:
        verbose_name = _("comunità energetica")
        verbose_name_plural = _("comunità energetiche")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["primary_substation"],
                condition=Q(primary_substation__isnull=False),
                name="community_one_per_primary_substation",
                violation_error_message=_("C'è già una comunità sotto questa cabina primaria."),
            ),
            models.CheckConstraint(
                condition=Q(primary_substation__isnull=True) | Q(primary_substation__regex=r"\AAC[0-9]{3}E[0-9]{5}\Z"),
                name="community_primary_substation_is_a_code",
            ),
            models.CheckConstraint(
                condition=Q(market_zone__in=["", *MarketZone.values]), name="community_market_zone_is_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, **kwargs: Any) -> None:
        code = self.primary_substation
        self.primary_substation = primary_substation_code(code) if code else None
        super().save(**kwargs)


class CERMembershipQuerySet(  # type: ignore[override]
    WatchedQuerySet["CERMembership"], VisibleQuerySet["CERMembership"]
):
    def active_at(self, moment: datetime) -> Self:
        """The memberships that open a door: only an approved one has a start (a constraint keeps it so)."""
        return self.filter(covers(moment))

    def members(self) -> Self:
        """Those who are members: an administrator or technician without a type only works for the community."""
        return self.exclude(member_type="")

    def administering(self, *, at: datetime) -> Self:
        return self.active_at(at).filter(role=MemberRole.ADMIN)

    def managing(self, *, at: datetime) -> Self:
        return self.active_at(at).filter(role__in=(MemberRole.ADMIN, MemberRole.TECHNICAL))

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """One's own, whatever its state; those of others only as an administrator of the community."""
        return self.filter(Q(user=user) | Q(community__in=user.memberships.administering(at=at).values("community")))


class CERMembership(models.Model):
    """A person's place in a community, over [active_from, active_to), from the application on."""

    community = models.ForeignKey(
        CERConfiguration, models.PROTECT, related_name="memberships", verbose_name=_("comunità")
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships", verbose_name=_("persona")
    )
    role = models.CharField(_("ruolo"), max_length=9, choices=MemberRole.choices, default=MemberRole.MEMBER)
    member_type = models.CharField(
        _("tipo di socio"),
        max_length=8,
        choices=MemberType.choices,
        blank=True,
        help_text=_("Vuoto per chi amministra o assiste la comunità senza esserne socio."),
    )
    state = models.CharField(
        _("stato della domanda"), max_length=9, choices=MembershipState.choices, default=MembershipState.DRAFT
    )
    active_from = models.DateTimeField(_("attiva dal"), null=True, blank=True)  # null: not approved yet
    active_to = models.DateTimeField(_("attiva fino al"), null=True, blank=True)  # null: still a member
    gse_effective_date = models.DateField(_("decorrenza per il GSE"), null=True, blank=True)
    documents_verified_at = models.DateTimeField(_("documenti verificati il"), null=True, blank=True)
    documents_verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("documenti verificati da"),
    )
    created_at = models.DateTimeField(_("creata il"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modificata il"), auto_now=True)

    objects = CERMembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("appartenenza a una comunità")
        verbose_name_plural = _("appartenenze alle comunità")
        ordering = ["community", "user"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "community"],
                condition=Q(active_to__isnull=True) & ~Q(state__in=CLOSED),
                name="membership_one_open_per_person_and_community",
                violation_error_message=_("Questa persona ha già una domanda o un'appartenenza aperta."),
            ),
            models.CheckConstraint(condition=ends_after_it_starts(), name="membership_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(state__in=NOT_YET_IN, active_from__isnull=True, active_to__isnull=True)
                | Q(state=MembershipState.APPROVED, active_from__isnull=False)
                | Q(state=MembershipState.LEFT, active_to__isnull=False),
                name="membership_period_follows_its_state",
            ),
            models.CheckConstraint(condition=Q(role__in=MemberRole.values), name="membership_role_is_known"),
            models.CheckConstraint(
                condition=Q(member_type__in=MemberType.values)
                | Q(member_type="", role__in=(MemberRole.ADMIN, MemberRole.TECHNICAL)),
                name="membership_of_a_member_has_a_type",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}, {self.community}"

    @property
    def is_member(self) -> bool:
        """Whether it counts among the members and in the register."""
        return self.member_type != ""

    def approve(self, *, at: datetime) -> None:
        """Let the person in from a moment on."""
        self.state = MembershipState.APPROVED
        self.active_from = at
        self.save(update_fields=["state", "active_from", "updated_at"])

    def leave(self, *, at: datetime) -> None:
        """End the membership, or withdraw an application that was never approved."""
        self.state = MembershipState.LEFT
        self.active_to = at
        self.save(update_fields=["state", "active_to", "updated_at"])
