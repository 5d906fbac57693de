"""A real browser at the door: register, confirm, passkey, app, lockout, recovery, end all sessions."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.e2e.conftest import AXE
from tests.e2e.office import Office, running_office
from tests.e2e.pages import SHAPES
from tests.integration.users.signing import FISCAL_CODE, PASSWORD, code_of
from tests.support.browsing import overflow

pytestmark = pytest.mark.e2e

STAFF = "elena@example.it"
SMALL_TARGETS = """() => [...document.querySelectorAll("main a, main button, main input:not([type=hidden])")]
    .filter((one) => one.checkVisibility() && !one.closest(".field--box, fieldset, .prose, .lead, .small")
                     && one.getBoundingClientRect().height < 44)
    .map((one) => one.outerHTML.slice(0, 120))"""


@pytest.fixture(scope="module")
def office() -> Iterator[Office]:
    with running_office() as office:
        yield office


class Somebody:
    """A person with a browser of their own."""

    def __init__(self, browser: Browser, office: Office) -> None:
        self.office = office
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 360, "height": 780}, locale="it-IT", base_url=office.url
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> Page:
        self.page.goto(path)
        return self.page

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).click()

    def follow(self, name: str) -> None:
        self.page.locator("main").get_by_role("link", name=name, exact=True).click()

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            self.page.fill(f"main [name={name}]", value)

    def add_device(self) -> None:
        """A platform authenticator that says yes: the virtual one of the browser's own protocol."""
        session = self.context.new_cdp_session(self.page)
        session.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True}
        options |= {"isUserVerified": True, "automaticPresenceSimulation": True}
        session.send("WebAuthn.addVirtualAuthenticator", {"options": options})

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        self.open("/users/login/")
        self.fill(username=email, password=password)
        self.press("Accedi")

    def sign_out(self) -> None:
        self.page.locator("details.menu summary").click()
        self.press("Esci")
        self.page.wait_for_url("**/")

    def register(self, email: str) -> None:
        self.open("/users/register/?form=PRIVATE")
        self.fill(first_name="Anna", last_name="Rossi", fiscal_code=FISCAL_CODE, email=email)
        self.fill(password1=PASSWORD, password2=PASSWORD)
        self.page.check("[name=privacy]")
        self.press("Crea l’account")
        self.page.wait_for_url("**/users/verify/")
        self.fill(code=self.office.code_for(email))
        self.press("Conferma")
        self.page.wait_for_url("**/dashboard/")


@pytest.fixture
def somebody(browser: Browser, office: Office):
    people: list[Somebody] = []

    def come() -> Somebody:
        people.append(Somebody(browser, office))
        return people[-1]

    yield come
    for person in people:
        person.context.close()


def complaints_of(person: Somebody) -> list[str]:
    """Without what Chromium says of every answer that is no 200."""
    return [said for said in person.complaints if "Failed to load resource" not in said]


def test_the_first_start_then_a_passkey_signs_in_without_a_password(somebody, office):
    owner = somebody()
    owner.add_device()
    token = office.manage("setup_token").split()[-1]
    owner.open("/setup/")
    owner.fill(token=token, first_name="Elena", last_name="Brandi", email=STAFF, password=PASSWORD)
    owner.fill(organisation="Comunità di Pieve Alta APS", community="Pieve Alta", primary_substation="AC001E00417")
    owner.press("Crea la comunità")
    expect(owner.page.locator("h1")).to_have_text("Aggiungi un secondo passaggio al tuo accesso.")
    owner.follow("Aggiungi una passkey")
    owner.press("Crea la passkey")
    expect(owner.page.locator("h1")).to_have_text("Hai 10 codici di recupero.")
    owner.follow("Li ho messi via")
    owner.sign_out()

    owner.open("/users/login/")
    owner.press("Entra con una passkey")

    owner.page.wait_for_url("**/dashboard/")
    assert owner.page.request.get("/setup/").status == 404
    assert complaints_of(owner) == []


def test_a_passkey_is_the_second_step_of_a_sign_in_by_password(somebody):
    person = somebody()
    person.add_device()
    person.register("passkey@example.it")
    person.open("/users/second_factor/passkeys/add/")
    person.press("Crea la passkey")
    person.follow("Li ho messi via")
    person.sign_out()

    person.sign_in("passkey@example.it")
    expect(person.page.locator("h1")).to_have_text("Manca il secondo passaggio.")
    person.press("Usa una passkey")

    person.page.wait_for_url("**/dashboard/")
    assert complaints_of(person) == []


def test_somebody_registers_is_told_of_a_wrong_code_at_once_and_confirms_by_mail(somebody, office):
    person = somebody()
    person.open("/users/register/")
    person.follow("Persona fisica")
    person.fill(first_name="Anna", last_name="Rossi", fiscal_code="RSSMRA85T10A562T")
    person.page.locator("[name=email]").focus()
    expect(person.page.locator("#id_fiscal_code_error")).to_contain_text("L’ultima lettera, T, non corrisponde")
    person.fill(fiscal_code="rssmra85t10a562s", email="anna@example.it", password1=PASSWORD, password2=PASSWORD)
    expect(person.page.locator("#id_fiscal_code_error")).to_be_hidden()
    expect(person.page.locator("[name=fiscal_code]")).to_have_value(FISCAL_CODE)
    person.page.check("[name=privacy]")
    person.press("Crea l’account")
    person.page.wait_for_url("**/users/verify/")

    person.fill(code=office.code_for("anna@example.it"))
    person.press("Conferma")

    person.page.wait_for_url("**/dashboard/")
    assert complaints_of(person) == []


def test_it_works_without_scripts_too(browser, office):
    context = browser.new_context(java_script_enabled=False, base_url=office.url, locale="it-IT")
    page = context.new_page()
    page.goto("/users/register/?form=PRIVATE")
    for name, value in {
        "first_name": "Ugo",
        "last_name": "Neri",
        "fiscal_code": "X",
        "email": "ugo@example.it",
    }.items():
        page.fill(f"main [name={name}]", value)
    page.get_by_role("button", name="Crea l’account").click()

    expect(page.locator("[role=alert]")).to_contain_text("Ne hai scritto 1, ne servono 16")
    context.close()


def test_an_app_is_set_up_asked_for_and_a_recovery_code_stands_in_for_it(somebody):
    person = somebody()
    person.register("app@example.it")
    person.open("/users/second_factor/")
    person.follow("Attiva l’app dei codici")
    secret = person.page.locator(".secret").inner_text()
    person.fill(code=code_of(secret))
    person.press("Attiva")
    expect(person.page.locator("h1")).to_have_text("Hai 10 codici di recupero.")
    recovery = person.page.locator(".codes li").first.inner_text()
    person.sign_out()

    person.sign_in("app@example.it")
    person.fill(code="000000")
    person.press("Entra")
    expect(person.page.locator("[role=alert]")).to_contain_text("non corrisponde")
    person.fill(code=recovery)
    person.press("Entra")

    person.page.wait_for_url("**/dashboard/")
    person.open("/users/second_factor/")
    expect(person.page.locator("main")).to_contain_text("Ne restano 9.")


def test_after_five_wrong_passwords_the_page_says_when_to_come_back(somebody):
    somebody().register("locked@example.it")
    thief = somebody()
    for _ in range(5):
        thief.sign_in("locked@example.it", "sbagliata di proposito")

    expect(thief.page.locator("h1")).to_have_text(re.compile(r"^Riprova dopo le \d\d:\d\d\.$"))
    thief.sign_in("locked@example.it")
    expect(thief.page.locator("h1")).to_have_text(re.compile(r"^Riprova dopo le"))


def test_ending_all_sessions_signs_out_every_browser(somebody):
    here, there = somebody(), somebody()
    here.register("sessions@example.it")
    there.sign_in("sessions@example.it")
    there.page.wait_for_url("**/dashboard/")
    here.open("/users/sessions/")
    expect(here.page.locator("h1")).to_have_text("Sei collegato da 2 dispositivi.")

    here.press("Scollega tutti, anche questo")

    here.page.wait_for_url("**/users/login/")
    there.open("/users/profile/")
    expect(there.page).to_have_url(re.compile("/users/login/"))


def test_somebody_takes_their_data_and_goes(somebody, office):
    person = somebody()
    person.register("goes@example.it")
    person.open("/users/profile/")
    person.follow("Che cosa conserviamo di te")
    expect(person.page.locator("main")).to_contain_text("contratto: lo statuto e il regolamento")
    person.page.locator("main").get_by_role("link", name=re.compile("^Una copia di tutto")).click()
    person.press("Prepara la copia")
    expect(person.page.locator("h1")).to_have_text("La copia è in preparazione.")
    office.manage("work", "--once")
    with person.page.expect_download() as started:  # the page has looked again by itself
        person.follow("Scarica la copia")
    with zipfile.ZipFile(started.value.path()) as copy:
        told = json.loads(copy.read("dati.json"))
        assert copy.testzip() is None
    assert told["tables"]["users.CustomUser"]["rows"][0]["fiscal_code"] == FISCAL_CODE
    assert STAFF not in json.dumps(told)

    person.open("/users/delete_account/")
    expect(person.page.locator("main")).to_contain_text("Hai 14 giorni per ripensarci")
    person.fill(password=PASSWORD)
    person.press("Chiedi la cancellazione")
    person.page.wait_for_url("**/users/profile/")
    office.manage("work", "--once")
    person.open("/users/privacy/")  # it is too early
    office.manage("shell", "--verbosity=0", "-c", TWO_WEEKS_AGO)
    office.manage("work", "--once")

    person.open("/users/profile/")
    expect(person.page).to_have_url(re.compile("/users/login/"))
    person.sign_in("goes@example.it")
    expect(person.page.locator("[role=alert]")).to_contain_text("Email o password non corrispondono")
    assert "Abbiamo cancellato i tuoi dati" in office.mails_to("goes@example.it")[-1]
    status = json.loads(office.manage("gdpr", "status", "--json"))
    assert (status["requests"], status["erased"]) == ([], 1)
    assert complaints_of(person) == []


TWO_WEEKS_AGO = """
from datetime import timedelta
from cercollettiva.users.models import AccountDeletionRequest
request = AccountDeletionRequest.objects.open().get()
request.requested_at -= timedelta(days=15)
request.save()
"""


# --- every new page in four shapes

VISITORS_PAGES = {
    "register": "/users/register/",
    "register-business": "/users/register/?form=BUSINESS",
    "password-reset": "/users/password_reset/",
    "privacy": "/users/privacy_policy/",
    "link-gone": "/users/invitations/invented/",
    "inactive": "/users/inactive/",
}
STAFF_PAGES = {
    "profile": "/users/profile/",
    "sessions": "/users/sessions/",
    "second-factor": "/users/second_factor/",
    "passkey-add": "/users/second_factor/passkeys/add/",
    "app": "/users/second_factor/app/activate/",
    "recovery": "/users/second_factor/recovery/",
    "email": "/users/email/",
    "password": "/users/password_change/",
    "confirm": "/users/confirm/",
    "delete": "/users/delete_account/",
    "own-data": "/users/privacy/",
    "copy": "/users/privacy/export/",
    "processing": "/users/privacy/register/",
    "erase": "/users/management/2/erase/",
    "management": "/users/management/",
    "person": "/users/management/1/",
    "roles": "/cer/1/roles/",
}


# What the access matrix has no 200 for: axe looks at the others in test_every_page.py.
FOR_AXE = {"register-business", "link-gone", "recovery", "locked", "register-refused"}


def look(page: Page, name: str, pictures) -> list[str]:
    """Take the pictures of a page on a light phone and a dark desktop, and say what is wrong with it."""
    wrong = []
    for width, theme in SHAPES:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 780})
        page.wait_for_timeout(100)
        page.screenshot(path=pictures / f"accounts-{name}-{width}-{theme}.png", full_page=True)
        if wider := overflow(page, width):
            wrong.append(f"{name} {width} {theme}: {wider} px too wide")
        if name in FOR_AXE:
            page.evaluate(AXE)
            found = page.evaluate("async () => (await axe.run()).violations")
            wrong += [f"{name} {theme}: {one['id']} {node['html'][:120]}" for one in found for node in one["nodes"]]
    page.set_viewport_size({"width": 320, "height": 780})
    if overflow(page, 320):
        wrong.append(f"{name}: does not reflow at 320")
    return wrong + [f"{name}: small target {one}" for one in page.evaluate(SMALL_TARGETS)]


def test_every_page_is_sound_and_has_its_pictures(somebody, office, pictures):
    owner = somebody()
    owner.add_device()
    visitor = somebody()
    wrong = []
    for name, path in VISITORS_PAGES.items():
        wrong += look(visitor.open(path), name, pictures)
    wrong += look(lock_out(visitor), "locked", pictures)
    wrong += look(refused_registration(visitor), "register-refused", pictures)
    come_in_by_recovery_code(owner, office)
    for name, path in STAFF_PAGES.items():
        wrong += look(owner.open(path), name, pictures)

    assert wrong == []


def lock_out(visitor: Somebody) -> Page:
    for _ in range(5):
        visitor.sign_in("nobody@example.it", "sbagliata di proposito")
    return visitor.page


def refused_registration(visitor: Somebody) -> Page:
    visitor.open("/users/register/?form=PUBLIC")
    visitor.fill(fiscal_code="1", pec="x", sdi_code="ABC")
    visitor.press("Crea l’account")
    return visitor.page


def come_in_by_recovery_code(owner: Somebody, office: Office) -> None:
    """The passkey of the first test went with its browser."""
    code = office.manage("shell", "--verbosity=0", "-c", RECOVERY_CODE).split()[-1]
    owner.sign_in(STAFF)
    owner.fill(code=code)
    owner.press("Entra")
    owner.page.wait_for_url("**/dashboard/")


RECOVERY_CODE = f"""
from allauth.mfa.models import Authenticator
print(Authenticator.objects.get(user__email="{STAFF}", type="recovery_codes").wrap().get_unused_codes()[0])
"""
