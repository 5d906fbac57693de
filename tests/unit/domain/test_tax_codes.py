from __future__ import annotations

from datetime import date

import pytest

from cercollettiva.domain import tax_codes
from cercollettiva.domain.identifiers import InvalidIdentifier


@pytest.mark.parametrize(
    ("reader", "text", "code"),
    [
        (tax_codes.persons_fiscal_code, " rss mra 85t10 a562s ", "RSSMRA85T10A562S"),
        (tax_codes.any_fiscal_code, "RSSMRA85T10A562S", "RSSMRA85T10A562S"),
        (tax_codes.any_fiscal_code, "00743110157", "00743110157"),
        (tax_codes.bodys_fiscal_code, "00743110157", "00743110157"),
        (tax_codes.vat_number, "IT 00743110157", "00743110157"),
        (tax_codes.sdi_code, "m5uxcr1", "M5UXCR1"),
        (tax_codes.sdi_code, "0000000", "0000000"),
        (tax_codes.pec, " Nome@Pec.Example.IT ", "nome@pec.example.it"),
    ],
)
def test_a_code_is_read_as_people_write_it(reader, text, code):
    assert reader(text) == code


def test_the_code_of_an_office_has_six_characters():
    assert tax_codes.sdi_code("uf1a2b", office=True) == "UF1A2B"
    with pytest.raises(InvalidIdentifier, match="ne servono 6"):
        tax_codes.sdi_code("M5UXCR1", office=True)


@pytest.mark.parametrize(
    ("reader", "text", "said"),
    [
        (tax_codes.persons_fiscal_code, "", "manca"),
        (tax_codes.persons_fiscal_code, "RSSMRA85T10A562", "Ne hai scritti 15, ne servono 16"),
        (tax_codes.persons_fiscal_code, "RSSMRA85T10A562T", "L’ultima lettera, T,"),
        (tax_codes.persons_fiscal_code, "RSSMRB85T10A562S", "L’ultima lettera, S,"),
        (tax_codes.persons_fiscal_code, "1SSMRA85T10A562S", "fuori posto"),
        (tax_codes.persons_fiscal_code, "RSSMRA85F10A562S", "data di nascita"),
        (tax_codes.persons_fiscal_code, "00743110157", "Ne hai scritti 11, ne servono 16"),
        (tax_codes.bodys_fiscal_code, "0074311015", "Ne hai scritti 10, ne servono 11"),
        (tax_codes.vat_number, "00743110158", "L’ultima cifra, 8,"),
        (tax_codes.vat_number, "0074311015X", "solo cifre"),
        (tax_codes.vat_number, "00000000000", "una cifra sbagliata"),
        (tax_codes.vat_number, "7", "Ne hai scritto 1,"),
        (tax_codes.sdi_code, "M5UX-R1", "solo lettere e cifre"),
        (tax_codes.pec, "nome.example.it", "chiocciola"),
        (tax_codes.pec, "", "manca"),
    ],
)
def test_a_refusal_names_the_wrong_thing(reader, text, said):
    with pytest.raises(InvalidIdentifier, match=said):
        reader(text)


@pytest.mark.parametrize(
    ("code", "born", "agrees"),
    [
        ("RSSMRA85T10A562S", date(1985, 12, 10), True),
        ("RSSMRA85T10A562S", date(1985, 10, 12), False),  # day and month the other way round
        ("RSSMRA85T10A562S", date(1986, 12, 10), False),
        ("RSSMRA85T50A562W", date(1985, 12, 10), True),  # a woman: the day has 40 more
    ],
)
def test_a_fiscal_code_tells_the_day_of_birth(code, born, agrees):
    assert tax_codes.tells_birth_date(tax_codes.persons_fiscal_code(code), born) is agrees
