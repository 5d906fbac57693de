"""Where meters stand and what their channels measure: a meter is added, moved, replaced, taken away, its roles change.

Each change holds from a moment on. The models mark the quarter-hours after it: each plant gets exactly its part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.models import Plant
from cercollettiva.energy.device_types import GEN1, TASMOTA
from cercollettiva.energy.models import ChannelRole, DeviceConfiguration, DevicePlacement, DeviceType, MQTTAuditLog
from cercollettiva.energy.models.devices import reopen
from cercollettiva.energy.operations import NotProvisioned, explained, new_device, new_placement, new_role
from cercollettiva.users.models import CustomUser

ROME: Final = ZoneInfo("Europe/Rome")
VENDOR: Final = "cercollettiva"  # the first level of the prefixes that we give


@dataclass(frozen=True)
class By:
    """Who does it, and from where."""

    actor: CustomUser
    address: str | None = None


@dataclass(frozen=True)
class NewMeter:
    """What a person says of a meter that is put at a plant; `replaces` is taken away at the same moment."""

    device_id: str
    kind: DeviceType
    component: str
    role: str
    since: datetime
    replaces: DevicePlacement | None = None


@dataclass(frozen=True)
class WantedRole:
    """What a channel is to measure; `phases` picks some of its phases, empty is all of them."""

    component: str
    role: str
    sign: int = 1
    phases: str = ""


def prefix_for(plant: Plant, kind: DeviceType, device_id: str) -> str:
    """The topic prefix of a meter of ours: it names the POD, so nobody can take the topics of another plant.

    Meters of the first generation of Shelly speak under their own name, whatever one writes.
    """
    if kind.topic_template == GEN1:
        return f"shellies/{device_id}"
    first = "tele/" if kind.topic_template == TASMOTA else ""
    return f"{first}{VENDOR}/{plant.pod_key}/{device_id}"


def add_meter(plant: Plant, meter: NewMeter, *, by: By) -> DevicePlacement:
    """Provision a meter at a plant; one that was taken away from a plant of the same person comes back as it is."""
    with _reasons(plant):
        _check_moment(plant, meter.since)
        _check_name_is_proof(plant, meter, by)
        replaced = meter.replaces
        if replaced is not None:
            _end(_locked(replaced), meter.since)
        device = _returning(meter, by) or new_device(
            meter.kind, device_id=meter.device_id, topic_prefix=prefix_for(plant, meter.kind, meter.device_id)
        )
        placement = new_placement(device, plant, since=meter.since)
        if replaced is None:
            new_role(placement, meter.component, meter.role, since=meter.since)
        else:
            _copy_roles(replaced, placement, since=meter.since, only={meter.component: meter.role})
        _log(MQTTAuditLog.Action.PLACED, placement, by, f"dal {meter.since.isoformat()}")
    return placement


def move_meter(placement: DevicePlacement, to: Plant, *, since: datetime, role: str = "", by: By) -> DevicePlacement:
    """Take a meter to another plant from a moment on, with its roles; `role` takes the place of that at the POD."""
    with _reasons(to):
        left = _locked(placement)
        if left.plant_id == to.pk:
            raise NotProvisioned(_("Il misuratore sta già in questo impianto: scegline un altro."), field="plant")
        _check_moment(to, since)
        _end(left, since)
        arrived = new_placement(left.device, to, since=since)
        _copy_roles(left, arrived, since=since, exchange=role)
        detail = f"da {left.plant.pod_code} dal {since.isoformat()}"
        _log(MQTTAuditLog.Action.MOVED, arrived, by, detail)
    return arrived


def take_away(placement: DevicePlacement, *, at: datetime, by: By) -> None:
    """The meter leaves its plant and stands nowhere; what it measured stays."""
    with _reasons(placement.plant):
        left = _locked(placement)
        _end(left, at)
        _log(MQTTAuditLog.Action.TAKEN_AWAY, left, by, f"dal {at.isoformat()}")


def set_roles(placement: DevicePlacement, wanted: Sequence[WantedRole], *, since: datetime, by: By) -> int:
    """What the channels measure from a moment on; how many changed. What does not change keeps its row.

    A role that would begin where another of its channel began takes its place: it was a mistake from the start.
    """
    with _reasons(placement.plant):
        held = _locked(placement)
        _check_moment(held.plant, since)
        _check_after_arrival(held, since)
        open_ones = {(role.component, role.phases): role for role in held.roles.filter(active_to__isnull=True)}
        asked = {(one.component, one.phases): one for one in wanted}
        changed = [
            key
            for key in {**open_ones, **asked}
            if key not in open_ones or key not in asked or not _is_same(open_ones[key], asked[key])
        ]
        for key in sorted(changed, key=lambda key: key not in open_ones):  # what ends makes place for what begins
            _end_role(open_ones.get(key), since)
        for key in changed:
            if (one := asked.get(key)) is not None:
                new_role(held, one.component, one.role, since=since, phases=one.phases, sign=one.sign)
        if changed:
            told = ", ".join(f"{one.component}{one.phases}={one.role}{one.sign:+d}" for one in wanted)
            _log(MQTTAuditLog.Action.ROLES_CHANGED, held, by, f"dal {since.isoformat()}: {told}")
    return len(changed)


def turn_round(role: ChannelRole, *, by: By) -> None:
    """The clamp was on the wrong way round since it was put there: all that the role counted is counted again."""
    with _reasons(role.plant):
        held = ChannelRole.objects.select_for_update(of=("self",)).select_related("placement__device").get(pk=role.pk)
        held.sign = -held.sign
        held.save()
        detail = f"{held.component}{held.phases}={held.role}{held.sign:+d} da sempre"
        _log(MQTTAuditLog.Action.ROLES_CHANGED, held.placement, by, detail)


def count_again(plant: Plant) -> None:
    """What the readings of a plant mean has changed from its start: another type, another rated power."""
    for placement in DevicePlacement.objects.filter(plant=plant):
        reopen(placement.device_id, placement.active_from)


def record_check(placement: DevicePlacement, answer: str, *, by: By) -> None:
    """Write down what a check of the direction found."""
    _log(MQTTAuditLog.Action.CHECKED, placement, by, answer)


def _locked(placement: DevicePlacement) -> DevicePlacement:
    """The placement as it is now, under the lock of its device; one that has ended cannot be ended again."""
    DeviceConfiguration.objects.select_for_update(of=("self",)).get(pk=placement.device_id)
    fresh = DevicePlacement.objects.select_related("device", "plant").get(pk=placement.pk)
    if fresh.active_to is not None:
        raise NotProvisioned(_("Questo misuratore non sta più qui: ricarica la pagina."))
    return fresh


def _end(placement: DevicePlacement, at: datetime) -> None:
    if at > timezone.now():
        raise NotProvisioned(_in_the_future(), field="since")
    _check_after_arrival(placement, at)
    placement.end(at=at)


def _end_role(role: ChannelRole | None, since: datetime) -> None:
    if role is None:
        return
    if since <= role.active_from:
        role.delete()
    else:
        role.end(at=since)


def _is_same(role: ChannelRole, wanted: WantedRole) -> bool:
    return (role.role, role.sign) == (wanted.role, wanted.sign)


def _copy_roles(
    source: DevicePlacement,
    target: DevicePlacement,
    *,
    since: datetime,
    exchange: str = "",
    only: dict[str, str] | None = None,
) -> None:
    """Give a placement the roles that another had when it ended."""
    had = list(source.roles.filter(active_from__lte=since, active_to=since).order_by("component", "phases"))
    known = target.device.device_type.capabilities.get("components", {})
    copied = [role for role in had if only is None or role.component in known]
    for role in copied:
        ChannelRole.objects.create(
            placement=target,
            component=role.component,
            phases=role.phases,
            sign=role.sign,
            role=exchange if exchange and role.role == "EXCHANGE" else role.role,
            net_per_minute=role.net_per_minute,
            active_from=since,
        )
    if not copied and only:
        for component, role_name in only.items():
            new_role(target, component, role_name, since=since)


def _returning(meter: NewMeter, by: By) -> DeviceConfiguration | None:
    """A meter of that name that stands nowhere now and last stood at a plant that this person may change."""
    device = DeviceConfiguration.objects.filter(device_id=meter.device_id, is_active=True).first()
    if device is None:
        return None
    last = device.placements.select_related("plant").order_by("-active_from").first()
    own = Plant.objects.writable_by(by.actor)
    if last is None or last.active_to is None or not own.filter(pk=last.plant_id).exists():
        raise NotProvisioned(_("C’è già un misuratore con questo nome: se è tuo, spostalo."), field="device_id")
    if last.active_to > meter.since:
        raise NotProvisioned(_("In quel momento stava ancora altrove: scrivi un momento successivo."), field="since")
    return device


def _check_name_is_proof(plant: Plant, meter: NewMeter, by: By) -> None:
    """Where the name alone is the topic, a wrong one would take the meter of somebody else: not for everybody."""
    managed = Plant.objects.managed_by(by.actor)
    if meter.kind.topic_template == GEN1 and not managed.filter(pk=plant.pk).exists():
        raise NotProvisioned(
            _("Questo modello lo aggiunge chi amministra o assiste la comunità: il suo topic non dice il POD."),
            field="kind",
        )


def _check_moment(plant: Plant, since: datetime) -> None:
    if since > timezone.now():
        raise NotProvisioned(_in_the_future(), field="since")
    if since < plant.active_from:
        raise NotProvisioned(
            _("L’impianto %(plant)s comincia dopo: scrivi un momento dal %(day)s in poi.")
            % {"plant": plant.name, "day": _day(plant.active_from)},
            field="since",
        )
    if plant.active_to is not None:
        raise NotProvisioned(
            _("L’impianto %(plant)s è chiuso dal %(day)s: scegline uno aperto.")
            % {"plant": plant.name, "day": _day(plant.active_to)},
            field="plant",
        )


def _check_after_arrival(placement: DevicePlacement, at: datetime) -> None:
    if at < placement.active_from:
        raise NotProvisioned(
            _("%(name)s sta qui dal %(day)s: scrivi un momento successivo.")
            % {"name": placement.device.device_id, "day": _day(placement.active_from)},
            field="since",
        )


def _in_the_future() -> str:
    return _("È nel futuro: scrivi un momento già passato, al più adesso.")


def _day(moment: datetime) -> str:
    return f"{timezone.localtime(moment, timezone=ROME):%d/%m/%Y %H:%M}"


@contextmanager
def _reasons(plant: Plant) -> Iterator[None]:
    """All of it in one transaction, or nothing and the reason in words."""
    try:
        with transaction.atomic():
            yield
    except ValidationError as error:
        named = getattr(error, "error_dict", {})
        field = next((field for field in named if field in ("device_id", "component")), "")
        raise NotProvisioned(" ".join(error.messages), field=field) from error
    except IntegrityError as error:
        raise explained(error, plant) from error


def _log(action: MQTTAuditLog.Action, placement: DevicePlacement, by: By, detail: str) -> None:
    MQTTAuditLog.objects.create(
        actor=by.actor,
        device=placement.device,
        action=action,
        detail=f"{placement.device.device_id}: {placement.plant.pod_code}, {detail}",
        address=by.address,
    )
