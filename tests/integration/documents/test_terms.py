"""Staff changes how long papers are kept: first what would go, then the term, and who did it is written down."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from cercollettiva.documents import operations, retention, terms
from cercollettiva.documents.models import Document, RetentionTerm
from cercollettiva.documents.types import DocumentType
from cercollettiva.users.audit import Action, AuditLine
from tests.integration.core.scene import Scene, make_scene
from tests.integration.documents.desk import BILL, client_of, paper, words
from tests.support.pdfs import pdf_of

pytestmark = pytest.mark.django_db
TERM = "/documents/terms/BILL/"


@pytest.fixture
def scene(settings, tmp_path) -> Scene:
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_scene()


def old(scene: Scene, *, days: int, content: bytes = BILL) -> Document:
    document = paper(scene.a.member, content=content)
    document.uploaded_at = timezone.now() - timedelta(days=days)
    document.expiry_told_at = timezone.now()
    document.save()
    return document


def test_a_new_term_shows_what_it_would_delete_and_counts_only_once_it_is_confirmed(scene):
    gone, stays = old(scene, days=400), old(scene, days=10, content=pdf_of([(40, 60, "un'altra")]))
    held = old(scene, days=500, content=pdf_of([(40, 60, "trattenuta")]))
    operations.hold(held, reason="lite", by=scene.a.admin)
    client = client_of(scene.viewers["staff"])

    shown = client.post(TERM, {"days": "365"})

    assert "Stanotte si eliminerebbe 1 documento su 3" in words(shown).replace("\n", " ")
    assert f"Bolletta {gone.pk}".lower() in words(shown).lower()
    assert f"bolletta {stays.pk}" not in words(shown).lower()
    assert not RetentionTerm.objects.exists()
    for untrue in ({"going": "0"}, {"going": ""}):  # confirmed what was never shown
        assert client.post(TERM, {"days": "365", "confirmed": "on", **untrue}).status_code == 200
    assert not RetentionTerm.objects.exists()

    assert client.post(TERM, {"days": "365", "confirmed": "on", "going": "1"}).status_code == 302

    assert RetentionTerm.objects.get().days == 365
    stays.refresh_from_db()
    assert stays.retention_until == stays.term() == timezone.localdate(stays.uploaded_at + timedelta(days=365))
    line = AuditLine.objects.get(action=Action.TERM_CHANGED)
    assert line.actor_id == scene.viewers["staff"].pk
    assert (line.details["type"], line.details["days_before"], line.details["days"]) == ("BILL", 3652, 365)
    assert (line.details["going"], gone.term() < timezone.localdate()) == (1, True)
    assert "3.652" in words(client.get("/documents/terms/"))
    outcome = retention.run(timezone.now())
    assert (outcome.deleted, outcome.held) == ([gone.pk], [held.pk])


def test_the_usual_term_again_needs_no_row_and_who_was_told_is_told_anew(scene):
    document = old(scene, days=10)
    change = {"after_verification": None, "by": scene.viewers["staff"], "at": timezone.now()}
    terms.change_term(DocumentType.BILL, days=30, **change)
    assert Document.objects.get(pk=document.pk).expiry_told_at is not None
    terms.change_term(DocumentType.BILL, days=3652, **change)

    assert not RetentionTerm.objects.exists()
    assert Document.objects.get(pk=document.pk).expiry_told_at is None
    assert AuditLine.objects.filter(action=Action.TERM_CHANGED).count() == 2


@pytest.mark.parametrize(
    "wrong", [{"days": "0"}, {"days": "-3"}, {"days": "x"}, {"days": ""}, {"days": "10", "after_verification": "90"}]
)
def test_a_term_that_makes_no_sense_is_refused(wrong, scene):
    answer = client_of(scene.viewers["staff"]).post(
        "/documents/terms/ID_DOC/", {**wrong, "confirmed": "on", "going": "0"}
    )

    assert answer.status_code == 200
    assert "field--error" in words(answer) or "errors" in words(answer)
    assert not RetentionTerm.objects.exists()


def test_there_is_no_term_of_a_type_that_is_not(scene):
    assert client_of(scene.viewers["staff"]).get("/documents/terms/NOTHING/").status_code == 404
    assert client_of(scene.a.admin).get("/documents/terms/").status_code == 404
