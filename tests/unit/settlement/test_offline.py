"""The offline case: the sample figures to six places, and every fault by file and line before any figure."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cercollettiva.settlement.offline import BadFile, settled_folder
from tests.unit.house.tree import ROOT

SAMPLES = ROOT / "tests" / "fixtures" / "settlement"
ROME = ZoneInfo("Europe/Rome")
TOML = """\
name = "Prova"
primary_substation = "AC001E00123"
market_zone = "NORD"
trase_eur_mwh = 10

[[plants]]
pod = "IT001E00000001"
power_kw = 100
source = "PV"
macro_zone = "NORTH"
commissioned = 2023-02-03

[[consumers]]
pod = "IT001E00000002"
"""
CURVES = """\
start,pod,injected_kwh,withdrawn_kwh
2025-07-01T10:00:00+02:00,IT001E00000001,10,0
2025-07-01T11:00:00+02:00,IT001E00000001,4,0
2025-07-01T10:00:00+02:00,IT001E00000002,0,6
2025-07-01T11:00:00+02:00,IT001E00000002,0,6
"""
PRICES = """\
start,pz_eur_mwh
2025-07-01T10:00:00+02:00,180
2025-07-01T11:00:00+02:00,100
"""


def folder_of(path: Path, *, toml: str = TOML, curves: str = CURVES, prices: str = PRICES) -> Path:
    for name, text in (("configuration.toml", toml), ("curves.csv", curves), ("prices.csv", prices)):
        (path / name).write_bytes(text.encode())
    return path


def faults_of(path: Path) -> list[str]:
    with pytest.raises(BadFile) as caught:
        settled_folder(path)
    return [str(fault) for fault in caught.value.faults]


def assert_equal(ours: Any, expected: Any) -> None:
    if isinstance(expected, dict):
        assert ours.keys() == expected.keys()
        for key, value in expected.items():
            assert_equal(ours[key], value)
    else:
        assert len(ours.partition(".")[2]) == 6
        assert abs(float(ours) - float(expected)) < 0.000002


@pytest.mark.parametrize("case", sorted(path.name for path in SAMPLES.iterdir()))
def test_the_sample_cases_have_their_figures(case):
    expected = json.loads((SAMPLES / case / "expected.json").read_text())

    assert_equal(settled_folder(SAMPLES / case), expected)


def test_a_case_worked_by_hand(tmp_path):
    figures = settled_folder(folder_of(tmp_path))

    # 6 kWh at 90 and 4 at 130 EUR/MWh; 10 of 14 kWh injected are shared, 0.164286 above the threshold
    assert figures["total"]["shared"] == "10.000000"
    assert figures["total"]["premium"] == "1.060000"
    assert figures["total"]["valorisation"] == "0.100000"
    assert figures["sets"]["premium_only"]["excess_premium"] == "0.174143"
    assert figures["consumers"] == {"IT001E00000002": {"withdrawn": "12.000000", "shared": "10.000000"}}
    assert "gaps" not in figures


def test_order_of_rows_mark_line_ends_and_columns_change_nothing(tmp_path):
    figures = settled_folder(folder_of(tmp_path))
    header, *rows = CURVES.splitlines()
    random.Random(1).shuffle(rows)
    swapped = [",".join((*row.split(",")[2:], *row.split(",")[:2])) for row in (header, *rows)]

    folder_of(
        tmp_path,
        toml="\ufeff" + TOML.replace("\n", "\r\n"),
        curves="\ufeff" + "\r\n".join(swapped) + "\r\n\r\n",
        prices=PRICES.replace("\n", "\r\n"),
    )

    assert settled_folder(tmp_path) == figures


def test_quarters_are_summed_to_hours_first(tmp_path):
    quarters = [("00", 10, 0), ("15", 0, 0), ("30", 0, 10), ("45", 0, 0)]
    rows = [
        f"2025-07-01T10:{minute}:00+02:00,IT001E0000000{number},{injected if number == 1 else 0},"
        f"{withdrawn if number == 2 else 0}"
        for minute, injected, withdrawn in quarters
        for number in (1, 2)
    ]

    figures = settled_folder(folder_of(tmp_path, curves="\n".join([CURVES.splitlines()[0], *rows])))

    assert figures["total"]["shared"] == "10.000000"
    assert "gaps" not in figures


@pytest.mark.parametrize(("day", "hours"), [("2025-03-30", 23), ("2025-10-26", 25), ("2025-07-01", 24)])
def test_a_local_day_has_its_hours(tmp_path, day, hours):
    first = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=ROME).astimezone(ZoneInfo("UTC"))
    starts = [(first + timedelta(hours=hour)).astimezone(ROME).isoformat() for hour in range(hours)]
    rows = [
        f"{start},IT001E0000000{number},{int(number == 1)},{int(number == 2)}" for start in starts for number in (1, 2)
    ]
    prices = ["start,pz_eur_mwh", *(f"{start},100" for start in starts)]

    figures = settled_folder(
        folder_of(tmp_path, curves="\n".join([CURVES.splitlines()[0], *rows]), prices="\n".join(prices))
    )

    assert figures["total"]["shared"] == f"{hours}.000000"
    assert datetime.fromisoformat(starts[-1]).hour == 23
    assert "gaps" not in figures


def test_missing_hours_count_as_zero_and_are_listed(tmp_path):
    kept = [line for line in CURVES.splitlines() if "11:00:00+02:00,IT001E00000002" not in line]

    figures = settled_folder(folder_of(tmp_path, curves="\n".join(kept)))

    assert figures["total"]["shared"] == "6.000000"
    assert figures["gaps"] == [{"pod": "IT001E00000002", "start": "2025-07-01T09:00:00+00:00"}]


def test_an_hour_that_lacks_a_quarter_is_a_gap_and_a_pod_without_a_row_lacks_all(tmp_path):
    rows = [f"2025-07-01T10:{minute}:00+02:00,IT001E00000001,1,0" for minute in ("00", "15", "45")]

    figures = settled_folder(folder_of(tmp_path, curves="\n".join([CURVES.splitlines()[0], *rows])))

    assert figures["total"]["injected"] == "3.000000"
    assert figures["gaps"] == [
        {"pod": "IT001E00000001", "start": "2025-07-01T08:00:00+00:00"},
        {"pod": "IT001E00000002", "start": "2025-07-01T08:00:00+00:00"},
    ]


@pytest.mark.parametrize(
    ("times", "gaps"),
    [
        ("00:00 01:00 01:15 01:30 01:45", []),  # hours, then quarters
        ("00:00 00:15 00:30 00:45 01:00 02:00", []),  # quarters, then hours
        ("00:00 00:15 00:30 00:45 01:00 02:00 02:15 02:30 02:45", ["01"]),  # three quarters are missing
        ("00:15 00:30 00:45 01:00 01:15 01:30 01:45", ["00"]),
    ],
)
def test_each_hour_says_itself_whether_it_is_in_quarters(tmp_path, times, gaps):
    rows = [f"2025-07-01T{time}:00+00:00,IT001E00000001,1,0" for time in times.split()]
    rows += [f"2025-07-01T{hour}:00:00+00:00,IT001E00000002,0,1" for hour in sorted({row[11:13] for row in rows})]
    prices = ["start,pz_eur_mwh", *(f"2025-07-01T0{hour}:00:00+00:00,100" for hour in range(3))]

    figures = settled_folder(
        folder_of(tmp_path, curves="\n".join([CURVES.splitlines()[0], *rows]), prices="\n".join(prices))
    )

    assert [gap["start"][11:13] for gap in figures.get("gaps", [])] == gaps


def test_pods_are_compared_on_fourteen_characters_and_kept_as_written(tmp_path):
    toml = TOML.replace("IT001E00000001", "IT001E00000001X")
    curves = CURVES.replace("IT001E00000002", " it001e00000002 ")

    figures = settled_folder(folder_of(tmp_path, toml=toml, curves=curves))

    assert list(figures["plants"]) == ["IT001E00000001X"]
    assert figures["total"]["shared"] == "10.000000"


def test_a_prosumer_stands_in_both_lists_and_its_withdrawals_count_once(tmp_path):
    toml = TOML + '\n[[consumers]]\npod = "IT001E00000001"\ngrant_reduction_exempt = true\n'
    curves = CURVES.replace("11:00:00+02:00,IT001E00000001,4,0", "11:00:00+02:00,IT001E00000001,4,2")

    figures = settled_folder(folder_of(tmp_path, toml=toml, curves=curves))

    assert figures["total"]["withdrawn"] == "14.000000"
    assert figures["consumers"]["IT001E00000001"] == {"withdrawn": "2.000000", "shared": "1.000000"}


def test_an_obligation_lowers_the_premium(tmp_path):
    toml = TOML.replace("power_kw = 100", "power_kw = 100\nobligation_power_kw = 50")

    assert settled_folder(folder_of(tmp_path, toml=toml))["total"]["premium"] == "0.530000"


# Each figure worked by hand from the formulas of the GSE's operating rules (appendix B) and DM 414/2023, annex 1. In
# the first hour 6 kWh are shared at 180 EUR/MWh, in the second 4 at 100. 100 kW, photovoltaic, north: 90 and 130.
@pytest.mark.parametrize(
    ("changes", "premium", "valorisation"),
    [
        ({}, "1.060000", "0.100000"),
        ({"power_kw = 100": "power_kw = 200"}, "1.060000", "0.100000"),  # the last kW of the first class
        ({"power_kw = 100": "power_kw = 200.001"}, "0.960000", "0.100000"),  # 80 and 120
        ({"power_kw = 100": "power_kw = 600"}, "0.960000", "0.100000"),
        ({"power_kw = 100": "power_kw = 601"}, "0.860000", "0.100000"),  # 70 and 110
        ({"power_kw = 100": "power_kw = 1000"}, "0.860000", "0.100000"),
        ({"power_kw = 100": "power_kw = 1000.5"}, "0.000000", "0.100000"),  # large: the valorisation alone
        ({"NORTH": "CENTRE"}, "1.000000", "0.100000"),  # 84 and 124
        ({"NORTH": "SOUTH", '"NORD"': '"SARD"'}, "0.960000", "0.100000"),
        ({'"PV"': '"WIND"'}, "0.960000", "0.100000"),  # the correction is the sun's
        ({"2023-02-03": "2021-12-15"}, "0.000000", "0.100000"),  # existing
        ({"2023-02-03": "2021-12-16"}, "1.060000", "0.100000"),
        ({"2023-02-03": "2023-02-03\ncommercial_operation = 2025-07-02"}, "0.000000", "0.100000"),  # not yet
        ({"power_kw = 100": "power_kw = 100\ncapital_grant_share = 0.40"}, "0.530000", "0.100000"),  # F = 0.50
        ({"power_kw = 100": "power_kw = 100\ncapital_grant_share = 0.2"}, "0.795000", "0.100000"),  # F = 0.25
        (
            {"power_kw = 100": "power_kw = 100\ncapital_grant_share = 0.4", '02"': '02"\nlegal_form = "PRIVATE"'},
            *("1.060000", "0.100000"),  # a natural person after 16/05/2025
        ),
        (
            {"power_kw = 100": "power_kw = 100\ncapital_grant_share = 0.4", '02"': '02"\nlegal_form = "BUSINESS"'},
            *("0.530000", "0.100000"),
        ),
        ({"= 10\n": '= 10\nkind = "DISTANT"\n'}, "1.060000", "0.100000"),
        # 10 kWh at TRASE 10 and BTAU 1; avoided losses 2.6 % of 6 kWh at 180 and of 4 at 100 EUR/MWh
        ({"= 10\n": '= 10\nkind = "BUILDING"\nbtau_eur_mwh = 1\n'}, "1.060000", "0.148480"),
        (
            {"= 10\n": '= 10\nkind = "BUILDING"\nbtau_eur_mwh = 1\n', '02"': '02"\nvoltage = "MT"'},
            *("1.060000", "0.127760"),  # 1.2 %
        ),
    ],
)
def test_other_cases_worked_by_hand(tmp_path, changes, premium, valorisation):
    toml = TOML
    for old, new in changes.items():
        assert old in toml
        toml = toml.replace(old, new)

    total = settled_folder(folder_of(tmp_path, toml=toml))["total"]

    assert (total["premium"], total["valorisation"]) == (premium, valorisation)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("power_kw = 100", "power_kw = 0", "configuration.toml:8: "),
        ("power_kw = 100", 'power_kw = "100"', "configuration.toml:8: power_kw: '100' non è un numero"),
        ("power_kw = 100", "power_kw = true", "configuration.toml:8: power_kw: True non è un numero"),
        ("power_kw = 100", "power_kw = nan", "configuration.toml:8: power_kw: nan non è un numero finito"),
        ("power_kw = 100", "potenza = 100", "configuration.toml:8: chiave sconosciuta 'potenza'"),
        ("power_kw = 100", "power_kw = 100\ncapital_grant_share = 40", "configuration.toml:9: Contributo"),
        ("power_kw = 100", "power_kw = 100\ncapital_grant_share = 0.41", "configuration.toml:9: Contributo"),
        ("power_kw = 100", "power_kw = 100\ncapital_grant_share = -0.1", "configuration.toml:9: Contributo"),
        ("power_kw = 100", "power_kw = 100\nobligation_power_kw = 101", "configuration.toml:9: Potenza d'obbligo"),
        ("power_kw = 100", "power_kw = 1001\ncapital_grant_share = 0.5", "configuration.toml:9: Contributo"),
        ('"PV"', '"SOLAR"', "configuration.toml:9: source: 'SOLAR' non esiste"),
        ('"NORTH"', '"NORD"', "configuration.toml:10: macro_zone: 'NORD' non esiste"),
        (
            "commissioned = 2023-02-03",
            "",
            "configuration.toml:6: manca 'commissioned', la data di entrata in esercizio",
        ),
        ("2023-02-03", '"2023-02-03"', "configuration.toml:11: commissioned: '2023-02-03' non è una data"),
        ("2023-02-03", "2023-02-30", "configuration.toml:11: non è TOML"),
        ("2023-02-03", "2023-02-03T00:00:00", "configuration.toml:11: commissioned"),
        ("2023-02-03", "9999-12-31", "configuration.toml:11: commissioned: 9999-12-31 è fuori dal calendario"),
        ("2023-02-03", "0001-01-01", "configuration.toml:11: commissioned: 0001-01-01 è fuori dal calendario"),
        ("power_kw = 100", f"power_kw = {'9' * 400}", "configuration.toml:8: power_kw: numero troppo grande"),
        ("power_kw = 100", f"power_kw = {'9' * 5000}", "configuration.toml:8: numero troppo grande"),
        ("power_kw = 100", f"power_kw = 0x{'f' * 4000}", "configuration.toml:8: power_kw: numero troppo grande"),
        ('"PV"', f"0x{'f' * 4000}", "configuration.toml:9: source: numero troppo grande non è un testo"),
        ("2023-02-03", f"[0x{'f' * 4000}]", "configuration.toml:11: commissioned: numero troppo grande non è una data"),
        ("power_kw = 100", "power_kw = 1e300", "configuration.toml:8: power_kw: 1e+300 non è un numero finito"),
        ('name = "Prova"', f"name = {'[' * 3000}{']' * 3000}", "configuration.toml:1: non è TOML: troppe parentesi"),
        ("trase_eur_mwh = 10", "trase_eur_mwh = 10\nthreshold = 55", "configuration.toml:5: chiave sconosciuta"),
        ("commissioned", "capital_grant_shar = 0.1\ncommissioned", "configuration.toml:11: chiave sconosciuta"),
        ("[[plants]]", "[[plant]]", "configuration.toml:6: chiave sconosciuta 'plant': forse 'plants'?"),
        ("[[plants]]", "[plants]", "configuration.toml:6: scrivi [[plants]]"),
        ("IT001E00000002", "IT001E00000002\ngrant = 1", "configuration.toml:14: non è TOML"),
        ('"IT001E00000002"', '"IT001E0000"', "configuration.toml:14: pod: Ne hai scritti 10"),
        ('"IT001E00000002"', "12", "configuration.toml:14: pod: 12 non è un testo"),
        (
            '"IT001E00000002"',
            '"IT001E00000002"\n[[consumers]]\npod = "IT001E00000002"',
            "configuration.toml:16: IT001E",
        ),
        ('"IT001E00000002"', '"IT001E00000002"\ngrant_reduction_exempt = 1', "configuration.toml:15: grant_reduction"),
        ("AC001E00123", "AC001E123", "configuration.toml:2: primary_substation: "),
        ('"NORD"', '"NORTH"', "configuration.toml:3: market_zone: 'NORTH' non è una zona di mercato"),
        ("trase_eur_mwh = 10", "", "configuration.toml:1: manca 'trase_eur_mwh'"),
        ("trase_eur_mwh = 10", "trase_eur_mwh = -1", "configuration.toml:4: trase_eur_mwh: -1 è negativo"),
        ('name = "Prova"', 'name = "Prova"\nkind = "BUILDING"', "configuration.toml:2: kind: un gruppo in un edificio"),
        (
            'name = "Prova"',
            'name = "Prova"\nkind = "CONDOMINIO"',
            "configuration.toml:2: kind: 'CONDOMINIO'",
        ),
        (
            "2023-02-03",
            "2023-02-03\ncommercial_operation = 2023-02-02",
            "configuration.toml:12: IT001E00000001: la",
        ),
        ('"IT001E00000002"', '"IT001E00000002"\nlegal_form = "SOCIO"', "configuration.toml:15: legal_form: 'SOCIO'"),
        ('"IT001E00000002"', '"IT001E00000002"\nvoltage = "220"', "configuration.toml:15: voltage: '220' non esiste"),
        ('name = "Prova"', "name = 3", "configuration.toml:1: name: 3 non è un testo"),
        ('name = "Prova"', "name =", "configuration.toml:1: non è TOML"),
    ],
)
def test_a_wrong_configuration_is_refused_with_its_line(tmp_path, old, new, expected):
    faults = faults_of(folder_of(tmp_path, toml=TOML.replace(old, new, 1)))

    assert any(fault.startswith(expected) for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("IT001E00000001,10,0", "IT001E00000009,10,0", "curves.csv:2: POD IT001E00000009 sconosciuto"),
        ("IT001E00000001,10,0", "IT001,10,0", "curves.csv:2: Ne hai scritti 5"),
        ("IT001E00000001,10,0", "IT001E00000001,-10,0", "curves.csv:2: injected_kwh: -10 è negativa"),
        ("IT001E00000001,10,0", "IT001E00000001,NaN,0", "curves.csv:2: injected_kwh: NaN non è un numero finito"),
        ("IT001E00000001,10,0", "IT001E00000001,10,-inf", "curves.csv:2: withdrawn_kwh: -inf non è un numero finito"),
        (
            "IT001E00000001,10,0",
            "IT001E00000001,1e400,0",
            "curves.csv:2: injected_kwh: 1e400 è un numero troppo grande",
        ),
        ("IT001E00000001,10,0", "IT001E00000001,,0", "curves.csv:2: injected_kwh: manca un numero"),
        ("IT001E00000001,10,0", "IT001E00000001,1_0,0", "curves.csv:2: injected_kwh: '1_0' non è un numero"),
        ("IT001E00000001,10,0", 'IT001E00000001,"1,5",0', "curves.csv:2: injected_kwh: '1,5' non è un numero: il"),
        ("IT001E00000001,10,0", "IT001E00000001,1,5,0", "curves.csv:2: 5 campi, ne servono 4"),
        ("IT001E00000001,10,0", "IT001E00000001,10", "curves.csv:2: 3 campi, ne servono 4"),
        ("IT001E00000002,0,6", "IT001E00000002,1,6", "curves.csv:4: injected_kwh: IT001E00000002 immette energia"),
        ("T11:00:00+02:00,IT001E00000001", "T10:00:00+02:00,IT001E00000001", "curves.csv:3: riga ripetuta"),
        ("T11:00:00+02:00,IT001E00000001", "T08:00:00+00:00,IT001E00000001X", "curves.csv:3: riga ripetuta"),
        ("T10:00:00+02:00", "T10:00:00", "curves.csv:2: 2025-07-01T10:00:00 è senza fuso"),
        ("2025-07-01T10:00:00+02:00", "01/07/2025 10:00", "curves.csv:2: '01/07/2025 10:00' non è un istante"),
        ("T10:00:00+02:00", "T10:07:00+02:00", "curves.csv:2: 2025-07-01T10:07:00+02:00 non è l'inizio"),
        (
            "2025-07-01T11:00:00+02:00,IT001E00000001",
            "2025-07-01T10:15:00+02:00,IT001E00000001,1,0\n2025-07-01T11:00:00+02:00,IT001E00000001",
            "curves.csv:3: 2025-07-01T08:15:00+00:00 sta in un'ora che ha già la sua riga",
        ),
        ("2025-07-01T10:00:00+02:00", "1925-07-01T10:00:00+02:00", "curves.csv:3: tra "),
        ("2025-07-01T10:00:00+02:00", "1025-07-01T10:00:00+02:00", "curves.csv:2: 1025-07-01T10:00:00+02:00 è fuori"),
        ("2025-07-01T10:00:00+02:00", "0001-01-01T00:00:00+02:00", "curves.csv:2: 0001-01-01T00:00:00+02:00 è fuori"),
        ("2025-07-01T10:00:00+02:00", "9999-12-31T23:00:00-02:00", "curves.csv:2: 9999-12-31T23:00:00-02:00 è fuori"),
        ("withdrawn_kwh", "drawn_kwh", "curves.csv:1: intestazione"),
        (CURVES, CURVES.splitlines()[0], "curves.csv:1: nessuna riga"),
        (CURVES, "", "curves.csv:1: manca l'intestazione"),
        (CURVES, CURVES.replace(",", ";"), "curves.csv:1: intestazione"),
        ("IT001E00000001,10,0", 'IT001E00000001,"10"x,0', "curves.csv:2: non è CSV"),
    ],
)
def test_wrong_curves_are_refused_with_their_line(tmp_path, old, new, expected):
    faults = faults_of(folder_of(tmp_path, curves=CURVES.replace(old, new, 1)))

    assert any(fault.startswith(expected) for fault in faults), faults


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "2025-07-01T11:00:00+02:00,100\n",
            "",
            "prices.csv:2: manca il prezzo delle 2025-07-01T09:00:00+00:00, chiesto da curves.csv:3",
        ),
        ("T11:00:00+02:00,100", "T10:00:00+02:00,100", "prices.csv:3: riga ripetuta"),
        ("T11:00:00+02:00,100", "T11:00:00,100", "prices.csv:3: 2025-07-01T11:00:00 è senza fuso"),
        (
            "T11:00:00+02:00,100",
            "T11:15:00+02:00,100",
            "prices.csv:3: 2025-07-01T11:15:00+02:00 non è l'inizio di un'ora",
        ),
        (",100", ",inf", "prices.csv:3: inf non è un numero finito"),
        (",100", ",", "prices.csv:3: manca un numero"),
        ("pz_eur_mwh", "pun", "prices.csv:1: intestazione"),
    ],
)
def test_wrong_prices_are_refused_with_their_line(tmp_path, old, new, expected):
    faults = faults_of(folder_of(tmp_path, prices=PRICES.replace(old, new, 1)))

    assert faults[0].startswith(expected), faults


def test_a_file_that_is_absent_or_no_text_is_named(tmp_path):
    assert faults_of(tmp_path / "nowhere")[0].startswith("configuration.toml:1: il file non si può leggere")
    folder_of(tmp_path)
    (tmp_path / "curves.csv").write_bytes(b"start,pod\n\xff\xfe")
    assert faults_of(tmp_path) == ["curves.csv:2: non è testo UTF-8"]


def test_every_fault_is_told_at_once_and_of_very_many_the_first(tmp_path):
    two = faults_of(folder_of(tmp_path, curves=CURVES.replace(",10,", ",x,").replace(",4,", ",y,")))
    many = faults_of(folder_of(tmp_path, curves=CURVES + "2025-07-01T12:00:00+02:00,IT001E00000001,x,0\n" * 500))

    assert [fault.partition(": ")[0] for fault in two] == ["curves.csv:2", "curves.csv:3"]
    assert len(many) == 20


def test_the_command_prints_figures_or_faults(tmp_path):
    def run(folder: Path) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", "settle_files", str(folder)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    good = run(folder_of(tmp_path))
    bad = run(folder_of(tmp_path, prices=PRICES.replace(",100", ",nan")))

    assert (good.returncode, json.loads(good.stdout)["total"]["premium"]) == (0, "1.060000")
    assert (bad.returncode, bad.stdout, bad.stderr) == (1, "", "prices.csv:3: nan non è un numero finito\n")
