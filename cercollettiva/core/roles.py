"""Giving and ending roles in a community, and inviting people to take one.

Everything that moves a role locks the community's row first, so that two administrators who end each other's role at
the same moment do not leave a community without any.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Q

from cercollettiva.core import applications, registry, signals
from cercollettiva.core.models import (
    CERConfiguration,
    CERMembership,
    Invitation,
    MemberRole,
    MembershipState,
    RoleChange,
)
from cercollettiva.core.models.communities import CLOSED
from cercollettiva.users.models import CustomUser
from cercollettiva.users.requests import digest

INVITATION_LASTS: Final = timedelta(days=7)


class LastAdministrator(Exception):
    """A community is never left without an administrator."""


class NoRole(Exception):
    """The membership has ended, or was never approved: it has no role to change."""


class InvitationGone(Exception):
    """Used, revoked, expired, or never sent: nobody is told which."""


class InvitationForAnother(Exception):
    """The link was sent to another address than the one of whoever opens it."""


class SentInvitation(NamedTuple):
    invitation: Invitation
    token: str  # for the link; it is kept nowhere


@transaction.atomic
def grant_role(membership: CERMembership, role: MemberRole, *, by: CustomUser | None, at: datetime) -> None:
    """Give an active membership another role from a moment on."""
    membership = _locked(membership, at)
    if membership.role == role:
        return
    _keep_an_administrator(membership, at)
    before = membership.role
    membership.role = role
    membership.save(update_fields=["role", "updated_at"])
    _record(membership, before, role, by, at)


@transaction.atomic
def end_role(membership: CERMembership, *, by: CustomUser | None, at: datetime) -> None:
    """Take away the role of an administrator or technician: a member stays one, whoever only worked there leaves."""
    membership = _locked(membership, at)
    if membership.role == MemberRole.MEMBER:
        raise NoRole(f"{membership} is a plain member: members leave, they are not dismissed here.")
    _keep_an_administrator(membership, at)
    before = membership.role
    if membership.is_member:
        membership.role = MemberRole.MEMBER
        membership.save(update_fields=["role", "updated_at"])
        _record(membership, before, MemberRole.MEMBER, by, at)
    else:
        membership.leave(at=at)
        _record(membership, before, "", by, at)


@transaction.atomic
def invite(
    community: CERConfiguration, email: str, role: MemberRole, *, member_type: str = "", by: CustomUser, at: datetime
) -> SentInvitation:
    """Make an invitation; an older one to the same address is revoked, so that one link works."""
    token = secrets.token_urlsafe(32)
    address = email.strip().lower()
    for older in Invitation.objects.open_at(at).filter(community=community, email=address):
        revoke(older, by=by, at=at)
    invitation = Invitation.objects.create(
        community=community,
        email=address,
        role=role,
        member_type=member_type,
        token_hash=digest(token),
        created_at=at,
        created_by=by,
        expires_at=at + INVITATION_LASTS,
    )
    signals.invitation_sent.send(Invitation, invitation=invitation, by=by, at=at)
    return SentInvitation(invitation, token)


@transaction.atomic
def revoke(invitation: Invitation, *, by: CustomUser, at: datetime) -> None:
    if Invitation.objects.open_at(at).filter(pk=invitation.pk).update(revoked_at=at):
        signals.invitation_revoked.send(Invitation, invitation=invitation, by=by, at=at)


def retire_invitations(before: datetime, *, dry_run: bool = False) -> int:
    """Delete those whose link ended before a moment, used or not; how many."""
    old = Invitation.objects.filter(expires_at__lt=before)
    return old.count() if dry_run else old.delete()[0]


def invitation_of(token: str, *, at: datetime) -> Invitation:
    """The open invitation behind a link; the link is the only key to it."""
    try:
        return Invitation.objects.open_at(at).select_related("community").get(token_hash=digest(token))
    except Invitation.DoesNotExist as error:
        raise InvitationGone from error


@transaction.atomic
def accept(token: str, user: CustomUser, *, at: datetime) -> CERMembership:
    """Take the role, once, as the person whose address it was sent to."""
    invitation = invitation_of(token, at=at)
    CERConfiguration.objects.select_for_update(of=("self",)).get(pk=invitation.community_id)
    if user.email != invitation.email:
        raise InvitationForAnother
    used = Invitation.objects.open_at(at).filter(pk=invitation.pk).update(accepted_at=at, accepted_by=user)
    if not used:  # somebody was a moment faster
        raise InvitationGone
    membership = _membership_for(invitation, user, at)
    if membership.is_member:
        registry.enter(membership, on=at, by=invitation.created_by)
    signals.invitation_accepted.send(Invitation, invitation=invitation, membership=membership, by=user, at=at)
    return membership


def _membership_for(invitation: Invitation, user: CustomUser, at: datetime) -> CERMembership:
    """The open membership with the invitation's role; an application that was waiting is approved by the invitation."""
    role = MemberRole(invitation.role)
    open_ones = CERMembership.objects.filter(user=user, community=invitation.community, active_to__isnull=True)
    membership = open_ones.exclude(state__in=CLOSED).first()
    if membership is None:
        membership = CERMembership.objects.create(
            user=user,
            community=invitation.community,
            role=role,
            member_type=invitation.member_type,
            state=MembershipState.APPROVED,
            active_from=at,
        )
        _record(membership, "", role, invitation.created_by, at)
        return membership
    was_waiting = membership.state != MembershipState.APPROVED
    if was_waiting:
        membership.approve(at=at)
    if invitation.member_type and not membership.member_type:
        membership.member_type = invitation.member_type
        membership.save(update_fields=["member_type", "updated_at"])
    if was_waiting:
        applications.link_point(membership, at=at)
    if role != MemberRole.MEMBER:  # an invitation gives: it never takes a heavier role away
        grant_role(membership, role, by=invitation.created_by, at=at)
    return membership


def _locked(membership: CERMembership, at: datetime) -> CERMembership:
    """The membership as it is now, under the lock of its community."""
    CERConfiguration.objects.select_for_update(of=("self",)).get(pk=membership.community_id)
    fresh = CERMembership.objects.active_at(at).filter(pk=membership.pk).first()
    if fresh is None:
        raise NoRole(f"{membership} is not active.")
    return fresh


def _keep_an_administrator(membership: CERMembership, at: datetime) -> None:
    """Another administrator who can sign in must stay, for good: one whose end is set does not count."""
    if membership.role != MemberRole.ADMIN:
        return
    others = CERMembership.objects.administering(at=at).filter(community=membership.community_id)
    lasting = others.filter(Q(active_to__isnull=True), user__is_active=True).exclude(pk=membership.pk)
    if not lasting.exists():
        raise LastAdministrator(f"{membership} is the last administrator.")


def _record(membership: CERMembership, before: str, after: str, by: CustomUser | None, at: datetime) -> None:
    RoleChange.objects.create(membership=membership, before=before, after=after, at=at, by=by)
    signals.role_changed.send(CERMembership, membership=membership, before=before, after=after, by=by, at=at)
