"""From a link on a leaflet to a member with a card: on a phone in Italian and light, on a desktop in English and dark.

On the desktop the application is filled in with the keyboard alone, and the desk on both. Every page on the way is
looked at: axe, width, size of targets, picture.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import AXE
from tests.e2e.office import Office, running_office
from tests.e2e.test_accounts import SMALL_TARGETS, Somebody, complaints_of
from tests.integration.users.signing import PASSWORD
from tests.support.browsing import overflow

pytestmark = pytest.mark.e2e

ADMIN = "elena@example.it"
COMMUNITY = f"""
from django.utils import timezone
from cercollettiva.core.models import CERConfiguration, CERMembership, Organisation
from cercollettiva.users.models import CustomUser
organisation = Organisation.objects.create(name="Pieve Alta APS", city="Pieve Alta", province="LU")
cer = CERConfiguration.objects.create(
    organisation=organisation, name="Pieve Alta", code="PA", slug="pieve-alta", primary_substation="AC001E00417",
    description="Vicini che dividono il sole.\\nTutti i venerdì alla Casa del Popolo.", is_listed=True)
elena = CustomUser.objects.create_user("{ADMIN}", "{PASSWORD}", first_name="Elena", last_name="Brandi")
elena.confirm_email()
CERMembership.objects.create(community=cer, user=elena, role="ADMIN", state="APPROVED", active_from=timezone.now())
"""


class Pointer:
    """Fills in a form by touching it."""

    def __init__(self, person: Somebody) -> None:
        self.person, self.page = person, person.page

    def fill(self, **values: str) -> None:
        self.person.fill(**values)

    def press(self, name: str) -> None:
        self.person.press(name)

    def follow(self, name: str) -> None:
        self.person.follow(name)

    def pick(self, name: str, value: str) -> None:
        field = self.page.locator(f"main [name={name}]").first
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            self.page.check(f"main [name={name}][value={value}]")

    def tick(self, name: str) -> None:
        self.page.check(f"main [name={name}]")


class Keys(Pointer):
    """Fills in a form with nothing but keys: Tab to each place, whose focus must show, and what one types there."""

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            press_until(self.page, f"main [name={name}]")
            if self.page.evaluate("document.activeElement.type") == "date":
                year, month, day = value.split("-")
                self.page.keyboard.type(month + day + year)  # as this Chromium asks for them
                assert self.page.evaluate("document.activeElement.value") == value
            else:
                self.page.keyboard.press("Control+a")
                self.page.keyboard.type(value)

    def press(self, name: str) -> None:
        self._go_to("button", name)

    def follow(self, name: str) -> None:
        self._go_to("a", name)

    def pick(self, name: str, value: str) -> None:
        press_until(self.page, f"main [name={name}]")
        chosen = "name => document.querySelector(`main select[name=${name}], main [name=${name}]:checked`)?.value"
        for _ in range(20):
            if self.page.evaluate(chosen, name) == value:
                return
            self.page.keyboard.press("ArrowDown")
        pytest.fail(f"no way to {value} of {name} with the keyboard")

    def tick(self, name: str) -> None:
        press_until(self.page, f"main [name={name}]")
        self.page.keyboard.press("Space")

    def _go_to(self, tag: str, name: str) -> None:
        press_until(self.page, f"main {tag}", named=name)
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")


class Walk(NamedTuple):
    """One way through: on what, in which language and colours, with whose answers."""

    width: int
    theme: str
    language: str
    email: str
    pod: str
    number: int  # in the register
    hands: type[Pointer] = Pointer

    def say(self, italian: str, english: str) -> str:
        return english if self.language == "en" else italian


PHONE = Walk(360, "light", "it", "niccolo@example.it", "IT001E55500001", 1)
DESKTOP = Walk(1280, "dark", "en", "zoe@example.it", "IT001E55500002", 2, Keys)


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with running_office(with_people=COMMUNITY) as office:
        yield office


class Looking:
    """Looks at each page on the way, and goes on at the width of the walk."""

    def __init__(self, walk: Walk, pictures) -> None:
        self.walk, self.pictures = walk, pictures
        self.wrong: list[str] = []

    def at(self, page: Page, name: str) -> None:
        """A picture at the walk's own width; then axe, and whether it fits a phone of 320 pixels."""
        walk = self.walk
        page.screenshot(path=self.pictures / f"desk-{name}-{walk.width}-{walk.theme}.png", full_page=True)
        page.evaluate(AXE)
        found = page.evaluate("async () => (await axe.run()).violations")
        self.wrong += [f"{name}: {one['id']} {node['html'][:120]}" for one in found for node in one["nodes"]]
        self.wrong += [f"{name}: small target {one}" for one in page.evaluate(SMALL_TARGETS)]
        for width in (320, walk.width):
            page.set_viewport_size({"width": width, "height": 780})
            if overflow(page, width):
                self.wrong.append(f"{name}: wider than {width}")


def come(browser: Browser, office: Office, walk: Walk) -> Somebody:
    person = Somebody(browser, office)
    person.page.set_viewport_size({"width": walk.width, "height": 780})
    person.page.emulate_media(color_scheme=walk.theme)
    person.context.add_cookies([{"name": "django_language", "value": walk.language, "url": office.url}])
    return person


def link_for(office: Office, email: str) -> str:
    link = r"/cer/\d+/join/resume/\S+"
    return re.findall(link, office.mail_to(email, link))[-1]


@pytest.mark.parametrize("walk", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_from_a_leaflet_to_a_member_with_a_card(browser, office, pictures, walk):
    applicant, looking = come(browser, office, walk), Looking(walk, pictures)
    apply(applicant, walk, looking)

    elena = come(browser, office, walk)
    approve_by_keyboard(elena, walk, looking)

    member_signs_in(applicant, walk, looking)
    assert office.mail_to(walk.email, rf" {walk.number}\.")
    assert looking.wrong == []
    assert complaints_of(applicant) + complaints_of(elena) == []
    applicant.context.close()
    elena.context.close()


def apply(person: Somebody, walk: Walk, looking: Looking) -> None:
    page, hands = person.open("/cer/pieve-alta/"), walk.hands(person)
    looking.at(page, "public")
    hands.follow(walk.say("Chiedi di entrare", "Ask to join"))
    looking.at(page, "start")
    hands.fill(email=walk.email)
    hands.press(walk.say("Mandami il collegamento", "Send me the link"))
    expect(page.locator("h1")).to_have_text(walk.say("Guarda la posta.", "Look at your mail."))

    person.open(link_for(person.office, walk.email))
    on = walk.say("Salva e continua", "Save and go on")
    hands.fill(first_name="Niccolò", last_name="D’Amico", birth_date="1985-10-12", fiscal_code="rssmra85t10a562s")
    hands.fill(address="via Roma 1, 55010 Pieve Alta")
    hands.press(on)
    expect(page.locator("[role=alert]")).to_contain_text("1985")
    looking.at(page, "person-refused")
    hands.fill(birth_date="1985-12-10")
    hands.press(on)

    hands.fill(pod_code="IT001E123")
    page.locator("[name=address]").focus()
    expect(page.locator("#id_pod_code_error")).to_contain_text("Ne hai scritti 9")
    hands.fill(pod_code=walk.pod, address="via Roma 1", zip_code="55010", city="Pieve Alta", province="LU")
    looking.at(page, "point")
    hands.press(on)
    hands.pick("member_type", "PROSUMER")
    hands.pick("source", "PV")
    hands.fill(nominal_power="4,5")
    looking.at(page, "role")
    hands.press(on)
    looking.at(page, "papers")
    hands.press(walk.say("Continua", "Continue"))
    for box in ("statute", "measures", "privacy"):
        hands.tick(box)
    looking.at(page, "consents")
    hands.press(walk.say("Manda la domanda", "Send the application"))
    expect(page.locator("h1")).to_have_text(walk.say("La tua domanda è arrivata.", "Your application has arrived."))
    looking.at(page, "sent")
    page.go_back()
    expect(page.locator("main")).to_contain_text(walk.say("La domanda è già partita", "is sent already"))


def approve_by_keyboard(elena: Somebody, walk: Walk, looking: Looking) -> None:
    """Signs in, then touches nothing but keys."""
    sign_in(elena, ADMIN)
    elena.page.wait_for_url(re.compile("second_factor|dashboard"))
    page = elena.open("/desk/")
    looking.at(page, "desk")
    press_until(page, "main a[href^='/desk/']:not([href='/desk/'])")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/desk/\d+/"))
    looking.at(page, "application")
    press_until(page, "[name=papers_seen]")
    page.keyboard.press("Space")
    press_until(page, "button[value=approve]")
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text("Niccolò D’Amico")
    looking.at(elena.open("/cer/1/"), "community")
    looking.at(elena.open("/cer/"), "list")


def sign_in(person: Somebody, email: str) -> None:
    """In any language."""
    person.open("/users/login/")
    person.fill(username=email, password=PASSWORD)
    person.page.locator("main form.form button[type=submit]").first.click()


REACHED = """([selector, name]) =>
    document.activeElement.matches(selector) && (!name || document.activeElement.textContent.trim() === name)"""


def press_until(page: Page, selector: str, *, named: str = "") -> None:
    """Tab until the focus is there, and see that it shows."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(REACHED, [selector, named]):
            shadow = page.evaluate("getComputedStyle(document.activeElement).boxShadow")
            assert shadow != "none", f"the focus on {selector} cannot be seen"
            return
    pytest.fail(f"no way to {selector} {named} with the keyboard")


def member_signs_in(person: Somebody, walk: Walk, looking: Looking) -> None:
    page = person.open("/cer/1/join/")
    expect(page.locator("h1")).to_have_text(walk.say("Sei in Pieve Alta.", "You are in Pieve Alta."))
    looking.at(page, "approved")
    person.follow(walk.say("Scegli una password", "Choose a password"))
    person.fill(email=walk.email)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/password_reset/sent/")
    link = r"/users/password_reset/\S+"
    person.open(re.findall(link, person.office.mail_to(walk.email, link))[-1])
    person.fill(password1=PASSWORD, password2=PASSWORD)
    page.locator("main button[type=submit]").click()
    page.wait_for_url(re.compile("done|dashboard"))
    sign_in(person, walk.email)
    page.wait_for_url("**/dashboard/")
    person.open("/cer/1/join/")
    card = page.locator("main a[href='/cer/1/card/']")
    if card.count():
        card.click()
        expect(page.locator("main")).to_contain_text("D’Amico")
