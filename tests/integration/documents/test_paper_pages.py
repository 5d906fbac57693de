"""The pages of papers: handing in, finding, downloading, verifying, holding, deleting. T8 and T10."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cercollettiva.documents import files, intake
from cercollettiva.documents.models import AccessKind, Document, DocumentAccess
from cercollettiva.users.audit import Action, AuditLine
from tests.integration.core.scene import Scene, make_scene
from tests.integration.documents.desk import BILL, client_of, paper, upload, words
from tests.support import hostile_files
from tests.support.hostile_files import picture_with_place
from tests.support.mailbox import delivered
from tests.support.pdfs import pdf_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(settings, tmp_path) -> Scene:
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_scene()


@pytest.fixture
def member(scene):
    return client_of(scene.a.member)


@pytest.fixture
def admin(scene):
    return client_of(scene.a.admin)


def test_a_paper_is_handed_in_found_and_taken_back(scene, member):
    assert "Nessun documento, per ora" in words(member.get("/documents/"))
    answer = upload(member)
    document = Document.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/documents/{document.pk}/")
    assert (document.owner, document.uploaded_by, document.consent_version != "") == (scene.a.member,) * 2 + (True,)

    assert "bolletta.pdf" in words(member.get("/documents/?tipo=BILL&di=miei&stato=verificare"))
    assert "Nessun documento così" in words(member.get("/documents/?tipo=GAUDI"))
    detail = words(member.get(f"/documents/{document.pk}/"))
    assert "caricato" in detail
    assert "127.0.0.1" in detail

    file = member.get(f"/documents/{document.pk}/download/")
    assert file.content == BILL
    assert DocumentAccess.objects.filter(document=document, kind=AccessKind.DOWNLOADED, user=scene.a.member).exists()


def test_served_headers_lock_the_file_up(scene, member):
    document = paper(scene.a.member)
    answer = member.get(f"/documents/{document.pk}/download/")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in answer["Cache-Control"]


NAMES = {
    "../../../etc/passwd.pdf": "passwd.pdf",
    "..\\..\\boot.pdf": "boot.pdf",
    "fattura\u202efdp.pdf": "fatturafdp.pdf",
    "a\r\nSet-Cookie: x=1.pdf": "aSet-Cookie: x=1.pdf",
    "<img src=x onerror=alert(1)>.pdf": "<img src=x onerror=alert(1)>.pdf",
    '"><script>alert(1)<script>.pdf': '"><script>alert(1)<script>.pdf',
    "bolletta" * 60 + ".pdf": ("bolletta" * 60)[: intake.LONGEST_NAME - 3] + ".pdf",
}


def test_a_hostile_name_is_a_name_and_nothing_else(scene, member):
    document = paper(scene.a.member, name="x.pdf")
    for name, kept in NAMES.items():
        document.file_name = intake.safe_name(name)
        document.save(update_fields=["file_name"])
        assert document.file_name == kept
        for path in ("/documents/", f"/documents/{document.pk}/", f"/documents/{document.pk}/delete/"):
            page = words(member.get(path))
            assert not any(bad in page for bad in ("<img src=x", "<script>alert", "\u202e")), (name, path)
        answer = member.get(f"/documents/{document.pk}/download/")
        assert "Set-Cookie" not in answer.headers or "x=1" not in str(answer.headers["Set-Cookie"])
        given = answer["Content-Disposition"].removeprefix("attachment; filename*=utf-8''")
        assert not set(given.replace('\\"', "")) & set("\r\n/\\"), name


def test_names_that_come_by_http_are_made_harmless(scene, member):
    upload(member, name="../../\u202eeicar<b>.pdf")
    document = Document.objects.get()
    assert document.file_name == "eicar<b>.pdf"
    [path] = [path for path in Path(files.path_of(document.file_id)).parent.parent.rglob("*") if path.is_file()]
    assert path.name == document.file_id.hex


REFUSED = {
    "opens-0.pdf": "Il PDF",
    "locked.pdf": "protetto da una password",
    "pages.pdf": "pagine: al massimo 50",
    "archive.pdf": "anche qualcos’altro",
    "named-otherwise.png": "Il nome del file dice una cosa",
    "too-large.pdf": "supera 10 MB",
    "wide.png": "troppo grande",
    "noise.pdf": "rotto",
    "vuoto.pdf": "Il file è vuoto",
    "foto.png": "non è accettato",
}


def test_what_is_refused_says_why_in_italian_and_leaves_nothing(scene, member):
    evil = {**dict(hostile_files.evil()), "vuoto.pdf": b"", "foto.png": b"<svg onload='alert(1)'/>"}
    for name, told in REFUSED.items():
        answer = upload(member, evil[name], name=name)
        assert answer.status_code == 200, name
        assert told in words(answer), name
    assert not Document.objects.exists()
    assert not files.all_ids()


def test_a_duplicate_leads_to_the_first(scene, member):
    upload(member)
    answer = words(upload(member, name="copia.pdf"))
    assert "Questo file c’è già: bolletta" in answer
    assert f"/documents/{Document.objects.get().pk}/" in answer


def test_the_quota_is_told(scene, member, monkeypatch):
    monkeypatch.setattr(intake, "QUOTA_BYTES", 10)
    assert "Non c’è più spazio" in words(upload(member))


def test_a_photograph_loses_where_it_was_taken(scene, member):
    upload(member, picture_with_place(), name="foto.jpg", type="PANELS_PHOTO")
    file = member.get(f"/documents/{Document.objects.get().pk}/download/")
    assert b"GPS" not in file.content
    assert b"Exif" not in file.content


def test_papers_are_handed_in_only_for_what_one_looks_after(scene, member, admin):
    for subject in (
        f"plant-{scene.b.plant.pk}",
        f"community-{scene.a.cer.pk}",
        f"organisation-{scene.a.cer.organisation_id}",
        f"me-{scene.b.cer.pk}",
        "plant-x",
        "",
    ):
        assert upload(member, subject=subject).status_code == 200, subject
    assert not Document.objects.exists()
    assert upload(member, subject=f"plant-{scene.a.plant.pk}", type="SYSTEM_CERT").status_code == 302
    assert upload(member, subject=f"me-{scene.a.cer.pk}").status_code == 302
    assert upload(admin, subject=f"organisation-{scene.a.cer.organisation_id}", type="GSE_DOC").status_code == 302
    assert "che amministri" in words(upload(member, type="STATUTE"))
    assert "è di una persona" in words(upload(member, type="ID_DOC", subject=f"plant-{scene.a.plant.pk}"))


def test_a_technician_sees_technical_papers_of_the_plant_and_no_bill(scene, member):
    certificate = paper(scene.a.member, kind="SYSTEM_CERT", plant=scene.a.plant, name="certificato.pdf")
    bill = paper(scene.a.member, content=pdf_of([(40, 60, "una bolletta")]), plant=scene.a.plant, name="bolletta.pdf")
    page = words(client_of(scene.a.technician).get(f"/plants/{scene.a.plant.pk}/documents/"))
    assert "certificato.pdf" in page
    assert "bolletta.pdf" not in page
    both = words(member.get(f"/plants/{scene.a.plant.pk}/documents/"))
    assert "bolletta.pdf" in both
    technician = client_of(scene.a.technician)
    assert technician.get(f"/documents/{certificate.pk}/download/").status_code == 200
    for address in ("", "download/", "delete/"):
        assert technician.get(f"/documents/{bill.pk}/{address}").status_code == 404
    assert technician.post(f"/documents/{certificate.pk}/delete/", {"confirmed": "1"}).status_code == 200
    assert Document.objects.get(pk=certificate.pk).deleted_at is None
    for action in ("verify", "hold"):
        assert technician.post(f"/documents/{certificate.pk}/{action}/", {"action": "hold"}).status_code == 404


def test_an_administrator_s_download_of_a_member_s_paper_is_in_the_audit_log(scene, admin):
    document = paper(scene.a.member, owner=scene.a.member, community=scene.a.cer)
    admin.get(f"/documents/{document.pk}/download/")
    lines = AuditLine.objects.filter(action=Action.DATA_READ, subject_id=scene.a.member.pk)
    assert {line.actor_id for line in lines} == {scene.a.admin.pk}


def test_verifying_starts_the_ninety_days_of_an_identity_paper(scene, member, admin):
    document = paper(scene.a.member, kind="ID_DOC", owner=scene.a.member, community=scene.a.cer)
    assert member.post(f"/documents/{document.pk}/verify/").status_code == 404
    admin.post(f"/documents/{document.pk}/verify/")
    document.refresh_from_db()
    assert document.verified_by == scene.a.admin
    assert document.retention_until == timezone.localdate(timezone.now() + timedelta(days=90))
    answer = member.post(f"/documents/{document.pk}/delete/", {"confirmed": "1"})
    assert "lo elimina chi amministra" in words(answer)


def test_a_legal_hold_needs_a_reason_and_refuses_deletion_until_it_is_lifted(scene, admin):
    document = paper(scene.a.member, owner=scene.a.member, community=scene.a.cer)
    address = f"/documents/{document.pk}/"
    admin.post(f"{address}hold/", {"action": "hold", "reason": " "})
    assert not Document.objects.get().legal_hold
    admin.post(f"{address}hold/", {"action": "hold", "reason": "contestazione del GSE"})
    assert "va conservato" in words(admin.get(f"{address}delete/"))
    admin.post(f"{address}delete/", {"confirmed": "1"})
    assert Document.objects.get().deleted_at is None
    admin.post(f"{address}hold/", {"action": "release"})
    admin.post(f"{address}delete/", {"confirmed": "1"})
    assert Document.objects.get().deleted_at is not None
    kinds = list(DocumentAccess.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["UPLOADED", "HELD", "RELEASED", "DELETED"]


def test_what_was_deleted_is_a_line_for_administrators_and_gone_for_everybody(
    scene, member, admin, django_capture_on_commit_callbacks
):
    document = paper(scene.a.member, owner=scene.a.member, community=scene.a.cer)
    path = files.path_of(document.file_id)
    assert "Elimini questo documento?" in words(member.get(f"/documents/{document.pk}/delete/"))
    member.post(f"/documents/{document.pk}/delete/")  # not confirmed
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        member.post(f"/documents/{document.pk}/delete/", {"confirmed": "1"})
    assert not path.exists()
    staff = client_of(scene.viewers["staff"])
    for client in (member, admin, staff):
        assert client.get(f"/documents/{document.pk}/").status_code == 404
        assert client.get(f"/documents/{document.pk}/download/").status_code == 404
    log = words(admin.get("/documents/deleted/"))
    assert f"Bolletta {document.pk}" in log
    assert scene.a.member.email in log
    assert "carta.pdf" not in log
    assert member.get("/documents/deleted/").status_code == 404
    assert f"Bolletta {document.pk}" not in words(client_of(scene.b.admin).get("/documents/deleted/"))


def test_a_file_that_was_lost_says_so(scene, member):
    document = paper(scene.a.member)
    files.path_of(document.file_id).unlink()
    answer = member.get(f"/documents/{document.pk}/download/", follow=True)
    assert "Il file non c’è più" in words(answer)


def test_the_list_asks_as_many_questions_for_many_papers_as_for_one(scene, member, django_assert_max_num_queries):
    for number in range(6):
        paper(scene.a.member, content=pdf_of([(40, 60, f"bolletta {number}")]), name=f"{number}.pdf")
    with django_assert_max_num_queries(25):
        page = words(member.get("/documents/"))
    assert "6 documenti." in page


def test_the_address_one_came_from_must_be_ours(scene, member):
    file = SimpleUploadedFile("b.pdf", BILL)
    fields = {"type": "BILL", "subject": "me", "file": file, "next": "https://evil.example/"}
    assert member.post("/documents/upload/", fields)["Location"].startswith("/documents/")


def test_an_administrator_takes_in_a_paper_that_a_member_brought(scene, admin, django_capture_on_commit_callbacks):
    choice = f"member-{scene.a.membership.pk}"
    page = words(admin.get(f"/documents/upload/?subject={choice}"))
    assert f'value="{choice}" selected' in page
    assert f"{scene.a.member}, per {scene.a.cer.name}" in page

    with django_capture_on_commit_callbacks(execute=True):
        assert upload(admin, subject=choice, type="ID_DOC").status_code == 302

    document = Document.objects.get()
    assert (document.owner, document.community, document.uploaded_by) == (scene.a.member, scene.a.cer, scene.a.admin)
    assert document.consent_version == ""  # nobody agrees to a notice for somebody else
    line = AuditLine.objects.get(action=Action.PAPER_HANDED_IN)
    assert (line.actor_id, line.subject_id) == (scene.a.admin.pk, scene.a.member.pk)
    assert line.details == {"document": document.pk, "type": "ID_DOC"}
    assert [message.to for message in delivered()] == [[scene.a.member.email]]
    assert f"/documents/{document.pk}/" in delivered()[0].body
    assert "documento d" in delivered()[0].body
    assert client_of(scene.a.member).get(f"/documents/{document.pk}/").status_code == 200
    assert client_of(scene.b.admin).get(f"/documents/{document.pk}/").status_code == 404


def test_nobody_else_takes_papers_in_for_a_member_nor_for_who_has_left(scene, admin):
    choice = f"member-{scene.a.membership.pk}"
    for who in ("b.admin", "a.technician", "a.member"):
        side, name = who.split(".")
        client = client_of(getattr(getattr(scene, side), name))
        assert f'value="{choice}"' not in words(client.get(f"/documents/upload/?subject={choice}"))
        assert upload(client, subject=choice).status_code == 200, who
    scene.a.membership.leave(at=timezone.now() - timedelta(minutes=1))
    assert upload(admin, subject=choice).status_code == 200
    for broken in ("member-", "member-x", "member-99999", f"member-{'9' * 30}", "member"):
        assert upload(admin, subject=broken).status_code == 200
    assert not Document.objects.exists()
    assert delivered() == []


def test_who_read_the_statute_is_for_administrators_and_from_where_for_oneself(scene, member, admin):
    statute = paper(scene.a.admin, kind="STATUTE", community=scene.a.cer)
    mine = paper(scene.a.member, kind="GAUDI", plant=scene.a.plant)
    for document in (statute, mine):
        for user, address in ((scene.a.technician, "192.0.2.77"), (scene.a.member, "192.0.2.11")):
            DocumentAccess.objects.create(document=document, user=user, kind=AccessKind.SEEN, address=address)

    def log(client, document):
        return words(client.get(f"/documents/{document.pk}/")).partition('class="table log"')[2]

    told = [
        ["technician" in read, "192.0.2.77" in read, "192.0.2.11" in read]
        for read in (log(member, statute), log(member, mine), log(admin, statute), log(admin, mine))
    ]
    assert told == [[False, False, True], [True, False, True], [True, True, True], [True, True, True]]


def test_a_way_on_that_is_no_path_leads_to_the_paper(scene, member, admin):
    answer = upload(member, next="abc")
    document = Document.objects.get()
    technical = paper(scene.a.member, kind="GAUDI", plant=scene.a.plant)
    verified = admin.post(f"/documents/{technical.pk}/verify/", {"next": "abc"})

    assert (answer.status_code, answer["Location"]) == (302, f"/documents/{document.pk}/")
    assert (verified.status_code, verified["Location"]) == (302, f"/documents/{technical.pk}/")
