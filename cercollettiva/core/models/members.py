"""The cards and the register of the members."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models.communities import CERConfiguration
from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class RegistryIsPermanent(Exception):
    """Somebody tried to delete an entry of the register: the law wants it kept, a member who leaves is closed."""

    def __init__(self) -> None:
        super().__init__("Entries of the member register are never deleted: set left_at instead.")


class MembershipCardQuerySet(VisibleQuerySet["MembershipCard"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        communities = user.memberships.administering(at=at).values("community")
        return self.filter(Q(membership__user=user) | Q(membership__community__in=communities))


class MembershipCard(models.Model):
    """A member's card over [valid_from, valid_to), and the fee that comes with it. [cents]"""

    organisation = models.ForeignKey("core.Organisation", models.PROTECT, related_name="cards", verbose_name=_("ente"))
    membership = models.ForeignKey(
        "core.CERMembership", models.PROTECT, related_name="cards", verbose_name=_("appartenenza")
    )
    number = models.PositiveIntegerField(_("numero"))
    valid_from = models.DateField(_("valida dal"))
    valid_to = models.DateField(_("valida fino al"), null=True, blank=True)
    fee_due_cents = models.PositiveIntegerField(_("quota dovuta, in centesimi"), default=0)
    fee_paid_cents = models.PositiveIntegerField(_("quota versata, in centesimi"), default=0)
    fee_paid_at = models.DateTimeField(_("quota versata il"), null=True, blank=True)

    objects = MembershipCardQuerySet.as_manager()

    class Meta:
        verbose_name = _("tessera")
        verbose_name_plural = _("tessere")
        ordering = ["organisation", "number"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="card_number_is_unique"),
            models.UniqueConstraint(fields=["membership", "valid_from"], name="card_one_per_member_and_start"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")), name="card_ends_after_it_starts"
            ),
            models.CheckConstraint(
                condition=Q(fee_paid_cents=0, fee_paid_at__isnull=True)
                | Q(fee_paid_cents__gt=0, fee_paid_at__isnull=False),
                name="card_payment_has_a_date",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} n. {self.number}"

    @property
    def fee_is_paid(self) -> bool:
        return self.fee_paid_cents >= self.fee_due_cents

    def set_fee(self, *, cents: int) -> None:
        self.fee_due_cents = cents
        self.save(update_fields=["fee_due_cents"])

    def pay_fee(self, *, cents: int, at: datetime) -> None:
        """Add a payment to what was paid already."""
        self.fee_paid_cents += cents
        self.fee_paid_at = at
        self.save(update_fields=["fee_paid_cents", "fee_paid_at"])


class MemberRegistryQuerySet(VisibleQuerySet["MemberRegistry"]):
    def present(self) -> Self:
        return self.filter(left_at__isnull=True)

    def delete(self) -> NoReturn:
        raise RegistryIsPermanent

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """One's own entry; for an administrator those of the people who are or were in the community."""
        administered = CERConfiguration.objects.administered_by(user, at=at)
        in_the_community = Q(
            organisation__in=administered.values("organisation"),
            user__in=administered.filter(memberships__isnull=False).values("memberships__user"),
        )
        return self.filter(Q(user=user) | in_the_community)


class MemberRegistry(models.Model):
    """A line of the register of members (libro soci): a number without gaps in each organisation, never deleted."""

    organisation = models.ForeignKey(
        "core.Organisation", models.PROTECT, related_name="registry", verbose_name=_("ente")
    )
    number = models.PositiveIntegerField(_("numero progressivo"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="registry_entries", verbose_name=_("socio")
    )
    membership = models.ForeignKey(
        "core.CERMembership", models.PROTECT, related_name="registry_entries", verbose_name=_("appartenenza")
    )
    entered_at = models.DateTimeField(_("ammesso il"))
    left_at = models.DateTimeField(_("cessato il"), null=True, blank=True)
    notes = EncryptedTextField(_("annotazioni"), blank=True, default="")  # free words about a person

    objects = MemberRegistryQuerySet.as_manager()

    class Meta:
        verbose_name = _("iscrizione nel libro soci")
        verbose_name_plural = _("libro soci")
        ordering = ["organisation", "number"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="registry_number_is_unique"),
            models.UniqueConstraint(
                fields=["organisation", "user"], condition=Q(left_at__isnull=True), name="registry_one_open_per_member"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="registry_numbers_start_at_one"),
            models.CheckConstraint(
                condition=Q(left_at__isnull=True) | Q(left_at__gte=F("entered_at")), name="registry_left_after_entering"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.user}"

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RegistryIsPermanent

    def close(self, *, at: datetime) -> None:
        """The member left; the line stays, with its number."""
        self.left_at = at
        self.save(update_fields=["left_at"])
