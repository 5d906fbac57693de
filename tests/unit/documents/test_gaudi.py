"""Attestations are read whatever their layout; what is something else is refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cercollettiva.documents.gaudi.labels import FIELDS
from cercollettiva.documents.gaudi.reading import read_gaudi
from tests.support.pdfs import pdf_of
from tests.support.services import ROOT
from tests.unit.documents import attestations
from tests.unit.documents.attestations import LAYOUTS, READ, WRITTEN

SAMPLES = ROOT / "tests" / "fixtures" / "gaudi"
EXPECTED = json.loads((SAMPLES / "expected.json").read_text())


def read(folder: Path, pdf: bytes) -> dict:
    path = folder / "attestation.pdf"
    path.write_bytes(pdf)
    return read_gaudi(path)


@pytest.mark.parametrize("name", [name for name, expected in EXPECTED.items() if "rejected" not in expected])
def test_the_samples_give_their_fields(name):
    assert EXPECTED[name].items() <= read_gaudi(SAMPLES / name).items()


def test_a_scan_is_refused_and_the_reason_says_what_to_do():
    assert read_gaudi(SAMPLES / "scansione.pdf") == {"rejected": "SCANNED_ATTESTATION"}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_layout_gives_the_same_fields(layout, tmp_path):
    answer = read(tmp_path, layout())
    assert {key: answer.get(key) for key in READ} == READ
    assert set(answer) == {*FIELDS, "confidence", "warnings"}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
@pytest.mark.parametrize("empty", ["expected_operation_date", "plant_name", "net_power_kw", "grid_feed_type"])
def test_an_empty_field_takes_nothing_from_its_neighbours(layout, empty, tmp_path):
    answer = read(tmp_path, layout({**WRITTEN, empty: ""}))
    assert {key: answer.get(key) for key in READ} == {**READ, empty: None}


@pytest.mark.parametrize(
    ("written", "kilowatts"),
    [
        ("99,500 kW", 99.5),
        ("99500 W", 99.5),
        ("0,999 MW", 999.0),
        ("1.250,75", 1250.75),
        ("6", 6.0),
        ("6,0", 6.0),
        ("0.125 kW", 0.125),
        ("SI", None),
        ("-5 kW", None),
        ("12,5 kVAr", None),
        ("5 , 9 kW", 5.9),
        ("kW 5,9", 5.9),
        ("5,9 400", 5.9),
        ("1 250,75 kW", 1250.75),
        ("5900 Wp", 5.9),
    ],
)
def test_powers_are_read_as_italians_write_them(written, kilowatts, tmp_path):
    assert (
        read(tmp_path, attestations.same_line({**WRITTEN, "active_power_kw": written}))["active_power_kw"] == kilowatts
    )


@pytest.mark.parametrize(
    ("field", "written", "value", "is_sure"),
    [
        ("active_power_kw", "circa 5,9 kW", 5.9, False),
        ("voltage_v", "230/400", 230.0, False),
        ("validation_date", "2025-02-01", "2025-02-01", True),
        ("validation_date", "1° febbraio 2025", "2025-02-01", True),
        ("validation_date", "01 / 02 / 2025", "2025-02-01", True),
        ("version_number", "n. 2", 2, True),
        ("version_number", "2.0", 2, True),
        ("censimp_code", "IM 7654321", "IM_7654321", False),
        ("remote_disconnect", "[ ] SI [X] NO", False, True),
        ("remote_disconnect", "[x] SI [ ] NO", True, True),
        ("remote_disconnect", "SI NO", None, True),
        ("grid_feed_type", "SI IN PARTE", "PARTIAL", True),
        ("grid_feed_type", "NON TUTTA", "PARTIAL", True),
        ("grid_feed_type", "TUTTA AUTOCONSUMATA", "NONE", False),
    ],
)
def test_what_programs_write_otherwise_is_read_and_what_is_doubtful_is_told(field, written, value, is_sure, tmp_path):
    answer = read(tmp_path, attestations.in_columns({**WRITTEN, field: written}))
    assert answer[field] == value
    assert (answer["confidence"].get(field, 1.0) >= 0.9) is is_sure


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_page_that_is_turned_is_read_as_it_is_seen(degrees, tmp_path):
    from pypdf import PdfReader, PdfWriter, Transformation

    (tmp_path / "upright.pdf").write_bytes(attestations.in_columns())
    writer = PdfWriter(clone_from=PdfReader(tmp_path / "upright.pdf"))
    [page] = writer.pages
    width, height = page.mediabox.width, page.mediabox.height
    moved = {90: (height, 0), 180: (width, height), 270: (0, width)}[degrees]
    page.add_transformation(Transformation().rotate(degrees).translate(*moved))
    if degrees != 180:
        page.mediabox.upper_right = page.cropbox.upper_right = (height, width)
    page.rotate(degrees)
    writer.write(tmp_path / "turned.pdf")

    answer = read_gaudi(tmp_path / "turned.pdf")

    assert {key: answer.get(key) for key in READ} == READ


def test_a_point_before_three_digits_is_doubtful(tmp_path):
    answer = read(tmp_path, attestations.same_line({**WRITTEN, "active_power_kw": "5.900 kW"}))
    assert answer["active_power_kw"] == 5900.0
    assert answer["confidence"]["active_power_kw"] < 0.9
    assert "MORE_THAN_APPARENT" in {warning["doubt"] for warning in answer["warnings"]}


@pytest.mark.parametrize("pod", ["IT001E12345678", "IT010E98765432", "IT001E123456789", "IT 022 E 0023456A"])
def test_pods_of_any_distributor(pod, tmp_path):
    assert read(tmp_path, attestations.in_columns({**WRITTEN, "pod_code": pod}))["pod_code"] == pod.replace(" ", "")


def test_a_long_address_goes_on_in_the_next_line(tmp_path):
    words = [(40, 60 + 30 * row, f"{attestations.LABELS[key]}:") for row, key in enumerate(WRITTEN) if row < 24]
    words += [(330, 60 + 30 * row, text) for row, text in enumerate(WRITTEN.values()) if row < 24]
    row = list(WRITTEN).index("address")
    words.append((330, 71 + 30 * row, "SCALA B, INTERNO 4"))
    assert read(tmp_path, pdf_of(words))["address"] == f"{WRITTEN['address']} SCALA B, INTERNO 4"


def test_an_impossible_date_is_unknown(tmp_path):
    assert (
        read(tmp_path, attestations.same_line({**WRITTEN, "validation_date": "31/02/2025"}))["validation_date"] is None
    )


def test_several_groups_are_told(tmp_path):
    lines = [f"{attestations.LABELS[key]}: {text}" for key, text in WRITTEN.items()]
    lines += ["Identificativo Gruppo CENSIMP: GR_7654321_01_02", "Potenza Attiva Nominale del Generatore: 3,000 kW"]
    answer = read(tmp_path, pdf_of([(40, 60 + 18 * row, line) for row, line in enumerate(lines)]))
    assert answer["group_id"] == WRITTEN["group_id"]
    assert any("GR_7654321_01_02" in warning["values"] for warning in answer["warnings"])


@pytest.mark.parametrize(
    ("pdf", "refusal"),
    [
        (
            pdf_of([(40, 60, "Fattura n. 12"), (40, 80, "Codice POD: IT001E12345678"), (40, 90, "Totale: 12,00")]),
            "NOT_AN_ATTESTATION",
        ),
        (
            pdf_of(
                [
                    (40, 60 + 18 * row, line)
                    for row, line in enumerate(
                        (
                            "Regolamento di esercizio",
                            "Codice POD: IT001E12345678",
                            "Codice di rintracciabilità: T123",
                            "Gestore di rete: E-DISTRIBUZIONE",
                            "Rag. Sociale: ROSSI",
                            "Potenza attiva nominale: 5 kW",
                        )
                    )
                ]
            ),
            "NOT_AN_ATTESTATION",
        ),
        (
            pdf_of([(40, 60 + 18 * row, f"{label}:") for row, label in enumerate(attestations.LABELS.values())]),
            "EMPTY_ATTESTATION",
        ),
        (b"", "NO_PDF"),
        (b"PK\x03\x04 not a pdf", "NO_PDF"),
        (b"%PDF-1.7\nbroken from here on", "BROKEN"),
        (attestations.same_line()[:700], "BROKEN"),
        (pdf_of([(40, 60, "x")], catalog="/OpenAction << /S /JavaScript /JS (app.alert(1)) >>"), "BRINGS:SCRIPT"),
        (
            pdf_of([(40, 60, "x")], catalog="/Names << /JavaScript 100 0 R >>", extra=["<< /Names [] >>"]),
            "BRINGS:SCRIPT",
        ),
        (
            pdf_of([(40, 60, "x")], catalog="/OpenAction 100 0 R", extra=["<< /S /Launch /F (cmd.exe) >>"]),
            "BRINGS:PROGRAM",
        ),
        (pdf_of([(40, 60, "x")], catalog="/Names << /EmbeddedFiles << /Names [] >> >>"), "BRINGS:FILES"),
        (pdf_of(*[[(40, 60, "x")]] * 51), "TOO_MANY_PAGES:51"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_attestation_is_refused_with_its_reason(pdf, refusal, tmp_path):
    assert read(tmp_path, pdf) == {"rejected": refusal}


def test_a_locked_pdf_is_refused(tmp_path):
    from pypdf import PdfReader, PdfWriter

    (tmp_path / "open.pdf").write_bytes(attestations.same_line())
    writer = PdfWriter(clone_from=PdfReader(tmp_path / "open.pdf"))
    writer.encrypt("secret", algorithm="AES-256")
    writer.write(tmp_path / "locked.pdf")
    assert read_gaudi(tmp_path / "locked.pdf") == {"rejected": "LOCKED"}
