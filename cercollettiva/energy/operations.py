"""Changes that touch more than one row of the devices: a meter is provisioned, a stranger is adopted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceType,
    MQTTAuditLog,
    Role,
    UnknownDevice,
)
from cercollettiva.users.models import CustomUser

COMPONENT: Final = re.compile(r"[a-z][a-z0-9]*:[0-9]{1,3}")
USUAL_COMPONENT: Final = "em:0"

Thing = TypeVar("Thing", bound=models.Model)


class NotProvisioned(Exception):
    """Why a meter was not provisioned, in words; `field` is what would have to be given otherwise."""

    def __init__(self, reason: str, *, field: str = "") -> None:
        super().__init__(reason)
        self.field = field


class NoLongerUnknown(Exception):
    """Somebody else, or the same person's other click, has adopted it meanwhile."""

    def __init__(self, device: DeviceConfiguration | None) -> None:
        super().__init__("This stranger is no longer in the list.")
        self.device = device


@dataclass(frozen=True)
class Adoption:
    """What a person decided about a meter that nobody knew."""

    device_id: str
    kind: DeviceType
    plant: Plant
    component: str
    role: Role
    since: datetime


def saved(thing: Thing, *, skip: tuple[str, ...] = ()) -> Thing:
    """Check a new row as a form would, and save it; ValidationError says what is wrong with it."""
    thing.full_clean(exclude=skip, validate_constraints=not skip)
    thing.save()
    return thing


def new_device(kind: DeviceType, *, device_id: str, topic_prefix: str) -> DeviceConfiguration:
    return saved(
        DeviceConfiguration(
            device_id=device_id,
            device_type=kind,
            vendor=kind.vendor,
            model=kind.model,
            topic_prefix=topic_prefix,
        )
    )


def new_placement(device: DeviceConfiguration, plant: Plant, *, since: datetime) -> DevicePlacement:
    return saved(DevicePlacement(device=device, plant=plant, active_from=since))


def new_role(
    placement: DevicePlacement, component: str, role: str, *, since: datetime, phases: str = "", sign: int = 1
) -> ChannelRole:
    channel = ChannelRole(
        placement=placement, component=component, phases=phases, sign=sign, role=role, active_from=since
    )
    channel.follow_placement()
    return saved(channel)


def usual_role(plant: Plant) -> Role:
    """What the meter of a plant measures where nobody says otherwise."""
    return Role.PRODUCTION if plant.plant_type == PlantType.PRODUCER else Role.EXCHANGE


def usual_component(kind: DeviceType) -> str:
    """The first channel of a model that may have a role."""
    components: Mapping[str, str] = kind.capabilities.get("components", {})
    return next(iter(components), USUAL_COMPONENT)


def adopt(
    stranger: int, prefix: str, adoption: Adoption, *, actor: CustomUser, address: str | None
) -> DeviceConfiguration:
    """Provision a meter from the list of unknown devices: all of it, or nothing and the reason.

    The stranger's row is locked first, so that of two clicks one adopts and the other raises NoLongerUnknown.
    """
    try:
        with transaction.atomic():
            row = UnknownDevice.objects.select_for_update().filter(pk=stranger).first()
            if row is None or DeviceConfiguration.objects.filter(topic_prefix=prefix, is_active=True).exists():
                raise NoLongerUnknown(DeviceConfiguration.objects.filter(topic_prefix=prefix, is_active=True).first())
            _check_period(adoption)
            device = _provision(prefix, adoption)
            UnknownDevice.objects.filter(models.Q(pk=row.pk) | models.Q(prefix__startswith=f"{prefix}/")).delete()
            MQTTAuditLog.objects.create(
                actor=actor,
                device=device,
                action=MQTTAuditLog.Action.ADOPTED,
                detail=f"{device.device_id}: {prefix}, {adoption.plant.pod_code}, {adoption.role.value}",
                address=address,
            )
    except IntegrityError as error:
        raise explained(error, adoption.plant) from error
    return device


def _provision(prefix: str, adoption: Adoption) -> DeviceConfiguration:
    try:
        device = new_device(adoption.kind, device_id=adoption.device_id, topic_prefix=prefix)
        placement = new_placement(device, adoption.plant, since=adoption.since)
        new_role(placement, adoption.component, adoption.role, since=adoption.since)
    except ValidationError as error:
        fields = list(getattr(error, "error_dict", {}))
        field = next((field for field in fields if field in ("device_id", "component")), "")
        raise NotProvisioned(" ".join(error.messages), field=field) from error
    return device


def _check_period(adoption: Adoption) -> None:
    plant, since = adoption.plant, adoption.since
    if since > timezone.now():
        raise NotProvisioned(_("Scrivi un momento già passato: il misuratore parla già."), field="since")
    if since < plant.active_from or (plant.active_to is not None and since >= plant.active_to):
        raise NotProvisioned(
            _("In quel momento l’impianto %(plant)s non era di questa comunità.") % {"plant": plant.name},
            field="since",
        )


def explained(error: IntegrityError, plant: Plant) -> NotProvisioned:
    """What the database kept, in words."""
    reason = str(error)
    if "channel_role_one_exchange_device_per_plant" in reason:
        return NotProvisioned(
            _(
                "L’impianto %(plant)s ha già un misuratore dello scambio in quel periodo, e un POD ne ha uno solo. "
                "Se questo lo sostituisce, togli prima l’altro; altrimenti scegli produzione o consumo."
            )
            % {"plant": plant.name},
            field="role",
        )
    if "placement_one_per_device_and_moment" in reason:
        return NotProvisioned(_("In quel momento il misuratore stava altrove: scrivi un altro momento."), field="since")
    if "channel_role_one_per_channel_and_moment" in reason:
        return NotProvisioned(_("In quel periodo il canale ha già un altro ruolo."), field="since")
    if "device_id" in reason and "prefix" not in reason:
        return NotProvisioned(_("C’è già un misuratore con questo nome."), field="device_id")
    if "prefix" in reason:
        return NotProvisioned(_("Un altro misuratore attivo usa già questo prefisso."))
    return NotProvisioned(_("Il database non accetta questi dati: %s") % reason.partition("\n")[0])
