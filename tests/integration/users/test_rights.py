"""What a person gets when they ask for their data, and what is left of them when they ask to go."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt, AccessAttemptExpiration
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from cercollettiva.core import registry
from cercollettiva.core.models import (
    Application,
    ApplicationEvent,
    CardJob,
    CERMembership,
    Invitation,
    MemberImportRow,
    MemberRegistry,
    MembershipState,
    Plant,
)
from cercollettiva.documents import files, operations
from cercollettiva.documents.intake import Subject, take_in
from cercollettiva.documents.models import AccessKind, Document, DocumentAccess
from cercollettiva.documents.rights import destroy_released
from cercollettiva.documents.types import DocumentType
from cercollettiva.energy import partitions
from cercollettiva.energy.models import (
    DeviceConfiguration,
    DeviceMeasurement,
    EnergyInterval,
    EnergyMeasurement,
    UnknownDevice,
)
from cercollettiva.users.audit import Action, AuditLine, record
from cercollettiva.users.audit_chain import verify_chain
from cercollettiva.users.datamap import NotPersonal, Personal, entry_of, holds_text, whole_map
from cercollettiva.users.exports import DataExport, ExportState
from cercollettiva.users.models import AccountDeletionRequest, Consent, CustomUser, OutgoingMail
from cercollettiva.users.rights.archive import write_archive
from cercollettiva.users.rights.erasure import AlreadyErased, Obstructed, erase, obstacles_of, preview
from cercollettiva.users.rights.holdings import Fate, Holding, elsewhere, holdings
from cercollettiva.users.rights.purging import purge_due
from tests.integration.core.rows import MATRIX
from tests.integration.core.scene import NOW, Community, Scene, make_device, make_plant, make_scene
from tests.support.mailbox import delivered
from tests.support.pdfs import pdf_of
from tests.support.sowing import every_file, every_table, everything, places_of, sow

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=1)
TEN_YEARS_ON = NOW.replace(year=2036, month=6, day=2)
IN_A_BILL = "CANARINO-DELLA-BOLLETTA"
# Tables that libraries have and never write here.
NEVER_WRITTEN = {"axes.AccessFailureLog", "axes.AccessLog", "admin.LogEntry"}


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def scene(media) -> Scene:
    month = partitions.month_of(NOW)
    for model in (DeviceMeasurement, EnergyMeasurement, EnergyInterval):
        partitions.ensure_months(connection, model, [month])
    return make_scene()


def fill(side: Community) -> None:
    """Every kind of row there can be of the member of a side: all of the visibility matrix, and the libraries' own."""
    person, number = side.member, side.plant.pk
    for make, _seen_by in MATRIX.values():
        make(side)
    address = EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    EmailConfirmation.objects.create(email_address=address, key=f"key-{number}-of-a-mail", sent=NOW)
    Authenticator.objects.create(user=person, type="totp", data={"secret": f"seed-{number}"})
    Session.objects.create(session_key=f"session-{number}", session_data="signed", expire_date=NOW)
    UserSession.objects.create(user=person, ip="192.0.2.9", session_key=f"session-{number}", user_agent="Browser")
    attempt = AccessAttempt.objects.create(
        username=person.email, ip_address="192.0.2.9", user_agent=f"Browser {number}", failures_since_start=1
    )
    AccessAttemptExpiration.objects.create(access_attempt=attempt, expires_at=NOW)
    person.groups.add(Group.objects.get_or_create(name="tecnici")[0])
    person.user_permissions.add(Permission.objects.first())
    private = make_plant(number + 500, owner=person, latitude="45.1", longitude="9.2")
    device = make_device(number + 500, plant=private)
    measured = {"device": device, "timestamp": NOW, "component": "em:0", "fingerprint": 1}
    DeviceMeasurement.objects.create(**measured)
    EnergyMeasurement.objects.create(**measured, kind=0)
    dates = {"created_at": NOW, "updated_at": NOW}
    Application.objects.create(community=side.cer, email=person.email, **dates)  # begun before there was an account
    Invitation.objects.create(
        community=side.cer, email=person.email, role="ADMIN", token_hash=f"t{number}", created_at=NOW, expires_at=NOW
    )
    imported = MemberImportRow.objects.order_by("-pk").first()
    assert imported is not None
    MemberImportRow.objects.create(
        member_import=imported.member_import, number=9, cells=json.dumps([person.email.upper()])
    )
    MemberImportRow.objects.create(member_import=imported.member_import, number=10, membership=side.membership)
    DocumentAccess.objects.create(document=Document.objects.filter(owner=person)[0], user=person, kind=AccessKind.SEEN)
    record(Action.SIGNED_IN, actor=side.admin, subject=person)


def leave(side: Community, *, at: Any = NOW) -> None:
    for membership in CERMembership.objects.filter(user=side.member, state=MembershipState.APPROVED):
        registry.leave(membership, on=at, by=None)
        membership.leave(at=at)


def bill(person: CustomUser, text: str = IN_A_BILL) -> Document:
    content = pdf_of([(40, 60, text)])
    return take_in(
        SimpleUploadedFile(f"{text}.pdf", content), kind=DocumentType.BILL, subject=Subject(owner=person), by=person
    )


def unpacked(person: CustomUser) -> dict[str, bytes]:
    packed = io.BytesIO()
    write_archive(person, packed, at=LATER)
    with zipfile.ZipFile(packed) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def allowed() -> set[str]:
    """The list: columns that keep their values, each with its reason, and those that the map says are nobody's."""
    whole = whole_map()
    kept = {f"{holding.model}.{name}" for holding in holdings() for name in holding.stays}
    fields = (field for model in apps.get_models() for field in model._meta.local_concrete_fields)
    return kept | {str(field) for field in fields if isinstance(entry_of(field, whole), NotPersonal)}


# What the list leaves of others' copies of it: the notes of what a settlement counted name PODs.
ELSEWHERE = set(elsewhere())


def test_an_erasure_leaves_no_word_of_a_person_but_those_on_the_list(scene, media, django_capture_on_commit_callbacks):
    fill(scene.a)
    fill(scene.b)
    paper = bill(scene.a.member)
    job = CardJob.objects.create(community=scene.a.cer, asked_at=NOW, state="DONE")
    job.file.save("cards.zip", ContentFile(b"tessera-own0000x.pdf"))
    leave(scene.a)
    own, others = sow(scene.a.member, "own"), sow(scene.b.member, "oth")
    canaries = [*own, scene.a.member.email]
    before = places_of(canaries, everything())
    assert {canary for there in before.values() for canary in there} >= set(canaries)  # this search finds them
    assert any(b"own0000x" in content for _, content in every_file())

    with django_capture_on_commit_callbacks(execute=True):
        erase(scene.a.member, by=None, at=LATER)
    OutgoingMail.objects.get(template="users/mail/erased.txt").delete()  # it has the address until it is sent: outbox

    left = places_of(canaries, everything())
    assert set(left) - allowed() == set(), left
    plain = {canary for place, there in left.items() for canary in there}
    assert set(places_of(set(canaries) - plain, every_table())) == set()
    assert not any(b"own0" in content for _, content in every_file())
    assert not files.path_of(paper.file_id).exists()
    remaining = {canary for there in places_of(others, everything()).values() for canary in there}
    assert remaining == set(others) - {scene.b.member.email}  # nothing of anybody else went
    assert verify_chain(None).is_whole
    the_pseudonym_ends(scene, own, others)


def the_pseudonym_ends(scene: Scene, own: list[str], others: list[str]) -> None:
    """Ten years on: nothing of the person is left but numbers of nobody. Told here, where every kind of row is."""
    person, pods = scene.a.member, ("pod_code", "pod_key")
    plants = list(Plant.objects.filter(owner=person).values_list("pk", flat=True))
    before, entries = counts(person), MemberRegistry.objects.filter(user=person).count()
    assert purge_due(LATER.replace(year=2036, month=5, day=31)) == []

    [shown] = purge_due(TEN_YEARS_ON, dry_run=True)
    assert counts(person) == before
    assert not AuditLine.objects.filter(action=Action.PSEUDONYM_PURGED).exists()
    [done] = purge_due(TEN_YEARS_ON)

    assert shown == done
    assert (done.user, done.until) == (person.pk, date(2036, 6, 1))
    for gone in ("users.Consent", "core.RoleChange", "core.ApplicationEvent", "documents.DocumentAccess"):
        assert done.deleted[gone] == before[gone], gone
        assert counts(person)[gone] == 0, gone
    assert not Document.objects.filter(owner=person).exists()
    assert MemberRegistry.objects.filter(user=person).count() == entries  # no number is missing
    assert {entry.details["name"] for entry in MemberRegistry.objects.filter(user=person)} == {"Persona cancellata"}
    assert str(CustomUser.objects.get(pk=person.pk)) == "Persona cancellata"
    left = Plant.objects.filter(pk__in=plants)
    assert {code[:6] for row in left.values_list(*pods) for code in row} <= {"IT999E"}
    line = AuditLine.objects.get(action=Action.PSEUDONYM_PURGED)
    assert (line.actor_id, line.subject_id, line.details["deleted"]) == (None, person.pk, done.deleted)
    assert purge_due(TEN_YEARS_ON) == []
    there = places_of([*own, *others], everything())
    assert {canary for place in there.values() for canary in place} >= set(others) - {scene.b.member.email}
    assert verify_chain(None).is_whole


def counts(person: CustomUser) -> dict[str, int]:
    counted: dict[str, int] = {}
    for holding in holdings():
        counted[holding.model] = counted.get(holding.model, 0) + holding.rows_of(person).count()
    return counted


def test_a_legal_hold_keeps_a_pseudonym_beyond_its_term(scene, django_capture_on_commit_callbacks):
    held = bill(scene.a.member)
    operations.hold(held, reason="lite", by=scene.a.admin)
    leave(scene.a)
    with django_capture_on_commit_callbacks(execute=True):
        erase(scene.a.member, by=None, at=LATER)

    assert purge_due(TEN_YEARS_ON) == []
    operations.release(held, by=scene.a.admin)
    destroy_released(TEN_YEARS_ON)
    assert [one.user for one in purge_due(TEN_YEARS_ON)] == [scene.a.member.pk]


def test_every_table_was_looked_at(scene):
    fill(scene.a)

    empty = {holding.model for holding in holdings()} - {
        holding.model for holding in holdings() if holding.rows_of(scene.a.member).exists()
    }

    assert empty == NEVER_WRITTEN


def test_the_copy_holds_all_that_is_ones_own_and_nothing_of_anybody_else(scene):
    fill(scene.a)
    fill(scene.b)
    mine = bill(scene.a.member)
    paper = files.read(mine.file_id, mine.file_key)
    bill(scene.b.member, "BOLLETTA-DI-UN-ALTRO")
    own, others = sow(scene.a.member, "own"), sow(scene.b.member, "oth")
    Document.objects.filter(owner=scene.b.member).update(file_name="BOLLETTA-DI-UN-ALTRO.pdf")

    copy = unpacked(scene.a.member)

    text = "\n".join([*copy, *(content.decode("utf-8", "replace") for content in copy.values())])
    secrets = {f"{holding.model}.{name}" for holding in holdings() for name in holding.withheld}
    private = {holding.model for holding in holdings() if not holding.in_copy}
    shown = {holding.model for holding in holdings() if holding.in_copy and holding.shown is None}
    expected = {canary: field for canary, field in own.items() if field.rpartition(".")[0] in shown}
    missing = {field for canary, field in expected.items() if canary not in text}
    assert missing - secrets == set()
    assert {field for field in missing if field in secrets}  # secrets are there, and are not told
    assert len(expected) > 50
    assert private - shown  # and there are tables that are left out on purpose
    assert [canary for canary in others if canary in text] == []
    assert scene.b.member.email not in text
    assert scene.a.admin.email not in text  # who did what to one's data is not told
    papers = [content for name, content in copy.items() if name.startswith("documenti/")]
    assert paper in papers
    assert "BOLLETTA-DI-UN-ALTRO" not in text


def test_the_copy_says_of_each_table_what_for_on_what_ground_and_for_how_long(scene):
    fill(scene.a)

    copy = unpacked(scene.a.member)
    tables = json.loads(copy["dati.json"])["tables"]

    personal = {label for label, table in tables.items() if table["purpose"] and table["basis"] and table["term"]}
    assert personal == set(tables)
    assert tables["core.CERMembership"]["rows"][0]["community_name"] == "CER A"
    assert "LEGGIMI.txt" in copy
    assert "solo un’impronta" in copy["LEGGIMI.txt"].decode()


def test_every_table_of_the_map_with_somebodys_data_says_what_an_erasure_makes_of_it():
    personal = {
        label for label, fields in whole_map().items() if any(isinstance(entry, Personal) for entry in fields.values())
    }
    told = {holding.model for holding in holdings()}

    assert personal - told - ELSEWHERE == set()
    assert told & ELSEWHERE == set()
    assert all(elsewhere().values())


def left_standing(holding: Holding, whole: Any) -> list[str]:
    """Personal texts, and places, that an erasure would leave as they are without saying why."""
    if holding.fate is Fate.DELETED:
        return []
    return [
        str(field)
        for field in holding.model_class()._meta.local_concrete_fields
        if isinstance(entry_of(field, whole), Personal)
        and (holds_text(field) or field.name in ("latitude", "longitude"))
        and field.name not in {*holding.emptied, *holding.stays}
        and not field.name.endswith("_index")
    ]


def test_every_personal_text_that_an_erasure_leaves_has_its_reason():
    whole = whole_map()

    assert [name for holding in holdings() for name in left_standing(holding, whole)] == []
    assert all(holding.why for holding in holdings() if holding.fate is not Fate.DELETED)


@pytest.mark.parametrize("label", ["core.Application", "core.MemberRegistry", "users.CustomUser", "core.Plant"])
def test_a_personal_column_that_was_forgotten_would_be_noticed(label):
    holding = next(one for one in holdings() if one.model == label and one.fate is Fate.EMPTIED)
    forgotten = Holding(label, holding.rows_of, Fate.EMPTIED, why="because")

    assert left_standing(forgotten, whole_map())


def test_who_is_still_a_member_or_runs_the_platform_is_told_what_comes_first(scene):
    member = scene.a.member
    assert [one.code for one in obstacles_of(member, at=LATER)] == ["membership"]

    with pytest.raises(Obstructed):
        erase(member, by=None, at=LATER)

    member.refresh_from_db()
    assert member.is_active
    leave(scene.a)
    member.is_staff = True
    member.save()
    assert [one.code for one in obstacles_of(member, at=LATER)] == ["staff"]


def test_the_register_keeps_its_numbers_under_a_pseudonym(scene, django_capture_on_commit_callbacks):
    side = scene.a
    fill(side)
    leave(side)
    entries = list(MemberRegistry.objects.filter(user=side.member).values_list("number", "member_number", "kind"))
    email = side.member.email

    with django_capture_on_commit_callbacks(execute=True):
        erase(side.member, by=side.admin, at=LATER)

    kept = MemberRegistry.objects.filter(user=side.member)
    assert list(kept.values_list("number", "member_number", "kind")) == entries
    assert {entry.details["name"] for entry in kept} == {f"Persona cancellata {side.member.pk}"}
    assert {entry.details["member_type"] for entry in kept} == {"PROSUMER"}
    person = CustomUser.objects.get(pk=side.member.pk)
    assert (person.is_active, person.has_usable_password(), str(person)) == (
        *(False, False),
        f"Persona cancellata {person.pk}",
    )
    line = AuditLine.objects.get(action=Action.PERSON_ERASED)
    assert (line.actor_id, line.subject_id) == (side.admin.pk, person.pk)
    assert AccountDeletionRequest.objects.get(user=person).executed_at == LATER
    assert Consent.objects.filter(user=person).exists()
    assert [message.to for message in delivered()][-1] == [email]
    assert "libro soci" in delivered()[-1].body
    with pytest.raises(AlreadyErased):
        erase(person, by=None, at=LATER)


def test_the_preview_says_what_goes_what_stays_and_until_when(scene):
    fill(scene.a)
    leave(scene.a, at=NOW)

    lines = {(line.model, line.fate): line for line in preview(scene.a.member, at=LATER)}

    assert lines["core.MemberRegistry", Fate.EMPTIED].until == date(2036, 6, 1)  # ten years after leaving
    assert lines["users.AuditLine", Fate.KEPT].until == date(2027, 6, 1)
    assert lines["mfa.Authenticator", Fate.DELETED].until is None
    kept = [stays for line in preview(scene.a.member, at=LATER) if line.model == "core.Plant" for stays in line.stays]
    assert ("POD", "il POD e i codici GAUDÌ legano i conteggi degli incentivi alle misure ufficiali") in kept
    assert scene.a.member.email == CustomUser.objects.get(pk=scene.a.member.pk).email  # nothing was done


def test_a_paper_on_hold_stays_until_the_hold_ends(scene, django_capture_on_commit_callbacks):
    held, free = bill(scene.a.member), bill(scene.a.member, "UN-ALTRA-BOLLETTA")
    Document.objects.filter(pk=held.pk).update(legal_hold=True, legal_hold_reason="Causa n. 1")
    leave(scene.a)

    with django_capture_on_commit_callbacks(execute=True):
        erase(scene.a.member, by=None, at=LATER)
        assert destroy_released(LATER) == 0

    assert files.path_of(held.file_id).exists()
    assert not files.path_of(free.file_id).exists()
    Document.objects.filter(pk=held.pk).update(legal_hold=False)
    with django_capture_on_commit_callbacks(execute=True):
        assert destroy_released(LATER) == 1
    assert not files.path_of(held.file_id).exists()
    assert Document.objects.get(pk=held.pk).legal_hold_reason == ""


@pytest.mark.parametrize("has_account", [True, False])
def test_what_somebody_handed_in_with_a_draft_is_theirs_in_the_copy_and_the_erasure(
    has_account, scene, django_capture_on_commit_callbacks
):
    person = scene.viewers["stranger"]
    dates = {"created_at": NOW, "updated_at": NOW}
    draft = Application.objects.create(
        community=scene.a.cer, email=person.email, user=person if has_account else None, **dates
    )
    held, free = bill(person), bill(person, "UN-ALTRA-BOLLETTA")
    Document.objects.update(owner=None, application=draft)
    Document.objects.filter(pk=held.pk).update(legal_hold=True, legal_hold_reason="Causa n. 1")
    assert len([name for name in unpacked(person) if name.startswith("documenti/")]) == 2

    with django_capture_on_commit_callbacks(execute=True):
        erase(person, by=None, at=LATER)

    assert not Application.objects.filter(pk=draft.pk).exists()
    assert (files.path_of(held.file_id).exists(), files.path_of(free.file_id).exists()) == (True, False)
    Document.objects.filter(pk=held.pk).update(legal_hold=False)
    with django_capture_on_commit_callbacks(execute=True):
        assert destroy_released(LATER) == 1


def test_what_was_measured_for_the_community_stays_and_what_nobody_needs_goes(scene):
    fill(scene.a)
    leave(scene.a)
    member, device = scene.a.member, scene.a.device
    private = Plant.objects.get(owner=member, cer_configuration=None)

    erase(member, by=None, at=LATER)

    assert EnergyInterval.objects.filter(device=device).exists()
    assert not DeviceMeasurement.objects.filter(device=device).exists()
    assert not EnergyMeasurement.objects.filter(device__placements__plant=private).exists()
    private.refresh_from_db()
    assert private.pod_code.startswith("IT999E")
    assert private.latitude is None
    of_the_community = Plant.objects.get(pk=scene.a.plant.pk)
    assert of_the_community.pod_code == scene.a.plant.pod_code
    assert of_the_community.active_to == LATER
    meter = DeviceConfiguration.objects.get(pk=device.pk)
    assert (meter.device_id, meter.is_active) == (f"erased-{meter.pk}", False)
    assert not UnknownDevice.objects.filter(prefix__icontains=scene.a.plant.pod_key).exists()


def test_a_meter_that_was_moved_on_is_anothers(scene):
    device = scene.a.device
    device.placements.get().end(at=NOW)
    device.placements.create(plant=scene.b.plant, active_from=NOW)
    leave(scene.a)

    erase(scene.a.member, by=None, at=LATER)

    device.refresh_from_db()
    assert device.is_active
    assert device.device_id.startswith("shelly")
    assert device.placements.filter(plant=scene.b.plant, active_to=None).exists()


def test_an_application_that_waits_is_withdrawn(scene):
    applicant = scene.viewers["applicant"]
    membership = CERMembership.objects.get(user=applicant)
    dates = {"created_at": NOW, "updated_at": NOW, "submitted_at": NOW}
    application = Application(
        community=scene.a.cer, user=applicant, membership=membership, email=applicant.email, **dates
    )
    application.write("person", {"last_name": "Canarino"})
    application.save()

    erase(applicant, by=None, at=LATER)

    application.refresh_from_db()
    membership.refresh_from_db()
    assert membership.state == MembershipState.LEFT
    assert application.answers == {}
    assert ApplicationEvent.objects.filter(application=application, kind="WITHDRAWN").exists()


def test_nobody_is_half_erased(scene, monkeypatch):
    fill(scene.a)
    leave(scene.a)
    before = sorted(everything())

    def fails(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError

    monkeypatch.setattr("cercollettiva.users.rights.erasure.record", fails)
    with pytest.raises(RuntimeError):
        erase(scene.a.member, by=None, at=LATER)

    assert sorted(everything()) == before


def test_a_copy_can_be_asked_for_by_somebody_of_whom_there_is_nothing(scene):
    stranger = scene.viewers["stranger"]

    tables = json.loads(unpacked(stranger)["dati.json"])["tables"]

    assert tables["users.CustomUser"]["rows"][0]["email"] == stranger.email
    assert tables["core.CERMembership"]["rows"] == []


def test_a_ready_copy_has_an_end():
    person = CustomUser.objects.create_user("anna@example.it")

    export = DataExport.objects.create(
        user=person, asked_at=NOW, state=ExportState.READY, expires_at=NOW + timedelta(hours=1)
    )

    assert list(DataExport.objects.open_at(NOW)) == [export]
    assert list(DataExport.objects.open_at(LATER)) == []
    assert list(DataExport.objects.over_at(LATER)) == [export]
