"""The cards and the register of the members."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models.communities import CERConfiguration
from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class RegistryIsPermanent(Exception):
    """Somebody tried to change or delete an entry of the register: what happens to a member is one more entry."""

    def __init__(self) -> None:
        super().__init__("Entries of the member register are never changed nor deleted: add another.")


class NotAMember(Exception):
    """Somebody who administers or assists a community without being a member of it."""


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
    fee_due_on = models.DateField(_("quota da versare entro il"), null=True, blank=True)
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


class EntryKind(models.TextChoices):
    ENTERED = "ENTERED", _("ammissione")
    CHANGED = "CHANGED", _("variazione")
    LEFT = "LEFT", _("cessazione")


class MemberRegistryQuerySet(VisibleQuerySet["MemberRegistry"]):
    def present(self) -> Self:
        """The last entry of each member who has not left: it says how the member stands now."""
        return self.filter(next__isnull=True).exclude(kind=EntryKind.LEFT)

    def update(self, **kwargs: Any) -> NoReturn:
        raise RegistryIsPermanent

    def delete(self) -> NoReturn:
        raise RegistryIsPermanent

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """One's own entries; for an administrator those of the people who are or were in the community."""
        administered = CERConfiguration.objects.administered_by(user, at=at)
        in_the_community = Q(
            organisation__in=administered.values("organisation"),
            user__in=administered.filter(memberships__isnull=False).values("memberships__user"),
        )
        return self.filter(Q(user=user) | in_the_community)


class MemberRegistry(models.Model):
    """An entry of the register of members (libro soci): somebody came, changed or left.

    Entries of an organisation are numbered without gaps, and so are the members: each admission has the next member
    number, which the later entries of that stay carry on. Nothing is changed or deleted, by the database's word;
    `core.registry` writes. Each entry follows the one before it of the same member, so that two never follow the same.
    """

    # For those who may lift the protection: the owner of the table, in tests and in a demo that starts anew.
    APPEND_ONLY: ClassVar[dict[str, Any]] = {
        "unique": [("organisation_id", "number"), "previous_id"],
        "encrypted": ["person", "notes"],
    }

    organisation = models.ForeignKey(
        "core.Organisation", models.PROTECT, related_name="registry", verbose_name=_("ente")
    )
    number = models.PositiveIntegerField(_("numero progressivo"))
    kind = models.CharField(_("genere"), max_length=7, choices=EntryKind.choices)
    member_number = models.PositiveIntegerField(_("numero di socio"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="registry_entries", verbose_name=_("socio")
    )
    membership = models.ForeignKey(
        "core.CERMembership", models.PROTECT, related_name="registry_entries", verbose_name=_("appartenenza")
    )
    previous = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="next", verbose_name=_("iscrizione precedente")
    )  # null: the first entry of a stay
    on = models.DateField(_("dal giorno"))
    changed = models.JSONField(_("che cosa è cambiato"), default=list, blank=True)  # names of what `person` holds
    person = EncryptedTextField(_("dati del socio"), blank=True, default="")  # JSON, as they were at this entry
    notes = EncryptedTextField(_("annotazioni"), blank=True, default="")  # free words about a person
    recorded_at = models.DateTimeField(_("scritta il"), default=timezone.now, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("scritta da")
    )  # null: the platform itself

    objects = MemberRegistryQuerySet.as_manager()

    class Meta:
        verbose_name = _("iscrizione nel libro soci")
        verbose_name_plural = _("libro soci")
        ordering = ["organisation", "number"]
        constraints = [
            models.UniqueConstraint(fields=["organisation", "number"], name="registry_number_is_unique"),
            models.UniqueConstraint(
                fields=["organisation", "member_number"],
                condition=Q(kind=EntryKind.ENTERED),
                name="registry_member_number_is_unique",
            ),
            models.CheckConstraint(
                condition=Q(number__gte=1, member_number__gte=1), name="registry_numbers_start_at_one"
            ),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="registry_kind_is_known"),
            models.CheckConstraint(
                condition=Q(kind=EntryKind.ENTERED, previous__isnull=True)
                | (~Q(kind=EntryKind.ENTERED) & Q(previous__isnull=False)),
                name="registry_entry_follows_another",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number}. {self.user}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise RegistryIsPermanent
        super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RegistryIsPermanent

    @property
    def details(self) -> dict[str, str]:
        """The member as the register had them at this entry: name, fiscal_code, address, member_type."""
        found: dict[str, str] = json.loads(self.person) if self.person else {}
        return found
