"""A member's check in the evening and an administrator's month, by keyboard where it counts; nothing jumps."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from cercollettiva.domain.calendar import ITALY
from cercollettiva.web.energy.flow import flow, split
from cercollettiva.web.templatetags.energy import flow_marks
from tests.support.browsing import overflow

pytestmark = pytest.mark.e2e

MOST_SHIFT = 0.05
WATCH = """
  window.shifted = 0;
  new PerformanceObserver((list) => {
    for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifted += one.value;
  }).observe({ type: "layout-shift", buffered: true });
"""
# Drawn and read in one turn of the page: a live frame of the demo's own plant cannot come between.
DRAWN = """(frames) => {
  const [plant] = document.querySelectorAll('[data-live="plant"]');
  for (const detail of frames) plant.dispatchEvent(new CustomEvent("frame", { detail, bubbles: true }));
  return [...document.querySelectorAll("[data-flow] > rect, [data-flow] > path")].map((one) =>
    [one.tagName, one.getAttribute("class"), one.getAttribute("d"), one.getAttribute("x"), one.getAttribute("width")]);
}"""


def watched(visit, **options):
    visitor = visit(**options)
    visitor.context.add_init_script(WATCH)
    return visitor


def sound(visitor) -> None:
    """No violation, no complaint of the content policy or of a script, and nothing jumped while it loaded."""
    assert visitor.violations() == []
    assert visitor.complaints == []
    assert visitor.page.evaluate("window.shifted") <= MOST_SHIFT
    assert overflow(visitor.page, visitor.page.viewport_size["width"]) == 0


def test_a_jump_would_be_seen(visit):
    visitor = watched(visit, width=360)
    visitor.open("/")
    visitor.page.wait_for_timeout(600)  # input that is recent excuses a jump: there was none
    visitor.page.evaluate("document.body.insertAdjacentHTML('afterbegin', '<p>x</p>'.repeat(20))")
    visitor.page.wait_for_timeout(300)

    assert visitor.page.evaluate("window.shifted") > MOST_SHIFT


def test_a_member_checks_the_evening_on_a_phone(visit, pictures):
    visitor = watched(visit, width=360)
    page = visitor.sign_in("prosumer")
    page.wait_for_timeout(2500)  # the first frames draw the flow again
    sentence = page.locator("h1").inner_text()
    assert sentence.startswith("Oggi")
    assert re.search(r"(Usi|Produci) [\d,.]+\s?k?W|Adesso non passa niente", page.locator("#flusso").inner_text())
    sound(visitor)
    page.screenshot(path=pictures / "walk-evening-1-today.png", full_page=True)

    for watts in ((0.0, 1300.0, 2400.0), (420.0, 0.0, 0.0), (300.0, 0.0, 500.0)):
        by_script, by_server = drawn_by_script(page, *watts), drawn_by_server(*watts)
        assert [shape(mark) for mark in by_script] == [shape(mark) for mark in by_server]
        assert places(by_script) == pytest.approx(places(by_server), abs=0.11)  # half a tenth rounds both ways

    page.locator(".hours summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".hours table")).to_be_visible()
    page.get_by_role("link", name="Altri giorni, mesi e anni").press("Enter")
    page.wait_for_url("**/me/energia/**")
    page.get_by_role("link", name="Settimana").press("Enter")
    page.wait_for_url("**periodo=settimana**")
    page.locator("#quarti").scroll_into_view_if_needed()
    page.locator(".quarters-chart canvas").wait_for()
    page.get_by_role("button", name="Ingrandisci").press("Enter")
    page.get_by_role("button", name="Tutto").press("Enter")
    with page.expect_download() as download:
        page.get_by_role("link", name="Scarica CSV").press("Enter")
    rows = list(csv.DictReader(download.value.path().read_text("utf-8-sig").splitlines(), delimiter=";"))
    assert "dalla comunità (kWh)" in rows[0]
    sound(visitor)
    page.screenshot(path=pictures / "walk-evening-2-energy.png", full_page=True)

    visitor.open("/dashboard/")
    page.get_by_role("link", name="Quando hai condiviso, ora per ora").press("Enter")
    page.wait_for_url("**/condivisione/")
    expect(page.locator("h1")).to_contain_text("hai avuto")
    assert "D'Alfieri" not in page.locator("main").inner_text()
    sound(visitor)
    page.screenshot(path=pictures / "walk-evening-3-shared.png", full_page=True)


NUMBER = re.compile(r"-?\d+\.\d+")


def shape(mark: list[str]) -> list[str]:
    return [NUMBER.sub("#", value) for value in mark]


def places(marks: list[list[str]]) -> list[float]:
    return [float(number) for mark in marks for value in mark for number in NUMBER.findall(value)]


def drawn_by_script(page, drawn: float, injected: float, produced: float) -> list[list[str]]:
    """What flow.js makes of a frame of the plant, while half of what is drawn and a quarter of the rest are shared."""
    community = {"type": "cer_power", "net_power": 1.0, "consumer_power": 2.0, "producer_power": 4.0}
    plant = {"type": "power", "drawn": drawn, "injected": injected, "produced": produced}
    return [[str(value) for value in mark] for mark in page.evaluate(DRAWN, [community, plant])]


def drawn_by_server(drawn: float, injected: float, produced: float) -> list[list[str]]:
    figures = {"drawn": drawn, "injected": injected, "produced": produced}
    made = flow_marks(flow(split(**figures, shared_of_drawn=0.5, shared_of_injected=0.25)))
    marks = []
    for ribbon in made["drawing"].ribbons:
        marks.append(["path", f"s-{ribbon.meaning}", ribbon.path, "None", "None"])
        dots = f"dots s{ribbon.speed} k-{ribbon.meaning}"
        marks += [["path", dots, line, "None", "None"] for line in ribbon.dots]
    return marks + [["rect", f"f-{node['meaning']}", "None", node["x"], node["width"]] for node in made["nodes"]]


def test_an_administrator_goes_through_the_month_with_the_keyboard(visit, pictures):
    visitor = watched(visit, width=1280)
    page = visitor.sign_in("administrator")
    page.locator("main a[href^='/cer/']").first.press("Enter")
    page.wait_for_url(re.compile(r"/cer/\d+/$"))
    page.wait_for_timeout(1500)
    expect(page.locator(".todo")).to_contain_text("Casa Fiordimàggio")
    expect(page.locator(".quality")).to_contain_text("da guardare")
    sound(visitor)
    page.screenshot(path=pictures / "walk-month-1-community.png", full_page=True)

    page.get_by_role("link", name="Apri ora per ora").press("Enter")
    page.wait_for_url("**/condivisione/")
    yesterday = datetime.now(ITALY).date() - timedelta(days=1)  # on the first of a month there is no day above today
    page.goto(f"{page.url}?data={yesterday}")
    page.locator("[data-heat]").focus()
    first = page.locator("[data-heat-readout]").inner_text()
    page.keyboard.press("ArrowUp")
    moved = page.locator("[data-heat-readout]").inner_text()
    assert moved != first
    page.keyboard.press("Enter")
    page.wait_for_url("**ora=**")
    expect(page.locator("main")).to_contain_text("Chi c’era, in kWh")
    sound(visitor)
    page.screenshot(path=pictures / "walk-month-2-hour.png", full_page=True)

    with page.expect_download() as download:
        page.get_by_role("link", name="XLSX").press("Enter")
    assert re.fullmatch(r"cer-pieve-lucernaia_condivisione_[\d_-]+\.xlsx", download.value.suggested_filename)
    page.get_by_role("link", name="Anno").press("Enter")
    page.wait_for_url("**periodo=anno**")
    data = json.loads(page.locator("#mappa-dati").inner_text())
    assert len(data["wh"]) >= 8760
    sound(visitor)


def test_without_a_script_the_same_hours_are_links(visit):
    visitor = visit(java_script_enabled=False)
    page = visitor.sign_in("administrator")
    visitor.open(page.locator("main a[href^='/cer/']").first.get_attribute("href") + "condivisione/")

    page.get_by_text("Le ore in tabella").click()
    page.locator(".table--hours a").first.click()
    page.wait_for_url("**ora=**")

    expect(page.locator("main")).to_contain_text("in kWh")
    assert page.locator(".heat-map path").count() > 0
