"""Every page of the site, in both themes and both languages: axe-core, the content policy, foreign requests, width.

The pages are those of the access matrix, so a new one cannot be forgotten; they are those of its world, on a server in
this process. A page is loaded once in each language, and its colours are looked at in both themes without a new load:
nothing but colours depends on the theme.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urljoin

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, BrowserContext, Error, Page, Response

from tests.access.api_routes import API_ROUTES
from tests.access.routes import ROUTES
from tests.access.world import Actor, World, make_world
from tests.e2e.conftest import AXE
from tests.support.browsing import overflow

pytestmark = pytest.mark.e2e

PAGES: Final = {**ROUTES, "api-docs": API_ROUTES["api-docs"]}
# Whose eyes: the first that may look. What differs for the others is looked at in the demo (test_pages.py).
EYES: Final = (Actor.ADMIN_A, Actor.MEMBER_A, Actor.STAFF, Actor.ANONYMOUS)
SHAPES: Final = {"it": 360, "en": 1280}  # a language and the width it is looked at in
ALL: Final = {"resultTypes": ["violations"]}
COLOURS: Final = {**ALL, "runOnly": ["color-contrast"]}
# Words do not change colours: the dark ones are looked at once.
THEMES: Final = {"it": (("light", ALL), ("dark", COLOURS)), "en": (("light", ALL),)}
OURS: Final = {"exclude": [[".swagger-ui"]]}  # the page of the API holds a program of others
DRAWN_LATER: Final = {"api-docs": ".swagger-ui #operations"}  # what the page is not whole without
UNSTYLED: Final = """[...document.querySelectorAll("main .field input:is([type=radio], [type=checkbox])")]
    .filter((box) => box.getBoundingClientRect().width > 40).map((box) => box.name)"""
LEAST: Final = 70  # pages


@dataclass
class Looked:
    """What was seen, and what was wrong with it."""

    pages: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    now: str = ""

    def note(self, words: str) -> None:
        self.wrong.append(f"{self.now}: {words}")


@pytest.fixture(scope="module", autouse=True)
def _rows_beside_a_browser() -> Iterator[None]:
    """The loop of the browser runs in the thread that asks the database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def world(live_server, settings) -> World:
    settings.SECOND_FACTOR_REQUIRED = False
    return make_world()


def addresses(world: World) -> Iterator[tuple[Actor, str, str]]:
    """Who looks, the name, the address: of all that answers 200 to a GET by one of those eyes."""
    for name, route in PAGES.items():
        expected = route.methods.get("GET")
        actor = next((eyes for eyes in EYES if expected and expected(eyes, "a") == 200), None)
        if actor is not None:
            yield actor, name, reverse(name, args=route.address_arguments(world, "a"))


def test_every_page_is_sound_in_both_themes_and_both_languages(browser: Browser, live_server, world: World):
    looked = Looked()
    found = sorted(addresses(world), key=lambda each: EYES.index(each[0]))
    for actor in EYES:
        context = come(browser, live_server.url, world.people[actor])
        page = listened_to(context.new_page(), live_server.url, looked)
        for eyes, name, address in found:
            if eyes is actor:
                look(page, f"{live_server.url}{address}", name, looked)
        context.close()

    assert len(looked.pages) >= LEAST, sorted(looked.pages)
    assert looked.wrong == []


def come(browser: Browser, url: str, person: Any) -> BrowserContext:
    context = browser.new_context(locale="it-IT", service_workers="block", reduced_motion="reduce")
    if person is not None:
        client = Client()
        client.force_login(person, backend=django_settings.AUTHENTICATION_BACKENDS[0])
        key = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": django_settings.SESSION_COOKIE_NAME, "value": key, "url": url}])
    return context


def listened_to(page: Page, url: str, looked: Looked) -> Page:
    own = (url, url.replace("http", "ws", 1), "data:", "blob:", "chrome")  # its viewer of PDFs
    page.on("request", lambda one: None if one.url.startswith(own) else looked.note(f"asks {one.url}"))
    page.on("pageerror", lambda error: looked.note(str(error)))
    page.on("console", lambda said: looked.note(said.text) if is_complaint(said) else None)
    return page


def is_complaint(said: Any) -> bool:
    """The server of the tests answers no sockets; what is meant to be 404 is not an error of the page."""
    return said.type == "error" and "WebSocket" not in said.text and "Failed to load resource" not in said.text


def look(page: Page, address: str, name: str, looked: Looked) -> None:
    for language, width in SHAPES.items():
        looked.now = f"{name} {language} {width}"
        page.context.add_cookies([{"name": "django_language", "value": language, "url": urljoin(address, "/")}])
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="light")
        if not opened(page, address):
            return
        looked.pages.add(name)
        if name in DRAWN_LATER:
            page.wait_for_selector(DRAWN_LATER[name])
        if page.locator("html").get_attribute("lang") != language:
            looked.note("speaks another language")
        page.evaluate(AXE)
        for theme, rules in THEMES[language]:
            page.emulate_media(color_scheme=theme)
            for one in page.evaluate("async ([where, how]) => (await axe.run(where, how)).violations", [OURS, rules]):
                for node in one["nodes"]:
                    looked.note(f"{theme} {one['id']} {node['html'][:160]}")
        for box in page.evaluate(UNSTYLED):
            looked.note(f"the box of {box} has the size of a line of text")
        if overflow(page, width):
            looked.note("too wide")


def opened(page: Page, address: str) -> bool:
    """Whether it is a page: the same door gives files and data too."""
    try:
        answer: Response | None = page.goto(address, wait_until="load")
    except Error as error:
        if "Download is starting" in str(error) or "ERR_ABORTED" in str(error):
            return False
        raise
    assert answer is not None
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    assert answer.status == 200 or not is_page, f"{address}: {answer.status}"
    return is_page
