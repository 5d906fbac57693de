"""Bytes and texts of strangers, made safe to look at."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cercollettiva.devices.samples import Anomaly
from cercollettiva.web.raw import shown, visible
from cercollettiva.web.reasons import advice_on_anomaly, advice_on_refusal
from tests.integration.web.hostile import HOSTILE

HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Mn", "Me"}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_nothing_in_a_text_is_hidden_or_moves_its_neighbours(text):
    assert not HIDDEN & {unicodedata.category(character) for character in visible(text)}


@given(st.text(st.characters()))
def test_no_text_at_all_hides_anything(text):
    assert not HIDDEN & {unicodedata.category(character) for character in visible(text)}


def test_plain_text_stays_as_it_is():
    topic = 'cercollettiva/IT001E12345678/caffè {"è": "µ€"} \\ <b>'

    assert visible(topic) == topic


def test_what_is_hidden_is_written_out():
    assert visible("a\u202eb\0\n\U000e0001") == "a\\u202eb\\u0000\\n\\U000e0001"


def test_json_is_shown_as_text():
    assert (shown(b'{"a": 1}').text, shown(b'{"a": 1}').is_text) == ('{"a": 1}', True)


def test_a_character_that_was_cut_in_half_leaves_the_rest_a_text():
    cut = "perché".encode()[:-1]

    assert (shown(cut).text, shown(cut).is_text) == ("perch", True)


@pytest.mark.parametrize("data", [b"\xff\xfe{}", bytes(range(32)), b"\x00" * 1024, b"\x80"])
def test_what_is_no_text_is_shown_in_hexadecimal(data):
    assert (shown(data).text, shown(data).is_text) == (data.hex(" "), False)


@given(st.binary(max_size=1024))
def test_any_bytes_can_be_shown(data):
    assert not HIDDEN & {unicodedata.category(character) for character in shown(data).text}


@pytest.mark.parametrize(
    ("reason", "what"),
    [
        ("not JSON: Expecting value (character 0)", "Non è JSON"),
        ("not JSON: NaN is not a number", "non è un numero"),
        ("not JSON: a byte order mark (BOM) stands before it", "BOM"),
        ("src is 'shellypro3em-ffffff', and 'shellypro3em-a1b2c3' is expected here", "un altro misuratore"),
        ("em:0 holds no usable value: field_out_of_range", "Nessun valore"),
        ("events/rpc must be a JSON object, not []", "forma attesa"),
        ("Another value is already stored for em:0 at the same instant.", "Due valori"),
        ("The program could not read this message: see its log.", "nostro"),
        ("something nobody has written yet", "non si può usare"),
    ],
)
def test_a_reason_is_told_in_words_with_what_to_do(reason, what):
    advice = advice_on_refusal(reason)

    assert what in str(advice.what)
    assert advice.do


def test_every_anomaly_has_its_words():
    assert all(advice_on_anomaly(anomaly).what and advice_on_anomaly(anomaly).do for anomaly in Anomaly)
