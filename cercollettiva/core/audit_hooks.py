"""What the core room writes into the audit log by itself: who came to which role in which community, and since when;
whose plant it is and where it stands, without the values; who was asked to take a role. The address of an invitation is
somebody's: the line names its row.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cercollettiva.core import signals
from cercollettiva.core.models import CERMembership, Invitation, Plant
from cercollettiva.users.audit import PERSON, Action, record
from cercollettiva.users.models import CustomUser
from cercollettiva.users.watching import Watch, watch

ROLE = Watch(
    fields=("role", "member_type", "state", "active_from", "active_to"),
    created=Action.ROLE_CHANGED,
    changed=Action.ROLE_CHANGED,
    deleted=Action.ROLE_CHANGED,
    subject=lambda row: (PERSON, row["user_id"]),
    beside=("community_id", "user_id"),
    with_values=True,
)
PLANT = Watch(
    fields=("owner_id", "cer_configuration_id", "pod_code", "address", "latitude", "longitude", "active_to"),
    created=Action.PLANT_CHANGED,
    changed=Action.PLANT_CHANGED,
    deleted=Action.PLANT_CHANGED,
    subject=lambda row: (PERSON, row["owner_id"]) if row["owner_id"] else ("", None),
    beside=("id", "owner_id", "cer_configuration_id"),
)


def connect() -> None:
    """Listen; called when the room is ready."""
    watch(CERMembership, ROLE)
    watch(Plant, PLANT)
    signals.invitation_sent.connect(invitation_sent, dispatch_uid="audit: invitation sent")
    signals.invitation_revoked.connect(invitation_revoked, dispatch_uid="audit: invitation revoked")
    signals.invitation_accepted.connect(invitation_accepted, dispatch_uid="audit: invitation accepted")


def invitation_sent(sender: Any, invitation: Invitation, by: CustomUser, at: datetime, **_: Any) -> None:
    _record(Action.INVITATION_SENT, invitation, by, at)


def invitation_revoked(sender: Any, invitation: Invitation, by: CustomUser, at: datetime, **_: Any) -> None:
    _record(Action.INVITATION_REVOKED, invitation, by, at)


def invitation_accepted(sender: Any, invitation: Invitation, by: CustomUser, at: datetime, **_: Any) -> None:
    _record(Action.INVITATION_ACCEPTED, invitation, by, at)


def _record(action: Action, invitation: Invitation, by: CustomUser, at: datetime) -> None:
    details = {"community_id": invitation.community_id, "role": invitation.role}
    record(action, actor=by, subject=invitation, details=details, at=at)
