"""Members are told no total of their community behind which there are fewer than five others, by the API neither."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from cercollettiva.domain.calendar import Span, midnight, range_of
from tests.integration.api.scene import Api, make_api
from tests.integration.core.scene import make_plant, make_user
from tests.integration.energy.totals import KWH, a_total, write_every, write_totals

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
ASKED = "from=2026-03-02T00:00:00%2B01:00&to=2026-03-03T00:00:00%2B01:00"


@pytest.fixture
def api() -> Api:
    return make_api()


def crowd(api: Api, others: int, *spans: tuple[Span, date, date]) -> None:
    """The member and some others, each with a plant that drew and injected in every period."""
    cer = api.scene.a.cer
    plants = [api.scene.a.plant] + [
        make_plant(number, cer_configuration=cer, owner=make_user(f"other-{number}"))
        for number in range(70, 70 + others)
    ]
    for span, first, last in spans:
        for subject, share in ((cer, len(plants)), *((plant, 1) for plant in plants)):
            write_every(subject, span, first, last, lambda _n, n=share: {"energy_in": n * KWH, "energy_out": n * KWH})


def energies(api: Api, who: str, period: str) -> list[tuple[float | None, float | None]]:
    answer = api.client(who).get(f"/api/energy/aggregates/?community={api.scene.a.cer.pk}&period={period}&{ASKED}")
    assert answer.status_code == 200, answer.content
    return [(row["energy_in"], row["energy_out"]) for row in answer.json()["results"]]


@pytest.mark.parametrize("others", [4, 5])
def test_five_others_must_stand_behind_a_total(api: Api, others: int):
    month = range_of(Span.MONTH, midnight(DAY))
    crowd(api, others, (Span.DAY, DAY, DAY + timedelta(days=1)), (Span.HOUR, DAY, DAY + timedelta(days=1)))
    write_totals(a_total(api.scene.a.cer, Span.MONTH, month.start, energy_in=99 * KWH, energy_out=99 * KWH))
    whole = float(others + 1)

    for period, count in (("1D", 1), ("1H", 24)):
        told = energies(api, "member", period)
        assert told == [(whole, whole) if others == 5 else (None, None)] * count
        for manager in ("admin", "technician", "staff"):
            assert energies(api, manager, period) == [(whole, whole)] * count
    assert energies(api, "member", "1M") == [(99.0, 99.0) if others == 5 else (None, None)]


def test_no_file_says_more_than_the_page(api: Api):
    crowd(api, 2, (Span.DAY, DAY, DAY + timedelta(days=1)))

    address = f"/api/energy/aggregates/?community={api.scene.a.cer.pk}&period=1D&{ASKED}&format=csv-en"
    files = {who: api.client(who).get(address).content for who in ("member", "admin")}

    assert b"3.0" in files["admin"]
    assert b"3.0" not in files["member"]


def test_quarters_are_for_those_who_look_after_it(api: Api):
    crowd(api, 9, (Span.HOUR, DAY, DAY + timedelta(days=1)))

    rows = energies(api, "member", "15M")

    assert rows == [(None, None)] * 96


@pytest.mark.parametrize("others", [4, 5])
def test_the_feed_follows_the_same_rule(api: Api, others: int):
    today = range_of(Span.DAY, api.now)
    first = (today.start + timedelta(hours=6)).date()
    crowd(api, others, (Span.DAY, first, first + timedelta(days=1)), (Span.HOUR, first, first + timedelta(days=1)))

    told = {who: api.client(who).get("/api/feed/").json()["communities"][0] for who in ("member", "admin")}

    assert told["admin"]["energy_in_today"] == others + 1
    assert told["member"]["energy_in_today"] == (others + 1 if others == 5 else None)
    assert told["member"]["energy_out_today"] == (others + 1 if others == 5 else None)
