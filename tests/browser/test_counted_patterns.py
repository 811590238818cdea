"""Reports → Patterns of a studio with so many orders that the API counts them in the background."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from shared.domain.attribution import By
from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.e2e.counted_patterns import count_patterns
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack

pytestmark = pytest.mark.stack

NOBODYS = "0" * 32
SUBJECTS = "**/v1/reports/refunds/patterns?by=subject*"
EXPORTS = "**/v1/reports/refunds/exports/*"
YEAR = "/reports/patterns?from=2012-01-01&to=2012-12-31"


def export(status: str, export_id: str = NOBODYS) -> dict[str, Any]:
    return {"export_id": export_id, "status": status, "url": None}


@dataclass
class Api:
    """The API's answers about an export, as the browser is given them."""

    status: str = "running"
    questions: int = 0
    polls: int = 0

    def asked(self, route: Route) -> None:
        self.questions += 1
        route.fulfill(status=202, json=export("running"))

    def polled(self, route: Route) -> None:
        self.polls += 1
        route.fulfill(json=export(self.status))


@contextmanager
def counting(people: People) -> Iterator[tuple[Page, Api]]:
    """Open the screen while a count by subject is running."""
    api = Api()
    with people.page("/settings") as page:
        page.route(SUBJECTS, api.asked)
        page.route(EXPORTS, api.polled)
        page.clock.install()
        page.get_by_role("link", name="Patterns").click()
        expect(page.get_by_role("progressbar", name="Counting orders and refunds")).to_be_visible()
        yield page, api


def poll(page: Page) -> None:
    """Let the page poll once."""
    with page.expect_request(EXPORTS):
        page.clock.run_for(1_500)


def test_a_count_of_the_worker_ends_on_the_screen(people: People, world: DeployedStack) -> None:
    world.import_orders([world.order(placed_at="2012-03-01T17:00:00+00:00")])
    counted = count_patterns(world, PLATFORM_STUDIO, By.SUBJECT, "2012-01-01", "2012-12-31")
    with people.page("/settings") as page:
        running = export("running", counted)
        # Once: the second poll, and what was counted, are answered by the stack.
        page.route(EXPORTS, lambda route: route.fulfill(json=running), times=1)
        page.route(SUBJECTS, lambda route: route.fulfill(status=202, json=running))
        page.goto(YEAR)
        expect(page.get_by_text("Counting the orders of these days")).to_be_visible()
        expect(page.get_by_text("You can leave this screen and come back")).to_be_visible()
        assert_accessible(page)
        expect(page.get_by_text("No refunds in these days")).to_be_visible()
        expect(page.get_by_text("Placed: 1 order.")).to_be_visible()
        expect(page.get_by_role("progressbar")).to_have_count(0)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)


def test_a_count_that_failed_says_what_to_do_and_only_a_person_starts_it_again(
    people: People,
) -> None:
    with counting(people) as (page, api):
        api.status = "failed"
        poll(page)
        expect(page.get_by_role("alert")).to_contain_text("The orders could not be counted")
        expect(page.get_by_role("alert")).to_contain_text("choose fewer days and tell PPS")
        page.clock.run_for(120_000)
        page.evaluate("window.dispatchEvent(new Event('visibilitychange'))")
        page.clock.run_for(1_000)
        assert api.questions == 1
        api.status = "running"
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("progressbar", name="Counting orders and refunds")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
        poll(page)
        assert api.questions == 2


@pytest.mark.parametrize("leave", ["Reason", "Settings"])
def test_nobody_polls_for_a_count_that_nobody_waits_for(people: People, leave: str) -> None:
    with counting(people) as (page, api):
        poll(page)
        page.get_by_role("link", name=leave, exact=True).click()
        expect(page.get_by_role("progressbar", name="Counting orders and refunds")).to_have_count(0)
        polls = api.polls
        page.clock.run_for(60_000)
        assert api.polls == polls
        # Who comes back asks again, and the API answers with the same count.
        page.go_back()
        expect(page.get_by_role("progressbar", name="Counting orders and refunds")).to_be_visible()
        poll(page)
        assert api.questions == 2


def test_the_figures_that_were_shown_stay_while_others_are_counted(
    people: People, world: DeployedStack
) -> None:
    world.await_status(world.refund(world.sell(), {"type": "full"}), "settled")
    with counting(people) as (page, _):
        page.get_by_role("link", name="Reason", exact=True).click()
        shown = page.get_by_role("heading", name="Refund rate by reason")
        expect(shown).to_be_visible()
        page.get_by_role("link", name="Subject", exact=True).click()
        expect(page.get_by_role("progressbar", name="Counting orders and refunds")).to_be_visible()
        expect(shown).to_be_visible()


def test_a_poll_that_failed_is_repeated(people: People) -> None:
    with counting(people) as (page, api):
        # The route that was added last is asked first.
        page.route(EXPORTS, lambda route: route.fulfill(status=504, body=""), times=1)
        with page.expect_response(lambda response: response.status == 504):
            page.clock.run_for(1_500)
        assert api.polls == 0
        # The page waits a second before it asks again, and then for the next poll.
        with page.expect_response(EXPORTS):
            page.clock.run_for(10_000)
        assert api.polls >= 1
        expect(page.get_by_role("progressbar", name="Counting orders and refunds")).to_be_visible()
        expect(page.get_by_role("alert")).to_have_count(0)
