"""A paper from the door to its end: kept encrypted, shown to whom it concerns, gone when its term has passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError

from cercollettiva.documents import files, intake, retention
from cercollettiva.documents.accesses import content_for
from cercollettiva.documents.intake import Refused, Subject, take_in
from cercollettiva.documents.models import AccessKind, Document, DocumentAccess, PlantDocument, RetentionTerm
from cercollettiva.documents.types import DocumentType
from cercollettiva.users.audit import Action, AuditLine
from tests.integration.core.scene import NOW, Scene, make_scene
from tests.support import canaries, hostile_files
from tests.support.pdfs import pdf_of

pytestmark = pytest.mark.django_db
CANARY = "CANARINO-DELLA-BOLLETTA"
BILL = pdf_of([(40, 60, CANARY)])
STAFF = {"staff", "superuser"}


@pytest.fixture
def media(settings, tmp_path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def scene(media) -> Scene:
    return make_scene()


def paper(scene: Scene, *, kind=DocumentType.BILL, content=BILL, name="bolletta.pdf", **subject) -> Document:
    upload = SimpleUploadedFile(name, content)
    return take_in(upload, kind=kind, subject=Subject(**(subject or {"owner": scene.a.member})), by=scene.a.member)


def test_what_was_taken_in_comes_out_the_same_and_lies_encrypted_on_disk(scene, media):
    document = paper(scene)
    [path] = [path for path in media.rglob("*") if path.is_file()]
    assert not canaries.found([CANARY, "Bolletta"], path.read_bytes())
    assert path.stat().st_mode & 0o077 == 0
    assert "bolletta" not in str(path)
    assert content_for(document, by=scene.a.member) == BILL


def test_a_file_that_was_changed_or_lost_says_so(scene):
    document = paper(scene)
    path = files.path_of(document.file_id)
    sealed = bytearray(path.read_bytes())
    sealed[40] ^= 1
    path.write_bytes(sealed)
    with pytest.raises(files.MissingFile):
        content_for(document, by=scene.a.member)
    path.unlink()
    with pytest.raises(files.MissingFile):
        content_for(document, by=scene.a.member)


@pytest.mark.parametrize("name", ["bomb.pdf", "named-otherwise.pdf", "script.png", "nothing.pdf", "too-large.pdf"])
def test_what_is_refused_leaves_nothing_behind(name, scene, media):
    content = {**dict(hostile_files.evil()), "script.png": b"<script>"}[name]
    with pytest.raises(Refused):
        paper(scene, content=content, name=name)
    assert not Document.objects.exists()
    assert not files.all_ids()


def test_a_file_whose_row_cannot_be_written_is_taken_away_again(scene, monkeypatch):
    def fails(*args, **kwargs):
        raise DatabaseError

    monkeypatch.setattr(intake, "note", fails)
    with pytest.raises(DatabaseError):
        paper(scene)
    assert not files.all_ids()


def test_a_copy_is_refused_and_names_the_first(scene):
    paper(scene)
    with pytest.raises(Refused, match="DUPLICATE"):
        paper(scene, name="di nuovo.pdf")
    paper(scene, owner=scene.b.member)  # somebody else's copy says nothing about ours


def test_there_is_a_quota(scene, monkeypatch):
    monkeypatch.setattr(intake, "QUOTA_BYTES", len(BILL) + 10)
    paper(scene)
    with pytest.raises(Refused, match="NO_ROOM"):
        paper(scene, content=pdf_of([(40, 60, "un'altra")]))
    paper(scene, owner=scene.b.member)


VISIBLE = {
    "a member's bill": ({"kind": DocumentType.BILL, "owner": "member"}, {"member"} | STAFF),
    "a bill at the plant": ({"kind": DocumentType.BILL, "plant": "plant"}, {"member", "admin"} | STAFF),
    "an attestation": ({"kind": DocumentType.GAUDI, "plant": "plant"}, {"member", "admin", "technician"} | STAFF),
    "a paper of the community": ({"kind": DocumentType.GSE_DOC, "community": "cer"}, {"admin"} | STAFF),
    "the statute": (
        {"kind": DocumentType.STATUTE, "community": "cer"},
        {"admin", "technician", "member", "other member"} | STAFF,
    ),
    "an identity paper for the community": (
        {"kind": DocumentType.ID_DOC, "owner": "member", "community": "cer"},
        {"member", "admin"} | STAFF,
    ),
}


@pytest.mark.parametrize("name", VISIBLE)
def test_a_paper_is_seen_by_exactly_these(name, scene):
    given, expected = VISIBLE[name]
    for side in (scene.b, scene.a):
        subject = {key: getattr(side, value) for key, value in given.items() if key != "kind"}
        document = paper(scene, kind=given["kind"], **subject)
    seen_by = {
        viewer
        for viewer, user in scene.viewers.items()
        if Document.objects.visible_to(user, at=NOW).filter(pk=document.pk).exists()
    }
    accesses_seen_by = {
        viewer
        for viewer, user in scene.viewers.items()
        if DocumentAccess.objects.visible_to(user, at=NOW).filter(document=document).exists()
    }
    by_others = {"technician", "other member"} if name == "the statute" else set()  # who read it is not for everybody
    assert (seen_by, accesses_seen_by) == (expected, expected - by_others)


def test_technical_papers_of_plants_have_a_manager_of_their_own(scene):
    paper(scene)
    gaudi = paper(scene, kind=DocumentType.GAUDI, plant=scene.a.plant)
    assert [one.pk for one in PlantDocument.objects.all()] == [gaudi.pk]


def test_every_look_is_written_down_and_a_stranger_s_reading_is_in_the_audit_log(scene):
    document = paper(scene, owner=scene.a.member, community=scene.a.cer)
    content_for(document, by=scene.a.admin)
    kinds = list(DocumentAccess.objects.order_by("pk").values_list("kind", "user"))
    assert kinds == [(AccessKind.UPLOADED, scene.a.member.pk), (AccessKind.DOWNLOADED, scene.a.admin.pk)]
    [line] = AuditLine.objects.filter(action=Action.DATA_READ)
    assert (line.actor_id, line.subject_id) == (scene.a.admin.pk, scene.a.member.pk)


@pytest.mark.parametrize(
    ("kind", "days"),
    [
        (DocumentType.ID_DOC, 730),
        (DocumentType.BILL, 3652),
        (DocumentType.GSE_DOC, 3652),
        (DocumentType.SYSTEM_CERT, 3652),
        (DocumentType.PANELS_PHOTO, 1826),
        (DocumentType.INVERTER_PHOTO, 1826),
        (DocumentType.PANELS_LIST, 3652),
        (DocumentType.GAUDI, 3652),
        (DocumentType.OTHER, 730),
    ],
)
def test_terms_are_those_of_the_first_platform(kind, days, scene):
    document = paper(scene, kind=kind)
    assert document.retention_until - document.uploaded_at.date() in {timedelta(days), timedelta(days + 1)}


def test_an_identity_paper_goes_ninety_days_after_it_was_verified(scene):
    document = paper(scene, kind=DocumentType.ID_DOC)
    document.verified_at = document.uploaded_at + timedelta(days=10)
    document.save(update_fields=["verified_at"])
    document.refresh_from_db()
    assert document.retention_until == (document.verified_at + timedelta(days=90)).date()
    document.verified_at = document.uploaded_at + timedelta(days=700)
    assert document.term() == (document.uploaded_at + timedelta(days=730)).date()


def after(document: Document, **of_its_term: int) -> datetime:
    return datetime.combine(document.term(), datetime.min.time(), tzinfo=UTC) + timedelta(**of_its_term)


def test_a_paper_past_its_term_is_deleted_and_the_proof_stays(scene):
    document = paper(scene)
    path = files.path_of(document.file_id)
    assert retention.run(after(document, hours=12)).deleted == []
    assert retention.run(after(document, days=1), dry_run=True).deleted == [document.pk]
    assert path.exists()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.db.transaction.on_commit", lambda work: work())
        assert retention.run(after(document, days=1)).deleted == [document.pk]
    assert not path.exists()
    document.refresh_from_db()
    assert (document.file_name, document.sha256, document.checksum, document.file_key) == ("", "", "", "")
    assert document.deleted_at is not None
    assert DocumentAccess.objects.filter(document=document, kind=AccessKind.DELETED, user=None).count() == 1
    assert not Document.objects.visible_to(scene.a.member).exists()
    assert retention.run(after(document, days=2)).deleted == []


def test_a_legal_hold_keeps_it_and_is_reported(scene):
    document = paper(scene)
    document.legal_hold = True
    document.save(update_fields=["legal_hold"])
    assert retention.run(after(document, days=9)).held == [document.pk]
    with pytest.raises(retention.OnHold):
        retention.delete(document, by=scene.a.member, at=NOW)
    assert files.path_of(document.file_id).exists()


def test_a_shorter_term_counts_for_papers_that_are_here_already(scene):
    document = paper(scene)
    RetentionTerm.objects.create(type=DocumentType.BILL, days=30)
    assert retention.run(document.uploaded_at + timedelta(days=32)).deleted == [document.pk]


def test_a_file_without_a_row_is_swept_after_an_hour(scene):
    kept = paper(scene)
    orphan = Document(file_key=files.new_key())
    files.write(orphan.file_id, orphan.file_key, b"x")
    now = datetime.now(UTC)
    assert retention.run(now).orphans == 0
    assert retention.run(now + timedelta(hours=2)).orphans == 1
    assert files.all_ids() == {kept.file_id}
