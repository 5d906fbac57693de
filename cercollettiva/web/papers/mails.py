"""Mails about papers, in Italian and below in English: a job does not know who reads what."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from cercollettiva.core.models import CERMembership
from cercollettiva.core.registry import day_of
from cercollettiva.documents.models import Document
from cercollettiva.documents.retention import expiring
from cercollettiva.users import outbox
from cercollettiva.users.models import CustomUser
from cercollettiva.web import formats


def tell_of_expiring(now: datetime) -> int:
    """One mail to each person with the papers that go within a month; how many mails. No paper is told of twice."""
    told: dict[str, list[Document]] = {}
    for document in expiring(day_of(now)):
        if document.expiry_told_at is None and not document.legal_hold:
            for address in _addresses(document, now):
                told.setdefault(address, []).append(document)
    sent = 0
    for address, documents in told.items():
        with transaction.atomic():
            keys = [one.pk for one in documents]
            Document.objects.filter(pk__in=keys).update(expiry_told_at=now)
            _post(address, documents, now)
            sent += 1
    return sent


def tell_of_handed_in(document: Document, *, by: CustomUser) -> None:
    """To the person whose paper an administrator took in for them, once it is here."""
    owner = document.owner
    if owner is None or not owner.is_active:
        return
    site = settings.SITE_URL.rstrip("/")
    with translation.override("it"):
        context = {
            "user": owner,
            "by": by,
            "community": document.community,
            "kind": str(document.get_type_display()),
            "day": formats.date(document.term()),
            "url": f"{site}{reverse('documents:detail', args=[document.pk])}",
        }
    outbox.post(owner.email, "documents/mail/handed_in.txt", context, at=timezone.now(), language="it")


def _addresses(document: Document, now: datetime) -> list[str]:
    """Of whose paper it is; of those who administer it, where it is no person's."""
    person = document.owner or (document.plant.owner if document.plant else None)
    if person is None and document.application is not None:
        person = document.application.user
        if person is None:
            return [document.application.email]
    if person is not None:
        return [person.email] if person.is_active else []
    memberships: Any = CERMembership.objects
    administering = memberships.administering(at=now).filter(user__is_active=True)
    if document.plant is not None:
        administering = administering.filter(community=document.plant.cer_configuration_id)
    elif document.community is not None:
        administering = administering.filter(community=document.community_id)
    else:
        administering = administering.filter(community__organisation=document.organisation_id)
    return list(administering.order_by("user__email").values_list("user__email", flat=True).distinct())


def _post(address: str, documents: list[Document], now: datetime) -> None:
    site = settings.SITE_URL.rstrip("/")
    with translation.override("it"):
        papers = [(str(one.get_type_display()), formats.date(one.term())) for one in documents]
    context = {"papers": papers, "url": f"{site}{reverse('documents:list')}?stato=scadenza"}
    outbox.post(address, "documents/mail/expiring.txt", context, at=now, language="it")
