"""How soon the page shows something on a slow line and a slow machine."""

import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from playwright.sync_api import BrowserContext, Page, sync_playwright

from infra.build.browser import find_chromium
from infra.build.page_size import PageSize, first_load
from infra.local.stack import Stack
from infra.progress import Progress
from tests.browser.people import People

ROUNDS = 5
# Lighthouse's "slow 4G", and a phone of the middle class.
_SLOW_4G = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1.6 * 1024 * 1024 / 8,
    "uploadThroughput": 0.75 * 1024 * 1024 / 8,
}
_CPU_SLOWED = 4
_LONGEST_MS = 60_000

_FIRST_ROW = "main tbody tr:not([aria-hidden])"
# The browser reports the largest paint so far, again and again.
_WATCH_PAINTS = """
    new PerformanceObserver((list) => {
        for (const each of list.getEntries()) window.largestPaint = each.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
"""


@dataclass(frozen=True)
class PageSpeed:
    """Medians in milliseconds, with nothing in the browser's cache.

    Attributes:
        largest_paint: Until the largest paint (LCP).
        first_rows: Until All Orders shows its rows.
        size: What was loaded until then.
    """

    largest_paint: float
    first_rows: float
    size: PageSize


def meter_page(stack: Stack, progress: Progress) -> PageSpeed:
    """Open All Orders a few times, signed in, and measure.

    Raises:
        Failure: There is no Chromium.
    """
    found = find_chromium()
    paints, rows = [], []
    with progress.stage("page") as stage, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.path, env={**os.environ, **found.environment}
        )
        people = People(browser, stack)
        for _ in range(ROUNDS):
            with people.page("/settings") as page, _slowed(page.context, page):
                page.goto("/orders")
                page.wait_for_selector(_FIRST_ROW, timeout=_LONGEST_MS)
                rows.append(page.evaluate("performance.now()"))
                paints.append(page.evaluate("window.largestPaint"))
        browser.close()
        stage.result = f"{ROUNDS} times"
    return PageSpeed(statistics.median(paints), statistics.median(rows), first_load())


@contextmanager
def _slowed(context: BrowserContext, page: Page) -> Iterator[None]:
    """Slow the line and the processor, and forget what was loaded."""
    page.add_init_script(_WATCH_PAINTS)
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    session.send("Network.emulateNetworkConditions", _SLOW_4G)
    session.send("Emulation.setCPUThrottlingRate", {"rate": _CPU_SLOWED})
    yield
    session.detach()
