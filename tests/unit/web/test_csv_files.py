"""Files that an Italian spreadsheet opens."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cercollettiva.web.csv_files import csv_answer, csv_text


def test_cells_are_separated_by_semicolons_and_decimals_by_commas():
    text = csv_text(["inizio", "kWh"], [["01/03/2026 00:00", Decimal("1234.500000")], ["02/03/2026 00:00", None]])

    assert text == "\ufeffinizio;kWh\r\n01/03/2026 00:00;1234,500000\r\n02/03/2026 00:00;\r\n"


@pytest.mark.parametrize("text", ["=1+1", "+39", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_text_is_never_a_formula(text):
    cell = csv_text([text], [])

    assert cell.removeprefix("\ufeff").lstrip('"').startswith(f"'{text[0]}")


def test_a_figure_below_zero_stays_a_figure():
    assert csv_text([], [[Decimal("-1.5"), -3]]).endswith("-1,5;-3\r\n")


def test_what_holds_a_separator_is_quoted():
    assert 'a;"b;c";"d ""e"""' in csv_text(["a", "b;c", 'd "e"'], [])


def test_the_answer_is_a_download_in_utf_8():
    answer = csv_answer("cer-a_energia_2026-03-01_2026-03-31.csv", ["qualità"], [])

    assert answer.content == b"\xef\xbb\xbfqualit\xc3\xa0\r\n"
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="cer-a_energia_2026-03-01_2026-03-31.csv"'
