"""A technician's round: where somebody should go, most urgent first, and all that one must know before leaving."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q, QuerySet

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, DeviceState
from cercollettiva.monitoring.at_risk import AtRisk, at_risk
from cercollettiva.monitoring.kinds import OF_THE_STAFF, AlertKind
from cercollettiva.monitoring.models import Alert, AlertState
from cercollettiva.monitoring.models.visits import VisitReport
from cercollettiva.monitoring.severity import Severity

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

MOST_STOPS: Final = 60  # what a person can do, and a phone can keep
# What an office does at a desk: nobody drives anywhere for it.
OFFICE: Final = frozenset({"fee-overdue", "paper-expiring", "parameter-missing", "estimate-blocked"})
_GRAVITY: Final = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


class Strength(NamedTuple):
    """How well a meter heard its access point last. [dBm]"""

    device: str
    rssi: int
    at: datetime


@dataclass
class Stop:
    """A plant somebody should go to."""

    plant: Plant
    alerts: list[Alert]
    risk: AtRisk
    devices: list[DeviceConfiguration] = field(default_factory=list)  # those that stand there
    strengths: list[Strength] = field(default_factory=list)
    reports: list[VisitReport] = field(default_factory=list)  # the last visits

    @property
    def since(self) -> datetime:
        return min(alert.opened_at for alert in self.alerts)

    @property
    def severity(self) -> Severity:
        return min((Severity(alert.severity) for alert in self.alerts), key=_GRAVITY.__getitem__)

    @property
    def kinds(self) -> list[AlertKind]:
        """What the alerts are about, each once, the gravest first."""
        about = dict.fromkeys(alert.about for alert in sorted(self.alerts, key=_gravity_of))
        return [kind for kind in about if kind is not None]


class Round(NamedTuple):
    """The stops, most urgent first; what concerns whole communities; and how many stops there was no room for."""

    stops: list[Stop]
    wide: list[Alert]
    left_out: int


def round_of(user: CustomUser | AnonymousUser, now: datetime) -> Round:
    """The open alerts of the plants and meters one looks after. A constant number of queries.

    What somebody put off waits until its time. First what is grave, then what costs most, then what is oldest.
    """
    plants = Plant.objects.managed_by(user, at=now)
    alerts = _open_alerts(user, now)
    standing = _plants_of_devices({alert.device_id for alert in alerts if alert.device_id}, plants, now)
    grouped: dict[int, list[Alert]] = {}
    for alert in alerts:
        place = alert.plant_id or standing.get(alert.device_id or 0)
        if place is not None:
            grouped.setdefault(place, []).append(alert)
    chosen = sorted(grouped, key=lambda key: _first_look(grouped[key]))[:MOST_STOPS]
    found = plants.filter(pk__in=chosen).select_related("owner", "cer_configuration").in_bulk()
    risks = at_risk({found[key]: min(one.opened_at for one in grouped[key]) for key in chosen if key in found}, now)
    stops = [Stop(found[key], grouped[key], risks[key]) for key in chosen if key in found]
    _furnish(stops, now)
    wide = [alert for alert in alerts if alert.community_id or alert.is_platform]
    return Round(sorted(stops, key=_urgency), wide, len(grouped) - len(chosen))


def _open_alerts(user: CustomUser | AnonymousUser, now: datetime) -> list[Alert]:
    rows = Alert.objects.unresolved().filter(
        Q(plant__in=Plant.objects.managed_by(user, at=now))
        | Q(device__in=DeviceConfiguration.objects.managed_by(user, at=now))
        | Q(community__in=CERConfiguration.objects.managed_by(user, at=now))
        # Whoever asks looks after something: it says why their meters are silent. Not what is for staff alone.
        | (Q(is_platform=True) & ~Q(kind__in=OF_THE_STAFF))
    )
    waiting = Q(state=AlertState.SNOOZED, snoozed_until__gt=now)
    return list(rows.exclude(waiting).exclude(kind__in=OFFICE).select_related("device", "community"))


def _plants_of_devices(devices: Iterable[int], plants: QuerySet[Plant], now: datetime) -> dict[int, int]:
    placements = DevicePlacement.objects.active_at(now).filter(device__in=list(devices), plant__in=plants)
    return dict(placements.values_list("device_id", "plant_id"))


def _furnish(stops: Sequence[Stop], now: datetime) -> None:
    """The meters that stand at each stop, how well they heard last, and who was there before."""
    at = {stop.plant.pk: stop for stop in stops}
    placements = DevicePlacement.objects.active_at(now).filter(plant__in=list(at), device__is_active=True)
    for placement in placements.select_related("device__state").order_by("device__device_id"):
        stop = at[placement.plant_id]
        stop.devices.append(placement.device)
        state: DeviceState | None = getattr(placement.device, "state", None)
        if state is not None and state.rssi is not None and state.rssi_at is not None:
            stop.strengths.append(Strength(placement.device.device_id, state.rssi, state.rssi_at))
    reports = VisitReport.objects.filter(plant__in=list(at)).select_related("technician", "device")
    for report in reports.filter(received_at__gte=min((stop.since for stop in stops), default=now)):
        at[report.plant_id].reports.append(report)


def _gravity_of(alert: Alert) -> int:
    return _GRAVITY[Severity(alert.severity)]


def _first_look(alerts: Sequence[Alert]) -> tuple[int, datetime]:
    """Which plants there is room for, before anybody knows what they cost."""
    return min(map(_gravity_of, alerts)), min(alert.opened_at for alert in alerts)


def _urgency(stop: Stop) -> tuple[int, int, int, datetime]:
    """What costs nothing that is known comes after what does."""
    risk = stop.risk
    cents, energy = (risk.usual_day_cents or 0, risk.usual_day_mwh or 0) if risk.is_silent else (0, 0)
    return _GRAVITY[stop.severity], -cents, -energy, stop.since
