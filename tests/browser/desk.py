"""What staff do at the desk: open an order, refund it, look at what Stripe has."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Locator, Page, Request, Route, expect

from tests.e2e.world import DeployedStack

# At most so many steps of the Tab key lead anywhere on a screen.
_MAX_TABS = 80


def panel_of(page: Page, order_id: str) -> Locator:
    """Return the panel of an order, which must be open."""
    panel = page.get_by_role("region", name=f"Order {order_id}")
    expect(panel.get_by_role("heading", name="Timeline")).to_be_visible()
    return panel


def badge(place: Locator, text: str) -> Locator:
    """Return a status in a place, which is read out when it changes."""
    return place.get_by_role("status").filter(has_text=re.compile(f"^{text}$")).first


def open_refund(page: Page) -> Locator:
    """Open the refund dialog of the order whose panel is open."""
    page.get_by_role("button", name="Refund", exact=True).click()
    return page.get_by_role("dialog", name="Refund order")


def choose_partial(dialog: Locator, amount: str) -> Locator:
    """Choose an amount and a reason. Return the button that refunds it."""
    dialog.get_by_role("radio", name="Partial refund").check()
    dialog.get_by_label("Amount").fill(amount)
    dialog.get_by_label("Reason").select_option("Poor quality")
    button = dialog.get_by_role("button", name=f"Refund ${amount}")
    expect(button).to_be_enabled()
    return button


def tab_to(page: Page, text: str) -> None:
    """Press Tab until what has the focus has this text."""
    for _ in range(_MAX_TABS):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == text:
            return
    raise AssertionError(f"{text!r} cannot be reached by the Tab key")


def keys_sent(page: Page, path: str) -> list[str]:
    """Return a list that gains the Idempotency-Key of each write to a path from now on."""
    keys: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith(path):
            keys.append(request.headers["idempotency-key"])

    page.on("request", note)
    return keys


@contextmanager
def answers_lost(page: Page, world: DeployedStack, path: str) -> Iterator[None]:
    """Let the API do what it is asked at a path, and lose its answers while the context lasts."""
    address = re.compile(f"/v1{re.escape(path)}$")

    def lose(route: Route) -> None:
        given = route.request.headers
        sent = {name: given[name] for name in ("authorization", "content-type", "idempotency-key")}
        # Playwright's own fetch does not know the page's host.
        world.http.post(
            f"{world.stack.api_url}{path}", content=route.request.post_data, headers=sent
        ).raise_for_status()
        route.fulfill(status=504, body="")

    page.route(address, lose)
    yield
    page.unroute(address)


def refunds_at_stripe(world: DeployedStack, order_id: str) -> tuple[int, int]:
    """Return how many refunds of an order Stripe has, and their amount in minor units."""
    charge = order_id.replace("ord_", "ch_")
    totals = world.http.get(
        f"{world.standin.url}/_standin/totals", params={"charge": charge}
    ).json()
    return totals["count"], totals["amount"]
