"""The documents that people accept, and the rows that say who accepted which version when: the history stays."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import transaction

from cercollettiva.users.audit import Action, record
from cercollettiva.users.models import Consent, CustomUser

PRIVACY: Final = "privacy"
PRIVACY_VERSION: Final = "2026-11"  # of templates/users/privacy_policy.html: change both; people are asked anew


def accept_privacy(user: CustomUser, *, at: datetime) -> Consent:
    """That somebody read the notice in its present version. Twice is once."""
    return give_consent(user, document=PRIVACY, version=PRIVACY_VERSION, at=at)


@transaction.atomic
def give_consent(user: CustomUser, *, document: str, version: str, at: datetime) -> Consent:
    """The consent in force to this version of a document; one that was withdrawn is given again by a new row."""
    consent, is_new = Consent.objects.in_force().get_or_create(
        user=user, document=document, version=version, defaults={"accepted_at": at}
    )
    if is_new:
        record(Action.CONSENT_GIVEN, subject=user, details={"consent": consent.pk}, at=at)
    return consent


@transaction.atomic
def withdraw_consent(user: CustomUser, *, document: str, at: datetime) -> list[Consent]:
    """Withdraw what is in force of a document, whatever its version; the rows keep when they were given."""
    withdrawn = list(Consent.objects.in_force().select_for_update().filter(user=user, document=document))
    for consent in withdrawn:
        consent.withdraw(at=at)
        record(Action.CONSENT_WITHDRAWN, subject=user, details={"consent": consent.pk}, at=at)
    return withdrawn
