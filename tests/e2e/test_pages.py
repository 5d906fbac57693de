"""The demo's pages on a light phone and a dark desktop: looks, axe, weight, no foreign request.

All pages there are, in both languages, are looked at by axe in `test_every_page.py`; here they are full of data.
"""

from __future__ import annotations

import gzip
import sqlite3
import time

import pytest

from bench.publisher import Publisher
from tests.e2e.pages import PAGES, SHAPES, PageSeen, contact_sheet, picture_name
from tests.support.browsing import overflow

pytestmark = pytest.mark.e2e

BUDGET_KB = 120
# Where an object's address is found (empty: on the page one is on) and how it begins.
LINKS = {
    "{plant}": ("", "/plants/"),
    "{community}": ("", "/cer/"),
    "{meter}": ("/energy/devices/", "/energy/devices/"),
    "{stranger}": ("/energy/unknown/", "/energy/unknown/"),
}


@pytest.fixture(scope="module", autouse=True)
def strangers(demo) -> None:
    """Devices that the demo does not know speak, one of them in order to be adopted and one to do harm."""
    with sqlite3.connect(demo.database) as database:
        (pod,) = database.execute("SELECT pod_key FROM core_plant ORDER BY id").fetchone()
    publisher = Publisher(demo.broker.port)
    status = b'{"id":0,"a_current":4.029,"a_voltage":236.1,"a_act_power":951.2,"total_act_power":715.5}'
    publisher.publish(f"cercollettiva/{pod}/shellypmmini-0badcafe/status/pm1:0", status)
    publisher.publish(f"new/{pod}/<img src=x onerror=alert(1)>\u202e/online", b"<script>alert(1)</script>\0")
    publisher.wait(within=5)
    time.sleep(1)  # the batch that takes them to the database


def open_page(visitor, page: PageSeen) -> None:
    """Find the plant or the community by the links a person would follow."""
    mark = next((mark for mark in LINKS if page.path.startswith(mark)), None)
    if mark and not LINKS[mark][0]:
        visitor.open("/dashboard/")
    visitor.open(page.path.replace(mark, linked(visitor, mark)) if mark else page.path)


def linked(visitor, mark: str) -> str:
    """The address of the first object of a kind, on the list where one finds it."""
    listed_on, beginning = LINKS[mark]
    if listed_on:
        visitor.open(listed_on)
    return visitor.page.locator(f"main a[href^='{beginning}']:not([href='{beginning}'])").first.get_attribute("href")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_sound_weighs_little_and_has_its_pictures(visit, cookies_of, pictures, page):
    """One visit for all that is to be seen of a page, which is loaded once in each shape."""
    visitor = visit(storage_state=cookies_of(page.person)) if page.person else visit()
    bodies: dict[str, int] = {}

    def weigh_it(answer) -> None:
        weigh(answer, bodies)

    visitor.page.on("response", weigh_it)
    open_page(visitor, page)
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.remove_listener("response", weigh_it)
    wrong = []
    for width, theme in SHAPES:
        visitor.page.emulate_media(color_scheme=theme)
        visitor.page.reload()
        visitor.settle()
        wrong += look(visitor, pictures, page, width, theme)

    assert wrong == []
    assert [text for text in visitor.complaints if "404" not in text] == []
    assert bodies
    assert sum(bodies.values()) <= BUDGET_KB * 1024


def look(visitor, pictures, page: PageSeen, width: int, theme: str) -> list[str]:
    """Take the picture of a page in one of its shapes, and say what is wrong with it."""
    visitor.page.set_viewport_size({"width": width, "height": 800})
    visitor.page.wait_for_timeout(100)
    visitor.page.screenshot(path=pictures / picture_name(page, width, theme), full_page=True)
    found = [f"{width} {theme}: {one}" for one in visitor.violations()]
    wider = overflow(visitor.page, width)
    return [*found, f"{width} {theme}: {wider} px too wide"] if wider else found


def test_the_contact_sheet(visit, pictures):
    """Last of this module: all the pictures on one page, for a person to look at."""
    taken = {picture.name for picture in pictures.glob("*.png")}  # others may be taken meanwhile

    shown = contact_sheet(pictures)

    assert taken
    assert {name for name in taken if f'"{name}"' not in shown and f"'{name}'" not in shown} == set()


def weigh(answer, bodies: dict[str, int]) -> None:
    """The size a proxy would send: what is not compressed already, compressed."""
    if answer.status < 300:
        body = answer.body()
        bodies[answer.url] = min(len(body), len(gzip.compress(body, 6)))
