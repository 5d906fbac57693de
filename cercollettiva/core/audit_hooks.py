"""What the core room writes into the audit log by itself: who came to which role in which community, and since when;
whose plant it is and where it stands, without the values."""

from __future__ import annotations

from cercollettiva.core.models import CERMembership, Plant
from cercollettiva.users.audit import PERSON, Action
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
