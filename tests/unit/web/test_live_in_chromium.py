import datetime as dt

import pytest

from tests.unit.web.pages import NOW

pytestmark = pytest.mark.e2e

NBSP = "\u00a0"
PLANT_FRAME = {
    "type": "power",
    "timestamp": NOW.isoformat(),
    "power": 742.4,
    "energy_today": 89.25,
    "devices": [
        {
            "device_id": "shellypro3em-1",
            "power": 742.4,
            "last_seen": NOW.isoformat(),
            "phases": [{"phase": "a", "voltage": 230.0, "current": 1.25, "power": 250.0, "power_factor": 0.955}],
        }
    ],
}
COMMUNITY_FRAME = {
    "type": "cer_power",
    "timestamp": NOW.isoformat(),
    "producer_power": 20.0,
    "consumer_power": 5.0,
    "net_power": 5.0,
    "plants_online": 9,
}


def hear(page, frame, at=-1):
    page.evaluate("([frame, at]) => sockets.at(at).hear(frame)", [frame, at])


def sockets(page):
    return page.evaluate("sockets.length")


def sentence(page):
    return " ".join(page.text_content("h1").replace(NBSP, "~").split())


def test_a_plant_moves(open_page):
    page = open_page("plant")

    hear(page, PLANT_FRAME)

    assert page.evaluate("sockets[0].url") == "ws://pages.test/ws/plants/1/"
    assert sentence(page) == "La Scuola Rodari produce 742~W."
    assert page.text_content("[data-field=energy-today]") == f"89,3{NBSP}kWh"
    row = page.locator("[data-phase=a]")
    assert row.locator("[data-field=voltage]").text_content() == f"230,0{NBSP}V"
    assert row.locator("[data-field=power_factor]").text_content() == "0,96"
    assert row.locator("[data-volt]").get_attribute("cx") == "50.00%"
    assert page.locator("[data-phase=b] [data-field=voltage]").text_content() == f"229,8{NBSP}V"
    assert page.complaints == []


def test_a_prosumer_changes_its_word_and_colour_with_its_sign(open_page):
    page = open_page("plant-prosumer")

    hear(page, PLANT_FRAME | {"power": 350})

    assert sentence(page) == "La Scuola Rodari preleva 350~W."
    assert page.get_attribute("h1 mark", "class") == "q q--grid"


def test_a_community_moves_and_the_sentence_adds_up(open_page):
    page = open_page("dashboard-many")

    hear(page, COMMUNITY_FRAME, at=0)

    first = page.locator("[data-live]").first
    assert first.locator("[data-field=injected]").text_content() == f"20,00{NBSP}kW"
    assert first.locator("[data-field=export]").text_content() == f"15,00{NBSP}kW"
    assert first.locator("[data-bar=shared]").get_attribute("width") == "25.00%"
    assert first.locator("[data-bar=export]").get_attribute("x") == "25.00%"
    assert first.locator("[data-field=measured]").text_content() == "9"
    assert sentence(page) == "Adesso le tue 3 comunità condividono 17,00~kW."  # 5 and the 12 of the second


def test_a_figure_ages_and_goes_grey(open_page):
    page = open_page("plant")
    hear(page, PLANT_FRAME)
    main = page.locator("main")
    age = page.locator(".when time")

    page.clock.run_for(12_000)
    assert age.text_content() == "12 s fa"
    assert main.get_attribute("data-stale") is None
    page.clock.run_for(20_000)
    assert main.get_attribute("data-stale") == "late"
    page.clock.run_for(270_000)
    assert age.text_content() == "5 min fa"
    assert main.get_attribute("data-stale") == "silent"
    hear(page, PLANT_FRAME | {"timestamp": (NOW + dt.timedelta(seconds=302)).isoformat()})
    assert main.get_attribute("data-stale") is None


def test_without_a_figure_there_is_a_dash_and_no_age(open_page):
    page = open_page("plant")

    hear(page, {"type": "power", "timestamp": None, "power": None, "energy_today": None, "devices": []})

    assert sentence(page) == "La Scuola Rodari produce –."
    assert page.text_content(".when time") == "–"
    assert page.get_attribute("main", "data-stale") == "silent"


def test_a_lost_socket_is_opened_again_and_the_page_says_so(open_page):
    page = open_page("plant")
    hear(page, PLANT_FRAME)

    for _ in range(5):
        page.evaluate("sockets.at(-1).end(1006)")
        page.clock.run_for(4_000)
    waiting = page.locator("[data-notice=waiting]")
    assert waiting.is_visible()
    assert "14:32" in waiting.text_content()
    page.clock.run_for(30_000)
    assert 3 < sockets(page) <= 6
    hear(page, PLANT_FRAME)
    assert waiting.is_hidden()


def test_the_end_of_the_session_stops_everything(open_page):
    page = open_page("plant")
    hear(page, PLANT_FRAME)

    page.evaluate("sockets[0].end(4403)")
    page.clock.run_for(120_000)

    assert sockets(page) == 1
    assert page.locator("[data-notice=session]").is_visible()
    assert page.locator("[data-notice=waiting]").is_hidden()
    assert page.get_attribute("main", "data-stale") == "silent"


def test_a_page_that_slept_shows_its_age_and_asks_again(open_page):
    page = open_page("plant")
    hear(page, PLANT_FRAME)

    page.clock.fast_forward(3_600_000)

    assert page.text_content(".when time") == "alle 14:32"
    assert page.get_attribute("main", "data-stale") == "silent"
    assert sockets(page) == 2


def test_a_socket_that_says_nothing_for_a_minute_is_opened_again(open_page):
    page = open_page("plant")
    hear(page, PLANT_FRAME)

    page.clock.run_for(62_000)

    assert sockets(page) == 2


def test_the_sentence_is_spoken_at_most_every_thirty_seconds(open_page):
    page = open_page("plant")
    spoken = page.locator("[data-announce]")

    for second in range(29):
        hear(page, PLANT_FRAME | {"power": 1000 + second})
        page.clock.run_for(1_000)
    assert spoken.text_content() == ""
    page.clock.run_for(2_000)
    assert spoken.text_content().replace(NBSP, " ") == "La Scuola Rodari produce 1,03 kW."


def test_the_clock_of_the_server_counts(open_page):
    page = open_page("plant")
    ahead = NOW + dt.timedelta(minutes=10)

    hear(page, PLANT_FRAME | {"timestamp": ahead.isoformat(), "sent_at": ahead.isoformat()})

    assert page.text_content(".when time") == "0 s fa"


def test_english_speaks_english(open_page):
    page = open_page("plant", language="en")

    hear(page, PLANT_FRAME | {"power": 13_870})
    page.clock.pause_at(NOW + dt.timedelta(seconds=12))  # loading took some of them

    assert f"13.87{NBSP}kW" in page.text_content("h1")
    assert page.text_content(".when time") == "12 s ago"


def test_the_first_figure_of_a_plant_brings_its_page(open_page):
    page = open_page("plant-empty")

    hear(page, {"type": "power", "timestamp": None, "power": None, "devices": []})
    page.evaluate("window.sameDocument = true")
    with page.expect_navigation():
        hear(page, PLANT_FRAME)

    assert page.evaluate("window.sameDocument") is None


def test_communities_that_share_an_address_share_the_socket(open_page):
    page = open_page("dashboard-shared-socket")

    hear(page, COMMUNITY_FRAME | {"id": 2, "net_power": 7.0, "producer_power": 7.0, "consumer_power": 7.5})

    assert sockets(page) == 1
    shared = page.locator("[data-live=community] [data-field=shared]")
    assert [shared.nth(number).text_content() for number in (0, 1)] == [f"61,70{NBSP}kW", f"7,00{NBSP}kW"]


def test_what_is_not_there_is_not_asked_for_again(open_page):
    page = open_page("plant")

    page.evaluate("sockets[0].end(4404)")
    page.clock.run_for(120_000)

    assert sockets(page) == 1
