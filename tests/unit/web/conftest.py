from __future__ import annotations

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import Browser, Page, Playwright, Route

from tests.unit.web import pages

WEB = Path(__file__).parents[3] / "cercollettiva/web"
HOST = "http://pages.test"
POLICY = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
CSP = "; ".join(f"{name} {' '.join(sources)}" for name, sources in POLICY.items())

# A socket the test holds the other end of: window.sockets[n].hear(frame) and .end(code).
FAKE_SOCKET = """
window.sockets = [];
window.WebSocket = class {
  static OPEN = 1;
  constructor(url) { this.url = String(url); this.readyState = 1; window.sockets.push(this); }
  close() { this.readyState = 3; }
  hear(frame) { this.onmessage?.({ data: JSON.stringify(frame) }); }
  end(code) { this.readyState = 3; this.onclose?.({ code }); }
};
"""


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
    yield browser
    browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page of `pages.PAGES` under the content policy of the settings, at the instant of its context."""
    contexts = []

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(HOST).partition("?")[0].strip("/")
        file = WEB / path
        if path in pages.PAGES:
            language = "en" if "language=en" in route.request.url else "it"
            html = pages.render(path, language)
            route.fulfill(body=html, content_type="text/html", headers={"Content-Security-Policy": CSP})
        elif path.startswith("static/") and file.is_file():
            route.fulfill(path=file, content_type=mimetypes.guess_type(file.name)[0] or "font/woff2")
        else:
            route.fulfill(status=404, body="")

    def opened(name: str, *, width: int = 360, theme: str = "light", language: str = "it") -> Page:
        context = chromium.new_context(viewport={"width": width, "height": 780}, color_scheme=theme)
        contexts.append(context)
        context.route("**/*", answer)
        context.add_init_script(FAKE_SOCKET)
        page = context.new_page()
        page.clock.install(time=pages.NOW)
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(f"{HOST}/{name}?language={language}")
        return page

    yield opened
    for context in contexts:
        context.close()
