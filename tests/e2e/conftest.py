"""The demo, started once, and browsers that walk through it."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from tests.e2e.pages import contact_sheet
from tests.support import migrated, processes
from tests.support.mosquitto import MosquittoServer
from tests.support.processes import Child, free_port
from tests.support.services import ROOT

AXE = (ROOT / "tests" / "support" / "vendor" / "axe.min.js").read_text()
PICTURES = ROOT / "var" / "pages"
READY_SECONDS = 120
expect.set_options(timeout=15_000)  # as long as a busy machine may take; what is there already is seen at once
# Without these Chromium looks for its maker's hosts at every start.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Demo:
    """The running product: where it is, where its meters speak, who may enter."""

    url: str
    broker: MosquittoServer
    database: Path
    logins: dict[str, str]
    password: str


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    """`manage.py demo` on SQLite with a few days of history, and a broker that the tests may publish to."""
    port = free_port()
    state = processes.make_folder("demo")
    migrated.sqlite_at(state / "demo.sqlite3")  # the walks begin with the product, test_demo.py with its first start
    own = {"DATABASE_URL": "", "SECRET_KEY": "", "MEDIA_ROOT": ""}  # it makes them in its folder
    with MosquittoServer() as broker:
        child = Child(
            [sys.executable, "-u", ROOT / "manage.py", "demo", "--port", str(port), "--state", state, "--days", "3"],
            name="demo",
            env={**os.environ, **own, "MQTT_URL": broker.url, "LANG": "C.UTF-8"},
            death_signal="TERM",
        )
        child.answers = lambda: child.has_written("Ctrl-C")
        with child.start(within=READY_SECONDS):
            told = child.log_tail(sys.maxsize)
            people = re.findall(r"(\S+)\s+(\S+@\S+)", told)
            kinds = ("administrator", "technician", "prosumer", "consumer")
            logins = dict(zip(kinds, [email for _, email in people[-4:]], strict=True))
            password = re.findall(r"password[^:]*: (\S+)", told)[-1]
            yield Demo(f"http://localhost:{port}", broker, Path(state) / "demo.sqlite3", logins, password)


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    program = shutil.which("chromium")
    assert program, "Chromium is not installed: run tools/system-packages chromium"
    browser = playwright.chromium.launch(executable_path=program, args=QUIET)
    yield browser
    browser.close()


class Visitor:
    """A person with a browser of their own, who notices what goes wrong behind the page."""

    def __init__(self, context: BrowserContext, demo: Demo) -> None:
        self.context = context
        self.demo = demo
        self.page: Page = context.new_page()
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self.sockets = 0
        self.frames = 0
        self.page.on("request", self._requested)
        self.page.on("websocket", self._listens)
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str) -> Page:
        self.page.goto(f"{self.demo.url}{path}")
        return self.page

    def sign_in(self, kind: str) -> Page:
        self.open("/users/login/")
        self.page.fill("#id_username", self.demo.logins[kind])
        self.page.fill("#id_password", self.demo.password)
        self.page.click("main button[type=submit]")
        self.page.wait_for_url("**/dashboard/")
        return self.page

    def settle(self, *, within: float = 3) -> None:
        """Until the first frame, where the page listens to any."""
        deadline = time.monotonic() + within
        while self.sockets and not self.frames and time.monotonic() < deadline:
            self.page.wait_for_timeout(50)
        self.page.wait_for_timeout(100)  # it is drawn

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page."""
        self.page.evaluate(AXE)
        found = self.page.evaluate("async () => (await axe.run()).violations")
        return [f"{one['id']}: {node['html'][:160]}" for one in found for node in one["nodes"]]

    def _listens(self, socket) -> None:
        self.sockets += 1
        socket.on("framereceived", self._heard)

    def _heard(self, frame) -> None:
        self.frames += 1

    def _requested(self, request) -> None:
        own = self.demo.url.removeprefix("http")
        if not request.url.removeprefix("http").removeprefix("ws").startswith((own, "data:")):
            self.foreign.append(request.url)

    def _said(self, message) -> None:
        if message.type == "error":
            self.complaints.append(message.text)


@pytest.fixture
def visit(browser: Browser, demo: Demo):
    """Opens a browser for a person: `visit(width=360, theme="dark")`."""
    contexts: list[BrowserContext] = []
    visitors: list[Visitor] = []

    def start(*, width: int = 1280, theme: str = "light", **options) -> Visitor:
        # What moves by itself is drawn sixty times a second, by the processor: nobody looks.
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=theme,
            locale="it-IT",
            reduced_motion="reduce",
            **options,
        )
        contexts.append(context)
        visitors.append(Visitor(context, demo))
        return visitors[-1]

    yield start
    for context in contexts:
        context.close()
    assert [url for visitor in visitors for url in visitor.foreign] == []


@pytest.fixture(scope="session")
def cookies_of(browser: Browser, demo: Demo):
    """The browser state of somebody who has signed in, once in a session: passwords are slow on purpose."""
    known: dict[str, Any] = {}

    def state(kind: str) -> Any:
        if kind not in known:
            context = browser.new_context(locale="it-IT")
            Visitor(context, demo).sign_in(kind)
            known[kind] = context.storage_state()
            context.close()
        return known[kind]

    return state


@pytest.fixture(scope="session")
def pictures() -> Iterator[Path]:
    """Where the contact sheet and its pictures go. Several workers share it; the last to end shows them all."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    yield PICTURES
    (PICTURES / "index.html").write_text(contact_sheet(PICTURES))
