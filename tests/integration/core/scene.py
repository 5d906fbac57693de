"""Two communities that know nothing of each other, and the kinds of people who look at them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser

from cercollettiva.core.models import (
    CERConfiguration,
    CERMembership,
    MemberRole,
    MembershipState,
    MemberType,
    Organisation,
    Plant,
    PlantType,
)
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement
from cercollettiva.users.models import CustomUser

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def make_user(name: str, **fields: Any) -> CustomUser:
    return CustomUser.objects.create_user(f"{name}@example.it", "una password lunga", first_name=name, **fields)


def make_community(letter: str) -> CERConfiguration:
    organisation = Organisation.objects.create(name=f"Associazione {letter}")
    number = ord(letter) - ord("A") + 1
    return CERConfiguration.objects.create(
        organisation=organisation,
        name=f"CER {letter}",
        code=f"CER-{letter}",
        slug=f"cer-{letter.lower()}",
        primary_substation=f"AC001E{number:05}",
    )


def join(
    user: CustomUser, community: CERConfiguration, role: MemberRole = MemberRole.MEMBER, **fields: Any
) -> CERMembership:
    """An approved membership; an administrator or technician is not a member of it unless a type is given."""
    given = {
        "role": role,
        "member_type": MemberType.PROSUMER if role is MemberRole.MEMBER else "",
        "state": MembershipState.APPROVED,
        "active_from": LONG_AGO,
        **fields,
    }
    return CERMembership.objects.create(user=user, community=community, **given)


def make_plant(number: int, **fields: Any) -> Plant:
    given = {
        "name": f"Casa {number}",
        "pod_code": f"IT001E{number:08}",
        "plant_type": PlantType.PROSUMER,
        "active_from": LONG_AGO,
        **fields,
    }
    return Plant.objects.create(**given)


def make_device(number: int = 1, *, plant: Plant | None = None, **fields: Any) -> DeviceConfiguration:
    name = f"shellypro3em-{number:06x}"
    given = {"device_id": name, "device_type_id": "SHELLY_PRO_3EM", "topic_prefix": f"cer/{number}/{name}", **fields}
    device = DeviceConfiguration.objects.create(**given)
    if plant is not None:
        DevicePlacement.objects.create(device=device, plant=plant, active_from=LONG_AGO)
    return device


@dataclass
class Community:
    """A community with one plant, which belongs to its member, and a meter at it."""

    cer: CERConfiguration
    admin: CustomUser
    technician: CustomUser
    member: CustomUser
    membership: CERMembership
    plant: Plant
    device: DeviceConfiguration


@dataclass
class Scene:
    """Communities A and B, and everybody who may come to look at A."""

    a: Community
    b: Community
    viewers: dict[str, CustomUser | AnonymousUser] = field(default_factory=dict)


def make_populated_community(letter: str) -> Community:
    cer = make_community(letter)
    admin, technician, member = (make_user(f"{kind}-{letter.lower()}") for kind in ("admin", "technician", "member"))
    join(admin, cer, MemberRole.ADMIN)
    join(technician, cer, MemberRole.TECHNICAL)
    membership = join(member, cer)
    number = ord(letter)
    plant = make_plant(number, owner=member, cer_configuration=cer)
    return Community(cer, admin, technician, member, membership, plant, make_device(number, plant=plant))


def make_scene() -> Scene:
    a, b = make_populated_community("A"), make_populated_community("B")
    left = make_user("left")
    join(left, a.cer, MemberRole.ADMIN, state=MembershipState.LEFT, active_to=NOW)
    not_yet = make_user("not-yet")
    join(not_yet, a.cer, MemberRole.ADMIN, active_from=datetime(2026, 7, 1, tzinfo=UTC))
    applicant = make_user("applicant")
    join(applicant, a.cer, state=MembershipState.SUBMITTED, active_from=None)
    disabled = make_user("disabled", is_active=False)
    join(disabled, a.cer, MemberRole.ADMIN)
    viewers = {
        "anonymous": AnonymousUser(),
        "stranger": make_user("stranger"),
        "disabled admin": disabled,
        "disabled staff": make_user("disabled-staff", is_staff=True, is_superuser=True, is_active=False),
        "admin who left": left,
        "admin not yet": not_yet,
        "applicant": applicant,
        "other member": make_user("other-member"),
        "member": a.member,
        "technician": a.technician,
        "admin": a.admin,
        "admin of B": b.admin,
        "member of B": b.member,
        "staff": make_user("staff", is_staff=True),
        "superuser": make_user("superuser", is_superuser=True),
    }
    join(viewers["other member"], a.cer)  # type: ignore[arg-type]
    return Scene(a, b, viewers)
