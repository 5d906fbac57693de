"""What `work` does about people's rights: copies of their data, and erasures whose time has come."""

from __future__ import annotations

import logging
from datetime import datetime

from django.conf import settings

from cercollettiva.documents.rights import destroy_released
from cercollettiva.users.requests import AccountDeletionRequest
from cercollettiva.users.rights import exporting
from cercollettiva.users.rights.erasure import AlreadyErased, Obstructed, erase
from cercollettiva.users.rights.purging import purge_due

logger = logging.getLogger(__name__)


def make_exports(now: datetime) -> int:
    """The copies that were asked for; how many were made. Old ones go."""
    exporting.forget_old(now)
    return exporting.make_waiting(now)


def end_old_pseudonyms(now: datetime) -> int:
    """What the law kept of people who were erased goes when its term is over; of how many."""
    return len(purge_due(now))


def carry_out_erasures(now: datetime) -> int:
    """Erase those who asked and did not take it back in time; how many. Who cannot yet waits for the next turn."""
    due = AccountDeletionRequest.objects.open().filter(requested_at__lte=now - settings.ERASURE_COOLING_OFF)
    erased = 0
    for request in due.select_related("user"):
        try:
            erase(request.user, by=None, at=now)
        except (Obstructed, AlreadyErased) as reason:
            logger.info("Person %d is not erased yet: %s", request.user_id, type(reason).__name__)
        except Exception:  # one person's rows must not keep another's where they are: it is logged, and staff sees it
            logger.exception("Person %d could not be erased", request.user_id)
        else:
            erased += 1
    destroy_released(now)
    return erased
