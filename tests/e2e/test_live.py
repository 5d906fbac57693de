"""Figures that move: from a meter's message to a browser."""

from __future__ import annotations

import json
import time

import pytest
from playwright.sync_api import expect

from bench.publisher import Publisher

pytestmark = pytest.mark.e2e


def first_plant(visitor) -> str:
    return visitor.page.locator("main a[href^='/plants/']").first.get_attribute("href")


def device_of(visitor) -> tuple[str, str]:
    """The prefix of the exchange meter on the page: its POD and its name are shown there."""
    name = visitor.page.locator("[data-device]").first.get_attribute("data-device")
    pod = visitor.page.evaluate("document.body.innerText.match(/IT ?\\d{3} ?E ?[0-9A-Z ]{8,12}/)[0]")
    return pod.replace(" ", "")[:14], name


def publish(demo, pod: str, device: str, watts: float) -> None:
    publisher = Publisher(demo.broker.port)
    payload = {"id": 0, "total_act_power": watts, "a_act_power": watts, "a_voltage": 231.0}
    publisher.publish(f"cercollettiva/{pod}/{device}/status/em:0", json.dumps(payload).encode())
    publisher.wait(within=5)


def test_a_message_moves_the_figure_on_the_page(visit, demo):
    visitor = visit()
    visitor.sign_in("consumer")
    visitor.open(first_plant(visitor))
    pod, device = device_of(visitor)
    figure = visitor.page.locator("[data-field=power]").first
    figure.wait_for()

    deadline = time.monotonic() + 20
    while "98,77" not in figure.inner_text() and time.monotonic() < deadline:
        publish(demo, pod, device, 98_765.0)  # again: the virtual meter speaks on the same topic
        visitor.page.wait_for_timeout(700)

    expect(figure).to_contain_text("98,77")


def test_a_figure_says_its_age_when_nothing_comes(visit, demo):
    visitor = visit()
    visitor.sign_in("prosumer")
    visitor.open(first_plant(visitor))
    visitor.page.locator("[data-age]").first.wait_for()

    expect(visitor.page.locator("[data-age]").first).to_contain_text("fa")


def test_a_browser_that_comes_back_gets_a_snapshot(visit):
    visitor = visit()
    visitor.sign_in("administrator")
    frames: list[str] = []
    visitor.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(frame)))
    visitor.page.wait_for_timeout(1000)

    # As a browser does that slept: the page is hidden, its timers stand still, then it is shown again.
    visitor.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pagehide', {persisted: true}))")
    visitor.page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")

    deadline = time.monotonic() + 10
    while not frames and time.monotonic() < deadline:
        visitor.page.wait_for_timeout(200)
    assert json.loads(frames[0])["type"] == "cer_power"


def test_signing_out_ends_the_page_elsewhere(visit):
    visitor = visit()
    page = visitor.sign_in("administrator")
    other = visitor.context.new_page()
    other.goto(page.url)
    page.wait_for_timeout(1000)

    other.locator("details.menu summary").click()
    other.get_by_role("button", name="Esci").click()

    page.locator("[data-notice]:visible").first.wait_for(timeout=10_000)


def test_the_language_can_be_changed(visit):
    visitor = visit()
    visitor.open("/")
    visitor.page.locator("details.menu summary").click()

    visitor.page.get_by_role("banner").get_by_role("button", name="English").click()

    expect(visitor.page.locator("html")).to_have_attribute("lang", "en")
    expect(visitor.page.locator("main")).to_contain_text("Sign in")


def test_a_wrong_password_is_told_in_words(visit, demo):
    visitor = visit()
    visitor.open("/users/login/")
    visitor.page.fill("#id_username", demo.logins["consumer"])
    visitor.page.fill("#id_password", "non è questa")

    visitor.page.click("main button[type=submit]")

    expect(visitor.page.locator("[role=alert]")).to_be_visible()
    expect(visitor.page.locator("#id_username")).to_have_value(demo.logins["consumer"])
