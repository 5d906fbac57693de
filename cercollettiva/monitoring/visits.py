"""Taking in the reports of visits: each once, however often it is sent, and who else was there is said."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils import translation

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.monitoring.kinds import KINDS
from cercollettiva.monitoring.models.visits import DataReturned, VisitReport

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class AnotherReport(Exception):
    """The key already stands for something else: what was sent now is kept nowhere."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """A report as it was written on the spot."""

    key: uuid.UUID
    plant: Plant
    device: DeviceConfiguration | None
    technician: CustomUser
    visited_at: datetime
    kinds: Sequence[str]
    steps: Sequence[str]  # kind and place in its list, such as "silent:0"
    found: str
    done: str
    data_returned: DataReturned


def take_report(visit: Visit, *, received_at: datetime) -> tuple[VisitReport, bool]:
    """Store a report; the row, and whether it is new. Raises AnotherReport.

    A phone whose clock is ahead was there when its report came: a visit is not made in the future.
    """
    known = VisitReport.objects.filter(key=visit.key).first()
    if known is None:
        report = _report_of(visit, received_at)
        try:
            with transaction.atomic():
                report.save()
        except IntegrityError:  # the same, sent by another tab at the same moment
            known = VisitReport.objects.filter(key=visit.key).first()
            if known is None:
                raise
        else:
            return report, True
    if _content(known) != _content(_report_of(visit, known.received_at)):
        raise AnotherReport
    return known, False


def others_since(report: VisitReport, moment: datetime) -> list[VisitReport]:
    """What other people reported of the same plant since the list was read that this visit went by."""
    rows = VisitReport.objects.filter(plant=report.plant_id, received_at__gt=moment)
    return list(rows.exclude(technician=report.technician_id).select_related("technician")[:5])


def words_of(steps: Sequence[str]) -> list[str]:
    """The advice that was ticked, in Italian; what a newer list does not have any more is left out."""
    words = []
    with translation.override("it"):
        for step in steps:
            slug, _, place = step.rpartition(":")
            listed = KINDS[slug].steps if slug in KINDS else ()
            if place.isascii() and place.isdigit() and len(place) < 3 and int(place) < len(listed):
                words.append(str(listed[int(place)]))
    return words


def _report_of(visit: Visit, received_at: datetime) -> VisitReport:
    return VisitReport(
        key=visit.key,
        plant=visit.plant,
        device=visit.device,
        technician=visit.technician,
        visited_at=min(visit.visited_at, received_at),
        received_at=received_at,
        kinds=[slug for slug in visit.kinds if slug in KINDS],
        steps=words_of(visit.steps),
        found=visit.found,
        done=visit.done,
        data_returned=visit.data_returned,
    )


def _content(report: VisitReport) -> tuple[object, ...]:
    """What makes two of them the same; the words of the advice may have changed with the language since."""
    named = (report.plant_id, report.device_id, report.technician_id, report.visited_at)
    return (*named, len(report.steps), report.found, report.done, report.data_returned)
