"""Takes the pictures of the documents: ``make screenshots``, while ``make run`` runs."""

import os
import sys

from playwright.sync_api import sync_playwright

from infra.build.browser import find_chromium
from infra.failure import Failure
from infra.local.stack import STACK_FILE, Stack
from infra.paths import DOCS, LOCAL
from tests.browser.people import People

PICTURES = DOCS / "pictures"
_WINDOW = {"width": 1280, "height": 800}
_QUALITY = 68  # JPEG, so that a picture stays below 100 kB

# Name, address and colors of each picture.
_SCREENS = [
    ("order", "/orders/ord_100", "light"),
    ("order-dark", "/orders/ord_100", "dark"),
    ("refunds", "/reports/refunds", "light"),
]


def main() -> None:
    """Open each screen as the owner, and keep a picture of it.

    Raises:
        Failure: No local stack runs, or there is no Chromium.
    """
    if not (LOCAL / STACK_FILE).is_file():
        raise Failure("No local stack is running. Start one with `make run`.")
    stack = Stack.described_in(LOCAL / STACK_FILE)
    found = find_chromium()
    PICTURES.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=found.path, env={**os.environ, **found.environment}
        )
        people = People(browser, stack)
        for name, address, colors in _SCREENS:
            with people.page(address, viewport=_WINDOW, color_scheme=colors) as page:
                page.wait_for_load_state("networkidle")
                picture = PICTURES / f"{name}.jpg"
                page.screenshot(path=picture, type="jpeg", quality=_QUALITY)
                print(f"{picture.relative_to(DOCS.parent)}: {picture.stat().st_size // 1000} kB")  # noqa: T201 - a command's answer
        browser.close()


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"error: {failure}")
