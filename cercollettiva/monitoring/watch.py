"""The check of every minute: which meters are silent, and whether it is theirs, their site's or everybody's silence.

It costs the same handful of queries whatever the number of meters. Of two processes that look at the same time, one
does: it takes the row of `Look`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
from django.db import transaction

from cercollettiva.domain.calendar import ITALY
from cercollettiva.monitoring import counters, freshness, rows
from cercollettiva.monitoring.broker import is_alive
from cercollettiva.monitoring.freshness import Rhythms, State
from cercollettiva.monitoring.health import broker_address
from cercollettiva.monitoring.kinds import OF_THE_PLATFORM
from cercollettiva.monitoring.many import Wanted, close_many, open_many
from cercollettiva.monitoring.models import Alert, Change, Look

EVERY: Final = 60.0
TOO_SOON: Final = timedelta(seconds=15)
RESTED_AFTER: Final = timedelta(minutes=5)  # we were away: what we did not see is nobody's silence
BROKER_QUIET: Final = 60.0
MANY_MISSED, FEW_MISSED, ENOUGH_GAPS = 0.35, 0.20, 300
WATCHED_KINDS: Final = (*OF_THE_PLATFORM, "silent", "site-down", "frozen", "phase-dead", "late")


class Seen(NamedTuple):
    """What a check did."""

    meters: int
    opened: int
    closed: int


class Open(NamedTuple):
    """An alert of ours that is unresolved."""

    pk: int
    kind: str
    subject: int | None  # the device or the plant
    opened_at: datetime


def check(now: datetime, *, broker_answers: Callable[[], bool | None] | None = None) -> Seen | None:
    """Look at every meter; None where another process has just done it."""
    alive = (broker_answers or _broker_answers)()
    with transaction.atomic():
        looked = _take_turn(now)
        if looked is None:
            return None
        return _look(now, looked, alive)


def _take_turn(now: datetime) -> datetime | None:
    """When somebody looked last, with the row taken; None where that was just now."""
    before = Look.objects.filter(pk=1).values_list("looked_at", flat=True).first()
    if before is None:
        _row, is_ours = Look.objects.get_or_create(pk=1, defaults={"looked_at": now})
        return now - RESTED_AFTER * 2 if is_ours else None
    if now - before < TOO_SOON or not Look.objects.filter(pk=1, looked_at=before).update(looked_at=now):
        return None
    return before


def _look(now: datetime, looked: datetime, alive: bool | None) -> Seen:
    meters, unresolved = rows.watched(now), _unresolved()
    moment, was_away = now.timestamp(), now - looked > RESTED_AFTER
    known = rows.rhythms_of(meters, since=moment)
    energy = [one.newest_energy() for one in meters]
    came = [one.report_came_at(at, looked=looked, now=now) for one, at in zip(meters, energy, strict=True)]
    heard = np.array([np.nan if at is None else at.timestamp() for at in came], dtype=np.float64)
    is_news = heard > np.nan_to_num(known.heard, nan=0.0)
    known = freshness.learn(known, heard, looked=looked.timestamp(), every=EVERY)
    if was_away:
        known = known._replace(since=np.full(len(meters), moment))
    before = np.array([one.state or 0 for one in meters], dtype=np.int64)
    sites = np.array([one.plant_id for one in meters], dtype=np.int64)

    whole = _platform(known, before, sites, moment, alive, unresolved, bool(is_news.any()))
    if whole.has_ended:
        known = known._replace(since=np.full(len(meters), moment))
    state = np.where(is_news, State.OK, before) if whole.kind else freshness.judge(known, moment)
    step = min((now - looked).total_seconds(), counters.LONGEST_STEP)
    memories = [
        counters.remember(one.memory or {}, values=one.values, registers=one.registers, now=moment, seconds=step)
        for one in meters
    ]
    opened, closed = _settle(_Scene(now, meters, known, state, sites, memories, unresolved), whole)
    rows.keep(meters, known, [at or one.energy_at for at, one in zip(energy, meters, strict=True)], state, memories)
    rows.forget_unwatched(now)
    return Seen(len(meters), opened, closed)


class _Whole(NamedTuple):
    """The incident of the whole platform, if there is one now, and whether one has just ended."""

    kind: str
    has_ended: bool
    newest: float


def _platform(
    known: Rhythms,
    before: Any,
    sites: Any,
    moment: float,
    alive: bool | None,
    unresolved: list[Open],
    is_news: bool,
) -> _Whole:
    newest = float(np.nan_to_num(np.fmax(known.heard, known.since)).max()) if len(before) else 0.0
    was = next((one.kind for one in unresolved if one.kind in OF_THE_PLATFORM), "")
    if alive is False and moment - newest > BROKER_QUIET:
        return _Whole("broker-down", False, newest)
    if was == "ingestor-silent" and not is_news:
        return _Whole(was, False, newest)
    if was:
        return _Whole("", True, newest)
    if freshness.all_are_quiet(known, before, sites, moment):
        return _Whole("ingestor-silent", False, newest)
    return _Whole("", False, newest)


class _Scene(NamedTuple):
    now: datetime
    meters: list[rows.Meter]
    known: Rhythms
    state: Any
    sites: Any
    memories: list[dict[str, Any]]
    unresolved: list[Open]


def _settle(scene: _Scene, whole: _Whole) -> tuple[int, int]:
    """Open what is wanted and is not there, close what is there and is over."""
    wanted: dict[str, dict[int | None, Wanted]] = {kind: {} for kind in WATCHED_KINDS}
    if whole.kind:
        details = {"since": _day_and_time(whole.newest), "count": str(len(scene.meters))}
        wanted[whole.kind][None] = ("platform", None, details)
    else:
        _want_silences(scene, wanted)
    _want_oddities(scene, wanted)
    have: dict[str, set[int | None]] = {kind: set() for kind in WATCHED_KINDS}
    for one in scene.unresolved:
        have[one.kind].add(one.subject)
    folded, over = _ended(scene, whole, wanted)
    closed = close_many(over, at=scene.now) + close_many(folded, at=scene.now, change=Change.FOLDED)
    opened = 0
    for kind, subjects in wanted.items():
        opened += open_many(kind, (one for key, one in subjects.items() if key not in have[kind]), at=scene.now)
    return opened, closed


def _want_silences(scene: _Scene, wanted: dict[str, dict[int | None, Wanted]]) -> None:
    quiet = set(freshness.quiet_sites(scene.state, scene.sites).tolist())
    newest: dict[int, list[float]] = {}
    for number in np.flatnonzero(scene.state >= State.LATE):
        one, heard = scene.meters[number], float(scene.known.heard[number])
        if one.plant_id in quiet:
            newest.setdefault(one.plant_id, []).append(heard)
            since = _day_and_time(max(newest[one.plant_id]))
            count = str(len(newest[one.plant_id]))
            wanted["site-down"][one.plant_id] = (
                "plant",
                one.plant_id,
                {"plant": one.plant, "since": since, "count": count},
            )
        elif scene.state[number] == State.SILENT:
            period = _length(float(scene.known.period[number]))
            details = {"device": one.name, "since": _day_and_time(heard), "period": period}
            wanted["silent"][one.device_id] = ("device", one.device_id, details)


def _want_oddities(scene: _Scene, wanted: dict[str, dict[int | None, Wanted]]) -> None:
    now = scene.now.timestamp()
    for number, (one, memory) in enumerate(zip(scene.meters, scene.memories, strict=True)):
        still = counters.frozen(memory, now) if scene.state[number] == State.OK else None
        if still is not None:
            details = {"device": one.name, "component": still.component, "power": f"{still.power:.0f}"}
            wanted["frozen"][one.device_id] = (
                "device",
                one.device_id,
                {**details, "since": _day_and_time(still.since)},
            )
        dead = counters.dead_phases(memory)
        if dead:
            wanted["phase-dead"][one.device_id] = ("device", one.device_id, {"device": one.name, "phases": dead})
        missed = float(scene.known.missed[number])
        if missed > MANY_MISSED and scene.known.gaps[number] >= ENOUGH_GAPS:
            details = {"device": one.name, "missed": f"{100 * missed:.0f}"}
            wanted["late"][one.device_id] = ("device", one.device_id, details)


def _ended(scene: _Scene, whole: _Whole, wanted: dict[str, dict[int | None, Wanted]]) -> tuple[list[int], list[int]]:
    """Those that a greater incident takes in, and those that are over because data says so."""
    folded: list[int] = []
    over: list[int] = []
    places = {one.device_id: number for number, one in enumerate(scene.meters)}
    heard = np.nan_to_num(scene.known.heard, nan=0.0)
    of_site: dict[int | None, float] = {}
    for number, one in enumerate(scene.meters):
        of_site[one.plant_id] = max(of_site.get(one.plant_id, 0.0), float(heard[number]))
    for alert in scene.unresolved:
        if alert.subject in wanted[alert.kind]:
            continue
        opened, place = alert.opened_at.timestamp(), places.get(alert.subject or 0)
        if alert.kind in OF_THE_PLATFORM:
            (folded if whole.kind else over).append(alert.pk)
        elif alert.kind == "site-down":
            if of_site.get(alert.subject, np.inf) > opened:
                over.append(alert.pk)
            elif whole.kind and opened >= whole.newest:
                folded.append(alert.pk)
        elif place is None:  # nobody watches this meter any more
            over.append(alert.pk)
        elif alert.kind == "silent":
            if heard[place] > opened:
                over.append(alert.pk)
            elif (whole.kind and opened >= whole.newest) or scene.meters[place].plant_id in wanted["site-down"]:
                folded.append(alert.pk)
        elif _is_well(scene, place, alert.kind):
            over.append(alert.pk)
    return folded, over


def _is_well(scene: _Scene, number: int, kind: str) -> bool:
    """Whether the data says that an oddity is over: silence says nothing."""
    if scene.state[number] != State.OK:
        return False
    return kind != "late" or bool(scene.known.missed[number] < FEW_MISSED)


def _unresolved() -> list[Open]:
    found = Alert.objects.unresolved().filter(kind__in=WATCHED_KINDS).order_by("pk")
    return [
        Open(pk, kind, device or plant, opened)
        for pk, kind, device, plant, opened in found.values_list("pk", "kind", "device_id", "plant_id", "opened_at")
    ]


def _broker_answers() -> bool | None:
    """None where no broker is configured."""
    address = broker_address()
    return None if address is None else is_alive(address)


def _day_and_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC).astimezone(ITALY):%d/%m/%Y %H:%M}" if seconds else "–"


def _length(seconds: float) -> str:
    if np.isnan(seconds):
        return "–"
    return f"{seconds / 3600:.0f} h" if seconds >= 5400 else f"{max(seconds / 60, 1):.0f} min"
