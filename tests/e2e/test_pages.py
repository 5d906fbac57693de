"""Every page at a phone's width and a desktop's, in both themes: looks, accessibility, weight, no foreign request."""

from __future__ import annotations

import gzip

import pytest

from tests.e2e.pages import PAGES, THEMES, WIDTHS, PageSeen, contact_sheet, picture_name

pytestmark = pytest.mark.e2e

BUDGET_KB = 120


def open_page(visitor, page: PageSeen) -> None:
    """Sign in if need be, and find the plant or the community by the links a person would follow."""
    if page.person:
        visitor.sign_in(page.person)
    path = page.path
    if "{plant}" in path:
        path = visitor.page.locator("main a[href^='/plants/']").first.get_attribute("href")
    if "{community}" in path:
        path = visitor.page.locator("main a[href^='/cer/']").first.get_attribute("href")
    visitor.open(path)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_sound_and_has_its_picture(visit, pictures, page, width, theme):
    visitor = visit(width=width, theme=theme)

    open_page(visitor, page)
    visitor.page.wait_for_timeout(1500)  # the first frame

    visitor.page.screenshot(path=pictures / picture_name(page, width, theme), full_page=True)
    assert visitor.violations() == []
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width
    assert [text for text in visitor.complaints if "404" not in text] == []


def test_the_contact_sheet(visit, pictures):
    """Last of this module: all the pictures on one page, for a person to look at."""
    sheet = pictures / "index.html"
    sheet.write_text(contact_sheet(pictures))

    shown = sheet.read_text().count("<img")

    assert shown == len(list(pictures.glob("*.png")))
    assert shown > 0


@pytest.mark.parametrize("page", [page for page in PAGES if page.person != "consumer"], ids=lambda page: page.name)
def test_a_page_weighs_little(visit, page):
    visitor = visit()
    if page.person:
        visitor.sign_in(page.person)
    bodies: dict[str, int] = {}
    visitor.page.on("response", lambda answer: weigh(answer, bodies))

    open_page(visitor, page._replace(person=None)) if not page.path.startswith("{") else open_linked(visitor, page)
    visitor.page.wait_for_load_state("networkidle")

    assert bodies
    assert sum(bodies.values()) <= BUDGET_KB * 1024


def open_linked(visitor, page: PageSeen) -> None:
    kind = "plants" if "plant" in page.path else "cer"
    visitor.open(visitor.page.locator(f"main a[href^='/{kind}/']").first.get_attribute("href"))


def weigh(answer, bodies: dict[str, int]) -> None:
    """The size a proxy would send: what is not compressed already, compressed."""
    if answer.status < 300:
        body = answer.body()
        bodies[answer.url] = min(len(body), len(gzip.compress(body, 6)))
