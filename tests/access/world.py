"""Two communities that must not see each other, and the seven kinds of user who try.

Every text of community B carries a canary: found in an answer to somebody of A, it is a leak.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Literal

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import timezone
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from cercollettiva.core import fees, member_import, registry
from cercollettiva.core.models import (
    Application,
    CardJob,
    CERConfiguration,
    CERMembership,
    FeePayment,
    MemberImport,
    MemberRole,
    MembershipCard,
    MembershipState,
    Organisation,
    PaymentMethod,
    Plant,
)
from cercollettiva.devices.samples import Energies, Power, Registers, Sample, TimeSource
from cercollettiva.documents import files
from cercollettiva.documents.formats import PDF
from cercollettiva.documents.models import Document, Processing
from cercollettiva.documents.types import Classification, DocumentType
from cercollettiva.energy.models import (
    ChannelRole,
    DeviceConfiguration,
    DevicePlacement,
    DeviceState,
    LastMessage,
    MQTTBroker,
    RejectedMessage,
    UnknownDevice,
)
from cercollettiva.energy.store import save_samples
from cercollettiva.monitoring.models import Alert, PushSubscription, VisitReport
from cercollettiva.monitoring.operations import open_alert
from cercollettiva.users.exports import DataExport, ExportState
from cercollettiva.users.models import ApiToken, CustomUser, Scope
from cercollettiva.users.rights import sealed
from tests.integration.core.scene import LONG_AGO, join, make_plant, make_user

Side = Literal["a", "b"]


class Actor(Enum):
    ANONYMOUS = "anonymous"
    MEMBER_A = "member of A"
    MEMBER_B = "member of B"
    ADMIN_A = "administrator of A"
    ADMIN_B = "administrator of B"
    TECHNICIAN_A = "technician of A"
    STAFF = "platform staff"


# Who belongs to which community; the staff to both, whoever is not signed in to none.
SIDES: dict[Actor, set[Side]] = {
    Actor.ANONYMOUS: set(),
    Actor.MEMBER_A: {"a"},
    Actor.ADMIN_A: {"a"},
    Actor.TECHNICIAN_A: {"a"},
    Actor.MEMBER_B: {"b"},
    Actor.ADMIN_B: {"b"},
    Actor.STAFF: {"a", "b"},
}


@dataclass
class Community:
    """One of everything that has an address."""

    cer: CERConfiguration
    plant: Plant
    device: DeviceConfiguration
    stranger: UnknownDevice
    canary: str
    member: CustomUser
    passkey: Authenticator  # the member's
    session: UserSession  # the member's
    token: ApiToken  # the member's
    export: DataExport  # the member's
    card: MembershipCard  # the member's
    payment: FeePayment  # the member's
    card_job: CardJob
    member_import: MemberImport
    application: Application  # of somebody who is not in yet
    alert: Alert  # about the meter
    paper: Document  # the plant's attestation, read; its file is not there
    visit: VisitReport  # at the plant, by its administrator
    screen: PushSubscription  # the member's

    @property
    def published(self) -> list[str]:
        """What the community tells everybody on its public page."""
        names = ("community", "code", "slug", "description", "organisation")
        return [f"{self.canary}-{name}".lower() for name in names]


@dataclass
class World:
    a: Community
    b: Community
    people: dict[Actor, CustomUser | None]
    broker: MQTTBroker  # everybody's

    def side(self, side: Side) -> Community:
        return self.a if side == "a" else self.b


def make_world() -> World:
    people = {
        Actor.ANONYMOUS: None,
        Actor.MEMBER_A: make_user("member-a"),
        Actor.MEMBER_B: make_user("member-b", last_name="CANARY-B-PERSON"),
        Actor.ADMIN_A: make_user("admin-a"),
        Actor.ADMIN_B: make_user("admin-b", last_name="CANARY-B-ADMIN"),
        Actor.TECHNICIAN_A: make_user("technician-a"),
        Actor.STAFF: make_user("staff", is_staff=True),
    }
    a = _make_community("A", people[Actor.MEMBER_A], people[Actor.ADMIN_A], number=1)
    b = _make_community("B", people[Actor.MEMBER_B], people[Actor.ADMIN_B], number=2)
    join(people[Actor.TECHNICIAN_A], a.cer, MemberRole.TECHNICAL)
    broker = MQTTBroker.objects.create(name="Broker", host="127.0.0.1", is_active=True)
    return World(a, b, people, broker)


def _make_community(letter: str, member: CustomUser | None, admin: CustomUser | None, *, number: int) -> Community:
    assert member is not None
    assert admin is not None
    canary = f"CANARY-{letter}"
    cer = CERConfiguration.objects.create(
        organisation=Organisation.objects.create(name=f"{canary}-organisation"),
        name=f"{canary}-community",
        code=f"{canary}-code",
        slug=f"{canary}-slug".lower(),
        description=f"{canary}-description",
        primary_substation=f"AC001E{number:05}",
    )
    join(admin, cer, MemberRole.ADMIN)
    membership = join(member, cer)
    plant = make_plant(number, name=f"{canary}-plant", address=f"{canary}-street", owner=member, cer_configuration=cer)
    device = _make_device(canary, plant)
    member.confirm_email()
    admin.confirm_email()
    passkey = Authenticator.objects.create(user=member, type=Authenticator.Type.WEBAUTHN, data=passkey_data(canary))
    session = UserSession.objects.create(
        user=member, ip="192.0.2.1", session_key=f"{canary}-session", user_agent=f"{canary}-browser"
    )
    now = timezone.now()
    token, _text = ApiToken.make(member, name=f"{canary}-token", scope=Scope.READ, lasts=timedelta(days=1), at=now)
    strangers, application = _make_strangers(canary, plant), _make_application(canary, cer, number)
    things = (cer, plant, device, strangers, canary, member, passkey, session, token)
    alert = open_alert(device, "silent", f"{canary}-alert", at=now)
    assert alert is not None
    desk, paper, visit = (
        _make_desk(canary, membership),
        _make_paper(canary, plant),
        _make_visit(canary, plant, device, admin),
    )
    screen = PushSubscription.objects.create(
        user=member, endpoint=f"https://push.example/{canary}", browser=f"{canary}-screen"
    )
    return Community(*things, _make_export(canary, member), *desk, application, alert, paper, visit, screen)


def _make_paper(canary: str, plant: Plant) -> Document:
    read = {"pod_code": plant.pod_code, "producer_name": f"{canary}-producer", "address": f"{canary}-street 1"}
    return Document.objects.create(
        type=DocumentType.GAUDI,
        classification=Classification.CONFIDENTIAL,
        plant=plant,
        size=0,
        file_name=f"{canary}.pdf",
        media_type=PDF,
        file_key=files.new_key(),
        processing=Processing.DONE,
        read_json=json.dumps(read),
    )


def _make_export(canary: str, member: CustomUser) -> DataExport:
    """A copy of the member's data that is ready."""
    now = timezone.now()
    export = DataExport(user=member, state=ExportState.READY, asked_at=now, expires_at=now + timedelta(hours=1))
    export.file_key = sealed.new_key()
    with sealed.SealedWriter(export.file_id, export.file_key) as writer:
        writer.write(f"{canary}-export".encode())
    export.size = writer.size
    export.save()
    return export


def _make_desk(canary: str, membership: CERMembership) -> tuple[MembershipCard, FeePayment, CardJob, MemberImport]:
    """What the members' desk has of a community."""
    now = timezone.now()
    registry.enter(membership, on=now, by=None)
    card = fees.set_fee(membership.cards.get(), cents=1_000, on=now.date())
    payment = fees.pay(card, cents=100, method=PaymentMethod.CASH, paid_on=now.date(), today=now.date(), by=None)
    job = CardJob.objects.create(community=membership.community, asked_at=now)
    text = f"email;nome\n{canary}@example.it;{canary}-imported\n"
    imported = member_import.upload(membership.community, name=f"{canary}.csv", content=text.encode(), by=None, at=now)
    return card, payment, job, imported


def _make_visit(canary: str, plant: Plant, device: DeviceConfiguration, admin: CustomUser) -> VisitReport:
    """Somebody was at the meter that is silent."""
    now = timezone.now()
    return VisitReport.objects.create(
        plant=plant,
        device=device,
        technician=admin,
        visited_at=now,
        received_at=now,
        found=f"{canary}-found",
        data_returned="YES",
    )


def _make_application(canary: str, cer: CERConfiguration, number: int) -> Application:
    """Sent, by somebody who has no other place."""
    applicant = make_user(f"applicant-{number}", last_name=f"{canary}-applicant")
    now = timezone.now()
    application = Application(
        community=cer,
        user=applicant,
        membership=join(applicant, cer, state=MembershipState.SUBMITTED, active_from=None),
        email=applicant.email,
        created_at=now,
        updated_at=now,
        submitted_at=now,
        pod_key=f"IT001E9900000{number}",
    )
    application.write("person", {"legal_type": "PRIVATE", "last_name": f"{canary}-applicant"})
    application.write("point", {"pod_code": f"IT001E9900000{number}", "city": f"{canary}-city"})
    application.save()
    return application


def passkey_data(canary: str) -> dict[str, Any]:
    """A registration as a browser sends it."""
    key = ES256.from_cryptography_key(ec.generate_private_key(ec.SECP256R1()).public_key())
    credential = AttestedCredentialData.create(bytes(16), canary.encode(), key)
    data = AuthenticatorData.create(hashlib.sha256(b"testserver").digest(), 0x45, 0, credential)
    client = json.dumps({"type": "webauthn.create", "challenge": "eA", "origin": "https://testserver"}).encode()
    response = {
        "clientDataJSON": websafe_encode(client),
        "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
    }
    key_id = websafe_encode(canary.encode())
    registration = {"id": key_id, "rawId": key_id, "type": "public-key", "response": response}
    return {"name": canary, "credential": {**registration, "clientExtensionResults": {}}}


def _make_device(canary: str, plant: Plant) -> DeviceConfiguration:
    device = DeviceConfiguration.objects.create(
        device_id=f"{canary}-device", device_type_id="SHELLY_PRO_3EM", topic_prefix=f"{canary}-prefix/x"
    )
    placement = DevicePlacement.objects.create(device=device, plant=plant, active_from=LONG_AGO)
    ChannelRole.objects.create(placement=placement, component="em:0", role="EXCHANGE", active_from=LONG_AGO)
    now = timezone.now().astimezone(UTC)
    DeviceState.objects.create(
        device=device,
        seq=1,
        last_seen=now,
        online=True,
        exchange_power=-1234.5,
        power_at=now,
        values={"em:0": {"at": datetime.isoformat(now), "power": -1234.5, "a_power": -1234.5, "a_voltage": 231.0}},
    )
    _make_messages(canary, device, now)
    power = Sample(device.pk, "em:0", now, TimeSource.DEVICE, Power(power=-1234.5, a_power=-1234.5))
    registers = Sample(device.pk, "emdata:0", now, TimeSource.DEVICE, Registers(Energies(drawn=1000, returned=2000)))
    save_samples([power, registers], now=now)
    return device


def _make_messages(canary: str, device: DeviceConfiguration, now: datetime) -> None:
    payload = f"{canary}-payload".encode()
    topic = f"{device.topic_prefix}/status/em:0"
    LastMessage.objects.create(device=device, topic=topic, first_bytes=payload, size=len(payload), received_at=now)
    RejectedMessage.objects.create(
        device=device, topic=topic, reason=f"not JSON: {canary}", first_bytes=payload, first_seen=now, last_seen=now
    )


def _make_strangers(canary: str, plant: Plant) -> UnknownDevice:
    """One that names the plant's POD, which is given back, and one that names none: that is for the platform alone."""
    now = timezone.now()
    named, _nameless = (
        UnknownDevice.objects.create(
            prefix=prefix,
            last_topic=f"{prefix}/status/em:0",
            first_bytes=f"{canary}-stranger".encode(),
            first_seen=now,
            last_seen=now,
        )
        for prefix in (f"new/{plant.pod_code}/{canary}-new", f"new/{canary}-nameless")
    )
    return named
