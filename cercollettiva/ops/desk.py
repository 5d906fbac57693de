"""The long work of the members' desk: archives of cards, long imports, reminders of fees."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils.text import slugify

from cercollettiva.core import cards, member_import
from cercollettiva.core.models import CardJob, ImportState, JobState, MemberImport, MembershipCard
from cercollettiva.core.registry import day_of
from cercollettiva.web.desk import mails, papers

logger = logging.getLogger(__name__)

TOLD_EVERY: Final = 25  # cards between two words about how far it is
KEPT: Final = timedelta(days=7)
GIVEN_UP_AFTER: Final = timedelta(hours=1)  # a worker that was killed leaves its job running


def print_cards(now: datetime) -> int:
    """Make the archives that were asked for; how many. A job whose worker died begins again."""
    stale = CardJob.objects.filter(state=JobState.RUNNING, asked_at__lt=now - GIVEN_UP_AFTER)
    stale.update(state=JobState.QUEUED)
    made = 0
    while (job := _next_job()) is not None:
        try:
            _print(job, now)
        except Exception:  # one community's cards must not stop another's: it is logged, and the page says so
            logger.exception("The cards of job %d were not made", job.pk)
            CardJob.objects.filter(pk=job.pk).update(state=JobState.FAILED, finished_at=now)
        made += 1
    _forget(now)
    return made


def import_members(now: datetime) -> int:
    """Carry out the long imports that wait; how many members came in."""
    came = 0
    for found in MemberImport.objects.filter(state=ImportState.QUEUED).select_related("community", "uploaded_by"):
        with transaction.atomic():  # members and their invitations, or neither
            people = member_import.carry_out(found, at=now, by=found.uploaded_by)
            if found.with_invitations:
                mails.invite(found.community, people, now)
        came += len(people)
    return came


def remind_of_fees(now: datetime) -> int:
    return mails.remind_of_fees(now)


@transaction.atomic
def _next_job() -> CardJob | None:
    waiting = CardJob.objects.select_for_update(of=("self",), skip_locked=True).filter(state=JobState.QUEUED)
    job = waiting.order_by("asked_at").select_related("community").first()
    if job is not None:
        job.state = JobState.RUNNING
        job.save(update_fields=["state"])
    return job


def _print(job: CardJob, now: datetime) -> None:
    found = list(_cards_of(job, now))
    job.total, job.done = len(found), 0
    job.save(update_fields=["total", "done"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for card in found:
            who = slugify(str(card.membership.user))
            archive.writestr(f"tessera-{card.number:04}-{who}.pdf", papers.card_pdf(card))
            job.done += 1
            if job.done % TOLD_EVERY == 0:
                job.save(update_fields=["done"])
    job.file.save(f"{job.pk}-{now:%Y%m%d%H%M%S}.zip", ContentFile(packed.getvalue()), save=False)
    job.state, job.finished_at = JobState.DONE, now
    job.save(update_fields=["done", "file", "state", "finished_at"])


def _cards_of(job: CardJob, now: datetime) -> Iterator[MembershipCard]:
    valid = cards.valid_on(day_of(now)).filter(membership__community=job.community)
    related = ("membership__user", "membership__community__organisation")
    return valid.select_related(*related).order_by("number").iterator(chunk_size=500)


def _forget(now: datetime) -> None:
    for job in CardJob.objects.filter(finished_at__lt=now - KEPT).exclude(file=""):
        job.file.delete(save=False)
        job.save(update_fields=["file"])
