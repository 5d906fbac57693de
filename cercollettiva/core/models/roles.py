"""Who had which role when, and who was asked to take one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models.communities import CERConfiguration, CERMembership, MemberRole, MemberType
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class RoleChangeQuerySet(VisibleQuerySet["RoleChange"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(membership__in=CERMembership.objects.visible_to(user, at=at))


class RoleChange(models.Model):
    """From when on a membership has another role. Rows are only added: a role lasts until the next row."""

    membership = models.ForeignKey(
        CERMembership, models.PROTECT, related_name="role_changes", verbose_name=_("appartenenza")
    )
    before = models.CharField(_("prima"), max_length=9, choices=MemberRole.choices, blank=True)
    after = models.CharField(_("dopo"), max_length=9, choices=MemberRole.choices, blank=True)  # empty: no role any more
    at = models.DateTimeField(_("dal"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("deciso da")
    )

    objects = RoleChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("cambio di ruolo")
        verbose_name_plural = _("cambi di ruolo")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(before=F("after")), name="role_change_changes_the_role"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.before} → {self.after}"


class InvitationQuerySet(VisibleQuerySet["Invitation"]):
    def open_at(self, moment: datetime) -> Self:
        return self.filter(accepted_at__isnull=True, revoked_at__isnull=True, expires_at__gt=moment)

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(community__in=user.memberships.administering(at=at).values("community"))


class Invitation(models.Model):
    """A link sent to one address that gives one role in one community, once, for a while."""

    community = models.ForeignKey(
        CERConfiguration, models.PROTECT, related_name="invitations", verbose_name=_("comunità")
    )
    email = models.EmailField(_("indirizzo email"))
    role = models.CharField(_("ruolo"), max_length=9, choices=MemberRole.choices)
    member_type = models.CharField(_("tipo di socio"), max_length=8, choices=MemberType.choices, blank=True)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("mandato il"))
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("mandato da")
    )
    expires_at = models.DateTimeField(_("vale fino al"))
    accepted_at = models.DateTimeField(_("accettato il"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("accettato da"),
    )
    revoked_at = models.DateTimeField(_("ritirato il"), null=True, blank=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invito")
        verbose_name_plural = _("inviti")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_is_lower_case"),
            models.CheckConstraint(
                condition=Q(member_type__in=MemberType.values)
                | Q(member_type="", role__in=(MemberRole.ADMIN, MemberRole.TECHNICAL)),
                name="invitation_of_a_member_has_a_type",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True) | Q(revoked_at__isnull=True),
                name="invitation_is_accepted_or_revoked",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email}: {self.get_role_display()}, {self.community}"

    def save(self, **kwargs: Any) -> None:
        self.email = self.email.strip().lower()
        super().save(**kwargs)
