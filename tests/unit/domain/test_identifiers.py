from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.domain.identifiers import (
    InvalidIdentifier,
    pod_as_written,
    pod_key,
    primary_substation_code,
)


@pytest.mark.parametrize(
    "written",
    [
        "IT001E12345678",
        "it001e12345678",
        " IT 001 E 1234 5678 ",
        "IT001E123456789",
        "IT001E12345678Z",
        "IT001E\t12345678\n",
    ],
)
def test_a_pod_is_compared_on_its_first_fourteen_characters(written):
    assert pod_key(written) == "IT001E12345678"


def test_a_pod_of_any_distributor_with_letters_is_right():
    assert pod_key("IT020EAB12CD34") == "IT020EAB12CD34"


def test_a_pod_as_written_keeps_its_control_character():
    assert pod_as_written(" it001e12345678 9") == "IT001E123456789"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("IT001E1234567", "Ne hai scritti 13, ne servono 14 o 15: per esempio IT001E12345678."),
        ("IT001E1234567890", "Ne hai scritti 16, ne servono 14 o 15: per esempio IT001E12345678."),
        ("X", "Ne hai scritto 1, ne servono 14 o 15: per esempio IT001E12345678."),
        ("  ", "Il POD manca: per esempio IT001E12345678."),
        ("FR001E12345678", "Il POD comincia con IT: per esempio IT001E12345678."),
        ("ITA01E12345678", "Il POD ha tre cifre dopo IT (il distributore): per esempio IT001E12345678."),
        ("IT001X12345678", "Il POD ha una E al sesto posto: per esempio IT001E12345678."),
        ("IT001E1234-678", "Il POD ha solo lettere e cifre dopo la E: per esempio IT001E12345678."),
        ("IT001E1234567È", "Il POD ha solo lettere e cifre dopo la E: per esempio IT001E12345678."),
        ("IT00١E12345678", "Il POD ha tre cifre dopo IT (il distributore): per esempio IT001E12345678."),
    ],
)
def test_a_wrong_pod_says_what_is_wrong_and_shows_a_good_one(written, said):
    with pytest.raises(InvalidIdentifier) as refusal:
        pod_key(written)

    assert str(refusal.value) == said


def test_a_primary_substation_is_read_as_people_write_it():
    assert primary_substation_code("ac001 e00001") == "AC001E00001"


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("AC001E0001", "Ne hai scritti 10, ne servono 11: per esempio AC001E00001."),
        ("", "Il codice della cabina primaria manca: per esempio AC001E00001."),
        ("AB001E00001", "Il codice della cabina primaria comincia con AC: per esempio AC001E00001."),
        (
            "AC0X1E00001",
            "Il codice della cabina primaria ha tre cifre dopo AC (il distributore): per esempio AC001E00001.",
        ),
        ("AC001F00001", "Il codice della cabina primaria ha una E al sesto posto: per esempio AC001E00001."),
        ("AC001E0000A", "Il codice della cabina primaria ha solo cifre dopo la E: per esempio AC001E00001."),
    ],
)
def test_a_wrong_primary_substation_says_what_is_wrong_and_shows_a_good_one(written, said):
    with pytest.raises(InvalidIdentifier) as refusal:
        primary_substation_code(written)

    assert str(refusal.value) == said


def read(reader, text: str) -> str:
    """The code, or the words of the refusal."""
    try:
        return reader(text)
    except InvalidIdentifier as refusal:
        return str(refusal)


@given(st.text(max_size=20))
def test_any_text_is_a_code_or_a_refusal_with_an_example(text):
    pod = read(pod_key, text)
    substation = read(primary_substation_code, text)

    assert len(pod) == 14 or "per esempio IT001E12345678." in pod
    assert len(substation) == 11 or "per esempio AC001E00001." in substation


@given(st.from_regex(r"\AIT[0-9]{3}E[0-9A-Z]{8}[0-9A-Z]?\Z"))
def test_reading_a_pod_again_changes_nothing(pod):
    key = pod_key(pod.lower())

    assert pod_key(key) == key
    assert pod_as_written(pod.lower()) == pod
