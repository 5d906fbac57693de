"""A row of every kind, of one side of the scene, and who of all the viewers sees it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import models

from cercollettiva.core import fees, member_import, registry
from cercollettiva.core.models import (
    Application,
    ApplicationEvent,
    CardJob,
    CERMembership,
    FeePayment,
    FeeReminder,
    Invitation,
    MemberImport,
    MemberRegistry,
    MembershipCard,
    PaymentMethod,
    PlantMeasurement,
    PlantMeasurementSource,
    RoleChange,
)
from cercollettiva.documents.models import AccessKind, Document, DocumentAccess, RetentionTerm
from cercollettiva.documents.types import DocumentType
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceMeasurement,
    DeviceState,
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
from cercollettiva.monitoring.backups import note_backup
from cercollettiva.monitoring.models import (
    Alert,
    AlertMessage,
    AlertPreferences,
    Look,
    MeterRhythm,
    PushSubscription,
    VisitReport,
)
from cercollettiva.monitoring.operations import open_alert
from cercollettiva.settlement.models import (
    DistributionRule,
    DistributionShare,
    MemberPart,
    Pot,
    SettlementRun,
)
from cercollettiva.settlement.operations import write_rule
from cercollettiva.users.audit import GENESIS, Action, record
from cercollettiva.users.exports import DataExport
from cercollettiva.users.models import (
    AccountDeletionRequest,
    AuditAnchor,
    AuditHead,
    Consent,
    OutgoingMail,
    SetupToken,
)
from cercollettiva.users.tokens import ApiToken, IdempotentAnswer, Scope
from tests.integration.core.scene import (
    NOW,
    Community,
)

STAFF = {"staff", "superuser"}
ADMIN = {"admin"} | STAFF
MANAGERS = {"admin", "technician"} | STAFF
THE_MEMBER_AND_ADMIN = {"member"} | ADMIN
WITH_A_STAKE = {"member"} | MANAGERS
ALL_IN_A = {"member", "other member"} | MANAGERS

INTERVAL = {"recorded_at": NOW, "quality": IntervalQuality.GOOD, "source": IntervalSource.REGISTERS}


def history_of_alert(plant: models.Model) -> models.Model:
    opened = open_alert(plant, "site-down", at=NOW)  # type: ignore[arg-type]
    alert = opened or Alert.objects.unresolved().get(plant=plant, kind="site-down")
    return alert.events.get()


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


def visit(side: Community) -> VisitReport:
    return VisitReport.objects.create(
        plant=side.plant,
        technician=side.technician,
        visited_at=NOW,
        received_at=NOW,
        found="un cavo staccato",
        data_returned="YES",
    )


def audit_head(side: Community) -> AuditHead:
    record(Action.SIGNED_IN, actor=side.member)
    return AuditHead.objects.get()


def audit_anchor(side: Community) -> AuditAnchor:
    return AuditAnchor.objects.get_or_create(seq=0, hash=GENESIS)[0]


def paper(side: Community) -> Document:
    return Document.objects.create(type=DocumentType.BILL, classification="PERSONAL", owner=side.member, size=0)


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
    "copy of the member's data": (
        lambda side: DataExport.objects.create(user=side.member, asked_at=NOW),
        {"member"} | STAFF,
    ),
    "the member's token": (
        lambda side: ApiToken.make(side.member, name="t", scope=Scope.READ, lasts=timedelta(days=1), at=NOW)[0],
        {"member"} | STAFF,
    ),
    "an answer that is kept": (
        lambda side: IdempotentAnswer.objects.create(caller=f"user:{side.member.pk}", key="k", call_hash="h"),
        STAFF,
    ),
    "mail to the member": (
        lambda side: OutgoingMail.objects.create(recipient=side.member.email, text="t", posted_at=NOW, next_try_at=NOW),
        STAFF,
    ),
    "token of the meter": (lambda side: DeviceToken.make(side.device, at=NOW)[0], MANAGERS),
    "the member's paper": (paper, {"member"} | STAFF),
    "access to the member's paper": (
        lambda side: DocumentAccess.objects.create(document=paper(side), kind=AccessKind.SEEN),
        {"member"} | STAFF,
    ),
    "term of papers": (lambda side: RetentionTerm.objects.get_or_create(type=DocumentType.BILL, days=1)[0], STAFF),
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
    "credentials": (credentials, MANAGERS),
    "audit log": (lambda side: MQTTAuditLog.objects.create(device=side.device, action="ISSUED"), MANAGERS),
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
    "backup": (lambda side: note_backup(started_at=NOW, ended_at=NOW, file_name="a"), STAFF),
    "alert of the community": (lambda side: Alert.objects.create(community=side.cer, kind="silent"), MANAGERS),
    "what the member wants to be told": (
        lambda side: AlertPreferences.objects.create(user=side.member),
        {"member"} | STAFF,
    ),
    "device that is told of alerts": (
        lambda side: PushSubscription.objects.create(user=side.member, endpoint=f"https://push.example/{side.cer.pk}"),
        {"member"} | STAFF,
    ),
    "message of an alert": (
        lambda side: AlertMessage.objects.create(event=history_of_alert(side.plant), user=side.member, due_at=NOW),
        {"member"} | STAFF,
    ),
    "report of a visit": (visit, MANAGERS),
    "rhythm of the meter": (lambda side: MeterRhythm.objects.create(device=side.device, since=NOW), WITH_A_STAKE),
    "look at the meters": (lambda side: Look.objects.create(looked_at=NOW), STAFF),
    "line of an alert's history": (lambda side: history_of_alert(side.plant), WITH_A_STAKE),
}
