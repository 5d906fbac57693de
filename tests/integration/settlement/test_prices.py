"""From the files of the GME to hourly prices: days of 23 and 25 hours, corrections, files that cannot be right."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.management import call_command
from openpyxl import Workbook

from cercollettiva.domain.calendar import Range, day_range
from cercollettiva.domain.settlement.errors import MissingParameter, MissingPrices
from cercollettiva.settlement.models import TariffParameter, ZonalPrice
from cercollettiva.settlement.queries import hourly_prices, parameter

pytestmark = pytest.mark.django_db

SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 7, 1)


def xml(day: date, *, quarters: bool = False, first: str = "100,00", **changes: str) -> bytes:
    """A day as the GME writes it: the n-th period of NORD costs n, but the first; SARD always 1.234,56."""
    count = day_range(day).quarters if quarters else day_range(day).hours
    name, ordinal = ("Prezzi15", "Periodo") if quarters else ("Prezzi", "Ora")
    more = "<Granularity>PT15</Granularity>" if quarters else ""
    rows = "".join(
        f"<{name}><Data>{day:%Y%m%d}</Data><Mercato>MGP</Mercato>{more}<{ordinal}>{number}</{ordinal}><PUN>7,5</PUN>"
        f"<NORD>{first if number == 1 else f'{number},00'}</NORD><SARD>1.234,56</SARD><AUST>1</AUST></{name}>"
        for number in range(1, count + 1)
    )
    text = f'<?xml version="1.0"?><NewDataSet xmlns="XMLPrezzi">{rows}</NewDataSet>'
    for old, new in changes.items():
        text = text.replace(old, new)
    return text.encode()


def zip_of(path: Path, **entries: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(f"{name}.xml", content)
    return path


def imported(*paths: Path) -> list[dict[str, object]]:
    out = io.StringIO()
    call_command("import_prices", *paths, json=True, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def refused(*paths: Path) -> str:
    err = io.StringIO()
    with pytest.raises(SystemExit) as stopped:
        call_command("import_prices", *paths, stdout=io.StringIO(), stderr=err)
    assert stopped.value.code == 1
    return err.getvalue()


@pytest.mark.both_databases
@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (PLAIN, 24)])
def test_the_hours_of_a_day_are_those_of_the_local_clock(tmp_path, day, hours):
    [told] = imported(zip_of(tmp_path / "prezzi.zip", day=xml(day)))

    prices = hourly_prices("NORD", day_range(day)).eur_mwh

    assert told == {"file": "prezzi.zip", "added": 2 * hours, "corrected": 0, "unchanged": 0}
    assert prices.tolist() == [100, *range(2, hours + 1)]
    assert set(hourly_prices("SARD", day_range(day)).eur_mwh.tolist()) == {1234.56}
    assert set(ZonalPrice.objects.values_list("source", flat=True)) == {"GME, prezzi.zip"}


@pytest.mark.parametrize(("day", "quarters"), [(SPRING, 92), (AUTUMN, 100)])
def test_an_hour_published_in_quarters_costs_their_mean(tmp_path, day, quarters):
    imported(zip_of(tmp_path / "prezzi15.zip", day=xml(day, quarters=True, first="1,00")))

    prices = hourly_prices("NORD", day_range(day)).eur_mwh

    assert ZonalPrice.objects.filter(zone="NORD").count() == quarters
    assert prices.tolist() == [2.5 + 4 * hour for hour in range(quarters // 4)]


def test_an_hourly_price_comes_before_the_mean_of_its_quarters(tmp_path):
    imported(zip_of(tmp_path / "both.zip", hours=xml(PLAIN), quarters=xml(PLAIN, quarters=True)))

    assert hourly_prices("NORD", day_range(PLAIN)).eur_mwh[0] == 100


@pytest.mark.both_databases
def test_twice_changes_nothing_and_a_correction_is_a_new_version(tmp_path):
    path = tmp_path / "day.xml"
    path.write_bytes(xml(PLAIN))
    imported(path)

    [again] = imported(path)
    path.write_bytes(xml(PLAIN, first="-3,5"))
    [corrected] = imported(path)

    assert again == {"file": "day.xml", "added": 0, "corrected": 0, "unchanged": 48}
    assert corrected == {"file": "day.xml", "added": 0, "corrected": 1, "unchanged": 47}
    assert hourly_prices("NORD", day_range(PLAIN)).eur_mwh[0] == -3.5
    first = ZonalPrice.objects.filter(zone="NORD", start=day_range(PLAIN).start).order_by("version")
    assert [row.price for row in first] == [100, Decimal("-3.5")]


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_the_yearly_sheet_of_a_zone(tmp_path, day):
    book = Workbook()
    book.active.append(["Prezzi zonali", None, None])
    book.active.append(["Data", "Ora", "€/MWh"])
    for hour in range(1, day_range(day).hours + 1):
        price: object = f"1.0{hour:02},50" if hour % 2 else 1000 + hour + 0.5
        book.active.append([f"{day:%d/%m/%Y}" if hour % 2 else datetime(day.year, day.month, day.day), hour, price])  # noqa: DTZ001  # a cell
    path = tmp_path / "20260101_20261231_MGP_PrezziZonali_Sici.xlsx"
    book.save(path)

    imported(path)

    assert hourly_prices("SICI", day_range(day)).eur_mwh.tolist() == [
        1000.5 + hour for hour in range(1, day_range(day).hours + 1)
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not xml", "non è XML"),
        (b"<a/>", "nessuna riga Prezzi"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "non è XML"),
        (xml(PLAIN, **{"<Ora>24</Ora>": "<Ora>25</Ora>"}), "riga 24: il 01/07/2026 ha 24 periodi da 60 minuti"),
        (xml(SPRING, **{"<Ora>23</Ora>": "<Ora>24</Ora>"}), "riga 23: il 29/03/2026 ha 23 periodi"),
        (xml(PLAIN, **{"<Ora>2</Ora>": "<Ora>0</Ora>"}), "riga 2: "),
        (xml(PLAIN, **{"<Ora>2</Ora>": ""}), "riga 2: manca Ora"),
        (xml(PLAIN, **{"<Ora>2</Ora>": "<Ora>due</Ora>"}), "riga 2: "),
        (xml(PLAIN, **{"20260701": "20260732"}), "riga 1: "),
        (xml(PLAIN, **{"20260701": "1 luglio"}), "riga 1: '1 luglio' non è una data"),
        (xml(PLAIN, MGP="MI-A1"), "mercato MI-A1"),
        (xml(PLAIN, first="100.00"), "riga 1: '100.00' non è un prezzo"),
        (xml(PLAIN, first="NaN"), "riga 1: 'NaN' non è un prezzo"),
        (xml(PLAIN, first="999999,0"), "non è possibile"),
        (xml(PLAIN, **{"<Ora>2</Ora>": "<Ora>1</Ora>"}), "due prezzi di NORD"),
        (xml(PLAIN, NORD="NORTH", SARD="SARDINIA"), "riga 1: nessuna zona"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused_whole_and_its_neighbour_imported(tmp_path, content, said):
    bad, good = tmp_path / "bad.xml", tmp_path / "good.xml"
    bad.write_bytes(content)
    good.write_bytes(xml(AUTUMN))

    assert said in refused(bad, good)

    assert ZonalPrice.objects.count() == 50


def test_files_of_other_kinds_are_refused(tmp_path):
    for name, content in (("a.csv", b"x"), ("b.zip", b"x"), ("MGP_PrezziZonali_NORD.xlsx", b"x"), ("c.xlsx", b"x")):
        (tmp_path / name).write_bytes(content)
    zip_of(tmp_path / "empty.zip")

    said = refused(*sorted(tmp_path.iterdir()), tmp_path / "nowhere.zip")

    assert len(said.splitlines()) == 6
    assert "serve un file .zip, .xml o .xlsx" in said
    assert "il nome deve finire con PrezziZonali_" in said


def test_a_hole_in_prices_stops_the_calculation_and_names_itself(tmp_path):
    path = tmp_path / "day.xml"
    path.write_bytes(xml(PLAIN))
    imported(path)
    period = day_range(PLAIN)
    two_days = Range(period.start, period.end + timedelta(days=1))

    with pytest.raises(MissingPrices, match="2026-07-01T22:00:00") as caught:
        hourly_prices("NORD", two_days)

    assert len(caught.value.hours) == 24
    with pytest.raises(MissingPrices):
        hourly_prices("CALA", period)


def test_an_hour_that_lacks_a_quarter_has_no_price():
    start = datetime(2026, 7, 1, tzinfo=UTC)
    for quarter in range(3):
        ZonalPrice.objects.create(
            zone="NORD", start=start + quarter * timedelta(minutes=15), minutes=15, price=1, source="GME"
        )

    with pytest.raises(MissingPrices):
        hourly_prices("NORD", Range(start, start + timedelta(hours=1)))


def test_a_parameter_changes_with_the_local_year_and_names_its_versions():
    for year, value in ((2025, 10), (2026, 11)):
        TariffParameter.objects.create(name="TRASE", valid_from=date(year, 1, 1), value=value, source="ARERA")
    new_year = Range(datetime(2025, 12, 31, 21, tzinfo=UTC), datetime(2026, 1, 1, 1, tzinfo=UTC))

    found = parameter("TRASE", new_year)

    assert found.eur_mwh.tolist() == [10, 10, 11, 11]
    assert len(found.versions) == 2
    with pytest.raises(MissingParameter, match="BTAU per il 31/12/2025"):
        parameter("BTAU", new_year)
