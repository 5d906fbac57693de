"""From an attestation to a plant, and from owed papers to complete: a member on a phone, an administrator at a desk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.office import Office, running_office
from tests.e2e.test_accounts import complaints_of
from tests.e2e.test_desk import ADMIN, COMMUNITY, Looking, Walk, come, sign_in
from tests.integration.users.signing import PASSWORD
from tests.support.hostile_files import picture_with_place
from tests.support.pdfs import pdf_of

pytestmark = pytest.mark.e2e

MEMBER = "anna@example.it"
ATTESTATION = Path(__file__).parents[1] / "fixtures" / "gaudi" / "attestato-1.pdf"
PEOPLE = f"""{COMMUNITY}
anna = CustomUser.objects.create_user("{MEMBER}", "{PASSWORD}", first_name="Anna", last_name="Rossi")
anna.confirm_email()
CERMembership.objects.create(community=cer, user=anna, role="MEMBER", member_type="PROSUMER", state="APPROVED",
    active_from=timezone.now())
"""
PHONE = Walk(360, "light", "it", MEMBER, "", 0)
DESKTOP = Walk(1280, "dark", "it", ADMIN, "", 0)


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    """With the worker that reads papers."""
    with running_office(with_people=PEOPLE) as office:
        yield office


def test_an_attestation_becomes_a_plant_and_owed_papers_become_complete(browser, office, pictures):
    anna, on_phone = come(browser, office, PHONE), Looking(PHONE, pictures)
    sign_in(anna, MEMBER)
    anna.page.wait_for_url("**/dashboard/")
    make_the_plant(anna.open("/plants/new-from-gaudi/"), on_phone)
    hand_in_what_is_owed(anna.open("/me/"), on_phone)

    elena, on_desktop = come(browser, office, DESKTOP), Looking(DESKTOP, pictures)
    sign_in(elena, ADMIN)
    elena.page.wait_for_url(re.compile("second_factor|dashboard"))
    verify_each(elena.open("/documents/?stato=verificare"), on_desktop)

    expect(anna.open("/me/").locator("main")).to_contain_text("non manca niente")
    assert on_phone.wrong + on_desktop.wrong == []
    assert complaints_of(anna) + complaints_of(elena) == []
    anna.context.close()
    elena.context.close()


def make_the_plant(page: Page, looking: Looking) -> None:
    looking.at(page, "gaudi-upload")
    page.set_input_files("[name=file]", ATTESTATION)
    page.get_by_role("button", name="Carica e leggi").click()
    page.evaluate("window.sameDocument = true")
    expect(page.locator("h1")).to_have_text("Controlla accanto al foglio, poi salva.", timeout=30_000)
    assert page.evaluate("window.sameDocument"), "the page was loaded again"
    expect(page.locator("[name=nominal_power]")).to_have_value("99,5")
    expect(page.locator(".sheet img")).to_have_js_property("complete", True)
    assert page.locator(".sheet img").evaluate("picture => picture.naturalWidth") > 500
    looking.at(page, "gaudi-review")
    page.fill("[name=nominal_power]", "98")
    page.get_by_role("button", name="Crea l’impianto").click()
    page.wait_for_url("**/mqtt/")
    page.goto(page.url.replace("mqtt/", "documents/"))
    expect(page.locator(".rows")).to_contain_text("attestato-1.pdf")
    looking.at(page, "plant-papers")


def hand_in_what_is_owed(page: Page, looking: Looking) -> None:
    files = {
        "bolletta dell’energia": ("bolletta.pdf", "application/pdf", pdf_of([(40, 60, "POD IT001E12345678")])),
        "documento d’identità": ("carta.jpg", "image/jpeg", picture_with_place()),
    }
    looking.at(page, "me-owed")
    for label, (name, kind, content) in files.items():
        page.get_by_role("link", name=re.compile(f"Carica.*{label}")).click()
        page.set_input_files("[name=file]", {"name": name, "mimeType": kind, "buffer": content})
        looking.at(page, "paper-upload")
        page.locator("main form.form button[type=submit]").click()
        page.wait_for_url("**/me/")
    expect(page.locator("main")).to_contain_text("li deve ancora controllare")


def verify_each(page: Page, looking: Looking) -> None:
    looking.at(page, "papers")
    for left in (2, 1, 0):
        page.locator("main .rows a").first.click()
        looking.at(page, "paper")
        page.get_by_role("button", name="È a posto").click()
        expect(page.locator(".messages")).to_contain_text("Verificato")
        page.goto("/documents/?stato=verificare")
        expect(page.locator("main .rows a")).to_have_count(left)
    looking.at(page, "papers-none")
