"""Where an address lies: its parts, and the region that decides premium and market."""

from __future__ import annotations

import pytest

from cercollettiva.core.models import Region
from cercollettiva.domain.places import REGION_OF, Place, place_of, region_at, region_of
from cercollettiva.domain.settlement.zones import macro_zone, market_zone

GARDA = Place("VIA DEI TIGLI 12", "37019", "PESCHIERA DEL GARDA", "VR", "Veneto")


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("VIA DEI TIGLI 12, 37019 PESCHIERA DEL GARDA (VR)", GARDA),
        ("VIA DEI TIGLI 12 37019 PESCHIERA DEL GARDA (VR)", GARDA),
        ("VIA DEI TIGLI 12 - 37019 - PESCHIERA DEL GARDA - VR", GARDA),
        ("VIA DEI TIGLI 12, 37019 PESCHIERA DEL GARDA (VERONA) - VENETO - ITALIA", GARDA),
        ("37019 PESCHIERA DEL GARDA (VR) - VIA DEI TIGLI 12", GARDA),
        ("PESCHIERA DEL GARDA (VR) 37019 VIA DEI TIGLI 12", GARDA),
        ("VIA DEI TIGLI 12, PESCHIERA DEL GARDA (VR)", GARDA._replace(zip_code="")),
        ("VIA DEI TIGLI 12 PESCHIERA DEL GARDA (VR)", GARDA._replace(zip_code="")),
        ("VIA DEI TIGLI 12, 37019 PESCHIERA DEL GARDA", GARDA._replace(province="")),
        (
            "LOCALITÀ CA' BIANCA 3/B, 46100 MANTOVA",
            Place("LOCALITÀ CA' BIANCA 3/B", "46100", "MANTOVA", "MN", "Lombardia"),
        ),
        ("FRAZIONE PIANO 5, ASSISI (PG)", Place("FRAZIONE PIANO 5", "", "ASSISI", "PG", "Umbria")),
        ("OLBIA (OT)", Place("", "", "OLBIA", "OT", "Sardegna")),
        ("VIA DEI TIGLI 12", Place("VIA DEI TIGLI 12")),
        ("VIA ROMA 1, MARTE (XX)", Place("VIA ROMA 1, MARTE (XX)")),
        ("", Place()),
        ("a, " * 400, Place(("a, " * 400).strip(" ,"))),
    ],
)
def test_an_address_is_taken_apart(written, place):
    assert place_of(written) == place


@pytest.mark.parametrize(
    ("province", "region", "market", "premium"),
    [
        ("VR", "Veneto", "NORD", "NORTH"),
        ("pg", "Umbria", "CSUD", "CENTRE"),
        ("AQ", "Abruzzo", "CSUD", "CENTRE"),
        ("AN", "Marche", "CNOR", "CENTRE"),
        ("OT", "Sardegna", "SARD", "SOUTH"),
        ("RC", "Calabria", "CALA", "SOUTH"),
        ("Reggio nell’Emilia", "Emilia-Romagna", "NORD", "NORTH"),
        ("Provincia di Forlì-Cesena", "Emilia-Romagna", "NORD", "NORTH"),
        ("Palermo", "Sicilia", "SICI", "SOUTH"),
    ],
)
def test_a_province_leads_to_its_region_and_to_both_zones(province, region, market, premium):
    assert region_of(province) == region
    assert (market_zone(region), macro_zone(region).value) == (market, premium)


def test_every_region_has_its_provinces_and_its_zones():
    assert set(REGION_OF.values()) == set(Region.values)
    assert len([code for code in REGION_OF if code not in ("PS", "CI", "VS", "OG", "OT")]) == 107
    for region in Region.values:
        assert macro_zone(region)
        assert market_zone(region)
    assert region_of("XX") == region_of("", "Nessuna parte") == region_at("99999") == region_at("") == ""
    assert {region_at(f"{first:02}100") for first in range(99)} - {""} == set(Region.values)
