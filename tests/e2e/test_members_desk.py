"""From a fee that is due to the receipt in the member's hands, on a phone and on a desktop."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.e2e.pages import SHAPES
from tests.support.browsing import overflow

pytestmark = pytest.mark.e2e

PAGES = ("/registry/", "/fees/", "/settings/", "/import/", "/card/")


@pytest.mark.parametrize("width", [width for width, _ in SHAPES])
def test_a_fee_is_written_down_and_the_member_finds_the_receipt(visit, pictures, width):
    admin = visit(width=width, theme="light")
    admin.sign_in("administrator")
    admin.open("/cer/1/fees/?stato=da-versare")
    fee = admin.page.locator("details.fee").first
    if fee.get_attribute("open") is None:
        fee.locator("summary").click()
    before = admin.page.locator("details.fee").count()
    admin.page.screenshot(path=pictures / f"walk-fee-{width}.png", full_page=True)

    fee.get_by_role("button", name="Scrivi il versamento").click()

    said = admin.page.locator(".messages").inner_text()
    assert "ricevuta n." in said
    expect(admin.page.locator("details.fee")).to_have_count(before - 1)
    number = said.split("ricevuta n.")[1].strip(" .\n")
    admin.open("/cer/1/fees/?stato=versate")
    link = admin.page.locator("a[href*='/fees/receipts/']", has_text=f"n. {number}").first
    answer = admin.page.request.get(admin.demo.url + link.get_attribute("href"))
    assert answer.status == 200
    assert answer.body().startswith(b"%PDF")

    member = visit(width=width, theme="dark")
    member.sign_in("consumer")
    member.open("/me/")
    member.page.screenshot(path=pictures / f"walk-me-{width}.png", full_page=True)
    own = member.page.locator("a[href*='/fees/receipts/']").first
    assert member.page.request.get(member.demo.url + own.get_attribute("href")).body().startswith(b"%PDF")
    assert member.violations() == []


def test_the_pages_of_the_desk_are_sound(visit, cookies_of, pictures):
    """Each is loaded once, and looked at in both shapes; what nothing but a load could change, axe looks at once."""
    visitor = visit(storage_state=cookies_of("administrator"))
    for path in PAGES:
        visitor.open(f"/cer/1{path}")
        for width, theme in SHAPES:
            visitor.page.emulate_media(color_scheme=theme)
            visitor.page.set_viewport_size({"width": width, "height": 800})
            visitor.page.screenshot(path=pictures / f"desk-{path.strip('/')}-{width}-{theme}.png", full_page=True)
            assert overflow(visitor.page, width) == 0
        assert (path, visitor.violations()) == (path, [])
    assert visitor.complaints == []


def test_on_a_phone_an_administrator_is_one_tap_away_from_what_waits(visit, cookies_of, pictures):
    visitor = visit(width=360, storage_state=cookies_of("administrator"))
    page = visitor.open("/cer/1/fees/")
    page.screenshot(path=pictures / "phone-bar.png")
    bar, places = page.locator("nav.nav a:visible"), []
    for number in range(bar.count()):
        box = bar.nth(number).bounding_box()
        assert box is not None
        assert box["height"] >= 44
        places.append(bar.nth(number).get_attribute("href"))

    assert places == ["/dashboard/", "/cer/", "/desk/", "/altro/"]
    page.get_by_role("link", name="Avvisi", exact=True).click()
    page.wait_for_url("**/avvisi/")
    page.get_by_role("link", name="Altro", exact=True).click()
    page.wait_for_url("**/altro/")
    page.screenshot(path=pictures / "phone-more.png", full_page=True)
    page.locator("main").get_by_role("link", name="Quote", exact=True).click()
    page.wait_for_url("**/fees/")
