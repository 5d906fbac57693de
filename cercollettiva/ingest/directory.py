"""The provisioned devices, in memory: which prefix is whose, and which role each channel has."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import Count, Max, Q

from cercollettiva.devices.samples import Device
from cercollettiva.energy.models import ChannelRole, DeviceConfiguration

logger = logging.getLogger(__name__)

USUAL_ZONE: Final = "Europe/Rome"
COMMITS_WITHIN: Final = timedelta(minutes=2)
FIRST_BELIEVABLE: Final = datetime(2020, 1, 1, tzinfo=UTC)  # the first Italian communities: no meter is older


class Role(NamedTuple):
    """What a channel of a device measures now."""

    component: str
    phases: str  # "" for all of them
    role: str
    sign: int


class Entry(NamedTuple):
    """A device with the roles of its channels."""

    key: int  # of the DeviceConfiguration
    device: Device
    roles: tuple[Role, ...]
    components: frozenset[str] = frozenset()  # that it may speak of: those with a role, or else those of its type


Directory = Mapping[str, Entry]  # by topic prefix


def directory_at(moment: datetime) -> Directory:
    """The active devices by prefix, with the roles they have at that moment. Two queries, whatever their number."""
    roles: dict[int, list[Role]] = {}
    channels = ChannelRole.objects.active_at(moment).order_by("pk")
    for key, component, phases, role, sign in channels.values_list("device_id", "component", "phases", "role", "sign"):
        roles.setdefault(key, []).append(Role(component, phases, role, sign))
    entries = {}
    for row in DeviceConfiguration.objects.filter(is_active=True).select_related("device_type"):
        device = Device(
            id=row.pk,
            device_id=row.device_id,
            prefix=row.topic_prefix,
            zone=_zone_of(row),
            commissioned_at=row.commissioned_at or FIRST_BELIEVABLE,
            payload_template=row.device_type.payload_template or None,
        )
        of_device = tuple(roles.get(row.pk, ()))
        components = [role.component for role in of_device] or _components_of(row.device_type.capabilities)
        entries[row.topic_prefix] = Entry(row.pk, device, of_device, frozenset(components))
    return entries


def _components_of(capabilities: object) -> Iterable[str]:
    """The channels of a type. Administrators may write what they like there."""
    components = capabilities.get("components") if isinstance(capabilities, dict) else None
    return components if isinstance(components, dict | list) else ()


def _zone_of(device: DeviceConfiguration) -> ZoneInfo:
    """The device's zone; one that does not exist must not stop the other devices."""
    try:
        return ZoneInfo(device.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        logger.warning("%s has no such time zone as %r: read as %s", device, device.time_zone, USUAL_ZONE)
        return ZoneInfo(USUAL_ZONE)


def directory_version(now: datetime) -> tuple[object, ...]:
    """Something that differs when a device was added or changed; placements and roles touch their device.

    A change gets its time before it is committed, so one that commits late may be older than the newest we know: the
    number of recent changes tells it.
    """
    recent = Q(updated_at__gt=now - COMMITS_WITHIN)
    return tuple(
        DeviceConfiguration.objects.aggregate(
            Count("pk"), Max("updated_at"), recent=Count("pk", filter=recent)
        ).values()
    )
