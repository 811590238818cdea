"""The print station on real tables: one winner of each race, and a queue that tells the truth."""

import base64
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from functions.print_station.move_print import MovePrint
from functions.print_station.show_queue import QueueQuery, QueueStatus, ShowQueue
from functions.print_station.views import JobView, QueueView, queue_view
from shared.domain.errors import (
    CursorError,
    DomainError,
    FulfillmentInProgressError,
    OrderNotFoundError,
    PrintCanceledError,
    PrintClaimedError,
    PrintShippedError,
)
from shared.domain.fulfillment import NOTHING_LEFT, Step
from shared.domain.order import FulfillmentStatus, OrderRefundStatus, OrderState
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_quote import ChosenLine
from shared.edge.auth import Caller, Role
from shared.edge.cursor import cursor_for
from shared.gateways.order_lists import OrderLists
from shared.gateways.records.order_state import state_to_item
from tests.integration.backend import Backend
from tests.integration.test_contention import at_once

pytestmark = pytest.mark.stack

MakeBackend = Callable[..., Backend]

AT_ONCE = 16
ROUNDS = 8


class Station:
    """The print station of a backend's studio, and its operators."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.move = MovePrint(backend.orders, backend.clock)
        self.show = ShowQueue(OrderLists(backend.dynamodb, backend.orders_table))

    def sell(self, status: str = "queued", **changes: Any) -> str:  # noqa: ANN401  # an import record's fields
        """Import an order whose print is there, and return its id."""
        claimed_by = "op_0" if status in {"claimed", "printed", "shipped"} else None
        fulfillment = {"status": status, "claimed_by": claimed_by}
        return self.backend.sell(fulfillment=fulfillment, **changes)

    def step(self, order_id: str, step: Step, operator: int = 0) -> OrderState:
        """Take a step as an operator."""
        roles = frozenset({Role.PRINT_OPERATOR})
        who = Caller(f"op_{operator}", self.backend.studio_id, roles)
        return self.move(who, order_id, step)

    def race(self, order_id: str, *steps: Step) -> list[OrderState | DomainError]:
        """Take the steps in turn, all 16 at once, each as another operator."""
        return at_once(
            AT_ONCE, lambda number: self.step(order_id, steps[number % len(steps)], number)
        )

    def page(
        self, limit: int = 100, cursor: str | None = None, status: QueueStatus | None = None
    ) -> QueueView:
        """Return a page of the queue."""
        return queue_view(self.show(self.backend.studio_id, QueueQuery(status, limit, cursor)))

    def job(self, order_id: str) -> JobView | None:
        """Return the order's job in the queue, or None."""
        return next((job for job in self.page().items if job.order_id == order_id), None)

    def units(self, order_id: str) -> dict[str, int]:
        """Return the units of the order still to print, by line."""
        job = self.job(order_id)
        return {line.line_id: line.quantity for line in job.lines} if job else {}

    def fail(self, refund: Refund) -> None:
        """Have Stripe fail a refund, and say so."""
        self.backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
        self.backend.deliver(self.backend.events()[-1:])
        assert self.backend.current(refund).status is RefundStatus.FAILED


@pytest.fixture
def station(backend: Backend) -> Station:
    """The station of a studio of its own."""
    return Station(backend)


def statuses(state: OrderState) -> list[str]:
    return [step.status for step in state.fulfillment_history]


# Races.


def test_of_16_claims_one_operator_gets_it(station: Station) -> None:
    for _ in range(ROUNDS):
        order_id = station.sell()
        answers = station.race(order_id, Step.CLAIM)
        assert Counter(map(type, answers)) == {OrderState: 1, PrintClaimedError: AT_ONCE - 1}
        (won,) = (answer for answer in answers if isinstance(answer, OrderState))
        state = station.backend.record(order_id).state
        assert state.fulfillment_claimed_by == won.fulfillment_claimed_by
        assert statuses(state) == ["claimed"]


def test_16_repeats_of_one_claim_are_one_claim(station: Station) -> None:
    order_id = station.sell()
    answers = at_once(AT_ONCE, lambda _: station.step(order_id, Step.CLAIM))
    assert Counter(map(type, answers)) == {OrderState: AT_ONCE}
    assert statuses(station.backend.record(order_id).state) == ["claimed"]


def test_cancel_against_ship_has_one_winner(station: Station) -> None:
    for _ in range(ROUNDS):
        order_id = station.sell("printed")
        answers = station.race(order_id, Step.SHIP, Step.CANCEL)
        state = station.backend.record(order_id).state
        winner = state.fulfillment_status
        assert statuses(state) == [winner]
        cancels, ships = answers[1::2], answers[::2]
        won, lost = (cancels, ships) if winner == "canceled" else (ships, cancels)
        refusal = PrintCanceledError if winner == "canceled" else PrintShippedError
        assert {type(answer) for answer in won} == {OrderState}
        assert {type(answer) for answer in lost} == {refusal}
        assert station.job(order_id) is None


def test_cancel_against_claim_ends_canceled_and_no_claim_comes_after(station: Station) -> None:
    """A cancel takes a claimed print too: so it always stands, and a claim only came before it."""
    for _ in range(ROUNDS):
        order_id = station.sell()
        answers = station.race(order_id, Step.CLAIM, Step.CANCEL)
        state = station.backend.record(order_id).state
        assert state.fulfillment_status == "canceled"
        assert {type(answer) for answer in answers[1::2]} == {OrderState}
        claims = Counter(map(type, answers[::2]))
        assert statuses(state) == ["claimed"] * claims[OrderState] + ["canceled"]
        assert claims[OrderState] <= 1
        assert set(claims) <= {OrderState, PrintClaimedError, PrintCanceledError}
        assert station.job(order_id) is None


def test_print_and_ship_against_cancel_stop_where_the_cancel_came(station: Station) -> None:
    for _ in range(ROUNDS):
        order_id = station.sell("claimed")
        station.race(order_id, Step.PRINT, Step.SHIP, Step.CANCEL, Step.CANCEL)
        state = station.backend.record(order_id).state
        assert statuses(state) in (
            ["canceled"],
            ["printed", "canceled"],
            ["printed", "shipped"],
        )
        assert state.fulfillment_status == statuses(state)[-1]


def test_a_full_refund_against_a_claim_has_one_winner(station: Station) -> None:
    backend = station.backend
    for _ in range(ROUNDS):
        order_id = station.sell()

        def either(number: int, order_id: str = order_id) -> OrderState | Refund:
            if number % 2:
                return backend.refund(order_id)
            return station.step(order_id, Step.CLAIM, number)

        answers = at_once(AT_ONCE, either)
        refunds = Counter(map(type, answers[1::2]))
        claims = Counter(map(type, answers[::2]))
        record = backend.record(order_id)
        if record.state.fulfillment_status == "canceled":
            (refund,) = record.refunds.values()
            assert record.state.fulfillment_canceled_by == refund.refund_id
            assert refunds[Refund] == 1
            assert claims == {PrintCanceledError: AT_ONCE // 2}
        else:
            assert record.state.fulfillment_status == "claimed"
            assert record.refunds == {}
            assert refunds == {FulfillmentInProgressError: AT_ONCE // 2}
            assert claims == {OrderState: 1, PrintClaimedError: AT_ONCE // 2 - 1}


def test_line_item_refunds_at_once_and_a_claim_lose_no_unit(station: Station) -> None:
    backend = station.backend
    order_id = station.sell()

    def either(number: int) -> OrderState | Refund:
        if number % 2:
            return backend.refund(order_id, lines=(ChosenLine("li_1", 1),))
        return station.step(order_id, Step.CLAIM, number)

    answers = at_once(8, either)
    assert Counter(map(type, answers))[Refund] == 3
    state = backend.record(order_id).state
    assert state.print_units_off == {"li_1": 3}
    assert state.fulfillment_status == "claimed"
    assert station.units(order_id) == {"li_2": 1}


# Refunds and the job.


def test_line_items_come_off_the_job_and_back_when_the_refund_fails(station: Station) -> None:
    order_id = station.sell()
    refund = station.backend.refund(order_id, lines=(ChosenLine("li_1", 2),))
    assert station.units(order_id) == {"li_1": 1, "li_2": 1}
    station.fail(refund)
    assert station.units(order_id) == {"li_1": 3, "li_2": 1}


def test_a_settled_refund_that_fails_late_puts_its_units_back(station: Station) -> None:
    backend, order_id = station.backend, station.sell()
    refund = backend.refund(order_id, lines=(ChosenLine("li_1", 3), ChosenLine("li_2", 1)))
    backend.deliver()
    backend.drain()
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert backend.record(order_id).state.fulfillment_canceled_by == NOTHING_LEFT
    assert station.job(order_id) is None
    backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
    backend.deliver()
    backend.drain()
    assert station.units(order_id) == {"li_1": 3, "li_2": 1}


def test_units_that_were_printed_meanwhile_are_neither_put_back_nor_taken_off(
    station: Station,
) -> None:
    order_id = station.sell()
    taken_off = station.backend.refund(order_id, lines=(ChosenLine("li_1", 1),))
    for step in (Step.CLAIM, Step.PRINT):
        station.step(order_id, step)
    station.backend.refund(order_id, lines=(ChosenLine("li_2", 1),))
    assert station.units(order_id) == {"li_1": 2, "li_2": 1}
    station.fail(taken_off)
    assert station.units(order_id) == {"li_1": 2, "li_2": 1}


def test_a_full_refund_leaves_the_queue_and_comes_back_if_it_fails(station: Station) -> None:
    order_id = station.sell()
    refund = station.backend.refund(order_id)
    assert station.job(order_id) is None
    with pytest.raises(PrintCanceledError):
        station.step(order_id, Step.CLAIM)
    station.fail(refund)
    job = station.job(order_id)
    assert job is not None
    assert (job.status, job.refund_status) == ("queued", OrderRefundStatus.NONE)
    assert station.step(order_id, Step.CLAIM).fulfillment_status == "claimed"


def test_a_person_who_cancels_a_refunded_print_cancels_it_for_good(station: Station) -> None:
    order_id = station.sell()
    refund = station.backend.refund(order_id)
    station.step(order_id, Step.CANCEL)
    station.fail(refund)
    state = station.backend.record(order_id).state
    assert (state.fulfillment_status, state.fulfillment_canceled_by) == ("canceled", "op_0")
    assert station.job(order_id) is None


def test_a_kept_print_stays_in_the_queue_marked_refunded(station: Station) -> None:
    backend, order_id = station.backend, station.sell("claimed")
    backend.refund(order_id, keep_print=True)
    job = station.job(order_id)
    assert job is not None
    assert (job.refund_status, job.lines[0].quantity) == (OrderRefundStatus.PENDING, 3)
    backend.deliver()
    backend.drain()
    job = station.job(order_id)
    assert job is not None
    assert (job.status, job.refund_status) == ("claimed", OrderRefundStatus.REFUNDED)


def test_a_refund_made_at_stripe_takes_a_queued_print_off(station: Station) -> None:
    order_id = station.sell()
    station.backend.stripe_refund(order_id, 10_000)
    station.backend.deliver()
    assert station.job(order_id) is None


def test_a_claimed_print_is_refunded_once_it_is_canceled(station: Station) -> None:
    order_id = station.sell("claimed")
    with pytest.raises(FulfillmentInProgressError):
        station.backend.refund(order_id)
    station.step(order_id, Step.CANCEL)
    assert station.backend.refund(order_id).status is RefundStatus.PENDING


# The queue.


def test_the_queue_shows_what_an_operator_needs_and_no_more(station: Station) -> None:
    order_id = station.sell("claimed", shipping_amount=500, total_amount=10_500)
    (job,) = station.page().items
    assert job.model_dump() == {
        "order_id": order_id,
        "placed_at": "2026-09-20T17:10:00.000Z",
        "status": "claimed",
        "claimed_by": "op_0",
        "refund_status": "none",
        "photo_day": {"photo_day_id": "pd_1", "name": "Fall"},
        "subjects": [{"subject_id": "sub_1", "name": "Kai Parent"}],
        "lines": [
            {
                "line_id": line_id,
                "product": "Print",
                "sku": "PRT",
                "quantity": quantity,
                "subject_id": "sub_1",
            }
            for line_id, quantity in (("li_1", 3), ("li_2", 1))
        ],
    }


def test_only_what_waits_claimed_or_printed_is_in_the_queue_oldest_first(station: Station) -> None:
    days = {"printed": 4, "none": 1, "queued": 3, "shipped": 2, "claimed": 1, "canceled": 5}
    orders = {
        status: station.sell(status, placed_at=f"2026-09-0{day}T10:00:00Z")
        for status, day in days.items()
    }
    expected = [orders[status] for status in ("claimed", "queued", "printed")]
    assert [job.order_id for job in station.page().items] == expected
    filters: tuple[QueueStatus, ...] = ("queued", "claimed", "printed")
    for status in filters:
        assert [job.order_id for job in station.page(status=status).items] == [orders[status]]


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_pages_show_each_job_once(station: Station, limit: int) -> None:
    times = [f"2026-09-0{1 + number // 2}T10:00:00Z" for number in range(6)]
    sold = [station.sell(placed_at=placed_at) for placed_at in times]
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = station.page(limit, cursor)
        assert len(page.items) <= limit
        seen += [job.order_id for job in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert sorted(seen) == sorted(sold)
    assert pages == -(-len(sold) // limit)


def test_a_page_goes_on_where_it_was_though_its_jobs_have_left(station: Station) -> None:
    sold = [station.sell(placed_at=f"2026-09-0{day}T10:00:00Z") for day in range(1, 5)]
    first = station.page(2)
    for order_id in sold[:3]:
        station.step(order_id, Step.CANCEL)
    assert [job.order_id for job in station.page(2, first.next_cursor).items] == sold[3:]


def test_what_the_index_shows_and_has_left_the_queue_is_not_shown(station: Station) -> None:
    gone, there = station.sell(), station.sell()
    state = station.backend.record(gone).state
    stale = state_to_item(replace(state, version=state.version + 1))
    left = state_to_item(
        replace(state, version=state.version + 1, fulfillment_status=FulfillmentStatus.CANCELED)
    )
    # As if the index had not caught up: the item is canceled and carries the index's keys still.
    station.backend.dynamodb.put_item(
        TableName=station.backend.orders_table, Item=left | {"print_pk": stale["print_pk"]}
    )
    assert [job.order_id for job in station.page().items] == [there]


def test_a_cursor_is_of_one_studio_and_one_filter(station: Station) -> None:
    cursor = cursor_for(["2026"], "print_queue", station.backend.studio_id, None)
    station.sell()
    assert len(station.page(1, cursor).items) == 1
    with pytest.raises(CursorError):
        station.page(1, cursor, "queued")
    with pytest.raises(CursorError):
        station.page(1, cursor_for(["2026"], "print_queue", "st_other", None))


@pytest.mark.parametrize("place", ['""', '"\\ud800"', "1", "null", '"a","b"', "[]"])
def test_a_cursor_made_up_of_what_no_key_can_be_is_refused(station: Station, place: str) -> None:
    known = cursor_for(["x"], "print_queue", station.backend.studio_id, None)
    text = base64.urlsafe_b64decode(known + "=" * (-len(known) % 4))
    made_up = base64.urlsafe_b64encode(text.replace(b'"x"', place.encode())).decode().rstrip("=")
    assert made_up != known
    with pytest.raises(CursorError):
        station.page(1, made_up)


# Whose order it is.


@pytest.mark.parametrize("step", list(Step))
def test_another_studios_order_is_answered_as_none(make_backend: MakeBackend, step: Step) -> None:
    mine, theirs = Station(make_backend()), Station(make_backend())
    order_id = theirs.sell()
    stranger = Caller("op_1", "st_other", frozenset({Role.OWNER}))
    with pytest.raises(OrderNotFoundError) as not_theirs:
        theirs.move(stranger, order_id, step)
    with pytest.raises(OrderNotFoundError) as not_there:
        mine.step("ord_nowhere", step)
    assert not_theirs.value.detail == not_there.value.detail
    assert theirs.units(order_id) == {"li_1": 3, "li_2": 1}
    assert mine.page().items == []


def test_a_refused_step_changes_nothing(station: Station) -> None:
    order_id = station.sell("shipped")
    before = station.backend.record(order_id).state
    for step in (Step.CLAIM, Step.PRINT, Step.CANCEL):
        with pytest.raises(DomainError) as refused:
            station.step(order_id, step)
        assert refused.value.code == "print_shipped"
    station.step(order_id, Step.SHIP)
    assert station.backend.record(order_id).state == before
