"""The invented community as rows: its organisation, people, connection points and meters."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.contrib.auth.hashers import make_password

from cercollettiva.core import registry
from cercollettiva.core.models import (
    CERConfiguration,
    CERMembership,
    GridFeed,
    MembershipState,
    Organisation,
    Plant,
    PlantSource,
)
from cercollettiva.energy.models import ChannelRole, DeviceConfiguration, DevicePlacement
from cercollettiva.ops.seeding.applications import emails_of
from cercollettiva.ops.simulation.italian_time import ITALY
from cercollettiva.ops.simulation.scenery import Community, Kind, Member, Meter, PhotovoltaicArray, Point, Role
from cercollettiva.users.models import CustomUser, LegalType, ProfitType

YEARLY_KWH_PER_KWP = 1100
FEE_CENTS = 1000
FIRMWARE = "1.4.4"


def origin_of(community: Community) -> datetime | None:
    """When the registers of the demo's meters read zero; None where the community is not there."""
    if not CERConfiguration.objects.filter(code=community.code).exists():
        return None
    meters = [meter.device_id for point in community.points for meter in point.meters]
    known = DeviceConfiguration.objects.filter(device_id__in=meters).exclude(commissioned_at=None)
    return known.values_list("commissioned_at", flat=True).order_by("commissioned_at").first()


def devices_of(community: Community) -> dict[Meter, DeviceConfiguration]:
    """The row of each of the demo's meters."""
    meters = {meter.device_id: meter for point in community.points for meter in point.meters}
    rows = DeviceConfiguration.objects.filter(device_id__in=meters).order_by("pk")
    return {meters[row.device_id]: row for row in rows}


def write(community: Community, *, origin: datetime, password: str) -> None:
    """Every row but the measurements, into a database without them."""
    cer = _configuration(community)
    hashed = make_password(password)  # once: hashing is slow on purpose, and the password is one
    owners = {}
    for member in sorted(community.members, key=lambda member: member.number):
        owners[member.pod] = _member(member, community, cer, hashed)
    for point in community.points:
        plant = _plant(point, community, cer, owners[point.pod])
        for meter in point.meters:
            _meter(meter, point, plant, origin)


def set_passwords(community: Community, password: str) -> None:
    """Give the demo's people this password."""
    emails = [*(member.email for member in community.members), *emails_of(community)]
    CustomUser.objects.filter(email__in=emails).update(password=make_password(password))


def midnight(day: date) -> datetime:
    """The first moment of a day in Italy."""
    return datetime(day.year, day.month, day.day, tzinfo=ITALY)


def _configuration(community: Community) -> CERConfiguration:
    place, entity = community.place, community.organisation
    organisation = Organisation.objects.create(
        name=entity.name,
        legal_form=entity.legal_form,
        fiscal_code=entity.fiscal_code,
        iban=entity.iban,
        address=entity.seat.partition(",")[0],
        city=place.town,
        zip_code=place.postal_code,
        province=place.province,
        region=place.region,
        statute_version="1",
        fee_cents=FEE_CENTS,
    )
    return CERConfiguration.objects.create(
        organisation=organisation,
        name=community.name,
        code=community.code,
        slug=community.slug,
        primary_substation=community.primary_substation,
        market_zone=community.market_zone,
        description=community.description,
        founded_on=community.founded,
        gse_effective_date=community.founded,
    )


def _member(member: Member, community: Community, cer: CERConfiguration, hashed: str) -> CustomUser:
    """A person with a place in the community, a line in the register and a card whose fee is paid."""
    user: CustomUser = CustomUser.objects.create(
        email=member.email,
        password=hashed,
        first_name=member.first_name,
        last_name=member.last_name,
        legal_name=member.name,
        legal_type=member.legal_type,
        profit_type=_profit_type(member),
        fiscal_code=member.fiscal_code,
        vat_number=member.vat_number,
        iban=member.iban,
        address=_address(community.point(member.pod), community),
    )
    user.confirm_email()
    joined = midnight(member.joined)
    membership = CERMembership.objects.create(
        community=cer,
        user=user,
        role=member.role,
        member_type=member.kind.value,
        state=MembershipState.APPROVED,
        active_from=joined,
        gse_effective_date=member.joined,
        documents_verified_at=joined,
    )
    registry.enter(membership, on=joined, by=None)
    return user


def _profit_type(member: Member) -> str:
    if member.legal_type == LegalType.PRIVATE:
        return ""
    return ProfitType.PROFIT if member.legal_type == LegalType.BUSINESS else ProfitType.NON_PROFIT


def _address(point: Point, community: Community) -> str:
    place = community.place
    return f"{point.address}, {place.postal_code} {place.town} ({place.province})"


def _plant(point: Point, community: Community, cer: CERConfiguration, owner: CustomUser) -> Plant:
    place = community.place
    number = next(number for number, each in enumerate(community.points, start=1) if each.pod == point.pod)
    joined = next(member.joined for member in community.members if member.pod == point.pod)
    production = _production(point, point.array, number) if point.array is not None else {}
    return Plant.objects.create(
        name=point.name,
        pod_code=point.pod,
        plant_type=point.kind.value,
        owner=owner,
        cer_configuration=cer,
        active_from=midnight(joined),
        address=point.address,
        city=place.town,
        zip_code=place.postal_code,
        province=place.province,
        region=place.region,
        market_zone=community.market_zone,
        latitude=Decimal(str(point.latitude)),
        longitude=Decimal(str(point.longitude)),
        voltage_v=Decimal(400 if len(point.phases) > 1 else 230),
        **production,
    )


def _production(point: Point, array: PhotovoltaicArray, number: int) -> dict[str, Any]:
    """What a GAUDÌ attestation (the national register of production plants) says of a photovoltaic plant."""
    nominal = Decimal(str(array.inverter_kw))
    plain = 9_990_000 + number  # codes that nobody was given
    return {
        "source": PlantSource.PV,
        "installation_date": array.in_operation_since - timedelta(days=20),
        "entry_into_operation": array.in_operation_since,
        "commercial_operation": array.in_operation_since,
        "nominal_power": nominal,
        "apparent_power_kva": nominal,
        "net_power_kw": nominal,
        "gross_power_kw": Decimal(str(array.kwp)),
        "expected_yearly_production_kwh": Decimal(str(array.kwp)) * YEARLY_KWH_PER_KWP,
        "grid_feed_type": GridFeed.TOTAL if point.kind is Kind.PRODUCER else GridFeed.PARTIAL,
        "remote_disconnect": array.inverter_kw > 11.08,
        "gaudi_request_code": f"{plain}",
        "censimp_code": f"IM_{plain}",
        "sapr_code": f"S{plain}",
        "tracking_code": f"T{plain}",
        "section_id": f"SZ_{plain}_1",
        "group_id": f"GR_{plain}_1_1",
        "gaudi_version": 1,
        "gaudi_validation_date": array.in_operation_since,
        "verified_at": midnight(array.in_operation_since),
    }


def _meter(meter: Meter, point: Point, plant: Plant, origin: datetime) -> None:
    """A meter at a plant since the origin, with the one channel that is used."""
    device = DeviceConfiguration(
        device_id=meter.device_id,
        device_type_id=meter.type_code,
        vendor="Shelly",
        model="Pro 3EM",
        topic_prefix=meter.topic_prefix,
        firmware=FIRMWARE,
        commissioned_at=origin,
    )
    device.save()
    placement = DevicePlacement.objects.create(device=device, plant=plant, active_from=origin)
    ChannelRole.objects.create(
        placement=placement,
        component=meter.component,
        phases=_phases(meter, point),
        sign=meter.sign,
        role=meter.role.value,
        active_from=origin,
    )


def _phases(meter: Meter, point: Point) -> str:
    """The phases that carry what the channel measures; empty for all three."""
    inverter = point.array.inverter_phases if point.array is not None else ""
    phases = inverter if meter.role is Role.PRODUCTION else point.phases
    return "" if phases == "abc" else phases
