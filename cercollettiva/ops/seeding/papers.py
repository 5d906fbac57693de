"""Papers of the invented community: an attestation that was read, the bill of somebody at the door whose identity paper
is still owed, and a statute that everybody may download. Each is marked as invented.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction

from cercollettiva.core.models import Application, CERConfiguration, MembershipState, Plant
from cercollettiva.core.paper.making import make_pdf
from cercollettiva.documents.intake import Duplicate, Subject, take_in
from cercollettiva.documents.reading import read_waiting
from cercollettiva.documents.types import DocumentType
from cercollettiva.ops.simulation.scenery import Community, Point

INVENTED = "Documento inventato per la dimostrazione: non vale."


def write(scenery: Community, cer: CERConfiguration, *, now: datetime) -> None:
    """Once: what is here already is left alone."""
    producer = next(point for point in scenery.points if point.array is not None)
    plant = Plant.objects.filter(pod_code=producer.pod, cer_configuration=cer).select_related("owner").first()
    if plant is not None:
        _hand_in("attestato.pdf", _attestation(scenery, producer, plant), DocumentType.GAUDI, Subject(plant=plant))
    applicant = (
        Application.objects.filter(community=cer, membership__state=MembershipState.SUBMITTED)
        .select_related("user")
        .order_by("submitted_at")
        .first()
    )
    if applicant is not None:
        subject = Subject(owner=applicant.user, application=applicant)
        _hand_in("bolletta.pdf", _bill(applicant), DocumentType.BILL, subject)
    _hand_in("statuto.pdf", _statute(scenery), DocumentType.STATUTE, Subject(community=cer))
    read_waiting(now)


def _hand_in(name: str, content: bytes, kind: DocumentType, subject: Subject) -> None:
    try:
        with transaction.atomic():
            take_in(SimpleUploadedFile(name, content), kind=kind, subject=subject, by=subject.owner)
    except Duplicate:
        return


def _attestation(scenery: Community, point: Point, plant: Plant) -> bytes:
    array, place = point.array, scenery.place
    assert array is not None  # noqa: S101  # chosen so
    power = f"{array.inverter_kw:.3f}".replace(".", ",") + " kW"
    owner = plant.owner
    lines = [
        ("Codice POD", point.pod),
        ("Codice Richiesta", "300000001"),
        ("Codice CENSIMP", "IM_9990001"),
        ("Codice SAPR", "S01IM_9990001"),
        ("Numero versione attestato", "1"),
        ("Data di Convalida", f"{array.in_operation_since:%d/%m/%Y}"),
        ("Nome Impianto", point.name.upper()),
        ("Tipologia Impianto", "FOTOVOLTAICO"),
        ("Ubicazione Impianto", f"{point.address}, {place.postal_code} {place.town} ({place.province})".upper()),
        ("Gestore della rete elettrica", "DISTRIBUTORE INVENTATO S.P.A."),
        ("Rag. Sociale", str(owner).upper() if owner else "SENZA TITOLARE"),
        ("P.IVA \\ Cod. Fisc.", (owner.fiscal_code or owner.vat_number) if owner else ""),
        ("Potenza Attiva Nominale del Generatore", power),
        ("Tensione generatore (V)", "400"),
        ("Produzione immessa su rete elettrica", "SI PARZIALE"),
    ]
    return _pdf("Attestato di registrazione GAUDÌ", [(label, value) for label, value in lines if value])


def _bill(application: Application) -> bytes:
    point = application.answer("point")
    lines = [
        ("Bolletta dell’energia elettrica", "bimestre di prova"),
        ("Intestatario", application.shown_name),
        ("Codice fiscale", application.answer("person").get("fiscal_code", "")),
        ("POD", point.get("pod_code", "")),
        ("Indirizzo di fornitura", f"{point.get('address', '')}, {point.get('city', '')}"),
    ]
    return _pdf("Bolletta", lines)


def _statute(scenery: Community) -> bytes:
    lines = [
        ("Articolo 1", f"È costituita la comunità energetica {scenery.name}."),
        ("Articolo 2", "La partecipazione è aperta e volontaria."),
    ]
    return _pdf("Statuto", lines)


def _pdf(title: str, lines: list[tuple[str, str]]) -> bytes:
    data: dict[str, Any] = {
        "lang": "it",
        "title": title,
        "community": "CerCollettiva",
        "address": "",
        "logo": "",
        "logo_alt": "",
        "invented": INVENTED,
        "lines": [list(line) for line in lines],
    }
    return make_pdf("attestation", data)
