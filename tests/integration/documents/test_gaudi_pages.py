"""From an attestation to a plant: read in the background, shown beside its page, corrected, kept in its versions."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from cercollettiva.core.models import Plant, PlantType
from cercollettiva.documents import reading
from cercollettiva.documents.models import AccessKind, Document, DocumentAccess, Processing
from cercollettiva.ops import jobs
from tests.integration.core.scene import Scene, make_scene
from tests.integration.documents.desk import POD, client_of, paper, words
from tests.support.pdfs import pdf_of
from tests.unit.documents.attestations import WRITTEN, same_line

pytestmark = pytest.mark.django_db
SAMPLES = Path(__file__).parents[2] / "fixtures" / "gaudi"
OF_OURS = {**WRITTEN, "pod_code": POD, "active_power_kw": "4,500 kW", "version_number": "3"}


@pytest.fixture
def scene(settings, tmp_path) -> Scene:
    settings.MEDIA_ROOT = tmp_path / "media"
    return make_scene()


@pytest.fixture
def member(scene):
    return client_of(scene.a.member)


def send(client, address, content, name="attestato.pdf", **headers):
    return client.post(address, {"file": SimpleUploadedFile(name, content)}, headers=headers or None)


def fields_of(page) -> dict[str, str]:
    """What a browser would send back, untouched."""
    form = page.context["form"]
    given = {name: form[name].value() for name in form.fields}
    return {
        name: form[name].field.widget.format_value(value) if hasattr(form[name].field.widget, "format_value") else value
        for name, value in ((name, form[name].field.prepare_value(value)) for name, value in given.items())
        if value not in (None, "", False)
    }


def posted(page, **changed) -> dict[str, str]:
    flat = {name: value[0] if isinstance(value, list) else value for name, value in fields_of(page).items()}
    return {**{name: str(value) for name, value in flat.items()}, **changed}


def test_an_attestation_becomes_a_plant(scene, member):
    assert "Dall’attestato all’impianto" in words(member.get("/plants/new-from-gaudi/"))
    answer = send(member, "/plants/new-from-gaudi/", (SAMPLES / "attestato-1.pdf").read_bytes())
    document = Document.objects.get()
    address = f"/documents/gaudi/{document.pk}/"
    assert answer["Location"] == address
    assert document.owner == scene.a.member

    waiting = words(member.get(address))
    assert "Stiamo leggendo" in waiting
    assert "data-job" in waiting
    assert '<noscript><meta http-equiv="refresh"' in waiting
    assert member.get(f"{address}status/").json()["status"] == "WAITING"

    assert jobs.read_papers(datetime.now(UTC)) == 1
    assert member.get(f"{address}status/").json()["status"] == "DONE"
    details = member.get(f"{address}details/").json()
    assert (details["pod_code"], details["active_power_kw"], details["version_number"]) == ("IT001E123456789", 99.5, 2)

    page = member.get(address)
    assert "Letto: <b>99,5</b>, sicurezza 100" in words(page)
    assert page.context["form"]["region"].value() == "Veneto"
    assert ("Zona di mercato", "Nord") in page.context["others"]
    assert ("Correzione del premio", "Nord") in page.context["others"]
    elsewhere = words(member.post(address, posted(page, region="Umbria")))
    assert "La provincia VR è in Veneto" in elsewhere
    assert "COMUNE DI ESEMPIO" in words(page)
    picture = member.get(f"{address}page/")
    assert picture.content.startswith(b"\x89PNG")
    assert picture["Content-Security-Policy"].startswith("sandbox")

    refused = member.post(address, posted(page, pod_code="IT001"))
    assert "Non l’abbiamo ancora salvato" in words(refused)
    answer = member.post(address, posted(page, nominal_power="98"))
    plant = Plant.objects.get(pod_key="IT001E12345678")
    assert answer["Location"] == f"/plants/{plant.pk}/mqtt/"
    assert (plant.nominal_power, plant.apparent_power_kva, plant.owner) == (98, 100, scene.a.member)
    assert (plant.gaudi_version, plant.gaudi_validation_date) == (2, date(2024, 3, 14))
    assert (plant.zip_code, plant.city, plant.province) == ("37019", "PESCHIERA DEL GARDA", "VR")
    assert (plant.region, plant.market_zone) == ("Veneto", "NORD")
    assert (plant.plant_type, plant.source, plant.grid_feed_type) == (PlantType.PRODUCER, "PV", "TOTAL")
    assert (plant.censimp_code, plant.remote_disconnect) == ("IM_1234567", True)
    assert plant.entry_into_operation is None  # the expected day is none
    document.refresh_from_db()
    assert document.plant == plant
    assert document.fields_read["active_power_kw"] == 99.5  # what was read stays beside what was confirmed
    assert document.fields_read["confirmed"]["active_power_kw"] == "98"


def test_an_update_lists_differences_and_keeps_the_versions(scene, member):
    plant = scene.a.plant
    Plant.objects.filter(pk=plant.pk).update(nominal_power=Decimal(3), censimp_code="IM_1")
    paper(scene.a.member, content=pdf_of([(40, 60, "POD IT001E99999999")]), name="bolletta.pdf")
    address = f"/plants/{plant.pk}/gaudi-update/"
    for version in ("3", "2"):
        answer = send(member, address, same_line({**OF_OURS, "version_number": version}), name=f"v{version}.pdf")
        jobs.read_papers(datetime.now(UTC))
        page = member.get(answer["Location"])
        if version == "3":
            differences = {(one.field, one.read, one.held) for one in page.context["differences"]}
            assert ("active_power_kw", "4,5", "3") in differences
            assert ("censimp_code", "IM_7654321", "IM_1") in differences
            assert "La bolletta del" in words(page)
            assert member.post(answer["Location"], posted(page)).status_code == 302
            plant.refresh_from_db()
            assert (plant.nominal_power, plant.gaudi_version, plant.name) == (Decimal("4.5"), 3, "Casa 65")
    assert "più nuova di questa" in words(page)
    assert any(one.where == "l’attestato versione 3" for one in page.context["differences"])
    versions = words(member.get(address))
    assert "Versione 3" in versions
    assert "Versione 2" in versions
    assert len(page.context["versions"]) == 1


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ((SAMPLES / "scansione.pdf").read_bytes(), "È una scansione"),
        (pdf_of([(40, 60, "Ricetta della torta")]), "Non è un attestato"),
    ],
)
def test_what_cannot_be_read_says_why(content, told, scene, member):
    answer = send(member, "/plants/new-from-gaudi/", content)
    jobs.read_papers(datetime.now(UTC))
    page = words(member.get(answer["Location"]))
    assert told in page
    status = member.get(f"{answer['Location']}status/").json()
    assert (status["status"], told in status["error"]) == ("FAILED", True)
    assert ("Crea l’impianto" in page) == (told == "È una scansione")  # what is on a scan may be typed
    member.post(answer["Location"], {"action": "again"})
    assert Document.objects.get().processing == Processing.WAITING


def test_a_program_uploads_for_a_plant_and_is_told_where_to_look(scene, member):
    address = f"/documents/plant/{scene.a.plant.pk}/gaudi/upload/"
    answer = send(member, address, same_line(OF_OURS), accept="application/json")
    assert answer.status_code == 201
    assert answer.json()["status"] == "WAITING"
    assert member.get(answer.json()["status_url"]).json()["id"] == answer.json()["id"]
    again = send(member, address, same_line(OF_OURS), accept="application/json")
    assert (again.status_code, "c’è già" in again.json()["error"]) == (422, True)
    by_form = send(member, address, same_line({**OF_OURS, "version_number": "4"}))
    assert by_form.status_code == 302
    assert send(client_of(scene.b.member), address, b"x").status_code == 404


def test_nobody_else_sees_what_was_read(scene, member):
    answer = send(member, "/plants/new-from-gaudi/", same_line(OF_OURS))
    jobs.read_papers(datetime.now(UTC))
    for person in (scene.b.admin, scene.b.member, scene.a.technician, scene.a.admin):
        for part in ("", "status/", "details/", "page/"):
            assert client_of(person).get(f"{answer['Location']}{part}").status_code == 404
    member.get(answer["Location"])
    assert DocumentAccess.objects.filter(kind=AccessKind.SEEN, user=scene.a.member).count() == 1


def test_the_paper_of_a_known_pod_leads_to_its_plant(scene, member):
    answer = send(member, "/plants/new-from-gaudi/", same_line(OF_OURS))
    jobs.read_papers(datetime.now(UTC))
    page = member.get(answer["Location"])
    assert page.context["matching"] == scene.a.plant
    page = member.get(f"{answer['Location']}?plant={scene.a.plant.pk}")
    member.post(answer["Location"], posted(page, plant=str(scene.a.plant.pk)))
    assert Document.objects.get().plant == scene.a.plant
    assert Plant.objects.get(pk=scene.a.plant.pk).nominal_power == Decimal("4.5")


def test_a_technician_looks_but_a_plant_of_another_community_is_not_there(scene, member):
    send(member, f"/plants/{scene.a.plant.pk}/gaudi-update/", same_line(OF_OURS))
    jobs.read_papers(datetime.now(UTC))
    document = Document.objects.get()
    assert client_of(scene.a.technician).get(f"/documents/gaudi/{document.pk}/").status_code == 200
    assert client_of(scene.b.admin).get(f"/plants/{scene.a.plant.pk}/gaudi-update/").status_code == 404
    stranger = client_of(scene.viewers["stranger"])
    assert "Prima serve una comunità" in words(stranger.get("/plants/new-from-gaudi/"))
    assert send(stranger, "/plants/new-from-gaudi/", same_line(OF_OURS)).status_code == 200


def test_a_reading_whose_worker_died_begins_again(scene):
    document = paper(scene.a.member, kind="GAUDI", content=same_line(OF_OURS))
    now = timezone.now()
    Document.objects.filter(pk=document.pk).update(processing=Processing.RUNNING, processing_since=now)
    assert reading.read_waiting(now + timedelta(seconds=30)) == 0
    assert reading.read_waiting(now + timedelta(minutes=3)) == 1
    document.refresh_from_db()
    assert document.processing == Processing.DONE
    assert not reading.something_waits()
