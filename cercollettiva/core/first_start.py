"""The first start: one person, one organisation, one community, on a database that has none."""

from __future__ import annotations

import sys
import threading
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from cercollettiva.core.models import CERConfiguration, CERMembership, MemberRole, MembershipState, Organisation
from cercollettiva.users import signals
from cercollettiva.users.models import CustomUser
from cercollettiva.users.requests import SETUP_TOKEN_LASTS, SetupToken, digest

A_MOMENT: Final = timedelta(minutes=1)  # between the first and the last worker of a server that starts


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


def token_for_a_start(at: datetime) -> str | None:
    """A token for a server that starts on an empty database; None where one was made a moment ago.

    That is for its other workers. Tokens that were printed before stay good for their 24 hours: a worker that is
    started again takes nothing out of the hands of whoever is typing one.
    """
    if not is_first_start():
        return None
    with transaction.atomic():
        _one_worker_at_a_time()
        if SetupToken.objects.filter(expires_at__gt=at + SETUP_TOKEN_LASTS - A_MOMENT).exists():
            return None
        return SetupToken.make(at=at, keep_others=True)


def instructions(token: str) -> str:
    """What the console says of a token."""
    address = f"{settings.SITE_URL.rstrip('/')}/setup/"
    return _("Apri %(address)s e scrivi questo codice, entro 24 ore:") % {"address": address} + f"\n  {token}"


def announce_start(at: datetime) -> None:
    """For the entry points of servers: print the token where one is due, in a thread.

    Servers load their application inside an event loop or before they fork: neither may meet a database connection.
    """
    threading.Thread(target=_announce, args=[at], name="first start", daemon=True).start()


def _announce(at: datetime) -> None:
    try:
        token = token_for_a_start(at)
    except DatabaseError:
        return  # not migrated yet, or away: whatever needs it says so, and the command prints a token later
    finally:
        connection.close()
    if token is not None:
        # Not through the log, which is kept and sent elsewhere, and masks what looks like a secret.
        print(instructions(token), file=sys.stderr, flush=True)


def _one_worker_at_a_time() -> None:
    """Until the transaction ends; on SQLite it has locked the database when it began."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f'LOCK TABLE "{SetupToken._meta.db_table}" IN SHARE ROW EXCLUSIVE MODE')
