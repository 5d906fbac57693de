"""A technician's five minutes: a new plant to its first live watt, the right direction, a meter swapped; by keyboard.

Before the pages are looked at one by one, so that the pictures taken here are on the contact sheet.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import ExitStack
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from bench.publisher import Publisher
from tests.e2e.conftest import Visitor
from tests.support.browsing import overflow
from tests.support.kept_broker import ROOT, KeptBroker
from tests.support.processes import python, wait_until

pytestmark = pytest.mark.e2e

POD = "IT001E77000001"
OLD, NEW = "shellypro3em-77aa01", "shellypro3em-77aa02"
# What waits on the phone of whoever looks, and under which name.
KEPT = "[`visits:${document.body.dataset.person}`, localStorage.getItem(`visits:${document.body.dataset.person}`)]"
SIZES = ((360, "light"), (1280, "dark"))


def speak(demo, device: str, watts: float, volts: float) -> None:
    publisher = Publisher(demo.broker.port)
    payload = {"id": 0, "total_act_power": watts, "a_act_power": watts, "a_voltage": volts}
    publisher.publish(f"cercollettiva/{POD}/{device}/status/em:0", json.dumps(payload).encode())
    publisher.wait(within=5)


def speak_until(demo, visitor, device: str, watts: float, locator, *, seconds: float = 25) -> None:
    """Say it again until the page has heard: the ingestor learns of a new meter within five seconds."""
    for turn in range(int(seconds / 0.5)):
        speak(demo, device, watts, 230.0 + turn / 100)
        visitor.page.wait_for_timeout(500)
        if locator.count() and locator.first.is_visible():
            return
    raise AssertionError(f"{locator} never came")


def typed(visitor, field: str, text: str) -> None:
    """As somebody without a mouse does."""
    visitor.page.focus(f"#id_{field}")
    visitor.page.keyboard.press("Control+a")
    visitor.page.keyboard.type(text)


def chosen(visitor, button: str) -> None:
    visitor.page.get_by_role("button", name=button).first.focus()
    visitor.page.keyboard.press("Enter")


def sound(visitor, pictures, name: str) -> None:
    """No violation, nothing wider than the window, a picture; as on a phone by day and on a desk by night."""
    for width, theme in SIZES:
        visitor.page.set_viewport_size({"width": width, "height": 800})
        visitor.page.emulate_media(color_scheme=theme)
        assert visitor.violations() == [], name
        assert overflow(visitor.page, width) == 0, name
        visitor.page.screenshot(path=pictures / f"walk-{name}-{width}-{theme}.png", full_page=True)


@pytest.fixture(scope="module")
def technician(browser, demo):
    options = {"permissions": ["geolocation"], "geolocation": {"latitude": 44.6471, "longitude": 10.9252}}
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="it-IT", **options)
    visitor = Visitor(context, demo)
    visitor.sign_in("technician")
    yield visitor
    context.close()
    assert visitor.foreign == []
    assert visitor.complaints == []


def test_from_a_new_plant_to_its_first_live_watt(technician, demo, pictures):
    page = technician.page
    technician.open("/plants/create/")
    typed(technician, "name", "Zeta, tetto della palestra")
    typed(technician, "pod_code", POD)
    page.select_option("#id_plant_type", "PROSUMER")
    typed(technician, "nominal_power", "6000")
    chosen(technician, "Sono qui")
    expect(page.locator("#id_latitude")).to_have_value("44,64710")
    chosen(technician, "Aggiungi l’impianto")
    expect(page.locator("[role=alert]")).to_contain_text("se volevi dire 6.000 W scrivi 6")
    expect(page.locator("[data-pin]")).to_be_visible()
    sound(technician, pictures, "new-plant")
    typed(technician, "nominal_power", "6")
    chosen(technician, "Aggiungi l’impianto")

    page.wait_for_url("**/mqtt/")
    sound(technician, pictures, "no-meter")
    page.get_by_role("link", name="Aggiungi un misuratore").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/mqtt/add/")
    typed(technician, "device_id", OLD)
    sound(technician, pictures, "add-meter")
    chosen(technician, "Aggiungi")
    page.wait_for_url(re.compile(r"/mqtt/\d+/$"))
    expect(page.locator(".settings")).to_contain_text(f"cercollettiva/{POD}/{OLD}")
    sound(technician, pictures, "card")

    speak_until(demo, technician, OLD, 340.0, page.locator("h1 [data-field=power]", has_text="340"))
    speak(demo, OLD, 1234.0, 231.5)
    expect(page.locator("h1 [data-field=power]")).to_contain_text("1,23", timeout=10_000)


@pytest.fixture
def kept(demo):
    """A broker that lets in who has a password, kept by a worker and read by an ingestor of its own."""
    settings = SimpleNamespace()
    with ExitStack() as parts:
        broker = KeptBroker(settings)
        parts.callback(broker.remove)
        surroundings = {
            "SECRET_KEY": "",
            "MQTT_URL": "",
            "DATABASE_URL": f"sqlite:///{demo.database}",
            "BROKER_FOLDER": str(broker.folder),
            "BROKER_LISTENER": str(settings.BROKER_LISTENER),
        }
        for name in ("work", "ingest"):
            child = python(ROOT / "manage.py", name, name=name, env=surroundings)
            parts.callback(child.remove)
            child.start()
            if name == "work":
                assert wait_until((broker.folder / "reload").exists, within=30)
                broker.start()
        assert wait_until(lambda: child.has_written("Subscribed"), within=30)
        yield broker


def test_a_meter_comes_in_with_the_password_of_its_card_and_not_once_it_is_revoked(technician, demo, pictures, kept):
    page = technician.page
    chosen(technician, "Crea la password")
    secret = page.locator("[data-secret]").inner_text()
    sound(technician, pictures, "password")
    technician.open(page.url.removesuffix("password/").removeprefix(demo.url))
    assert secret not in page.content()

    assert wait_until(lambda: kept.client(OLD, secret).is_in, within=10)
    assert kept.client(OLD, "another").answer == "Not authorized"
    meter = kept.client(OLD, secret)
    for turn in range(40):
        payload = {"id": 0, "total_act_power": 777.0, "a_act_power": 777.0, "a_voltage": 230.0 + turn / 100}
        meter.publish([f"cercollettiva/{POD}/{OLD}/status/em:0"], json.dumps(payload).encode())
        page.wait_for_timeout(400)
        if "777" in page.locator("h1 [data-field=power]").inner_text():
            break
    expect(page.locator("h1 [data-field=power]")).to_contain_text("777")

    began = time.monotonic()
    chosen(technician, "Revoca")
    assert meter.serve_until(lambda: meter.cuts, within=8)
    assert time.monotonic() - began < 5  # from the click
    expect(page.locator("main")).to_contain_text("è stata revocata")
    technician.open(page.url.removeprefix(demo.url))
    expect(page.locator("main")).not_to_contain_text("Ultimo collegamento")
    sound(technician, pictures, "revoked")


def test_the_check_follows_the_figure_and_says_that_it_is_the_wrong_way_round(technician, demo, pictures):
    page = technician.page
    page.get_by_role("link", name="Controlla il verso").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/check/")
    sound(technician, pictures, "check")
    chosen(technician, "Comincia")
    page.wait_for_url("**?prova=*")

    speak_until(demo, technician, OLD, -900.0, page.locator("[data-verdict]", has_text="invece scende"))
    sound(technician, pictures, "reversed")
    chosen(technician, "Inverti il verso")
    page.wait_for_url("**/check/")

    expect(page.locator("main h2").first).to_contain_text("verso invertito")


def test_a_meter_is_swapped_and_its_successor_speaks(technician, demo, pictures):
    page = technician.page
    technician.open("/plants/?q=Zeta")
    sound(technician, pictures, "plants")
    page.locator("main ul.rows a").first.click()
    page.get_by_role("link", name="Collegamento e misuratori").click()
    page.get_by_role("link", name=f"Sostituisci {OLD}").click()
    typed(technician, "device_id", NEW)
    chosen(technician, "Aggiungi")
    page.wait_for_url(re.compile(r"/mqtt/\d+/$"))
    expect(page.locator(".side")).to_contain_text("verso invertito")  # what the old one measured

    speak_until(demo, technician, NEW, 250.0, page.locator("h1 [data-field=power]", has_text="250"))
    page.get_by_role("link", name="Che cosa misura").first.click()
    sound(technician, pictures, "roles")
    page.locator(".when a").first.click()
    page.get_by_role("link", name="Sposta o togli").click()
    sound(technician, pictures, "move")
    page.locator(".when a").first.click()
    page.locator(".when a").first.click()

    expect(page.locator("section", has_text="Sono stati qui").last).to_contain_text(OLD)
    sound(technician, pictures, "connection")


@pytest.mark.parametrize("path", ["", "plants/", "measurements/", "settings/mqtt/"])
def test_the_pages_of_energy_are_sound(technician, pictures, path):
    technician.open(f"/energy/{path}")
    technician.page.wait_for_timeout(500)

    sound(technician, pictures, f"energy-{path.replace('/', '-') or 'now'}".strip("-"))


def a_silent_meter(demo) -> None:
    """An alert about the meter that the walk above has left silent, as the check opens it after five minutes."""
    code = (
        "from django.utils import timezone\n"
        "from cercollettiva.energy.models import DeviceConfiguration\n"
        "from cercollettiva.monitoring.operations import open_alert\n"
        f"device = DeviceConfiguration.objects.get(device_id='{NEW}')\n"
        f"details = {{'device': '{NEW}', 'since': '23/11/2026 10:20', 'period': '1 min'}}\n"
        "assert open_alert(device, 'silent', at=timezone.now(), details=details)\n"
    )
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{demo.database}", "SECRET_KEY": ""}
    subprocess.run([sys.executable, ROOT / "manage.py", "shell", "-c", code], env=environment, check=True)


def test_a_silent_meter_is_found_taken_and_put_off(technician, demo, pictures):
    a_silent_meter(demo)
    page = technician.page
    technician.open("/avvisi/")
    sound(technician, pictures, "alerts")
    page.locator("main ul.rows a", has_text=NEW).focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/avvisi/\d+/$"))
    expect(page.locator(".lead")).to_contain_text("non manda energia dal 23/11/2026 10:20")
    sound(technician, pictures, "alert")

    chosen(technician, "Me ne occupo io")
    expect(page.locator(".side")).to_contain_text("Preso in carico")
    page.select_option("#days", "3")
    page.locator("#note").fill("Torno con un ponte Wi-Fi.")
    chosen(technician, "Rimanda")
    expect(page.locator(".side")).to_contain_text("Torno con un ponte Wi-Fi.")
    sound(technician, pictures, "alert-put-off")
    technician.open("/avvisi/?stato=rimandati")
    expect(page.locator("main ul.rows")).to_contain_text(NEW)

    technician.open("/avvisi/preferenze/")
    page.fill("#id_quiet_from", "22:00")
    chosen(technician, "Salva")
    expect(page.locator("[role=alert]")).to_contain_text("Scrivi tutte e due le ore")
    sound(technician, pictures, "alert-preferences")


def test_a_visit_is_written_without_network_and_sent_once_when_it_is_back(visit, demo, pictures):
    with sqlite3.connect(demo.database, timeout=20) as database:
        [[device]] = database.execute("SELECT device_id FROM energy_deviceplacement WHERE active_to IS NULL LIMIT 1")
        database.execute("DELETE FROM monitoring_alert WHERE device_id = ? AND kind = 'silent'", [device])
        database.execute(
            "INSERT INTO monitoring_alert (device_id, kind, severity, state, message, details, opened_at, is_platform)"
            " VALUES (?, 'silent', 'CRITICAL', 'OPEN', 'Il misuratore tace.', '{}', datetime('now', '-1 day'), 0)",
            [device],
        )
    visitor = visit(width=360)
    visitor.sign_in("technician")  # not by the cookies that the other walks share: this one ends its session
    page = visitor.open("/interventi/")
    page.wait_for_function("caches.match('/interventi/', { cacheName: 'visits' })")
    sound(visitor, pictures, "visits")
    page.set_viewport_size({"width": 360, "height": 800})

    visitor.context.set_offline(True)
    visitor.open("/energy/")
    expect(page.locator("h1")).to_contain_text("Sei senza rete.")
    visitor.open("/interventi/")
    expect(page.locator("[data-kept-note]")).to_be_visible()
    stop = page.locator("[data-stop]", has_text="Il misuratore tace.")
    form = stop.locator("form")
    if not form.is_visible():
        stop.locator("summary").click()
    form.locator("[name=steps]").first.check()
    form.locator("[name=found]").fill("Il router era spento.")
    visitor.open("/interventi/")  # as if the phone had closed it
    expect(form.locator("[name=steps]").first).to_be_checked()
    form.locator("button[type=submit]").click()
    expect(page.locator("[data-reports]")).to_contain_text("parte quando torna la rete")
    page.screenshot(path=pictures / "walk-visit-offline-360-light.png", full_page=True)
    waiting = page.evaluate(KEPT)

    visitor.context.set_offline(False)
    page.get_by_role("button", name="Manda adesso").click()
    expect(page.locator("[data-reports]")).to_contain_text("Arrivato.", timeout=20_000)
    page.evaluate("([name, text]) => localStorage.setItem(name, text)", waiting)  # its answer had been lost
    visitor.open("/interventi/")
    expect(page.locator("[data-reports]")).to_contain_text("non è stato contato due volte", timeout=20_000)
    page.get_by_role("link", name="Apri").click()
    expect(page.locator("main")).to_contain_text("Il router era spento.")
    sound(visitor, pictures, "visit")

    page.locator(".menu summary").click()
    page.locator("form[action$='/logout/'] button").click()
    page.wait_for_load_state()
    assert page.evaluate("caches.has('visits')") is False
    with sqlite3.connect(demo.database, timeout=20) as database:
        assert database.execute("SELECT count(*) FROM monitoring_visitreport").fetchone() == (1,)
