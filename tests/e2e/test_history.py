"""The history of a plant as somebody walks through it, with and without a script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.e2e


def open_history(visitor) -> None:
    """The prosumer's own plant, by the link a person would follow."""
    visitor.sign_in("prosumer")
    visitor.open(visitor.page.locator("main a[href^='/plants/']").first.get_attribute("href"))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_longer_and_a_shorter_period_are_links_and_stay_at_the_section(visit, scripts):
    visitor = visit(java_script_enabled=scripts)
    open_history(visitor)
    page = visitor.page

    for name, word in (("Anno", "anno"), ("Settimana", "settimana"), ("Giorno", "giorno"), ("Mese", "mese")):
        page.get_by_role("navigation", name="Quanto lungo").get_by_role("link", name=name).click()
        page.wait_for_url(re.compile(rf"periodo={word}&data=\d{{4}}-\d{{2}}-\d{{2}}#storico"))

    expect(page.get_by_role("link", name="Mese")).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("link", name="Periodo successivo")).to_have_count(0)  # the future has no history
    assert visitor.complaints == []


def test_the_tabs_are_reached_and_followed_with_the_keyboard(visit):
    visitor = visit(width=360)
    open_history(visitor)
    page = visitor.page

    page.get_by_role("link", name="Settimana").focus()
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    page.wait_for_url("**periodo=mese**")

    assert focused == "Mese"


def test_an_address_that_makes_no_sense_is_answered_in_words(visit):
    visitor = visit()
    open_history(visitor)
    visitor.open(re.sub(r"^https?://[^/]+", "", visitor.page.url) + "?periodo=secolo")

    expect(visitor.page.locator(".history [role=status]")).to_contain_text("giorno, settimana, mese o anno")
