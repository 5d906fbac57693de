"""Papers that are owed: with an application, by a mail's link or with an account; at the desk; on one's own page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client

from cercollettiva.core.models import Application, CERMembership
from cercollettiva.documents import files
from cercollettiva.documents.models import AccessKind, Document, DocumentAccess
from cercollettiva.ops import jobs
from tests.integration.core.applying import sent, written
from tests.integration.core.scene import Scene, make_scene
from tests.integration.documents.desk import client_of, paper, words
from tests.integration.web.joining import ROLE, apply, ask_for_link, follow_link
from tests.support.mailbox import delivered
from tests.support.pdfs import pdf_of
from tests.unit.documents.attestations import WRITTEN, same_line

pytestmark = pytest.mark.django_db
PRODUCES = ROLE | {"member_type": "PROSUMER", "source": "PV", "nominal_power": "4,5"}
BILL = pdf_of([(40, 60, "Fornitura IT001E55500001 di RSSMRA85T10A562S")])


@pytest.fixture
def scene(settings, tmp_path) -> Scene:
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_scene()


def add(client, community, kind, content, name="carta.pdf"):
    fields = {"type": kind, "file": SimpleUploadedFile(name, content)}
    return client.post(f"/cer/{community.pk}/join/papers/add/", fields, follow=True)


def test_papers_come_by_the_link_of_a_mail_and_go_with_the_application(scene):
    community, client = scene.a.cer, Client()
    ask_for_link(client, community.pk, "niccolo@example.it")
    follow_link(client, "niccolo@example.it")
    apply(client, community.pk, until="role", role=PRODUCES)
    assert "Mancano 3 documenti" in words(client.get(f"/cer/{community.pk}/join/papers/"))
    add(client, community, "BILL", BILL)
    add(client, community, "GAUDI", same_line({**WRITTEN, "active_power_kw": "6,000 kW"}), name="attestato.pdf")
    assert "non è tra quelli che servono" in words(add(client, community, "STATUTE", BILL))
    assert "Il file è rotto" in words(add(client, community, "ID_DOC", b"%PDF-1.7 no"))
    application = Application.objects.get()
    bill, attestation = Document.objects.order_by("pk")
    assert (bill.owner, bill.application) == (None, application)
    for person in (scene.a.admin, scene.b.admin):  # nobody sees the papers of what was not sent
        assert client_of(person).get(f"/documents/{bill.pk}/").status_code == 404

    assert jobs.read_papers(datetime.now(UTC)) == 2
    page = words(client.get(f"/cer/{community.pk}/join/papers/"))
    assert "Manca 1 documento" in page
    assert "Letto: IT001E55500001, RSSMRA85T10A562S" in page
    assert "L’attestato è del POD IT020E00234567, la domanda dice IT001E55500001." in page
    assert "L’attestato è di NICOLÒ &amp; FIGLI S.N.C. (12345678903)" in page
    assert "L’attestato sta in LOCALITÀ CA&#x27; BIANCA" in page
    assert "di potenza." in page
    assert "La bolletta è del POD" not in page  # it says what the form says

    apply(client, community.pk, role=PRODUCES)
    application.refresh_from_db()
    bill.refresh_from_db()
    assert bill.owner == application.user
    desk = words(client_of(scene.a.admin).get(f"/desk/{application.pk}/"))
    assert "L’attestato è del POD IT020E00234567" in desk
    assert f"/documents/{attestation.pk}/" in desk
    assert DocumentAccess.objects.filter(kind=AccessKind.SEEN, user=scene.a.admin).count() == 2
    assert client_of(scene.a.admin).get(f"/documents/{bill.pk}/download/").status_code == 200
    assert client_of(scene.b.admin).get(f"/documents/{bill.pk}/").status_code == 404
    status = words(client.get(f"/cer/{community.pk}/join/"))
    assert "arrivato" in status
    client.post(f"/cer/{community.pk}/join/papers/remove/", {"document": bill.pk})
    assert Document.objects.get(pk=bill.pk).deleted_at is not None
    assert client.post(f"/cer/{community.pk}/join/papers/remove/", {"document": 999}).status_code == 404


def test_with_the_last_verified_paper_the_membership_is_complete(scene):
    application = sent(scene.a.cer)
    client, admin = client_of(application.user), client_of(scene.a.admin)
    add(client, scene.a.cer, "BILL", BILL)
    add(client, scene.a.cer, "ID_DOC", pdf_of([(40, 60, "Carta")]))
    for document, is_complete in zip(Document.objects.order_by("pk"), (False, True), strict=True):
        assert admin.post(f"/documents/{document.pk}/verify/").status_code == 302
        membership = CERMembership.objects.get(pk=application.membership_id)
        assert (membership.documents_verified_at is not None) is is_complete
    assert membership.documents_verified_by == scene.a.admin


def test_a_bill_of_another_point_is_told_to_the_desk(scene):
    application = sent(scene.a.cer)
    add(client_of(application.user), scene.a.cer, "BILL", pdf_of([(40, 60, "POD IT001E99999999 VRDLGU80A01H501Z")]))
    jobs.read_papers(datetime.now(UTC))
    desk = words(client_of(scene.a.admin).get(f"/desk/{application.pk}/"))
    assert "La bolletta è del POD IT001E99999999, la domanda dice IT001E55500001." in desk
    assert "porta un altro codice fiscale" in desk


def test_a_member_sees_what_is_owed_and_until_when_the_rest_stays(scene):
    member = client_of(scene.a.member)
    address = re.search(r'/documents/upload/\?type=ID_DOC[^"]+', words(member.get("/me/")))
    assert address
    paper(scene.a.member, kind="ID_DOC", owner=scene.a.member, community=scene.a.cer)
    page = words(member.get("/me/"))
    assert "type=ID_DOC" not in page
    assert "resta fino al" in page
    assert "/documents/?di=miei" in page


def test_a_forgotten_draft_takes_its_papers_with_it(scene, django_capture_on_commit_callbacks):
    application = written(scene.a.cer)
    add(client_of(application.user), scene.a.cer, "BILL", BILL)
    path = files.path_of(Document.objects.get().file_id)
    later = datetime.now(UTC) + timedelta(days=91)
    Application.objects.filter(pk=application.pk).update(updated_at=datetime.now(UTC))
    with django_capture_on_commit_callbacks(execute=True):
        jobs.forget_drafts(later)
    assert not Application.objects.exists()
    assert not path.exists()
    assert Document.objects.get().deleted_at is not None


def test_a_draft_whose_paper_a_law_holds_is_not_forgotten(scene):
    application = written(scene.a.cer)
    written(scene.b.cer, application.user)
    add(client_of(application.user), scene.a.cer, "BILL", BILL)
    Document.objects.update(owner=None, legal_hold=True)

    jobs.forget_drafts(datetime.now(UTC) + timedelta(days=91))

    assert list(Application.objects.all()) == [application]
    assert Document.objects.kept().get().application == application


def test_a_statute_is_for_everybody_and_nothing_else_is(scene):
    community = scene.a.cer
    file = SimpleUploadedFile("statuto.pdf", pdf_of([(40, 60, "Statuto")]))
    answer = client_of(scene.a.admin).post(
        f"/cer/{community.pk}/settings/", {"action": "paper", "type": "STATUTE", "file": file}
    )
    assert answer.status_code == 302
    statute = Document.objects.get()
    address = f"/cer/{community.pk}/papers/{statute.pk}/"
    assert address in words(Client().get(f"/cer/{community.pk}/public/"))
    answer = Client().get(address)
    assert answer.content.startswith(b"%PDF")
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Security-Policy"].startswith("sandbox")
    secret = paper(scene.a.admin, kind="GSE_DOC", community=community)
    assert Client().get(f"/cer/{community.pk}/papers/{secret.pk}/").status_code == 404
    assert Client().get(f"/cer/{scene.b.cer.pk}/papers/{statute.pk}/").status_code == 404
    refused = {"action": "paper", "type": "STATUTE", "file": SimpleUploadedFile("x.pdf", b"x")}
    assert "non è accettato" in words(client_of(scene.a.admin).post(f"/cer/{community.pk}/settings/", refused))


def test_what_expires_is_told_once_and_then_deleted_at_night(scene, django_capture_on_commit_callbacks):
    document = paper(scene.a.member, kind="ID_DOC", name="carta.pdf")
    held = paper(scene.a.member, kind="OTHER", content=pdf_of([(40, 60, "altro")]))
    Document.objects.filter(pk=held.pk).update(legal_hold=True)
    of_community = paper(scene.a.admin, kind="OTHER", community=scene.a.cer)
    soon = datetime.combine(document.term() - timedelta(days=20), datetime.min.time(), tzinfo=UTC)
    assert [jobs.tell_of_expiring_papers(soon), jobs.tell_of_expiring_papers(soon + timedelta(days=1))] == [3, 0]
    assert {tuple(message.to) for message in delivered()} == {
        (scene.a.member.email,),
        (scene.a.admin.email,),
        ("not-yet@example.it",),  # administers it by then
    }
    assert any(f"documento d'identità, dopo il {document.term():%d/%m/%Y}" in one.body for one in delivered())

    after = soon + timedelta(days=22)
    with django_capture_on_commit_callbacks(execute=True):
        assert "documents_document: 2" in jobs.retire_old_papers(after)
    assert files.all_ids() == {held.file_id}
    assert not Document.objects.kept().filter(pk__in=[document.pk, of_community.pk]).exists()


def test_the_command_tells_of_papers_and_a_dry_run_keeps_them(scene, capsys):
    document = paper(scene.a.member)
    Document.objects.filter(pk=document.pk).update(uploaded_at=datetime(2010, 1, 1, tzinfo=UTC))
    call_command("retention", dry_run=True)
    assert "documents_document: 1 papers" in capsys.readouterr().out
    assert Document.objects.kept().exists()
    call_command("retention", json=True)
    assert '"table": "documents_document"' in capsys.readouterr().out
    assert not Document.objects.kept().exists()
