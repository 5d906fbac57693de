"""Who sees which rows: for each kind of row of community A, exactly these of all who may come to look."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser
from django.db import connection, models

from cercollettiva.core import fees, member_import, registry
from cercollettiva.core.models import (
    Application,
    ApplicationEvent,
    CardJob,
    CERConfiguration,
    CERMembership,
    FeePayment,
    FeeReminder,
    Invitation,
    MemberImport,
    MemberRegistry,
    MembershipCard,
    MembershipState,
    PaymentMethod,
    Plant,
    PlantMeasurement,
    PlantMeasurementSource,
    RoleChange,
)
from cercollettiva.energy import partitions
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DeviceMeasurement,
    DevicePlacement,
    DeviceState,
    DeviceType,
    DirtyQuarter,
    EnergyAggregate,
    EnergyInterval,
    EnergyIntervalHistory,
    EnergyIntervalPart,
    EnergyKind,
    EnergyMeasurement,
    IngestBatch,
    IntervalQuality,
    IntervalSource,
    LastMessage,
    MQTTAuditLog,
    MQTTBroker,
    MQTTConfiguration,
    Period,
    RegisterEvent,
    RejectedMessage,
    Role,
    SubjectKind,
    UnknownDevice,
)
from cercollettiva.energy.models.tokens import DeviceToken
from cercollettiva.monitoring.models import Alert
from cercollettiva.settlement.models import (
    DistributionRule,
    DistributionShare,
    MemberPart,
    Pot,
    SettlementRun,
    TariffParameter,
    ZonalPrice,
)
from cercollettiva.settlement.operations import write_rule
from cercollettiva.users.audit import GENESIS, Action, record
from cercollettiva.users.models import AccountDeletionRequest, AuditAnchor, AuditHead, Consent, CustomUser, SetupToken
from cercollettiva.users.tokens import ApiToken, IdempotentAnswer, Scope
from tests.integration.core.scene import (
    NOW,
    Community,
    Scene,
    join,
    make_community,
    make_device,
    make_plant,
    make_scene,
    make_user,
)

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

STAFF = {"staff", "superuser"}
ADMIN = {"admin"} | STAFF
MANAGERS = {"admin", "technician"} | STAFF
THE_MEMBER_AND_ADMIN = {"member"} | ADMIN
WITH_A_STAKE = {"member"} | MANAGERS
ALL_IN_A = {"member", "other member"} | MANAGERS

INTERVAL = {"recorded_at": NOW, "quality": IntervalQuality.GOOD, "source": IntervalSource.REGISTERS}


@pytest.fixture
def scene() -> Scene:
    scene = make_scene()
    month = partitions.month_of(NOW)
    for model in (DeviceMeasurement, EnergyMeasurement, EnergyInterval):
        partitions.ensure_months(connection, model, [month])
    return scene


def application(side: Community) -> Application:
    given = {"community": side.cer, "user": side.member, "email": side.member.email, "submitted_at": NOW}
    dates = {"created_at": NOW, "updated_at": NOW}
    return Application.objects.get_or_create(membership=side.membership, defaults=given | dates)[0]


def aggregate(kind: SubjectKind, key: Callable[[Community], int]) -> Callable[[Community], models.Model]:
    return lambda side: EnergyAggregate.objects.create(
        subject_kind=kind, subject_id=key(side), period=Period.DAY, start=NOW, **INTERVAL
    )


def entry_of(membership: CERMembership) -> MemberRegistry:
    return registry.enter(membership, on=NOW, by=None)


def card_of(membership: CERMembership) -> MembershipCard:
    entry_of(membership)
    return membership.cards.get()


def payment_of(side: Community) -> FeePayment:
    card = fees.set_fee(card_of(side.membership), cents=1_000, on=NOW.date())
    return fees.pay(card, method=PaymentMethod.CASH, paid_on=NOW.date(), today=NOW.date(), by=None)


def member_file(side: Community) -> MemberImport:
    return member_import.upload(side.cer, name="soci.csv", content=b"email\na@example.it\n", by=None, at=NOW)


def channel_role(side: Community) -> ChannelRole:
    return ChannelRole.objects.create(
        placement=side.device.placements.get(), component="em:0", role=Role.EXCHANGE, active_from=NOW
    )


def energy_measurement(side: Community) -> EnergyMeasurement:
    return EnergyMeasurement.objects.create(
        device=side.device, timestamp=NOW, component="emdata:0", kind=EnergyKind.REGISTERS, fingerprint=1
    )


def plant_measurement(side: Community) -> PlantMeasurement:
    return PlantMeasurement.objects.create(
        plant=side.plant, start=NOW, end=NOW + timedelta(hours=1), source=PlantMeasurementSource.OPERATOR
    )


def rule(side: Community) -> DistributionRule:
    return write_rule(side.cer, valid_from=NOW.date(), by=side.admin)


def estimate(side: Community) -> SettlementRun:
    run, _ = SettlementRun.objects.get_or_create(
        community=side.cer, start=NOW, end=NOW + timedelta(days=1), refusal="Manca il prezzo."
    )
    return run


def rejected(side: Community) -> RejectedMessage:
    return RejectedMessage.objects.create(
        device=side.device, topic=side.device.topic_prefix, reason="non è JSON", first_seen=NOW, last_seen=NOW
    )


def last_message(side: Community) -> LastMessage:
    return LastMessage.objects.create(device=side.device, topic=side.device.topic_prefix, size=0, received_at=NOW)


def unknown(side: Community) -> UnknownDevice:
    prefix = f"new/{side.plant.pod_code.lower()}x/shelly"
    return UnknownDevice.objects.create(prefix=prefix, last_topic=f"{prefix}/online", first_seen=NOW, last_seen=NOW)


def credentials(side: Community) -> MQTTConfiguration:
    return MQTTConfiguration.objects.create(device=side.device, username=side.device.device_id, verifier="$7$")


def broker(side: Community) -> MQTTBroker:
    return MQTTBroker.objects.create(name=side.cer.name, host="broker.example.it")


def interval_part(side: Community) -> EnergyIntervalPart:
    return EnergyIntervalPart.objects.create(
        device=side.device, start=NOW, plant=side.plant, known_us=0, length_us=1, quality=0, source=2
    )


def register_event(side: Community) -> RegisterEvent:
    return RegisterEvent.objects.create(
        device=side.device, component="emdata:0", register="drawn", at=NOW, kind=1, before=2, after=0, found_at=NOW
    )


def history(side: Community) -> EnergyIntervalHistory:
    return EnergyIntervalHistory.objects.create(device=side.device, start=NOW, replaced_at=NOW, **INTERVAL)


def audit_head(side: Community) -> AuditHead:
    record(Action.SIGNED_IN, actor=side.member)
    return AuditHead.objects.get()


def audit_anchor(side: Community) -> AuditAnchor:
    return AuditAnchor.objects.get_or_create(seq=0, hash=GENESIS)[0]


MATRIX: dict[str, tuple[Callable[[Community], models.Model], set[str]]] = {
    "the member's account": (lambda side: side.member, THE_MEMBER_AND_ADMIN),
    "the member's consent": (
        lambda side: Consent.objects.create(user=side.member, document="privacy", version="1", accepted_at=NOW),
        {"member"} | STAFF,
    ),
    "line of the audit log": (
        lambda side: record(Action.SIGNED_IN, actor=side.member, subject=side.member),
        {"member"} | STAFF,
    ),
    "end of the audit log": (audit_head, STAFF),
    "where the audit log begins": (audit_anchor, STAFF),
    "the member's request to be deleted": (
        lambda side: AccountDeletionRequest.objects.create(user=side.member, requested_at=NOW),
        {"member"} | STAFF,
    ),
    "token of the first start": (
        lambda side: SetupToken.objects.create(token_hash=side.cer.code, expires_at=NOW),
        STAFF,
    ),
    "change of the member's role": (
        lambda side: RoleChange.objects.create(membership=side.membership, before="MEMBER", after="ADMIN", at=NOW),
        {"member"} | ADMIN,
    ),
    "invitation": (
        lambda side: Invitation.objects.create(
            community=side.cer,
            email="guest@example.it",
            role="ADMIN",
            token_hash=side.cer.code,
            created_at=NOW,
            expires_at=NOW,
        ),
        ADMIN,
    ),
    "application": (application, THE_MEMBER_AND_ADMIN),
    "what happened to an application": (
        lambda side: ApplicationEvent.objects.create(application=application(side), kind="SUBMITTED", at=NOW),
        THE_MEMBER_AND_ADMIN,
    ),
    "the member's token": (
        lambda side: ApiToken.make(side.member, name="t", scope=Scope.READ, lasts=timedelta(days=1), at=NOW)[0],
        {"member"} | STAFF,
    ),
    "an answer that is kept": (
        lambda side: IdempotentAnswer.objects.create(caller=f"user:{side.member.pk}", key="k", call_hash="h"),
        STAFF,
    ),
    "token of the meter": (lambda side: DeviceToken.make(side.device, at=NOW)[0], MANAGERS),
    "organisation": (lambda side: side.cer.organisation, ALL_IN_A),
    "community": (lambda side: side.cer, ALL_IN_A),
    "the member's membership": (lambda side: side.membership, THE_MEMBER_AND_ADMIN),
    "the member's card": (lambda side: card_of(side.membership), THE_MEMBER_AND_ADMIN),
    "the member's payment": (payment_of, THE_MEMBER_AND_ADMIN),
    "reminder of the member's fee": (
        lambda side: FeeReminder.objects.create(card=card_of(side.membership), step=1, sent_at=NOW),
        THE_MEMBER_AND_ADMIN,
    ),
    "archive of cards": (lambda side: CardJob.objects.create(community=side.cer, asked_at=NOW), ADMIN),
    "file of members": (member_file, ADMIN),
    "row of a file of members": (lambda side: member_file(side).rows.get(), ADMIN),
    "the member's line of the register": (lambda side: entry_of(side.membership), THE_MEMBER_AND_ADMIN),
    "plant": (lambda side: side.plant, WITH_A_STAKE),
    "plant measurement": (plant_measurement, WITH_A_STAKE),
    "device": (lambda side: side.device, WITH_A_STAKE),
    "placement": (lambda side: side.device.placements.get(), WITH_A_STAKE),
    "channel role": (channel_role, WITH_A_STAKE),
    "device state": (lambda side: DeviceState.objects.create(device=side.device), WITH_A_STAKE),
    "device measurement": (
        lambda side: DeviceMeasurement.objects.create(
            device=side.device, timestamp=NOW, component="em:0", fingerprint=1
        ),
        WITH_A_STAKE,
    ),
    "energy measurement": (energy_measurement, WITH_A_STAKE),
    "interval": (lambda side: EnergyInterval.objects.create(device=side.device, start=NOW, **INTERVAL), WITH_A_STAKE),
    "interval history": (history, WITH_A_STAKE),
    "interval part": (interval_part, WITH_A_STAKE),
    "register event": (register_event, WITH_A_STAKE),
    "aggregate of the device": (aggregate(SubjectKind.DEVICE, lambda side: side.device.pk), WITH_A_STAKE),
    "aggregate of the plant": (aggregate(SubjectKind.PLANT, lambda side: side.plant.pk), WITH_A_STAKE),
    "aggregate of the community": (aggregate(SubjectKind.COMMUNITY, lambda side: side.cer.pk), ALL_IN_A),
    "dirty quarter": (lambda side: DirtyQuarter.objects.create(device=side.device, start=NOW), STAFF),
    "rejected message": (rejected, MANAGERS),
    "last message": (last_message, MANAGERS),
    "unknown device": (unknown, MANAGERS),
    "broker": (broker, STAFF),
    "credentials": (credentials, STAFF),
    "audit log": (lambda side: MQTTAuditLog.objects.create(device=side.device, action="ISSUED"), STAFF),
    "ingest batch": (
        lambda side: IngestBatch.objects.create(
            seq=side.cer.pk, ingestor="ingest-1", committed_at=NOW, fingerprints=b""
        ),
        STAFF,
    ),
    "rule of distribution": (rule, ALL_IN_A),
    "share of the member": (
        lambda side: DistributionShare.objects.create(
            rule=rule(side), membership=side.membership, pot=Pot.CONSUMERS, weight=1
        ),
        THE_MEMBER_AND_ADMIN,
    ),
    "estimate of the community": (estimate, ALL_IN_A),
    "part of the member": (
        lambda side: MemberPart.objects.create(
            run=estimate(side),
            user=side.member,
            cents=100,
            withdrawn_mwh=0,
            withdrawn_shared_mwh=0,
            injected_mwh=0,
            injected_shared_mwh=0,
        ),
        THE_MEMBER_AND_ADMIN,
    ),
    "alert of the plant": (lambda side: Alert.objects.create(plant=side.plant, kind="silent"), WITH_A_STAKE),
    "alert of the device": (lambda side: Alert.objects.create(device=side.device, kind="silent"), WITH_A_STAKE),
    "alert of the community": (lambda side: Alert.objects.create(community=side.cer, kind="silent"), MANAGERS),
}


@pytest.mark.parametrize("name", MATRIX)
def test_a_row_is_seen_by_exactly_these(scene, name):
    make, expected = MATRIX[name]
    row = make(scene.a)
    make(scene.b)
    model: Any = type(row)

    seen_by = {
        viewer
        for viewer, user in scene.viewers.items()
        if model.objects.visible_to(user, at=NOW).filter(pk=row.pk).exists()
    }

    assert seen_by == expected


def test_every_table_with_rows_of_people_is_in_the_matrix(scene):
    rooms = ("users", "core", "energy", "settlement", "monitoring")
    models_there = {model for room in rooms for model in apps.get_app_config(room).get_models()}

    in_the_matrix = {type(make(scene.a)) for make, _ in MATRIX.values()}

    assert {model.__name__ for model in models_there - in_the_matrix} == {"DeviceType", "TariffParameter", "ZonalPrice"}


@pytest.mark.parametrize("model", [DeviceType, TariffParameter, ZonalPrice])
def test_what_is_published_is_for_whoever_may_sign_in(scene, model):
    TariffParameter.objects.create(name="TRASE", valid_from=NOW.date(), value=10, source="ARERA")
    ZonalPrice.objects.create(zone="NORD", start=NOW, price=100, source="GME")

    seen_by = {name for name, user in scene.viewers.items() if model.objects.visible_to(user).exists()}

    assert seen_by == set(scene.viewers) - {"anonymous", "disabled admin", "disabled staff"}


def test_nobody_sees_a_row_twice(scene):
    join(scene.a.admin, scene.b.cer)  # somebody with two places
    registry.enter(scene.a.membership, on=NOW, by=None)

    for model in (CustomUser, CERConfiguration, CERMembership, MemberRegistry, MembershipCard, Plant, DevicePlacement):
        keys = list(model.objects.visible_to(scene.a.admin, at=NOW).values_list("pk", flat=True))
        assert len(keys) == len(set(keys)), model


def test_an_applicant_sees_the_application(scene):
    applicant = scene.viewers["applicant"]

    [application] = CERMembership.objects.visible_to(applicant, at=NOW)

    assert application.state == MembershipState.SUBMITTED


def test_an_administrator_sees_who_asks_to_come_in(scene):
    people = CustomUser.objects.visible_to(scene.a.admin, at=NOW)

    assert {user.first_name for user in people} >= {"applicant", "member-a", "admin-a"}
    assert not people.filter(first_name__in=["member-b", "admin-b", "stranger"]).exists()


def test_a_membership_opens_the_door_from_its_first_instant_to_its_last(scene):
    person = make_user("guest")
    start, end = NOW, NOW + timedelta(days=1)
    join(person, scene.a.cer, state=MembershipState.LEFT, active_from=start, active_to=end)

    open_at = [
        CERConfiguration.objects.visible_to(person, at=moment).exists()
        for moment in (start - timedelta(microseconds=1), start, end - timedelta(microseconds=1), end)
    ]

    assert open_at == [False, True, True, False]


def test_without_a_moment_the_present_counts(scene):
    person = make_user("guest")
    membership = join(person, scene.a.cer)

    before = CERConfiguration.objects.visible_to(person).count()
    membership.leave(at=membership.created_at)

    assert (before, CERConfiguration.objects.visible_to(person).count()) == (1, 0)


def test_a_plant_outside_any_community_is_for_its_owner_alone(scene):
    plant = make_plant(999, owner=scene.a.member)

    seen_by = {
        name
        for name, user in scene.viewers.items()
        if Plant.objects.visible_to(user, at=NOW).filter(pk=plant.pk).exists()
    }

    assert seen_by == {"member"} | STAFF


def test_a_member_who_owns_a_plant_in_another_community_sees_that_plant_alone(scene):
    plant = make_plant(998, owner=scene.a.member, cer_configuration=scene.b.cer)

    assert set(Plant.objects.visible_to(scene.a.member, at=NOW)) == {scene.a.plant, plant}


def test_a_moved_meter_takes_nothing_along(scene):
    moved_at = NOW
    scene.a.device.placements.get().end(at=moved_at)
    DevicePlacement.objects.create(device=scene.a.device, plant=scene.b.plant, active_from=moved_at)
    for minutes in (-1, 0):
        DeviceMeasurement.objects.create(
            device=scene.a.device, timestamp=moved_at + timedelta(minutes=minutes), component="em:0", fingerprint=1
        )

    def minutes_seen_by(user: CustomUser | AnonymousUser) -> list[int]:
        rows = DeviceMeasurement.objects.visible_to(user, at=NOW).order_by("timestamp")
        return [int((row.timestamp - moved_at).total_seconds() // 60) for row in rows]

    assert minutes_seen_by(scene.a.member) == [-1]
    assert minutes_seen_by(scene.b.member) == [0]
    assert minutes_seen_by(scene.viewers["staff"]) == [-1, 0]


def total(device: DeviceConfiguration, period: Period, *start: int) -> EnergyAggregate:
    return EnergyAggregate.objects.create(
        subject_kind=SubjectKind.DEVICE,
        subject_id=device.pk,
        period=period,
        start=datetime(*start, tzinfo=UTC),
        **INTERVAL,
    )


def test_the_total_of_a_month_in_which_a_meter_was_moved_is_for_neither_home(scene):
    device, moved_at = scene.a.device, datetime(2026, 4, 10, tzinfo=UTC)
    device.placements.get().end(at=moved_at)
    DevicePlacement.objects.create(device=device, plant=scene.b.plant, active_from=moved_at)
    march, april, may = (total(device, Period.MONTH, 2026, month, 1) for month in (3, 4, 5))
    day_before, day, day_after = (total(device, Period.DAY, 2026, 4, number) for number in (8, 10, 11))
    year = total(device, Period.YEAR, 2026, 1, 1)

    seen = {
        name: set(EnergyAggregate.objects.visible_to(user, at=NOW))
        for name, user in {"A": scene.a.member, "B": scene.b.member, "staff": scene.viewers["staff"]}.items()
    }

    assert seen == {
        "A": {march, day_before},
        "B": {may, day, day_after},
        "staff": {march, april, may, day_before, day, day_after, year},
    }


def test_the_total_of_the_month_in_which_a_meter_was_first_placed_is_seen(scene):
    device = make_device(77)
    DevicePlacement.objects.create(device=device, plant=scene.a.plant, active_from=datetime(2026, 4, 10, tzinfo=UTC))
    april, year = total(device, Period.MONTH, 2026, 4, 1), total(device, Period.YEAR, 2026, 1, 1)
    total(device, Period.MONTH, 2026, 1, 1)

    assert set(EnergyAggregate.objects.visible_to(scene.a.member, at=NOW)) == {april, year}


def test_an_administrator_of_one_community_sees_only_its_people_in_a_shared_register(scene):
    second = make_community("C")
    second.organisation = scene.a.cer.organisation
    second.save()
    person = make_user("second-member")
    other = registry.enter(join(person, second), on=NOW, by=None)
    own = registry.enter(scene.a.membership, on=NOW, by=None)

    seen = set(MemberRegistry.objects.visible_to(scene.a.admin, at=NOW))

    assert seen == {own}
    assert (other.number, own.number) == (1, 2)


def test_a_person_in_two_organisations_has_a_line_for_each_administrator(scene):
    line_in_a = registry.enter(scene.a.membership, on=NOW, by=None)
    line_in_b = registry.enter(join(scene.a.member, scene.b.cer), on=NOW, by=None)

    seen = [set(MemberRegistry.objects.visible_to(admin, at=NOW)) for admin in (scene.a.admin, scene.b.admin)]

    assert seen == [{line_in_a}, {line_in_b}]


def test_managed_by_leaves_out_what_one_only_owns(scene):
    assert not Plant.objects.managed_by(scene.a.member, at=NOW).exists()
    assert set(Plant.objects.managed_by(scene.a.technician, at=NOW)) == {scene.a.plant}
    assert not Plant.objects.managed_by(AnonymousUser(), at=NOW).exists()


def test_only_an_administrator_administers(scene):
    assert not CERConfiguration.objects.administered_by(scene.a.technician, at=NOW).exists()
    assert set(CERConfiguration.objects.administered_by(scene.a.admin, at=NOW)) == {scene.a.cer}
    assert set(CERConfiguration.objects.managed_by(scene.a.technician, at=NOW)) == {scene.a.cer}


def test_an_unknown_device_whose_prefix_names_no_pod_is_for_the_platform_alone(scene):
    UnknownDevice.objects.create(prefix="lab/shelly", last_topic="lab/shelly/online", first_seen=NOW, last_seen=NOW)

    seen = {name for name, user in scene.viewers.items() if UnknownDevice.objects.visible_to(user, at=NOW).exists()}

    assert seen == STAFF


def test_an_unknown_device_is_not_shown_for_a_plant_that_has_left(scene):
    line = unknown(scene.a)

    scene.a.plant.active_to = NOW - timedelta(days=1)
    scene.a.plant.save()

    assert line not in UnknownDevice.objects.visible_to(scene.a.technician, at=NOW)


def test_an_unknown_device_that_is_now_known_is_not_unknown(scene):
    strangers = [
        UnknownDevice.objects.create(prefix=prefix, last_topic=f"{prefix}/x", first_seen=NOW, last_seen=NOW)
        for prefix in ("new/meter", "new/meter/inner", "new/meter2", "old/meter")
    ]
    make_device(70, topic_prefix="new/meter")
    make_device(71, topic_prefix="old/meter", is_active=False)

    assert set(UnknownDevice.objects.still_unknown()) == set(strangers[2:])


def test_a_meter_that_is_moved_leaves_its_raw_messages_behind(scene):
    device = scene.a.device
    lines = [rejected(scene.a), last_message(scene.a)]
    device.placements.get().end(at=NOW + timedelta(hours=1))
    DevicePlacement.objects.create(device=device, plant=scene.b.plant, active_from=NOW + timedelta(hours=1))

    for line in lines:
        rows = type(line).objects
        assert line in rows.visible_to(scene.a.technician, at=NOW + timedelta(days=1))
        assert line not in rows.visible_to(scene.b.technician, at=NOW + timedelta(days=1))
