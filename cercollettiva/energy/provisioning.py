"""A device that is made by the API, and one that moves to another plant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cercollettiva.core.models import Plant
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceType,
    MQTTAuditLog,
)
from cercollettiva.energy.operations import new_placement, new_role, saved, usual_component, usual_role
from cercollettiva.users.models import CustomUser


@dataclass(frozen=True)
class NewDevice:
    """What a person decided about a new device."""

    device_id: str
    kind: DeviceType
    vendor: str
    model: str
    topic_prefix: str
    is_active: bool


@transaction.atomic
def provision(
    new: NewDevice, plant: Plant, *, since: datetime, actor: CustomUser, address: str | None
) -> DeviceConfiguration:
    """A device with its placement and the role it usually has there: all of it, or ValidationError and nothing."""
    device = saved(
        DeviceConfiguration(
            device_id=new.device_id,
            device_type=new.kind,
            vendor=new.vendor,
            model=new.model,
            topic_prefix=new.topic_prefix,
            is_active=new.is_active,
        )
    )
    placement = new_placement(device, plant, since=since)
    new_role(placement, usual_component(new.kind), usual_role(plant), since=since)
    MQTTAuditLog.objects.create(
        actor=actor,
        device=device,
        action=MQTTAuditLog.Action.ADOPTED,
        detail=f"{device.device_id}: {device.topic_prefix}, {plant.pod_code}",
        address=address,
    )
    return device


@transaction.atomic
def move_device(device: DeviceConfiguration, plant: Plant, *, at: datetime) -> None:
    """End where it stands and begin at another plant, its channels with the roles they had."""
    old = DevicePlacement.objects.active_at(at).select_for_update(of=("self",)).filter(device=device).first()
    roles = list(ChannelRole.objects.active_at(at).filter(placement=old)) if old else []
    if old is not None:
        old.end(at=at)
    placement = new_placement(device, plant, since=at)
    for role in roles:
        new_role(placement, role.component, role.role, since=at, phases=role.phases, sign=role.sign)
