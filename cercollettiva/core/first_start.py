"""The first start: one person, one organisation, one community, on a database that has none."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.db import transaction
from django.utils.text import slugify

from cercollettiva.core.models import CERConfiguration, CERMembership, MemberRole, MembershipState, Organisation
from cercollettiva.users import signals
from cercollettiva.users.models import CustomUser
from cercollettiva.users.requests import SetupToken, digest


class NotAtFirstStart(Exception):
    """Somebody is here already."""


class WrongToken(Exception):
    """Not the token of the console, or not any more."""


class FirstStart(NamedTuple):
    """What is asked."""

    email: str
    password: str
    first_name: str
    last_name: str
    organisation: str
    legal_form: str
    community: str
    primary_substation: str


def is_first_start() -> bool:
    """No person, no community, and no first start before: whoever deletes everything does not open the door again."""
    if CustomUser.objects.exists() or CERConfiguration.objects.exists():
        return False
    return not SetupToken.objects.filter(used_at__isnull=False).exists()


@transaction.atomic
def set_up(asked: FirstStart, *, token: str, at: datetime) -> CustomUser:
    """Make the three rows; the token's row is locked, so that of two who hold it one comes too late."""
    tokens = SetupToken.objects.select_for_update().filter(token_hash=digest(token), expires_at__gt=at)
    known = tokens.filter(used_at__isnull=True).first()
    if known is None:
        raise WrongToken
    if not is_first_start():
        raise NotAtFirstStart
    known.used_at = at
    known.save(update_fields=["used_at"])
    names = {"first_name": asked.first_name, "last_name": asked.last_name}
    user: CustomUser = CustomUser.objects.create_superuser(asked.email, asked.password, **names)
    organisation = Organisation.objects.create(name=asked.organisation, legal_form=asked.legal_form)
    slug = slugify(asked.community)[:80] or "comunita"
    community = CERConfiguration.objects.create(
        organisation=organisation,
        name=asked.community,
        code=slug.upper()[:50],
        slug=slug,
        primary_substation=asked.primary_substation or None,
    )
    CERMembership.objects.create(
        community=community, user=user, role=MemberRole.ADMIN, state=MembershipState.APPROVED, active_from=at
    )
    signals.platform_set_up.send(CustomUser, user=user, by=user, at=at)
    return user
