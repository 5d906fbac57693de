from pathlib import Path

import pytest

from tests.support.browsing import overflow
from tests.unit.web import pages

AXE = Path(__file__).parents[2] / "support/vendor/axe.min.js"
SMALL_TARGETS = """() => [...document.querySelectorAll("a, button, summary, input:not([type=hidden])")]
    .filter((one) => one.checkVisibility() && !one.matches(".skip") && one.getBoundingClientRect().height < 44)
    .map((one) => one.outerHTML.slice(0, 120))"""

pytestmark = pytest.mark.e2e


@pytest.mark.parametrize("name", pages.PAGES)
def test_a_page_is_accessible_and_fits_a_phone_in_both_themes(open_page, name):
    page = open_page(name, width=360)
    for details in page.query_selector_all("details"):
        details.evaluate("(one) => { one.open = true; }")
    page.evaluate(AXE.read_text("utf8"))
    found = {}
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        found[theme] = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]

    wrong = [(theme, one["id"], [node["html"] for node in one["nodes"]]) for theme in found for one in found[theme]]
    assert wrong == []
    assert page.evaluate(SMALL_TARGETS) == []
    assert overflow(page, 360) == 0
    page.set_viewport_size({"width": 320, "height": 780})
    assert overflow(page, 320) == 0
    assert page.complaints == []


@pytest.mark.parametrize("name", ["dashboard", "plant", "home"])
def test_a_page_is_accessible_on_a_wide_screen(open_page, name):
    page = open_page(name, width=1280, theme="dark")
    page.evaluate(AXE.read_text("utf8"))

    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]

    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize("name", ["meter", "strangers", "meters-none-found"])
def test_what_hostile_devices_say_is_text_and_nothing_else(open_page, name):
    page = open_page(name)
    asked = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    for details in page.query_selector_all("details"):
        details.evaluate("(one) => { one.open = true; }")

    assert page.locator("main :is(script, img, iframe), main [onload], main [onerror]").count() == 0
    assert page.locator("main b", has_text="niente").count() == 0
    assert "\u202e" not in page.inner_text("main")
    assert asked == []
    assert page.complaints == []


def test_the_theme_is_chosen_kept_and_given_back_to_the_system(open_page):
    page = open_page("dashboard", theme="light")
    ground = "getComputedStyle(document.body).backgroundColor"

    page.click(".menu > summary")
    page.click("[data-theme-choice=dark]")
    dark = page.evaluate(ground)
    page.reload()

    assert page.evaluate(ground) == dark == "rgb(13, 26, 32)"
    assert page.get_attribute("[data-theme-choice=dark]", "aria-pressed") == "true"
    page.click(".menu > summary")
    page.click("[data-theme-choice=auto]")
    assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_the_menu_closes_with_escape_and_gives_the_focus_back(open_page):
    page = open_page("dashboard")
    page.click(".menu > summary")

    page.keyboard.press("Escape")

    assert page.evaluate("document.querySelector('.menu').open") is False
    assert page.evaluate("document.activeElement.matches('.menu > summary')")


def test_the_summary_of_errors_takes_the_focus(open_page):
    page = open_page("login-refused")

    assert page.evaluate("document.activeElement.className") == "errors"


def test_the_chart_shows_gaps_and_reads_out_a_quarter(open_page):
    page = open_page("plant", width=1280)
    chart = page.locator(".power-chart")

    assert chart.locator("canvas").count() == 1
    assert page.text_content("[data-readout]").startswith("Massimo 22,90\u00a0kW, ")
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 60)
    assert page.text_content("[data-readout]") == "14:15–14:30: dato mancante"
