"""What the service worker makes of a pushed alert, in a real browser; the network's part of it is Chromium's own."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest
from django.test import RequestFactory
from playwright.sync_api import Browser

from cercollettiva.web.views.pwa import service_worker

pytestmark = pytest.mark.e2e

NOTE = {"title": "CerCollettiva", "body": "Misuratore muto", "url": "/avvisi/7/", "tag": "alert-7"}
PAGE = b"<!doctype html><html lang=it><title>Avvisi</title><h1>Avvisi</h1>"
# What is shown once a body is among it, or after ten seconds. (wait_for_function takes a promise for a truth.)
SHOWN = """async (body) => {
  const { ready } = navigator.serviceWorker;
  for (let turn = 0; ; turn += 1) {
    const notifications = await (await ready).getNotifications();
    const shown = notifications.map(({ title, body, tag, data }) => ({ title, body, tag, url: data.url }));
    if (turn === 100 || shown.some((one) => one.body === body)) return shown;
    await new Promise((again) => setTimeout(again, 100));
  }
}"""


class _Door(http.server.BaseHTTPRequestHandler):
    """The worker as the site serves it, and a page at every other address."""

    def do_GET(self) -> None:
        body, kind = PAGE, "text/html"
        if self.path == "/sw.js":
            body, kind = service_worker(RequestFactory().get("/sw.js")).content, "text/javascript"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Door)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_pushed_alert_is_shown_and_the_news_of_its_end_takes_its_place(chromium: Browser, address: str):
    context = chromium.new_context(permissions=["notifications"])
    page = context.new_page()
    registrations: list[str] = []
    devtools = context.new_cdp_session(page)
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda told: registrations.extend(one["registrationId"] for one in told["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.goto(f"{address}/avvisi/")
    page.evaluate("navigator.serviceWorker.register('/sw.js').then(() => navigator.serviceWorker.ready).then(() => 1)")

    def push(note: dict[str, str]) -> list[dict[str, str]]:
        pushed = {"origin": address, "registrationId": registrations[-1], "data": json.dumps(note)}
        devtools.send("ServiceWorker.deliverPushMessage", pushed)
        shown: list[dict[str, str]] = page.evaluate(SHOWN, note["body"])
        return shown

    first = push(NOTE)
    last = push({**NOTE, "body": "Tutto a posto: Misuratore muto"})
    context.close()

    assert first == [NOTE]
    assert last == [{**NOTE, "body": "Tutto a posto: Misuratore muto"}]
