"""The demo's first start and its pages: on a slow line, their charts, how much they move, their one large query."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from bench import charts, heat
from tests.support import platform, processes
from tests.support.processes import Child, free_port

BITS_PER_SECOND = 400_000
LATENCY_MS = 100
REPEATS = 3


def run() -> dict[str, Any]:
    """Seconds from the command to the first live values, and to the first paint of pages at 400 kbit/s."""
    began = time.perf_counter()
    with demo() as (url, login, password), browser() as chromium:
        ready = time.perf_counter() - began
        return {
            "demo_ready_s": round(ready, 1),
            "line": f"{BITS_PER_SECOND // 1000} kbit/s, {LATENCY_MS} ms",
            "first_paint_s": {
                "home": first_paint(chromium, url, "/"),
                "dashboard": first_paint(chromium, url, "/dashboard/", login, password),
            },
            "year_of_quarters": charts.year_of_quarters(chromium, url, login, password),
            "layout_shift": charts.layout_shifts(chromium, url, login, password),
            "heat_map": heat.run(),
        }


@contextmanager
def demo() -> Iterator[tuple[str, str, str]]:
    """The demo from an empty folder, fourteen months of history included: its address, a login, the password."""
    port = free_port()
    command = [sys.executable, "-u", platform.ROOT / "manage.py", "demo", "--port", str(port)]
    child = Child(
        [*command, "--state", processes.make_folder("demo")],
        name="demo",
        env={**os.environ, "DATABASE_URL": "", "SECRET_KEY": "", "MQTT_URL": ""},
        death_signal="TERM",
    )
    child.answers = lambda: "Ctrl-C" in child.log_tail()
    with child.start(within=180):
        told = child.log_tail()
        login = re.findall(r"\S+@\S+", told)[-1]
        password = re.findall(r"password[^:]*: (\S+)", told)[-1]
        yield f"http://localhost:{port}", login, password


@contextmanager
def browser() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        raise FileNotFoundError("Chromium is not installed: run tools/system-packages chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


def first_paint(chromium: Browser, url: str, path: str, login: str = "", password: str = "") -> float:
    """The median first contentful paint with an empty cache. [s]"""
    paints = []
    for _ in range(REPEATS):
        context = chromium.new_context(viewport={"width": 360, "height": 800})
        page = context.new_page()
        if login:
            page.goto(f"{url}/users/login/")
            page.fill("#id_username", login)
            page.fill("#id_password", password)
            page.click("main button[type=submit]")
            page.wait_for_url("**/dashboard/")
        line = context.new_cdp_session(page)
        line.send("Network.enable")
        line.send("Network.setCacheDisabled", {"cacheDisabled": True})
        rate = BITS_PER_SECOND / 8
        line.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": LATENCY_MS, "downloadThroughput": rate, "uploadThroughput": rate},
        )
        page.goto(f"{url}{path}")
        paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
        while not (painted := page.evaluate(paint)):  # the content policy forbids Playwright's own waiting
            page.wait_for_timeout(100)
        paints.append(painted / 1000)
        context.close()
    return round(sorted(paints)[REPEATS // 2], 2)
