"""The month of a community for those who look after it: where energy goes, how well it fits, what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.domain.calendar import ITALY, Range, Span, range_of
from cercollettiva.energy import queries
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement
from cercollettiva.energy.models.intervals import IntervalQuality
from cercollettiva.energy.queries import UNKNOWN, PointSums, SharedHours, Standing
from cercollettiva.monitoring.models import Alert, Severity
from cercollettiva.web.energy import heat, sankey, steps
from cercollettiva.web.energy.shared import NOTABLE
from cercollettiva.web.history import words
from cercollettiva.web.templatetags.formats import page_locale

GOOD_ENOUGH: Final = 0.98  # of the time measured: enough to settle a month
BAD: Final = 0.90
MOST_ALERTS: Final = 5
HOURS: Final = 24


class Task(NamedTuple):
    """Something that waits for a person."""

    state: str  # fine, look, act
    title: str
    text: str
    url: str


class DayBar(NamedTuple):
    x: str
    width: str
    look: str  # whole, half, gone


class Quality(NamedTuple):
    """How much of the month is measured."""

    share: float | None
    state: str
    label: str
    bars: list[DayBar]
    spoken: str
    silent: list[Plant]  # points of which nothing is known in the whole month


@dataclass(frozen=True)
class CommunityMonth:
    name: str
    sankey: sankey.Sankey | None
    sums: list[PointSums]
    injected_mwh: int
    shared_mwh: int
    exported_mwh: int
    matching: steps.Matching | None
    matching_rows: list[tuple[str, steps.Hour]]
    heat: heat.HeatMap | None
    quality: Quality
    tasks: list[Task]

    @property
    def share(self) -> float | None:
        """How much of what was injected was shared."""
        return self.shared_mwh / self.injected_mwh if self.injected_mwh else None


def month_of(request: HttpRequest, community: CERConfiguration, now: datetime) -> CommunityMonth:
    """The present month. The queries do not depend on how many points there are."""
    month = range_of(Span.MONTH, now)
    plants = _plants_in(request, community, month)
    sums = queries.point_sums(plants, month)
    together = queries.shared_hours(community, month)
    injected, shared = sum(one.injected_mwh for one in sums), sum(one.to_community_mwh for one in sums)
    typical = _typical_day(together)
    return CommunityMonth(
        name=words.name_of(Span.MONTH, month),
        sankey=_sankey(sums) if injected else None,
        sums=[one for one in sums if one.is_known],
        injected_mwh=injected,
        shared_mwh=shared,
        exported_mwh=injected - shared,
        matching=steps.matching(typical, page_locale()) if together.known.any() else None,
        matching_rows=[(f"{hour}–{hour + 1}", figures) for hour, figures in enumerate(typical)],
        heat=_heat(together, now) if together.known.any() else None,
        quality=_quality(community, month, sums, now),
        tasks=_tasks(request, community, plants, now),
    )


def _plants_in(request: HttpRequest, community: CERConfiguration, month: Range) -> list[Plant]:
    """Every point that was in the community at some time of the month."""
    still = Q(active_to__isnull=True) | Q(active_to__gt=month.start)
    found = Plant.objects.visible_to(request.user).filter(still, cer_configuration=community, active_from__lt=month.end)
    return list(found.order_by("name", "pk"))


def _sankey(sums: Sequence[PointSums]) -> sankey.Sankey:
    def url(one: PointSums) -> str:
        return reverse("core:plant", args=[one.plant.pk])

    givers = [sankey.Point(one.plant.name, one.injected_mwh, one.to_community_mwh, url(one)) for one in sums]
    takers = [sankey.Point(one.plant.name, one.from_community_mwh, one.from_community_mwh, url(one)) for one in sums]
    rest = _("altri %(count)d")
    return sankey.sankey(sankey.gathered(givers, rest), sankey.gathered(takers, rest), to_grid=_("Alla rete"))


def _typical_day(together: SharedHours) -> list[steps.Hour]:
    """The mean of every hour of the day, over the days that know it."""
    hour_of = np.array([together.at(number).astimezone(ITALY).hour for number in range(len(together.shared))])
    means = [
        [_mean(column[(hour_of == hour) & (column != UNKNOWN)]) for hour in range(HOURS)]
        for column in (together.injected, together.drawn, together.shared)
    ]
    return [steps.Hour(*figures) for figures in zip(*means, strict=True)]


def _mean(values: Any) -> int | None:
    return int(values.mean()) if len(values) else None


def _heat(together: SharedHours, now: datetime) -> heat.HeatMap:
    partial = together.known & (together.coverage < together.coverage.max(initial=0.0) - NOTABLE)
    cells = heat.cells_of(
        together.start,
        together.shared.tolist(),
        now=now,
        is_uncertain=together.estimated.tolist(),
        is_partial=partial.tolist(),
    )
    first = next((cell.start for cell in cells if cell.mwh is not None), now)
    return heat.heat_map([cell._replace(is_future=True) if cell.start < first else cell for cell in cells])


def _quality(community: CERConfiguration, month: Range, sums: Sequence[PointSums], now: datetime) -> Quality:
    days = queries.aggregate_by_period(community, Span.DAY, *month)
    first = queries.first_total(community, Span.DAY)
    finished = [day for day in days if day.end <= now and first is not None and first < day.end]
    share = sum(day.coverage for day in finished) / len(finished) if finished else None
    best = max((day.coverage for day in finished), default=0.0)
    looks = [_look(day, best) for day in finished]
    before = sum(day.end <= now for day in days) - len(finished)  # of the first measure
    state = "fine" if share is None or share >= GOOD_ENOUGH else "look" if share >= BAD else "act"
    labels = {"fine": _("buona"), "look": _("da guardare"), "act": _("mancano dati")}
    width = 100 / max(len(days), 1)
    return Quality(
        share,
        state,
        labels[state],
        [DayBar(f"{n * width + 0.3:.2f}%", f"{width - 0.6:.2f}%", look) for n, look in enumerate(looks, before)],
        _("%(whole)d giorni completi, %(half)d in parte, %(gone)d senza misure")
        % {name: looks.count(name) for name in ("whole", "half", "gone")},
        [one.plant for one in sums if not one.is_known],
    )


def _look(day: queries.PeriodTotal, best: float) -> str:
    """A day beside the best of the month: a point that never speaks is told in words, not by every bar."""
    if not day.is_known:
        return "gone"
    return "whole" if day.coverage >= best - NOTABLE and day.quality != IntervalQuality.ESTIMATED else "half"


def _tasks(request: HttpRequest, community: CERConfiguration, plants: Sequence[Plant], now: datetime) -> list[Task]:
    """Alerts first, then silent meters, then points that have no meter yet."""
    keys = [plant.pk for plant in plants]
    devices = DevicePlacement.objects.active_at(now).filter(plant__in=keys).values("device")
    about = Q(community=community) | Q(plant__in=keys) | Q(device__in=devices)
    alerts = Alert.objects.visible_to(request.user).unresolved().filter(about)
    tasks = [_alert_task(alert) for alert in alerts.select_related("plant", "device", "community")[:MOST_ALERTS]]
    counts = queries.standings(DeviceConfiguration.objects.managed_by(request.user).filter(pk__in=devices), now)
    silent = counts.get(Standing.SILENT, 0)
    if silent:
        title = ngettext("%(count)d misuratore tace", "%(count)d misuratori tacciono", silent) % {"count": silent}
        text = _("L’energia non è persa: si recupera quando torna il segnale.")
        tasks.append(Task("act", title, text, reverse("meters:meters") + "?stato=muti"))
    placed = set(DevicePlacement.objects.active_at(now).filter(plant__in=keys).values_list("plant", flat=True))
    for plant in plants:
        if plant.pk not in placed and plant.active_to is None:
            text = _("non ha ancora un misuratore: la sua energia manca dalle somme")
            tasks.append(Task("look", plant.name, text, reverse("core:plant", args=[plant.pk])))
    return tasks


def _alert_task(alert: Alert) -> Task:
    url = reverse("core:community", args=[alert.community_id]) if alert.community_id else ""
    if alert.plant_id:
        url = reverse("core:plant", args=[alert.plant_id])
    if alert.device_id:
        url = reverse("meters:meter", args=[alert.device_id])
    text = alert.message or str(alert.get_severity_display())
    return Task("act" if alert.severity == Severity.CRITICAL else "look", str(alert.subject), text, url)
