"""What every look at a page in Chromium shares."""

from __future__ import annotations

from playwright.sync_api import Page, TimeoutError

FOLLOWS_WITHIN_MS = 3_000


def overflow(page: Page, width: int) -> int:
    """How many pixels a page is wider than its window of that width, once all that follows the window has followed.

    A chart is drawn again in a frame after the one that the window changed in.
    """
    try:
        page.wait_for_function(
            "width => document.documentElement.scrollWidth <= width", arg=width, timeout=FOLLOWS_WITHIN_MS
        )
    except TimeoutError:
        return int(page.evaluate("document.documentElement.scrollWidth")) - width
    return 0
