"""Every reason for which a paper is not taken or not read has words of its own for whoever sent it."""

from __future__ import annotations

import importlib

import pytest
from django.utils import translation

from cercollettiva.documents.pdf_safety import _ACTIONS, _KEYS
from cercollettiva.documents.reasons import doubt_in, doubt_words, words_for, words_in
from cercollettiva.documents.refusals import LONGEST, Cargo, Doubt, Reason, as_refusal, refusal

yesterday = importlib.import_module("cercollettiva.documents.migrations.0003_refusals_as_codes")


@pytest.mark.parametrize("language", ["it", "en"])
def test_every_reason_has_words_of_its_own(language):
    with translation.override(language):
        told = {refusal(reason, "7", "9"): words_for(refusal(reason, "7", "9")) for reason in Reason}
        told |= {refusal(Reason.BRINGS, cargo): words_for(refusal(Reason.BRINGS, cargo)) for cargo in Cargo}

    assert len(set(told.values())) >= len(told) - 1  # of what a PDF brings, something is said in any case
    assert not [words for words in told.values() if "%" in words]
    assert {*_ACTIONS.values(), *_KEYS.values()} <= set(Cargo)


def test_figures_stand_in_the_words():
    assert "51 pagine" in words_for(refusal(Reason.TOO_MANY_PAGES, 51))
    assert "50000 × 60000" in words_for(refusal(Reason.PICTURE_TOO_LARGE, 50000, 60000))
    assert ".jpg / .jpeg" in words_for(refusal(Reason.NAMED_OTHERWISE, ".jpg / .jpeg"))


@pytest.mark.parametrize(
    "written", ["Nobody foresaw this.", "FORESEEN_BY:NOBODY", "BRINGS", "BRINGS:SOMETHING", "PAGES"]
)
def test_what_nobody_foresaw_still_says_what_to_do(written):
    assert "PDF" in words_for(written)
    assert words_for("") == ""


def test_a_refusal_is_never_longer_than_its_column():
    assert len(refusal(Reason.NAMED_OTHERWISE, "x" * 1000)) == LONGEST


def test_sentences_of_yesterday_become_codes_and_sentences_again():
    for code, sentence in yesterday.BACK.items():
        written, said = (f"{code}:51", sentence.format(51)) if "{}" in sentence else (code, sentence)
        assert yesterday.code_of(said) == written
        assert yesterday.sentence_of(written) == said
        assert as_refusal(written) != as_refusal("UNREADABLE")
    assert yesterday.code_of("The program could not read this file.") == "UNREADABLE"
    assert yesterday.sentence_of("UNREADABLE") == "The program could not read this file."


def test_doubts_of_yesterday_and_of_today_are_told_the_same():
    today = {"field": "group_id", "doubt": "SEVERAL", "values": ["a", "b"]}

    assert doubt_in(today) == doubt_in("group_id: the attestation gives several: a, b") == ("group_id", Doubt.SEVERAL)
    assert doubt_in("active_power_kw: 5 kW is more than the apparent power, 4 kVA")[1] is Doubt.MORE_THAN_APPARENT
    assert doubt_in("voltage_v: 4 may be misread: compare it with the paper") == ("voltage_v", Doubt.MISREAD)
    assert doubt_words("Gruppo", Doubt.SEVERAL) == "Gruppo: l’attestato ne dà più d’uno."
    assert words_in({"pod_code": "x", "warnings": [today]})["warnings"] == ["group_id: l’attestato ne dà più d’uno."]
