"""How fast a year of quarter-hours is drawn beside a page with nothing but uPlot, and how much the pages move."""

from __future__ import annotations

from datetime import UTC, datetime
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, Route

REPEATS = 7
WIDTHS = (360, 1280)
SHIFT = """() => new Promise((done) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const one of list.getEntries()) sum += one.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => done(sum), 300);
})"""
MARKS = "() => performance.getEntriesByType('mark').map(({ name, startTime }) => [name, startTime])"
BARE = """<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="/static/web/vendor/uplot/uplot.css">
<div id="chart"></div><script type="module">
import uPlot from "/static/web/vendor/uplot/uplot.js";
const { start, step, exchange, produced } = await (await fetch("ADDRESS")).json();
performance.mark("quarters-known");
const count = Math.max(exchange.length, produced.length);
const x = Array.from({ length: count }, (_, i) => start + i * step);
const lines = [exchange, produced].filter((line) => line.length);
new uPlot({ width: WIDTH, height: HEIGHT, series: [{}, ...lines.map(() => ({ stroke: "black" }))],
  hooks: { draw: [() => performance.mark("quarters-drawn")] } }, [x, ...lines], document.getElementById("chart"));
</script>"""


def signed_in(chromium: Browser, url: str, login: str, password: str, *, width: int) -> Page:
    page = chromium.new_context(viewport={"width": width, "height": 800}).new_page()
    page.goto(f"{url}/users/login/")
    page.fill("#id_username", login)
    page.fill("#id_password", password)
    page.click("main button[type=submit]")
    page.wait_for_url("**/dashboard/")
    return page


def year_of_quarters(chromium: Browser, url: str, login: str, password: str) -> dict[str, Any]:
    """From the data in the page to the pixels on the canvas, ours and a bare one in turn, of the same size. [ms]"""
    page = signed_in(chromium, url, login, password, width=1280)
    query = f"?periodo=anno&data={datetime.now(UTC).year}-06-01"
    ours = f"{url}/me/energia/{query}"
    page.goto(ours)
    chart = page.locator(".quarters-chart")
    chart.scroll_into_view_if_needed()
    address = page.locator("[data-quarters]").get_attribute("data-quarters") or ""
    box = chart.bounding_box() or {"width": 800, "height": 272}
    size = {"WIDTH": str(int(box["width"])), "HEIGHT": str(int(box["height"])), "ADDRESS": address}
    body = BARE
    for name, value in size.items():
        body = body.replace(name, value)
    page.route("**/bare-chart/", lambda route: answer(route, body))
    spent: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(REPEATS):
        for name, where in (("ours", ours), ("bare", f"{url}/bare-chart/")):
            page.goto(where)
            spent[name].append(drawn_in(page))
    found = page.request.get(f"{url}{address}").json()
    drawn, bare = median(spent["ours"]), median(spent["bare"])
    page.context.close()
    return {
        "quarters": len(found["exchange"]),
        "drawn_ms": round(drawn, 1),
        "bare_uplot_ms": round(bare, 1),
        "over_bare": round(drawn / bare, 2),
    }


def answer(route: Route, body: str) -> None:
    route.fulfill(content_type="text/html", body=body)


def drawn_in(page: Page) -> float:
    """From the moment the figures are there to the first drawing. [ms]"""
    for _ in range(100):
        marks = dict(reversed(page.evaluate(MARKS)))  # the first of each name
        if "quarters-drawn" in marks:
            return float(marks["quarters-drawn"] - marks["quarters-known"])
        page.evaluate("() => document.querySelector('.quarters-chart')?.scrollIntoView()")
        page.wait_for_timeout(100)
    raise RuntimeError("the chart was not drawn")


def layout_shifts(chromium: Browser, url: str, login: str, password: str) -> dict[str, float]:
    """How far things move while a page loads and its live figures begin: the worst of two widths."""
    worst: dict[str, float] = {}
    for width in WIDTHS:
        page = signed_in(chromium, url, login, password, width=width)
        community = page.locator("main a[href^='/cer/']").first.get_attribute("href") or "/dashboard/"
        for path in ("/dashboard/", "/me/energia/", community, f"{community.split('condivisione')[0]}condivisione/"):
            page.goto(f"{url}{path}")
            page.wait_for_timeout(2500)
            name = path.replace(community, "/cer/1/")
            worst[name] = round(max(worst.get(name, 0.0), page.evaluate(SHIFT)), 4)
        page.context.close()
    return worst
