"""The print station on real tables: each race has one winner, and refunds change the job."""

from collections import Counter

import pytest

from shared.domain.errors import (
    DomainError,
    FulfillmentInProgressError,
    OrderNotFoundError,
    PrintCanceledError,
    PrintClaimedError,
    PrintShippedError,
)
from shared.domain.fulfillment import NOTHING_LEFT, Step
from shared.domain.order import OrderRefundStatus, OrderState
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_quote import ChosenLine
from shared.edge.auth import Caller, Role
from tests.at_once import race
from tests.integration.backend import MakeBackend
from tests.integration.print_station import AT_ONCE, PrintStation, statuses

pytestmark = pytest.mark.stack


ROUNDS = 8


# Races.


def test_of_16_claims_one_operator_wins(station: PrintStation) -> None:
    for _ in range(ROUNDS):
        order_id = station.sell()
        answers = station.race(order_id, Step.CLAIM)
        assert Counter(map(type, answers)) == {OrderState: 1, PrintClaimedError: AT_ONCE - 1}
        (won,) = (answer for answer in answers if isinstance(answer, OrderState))
        state = station.backend.record(order_id).state
        assert state.fulfillment_claimed_by == won.fulfillment_claimed_by
        assert statuses(state) == ["claimed"]


def test_16_concurrent_repeats_of_one_claim_are_one_claim(station: PrintStation) -> None:
    order_id = station.sell()
    answers = race(AT_ONCE, lambda _: station.step(order_id, Step.CLAIM))
    assert Counter(map(type, answers)) == {OrderState: AT_ONCE}
    assert statuses(station.backend.record(order_id).state) == ["claimed"]


def test_cancel_against_ship_has_one_winner(station: PrintStation) -> None:
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


def test_cancel_against_claim_ends_canceled_and_no_claim_follows(station: PrintStation) -> None:
    """A cancel also takes a claimed print. So it always wins, and a claim can only precede it."""
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


def test_print_and_ship_go_no_further_once_the_print_is_canceled(station: PrintStation) -> None:
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


def test_a_full_refund_against_a_claim_has_one_winner(station: PrintStation) -> None:
    backend = station.backend
    for _ in range(ROUNDS):
        order_id = station.sell()

        def either(number: int, order_id: str = order_id) -> OrderState | Refund:
            if number % 2:
                return backend.refund(order_id)
            return station.step(order_id, Step.CLAIM, number)

        answers = race(AT_ONCE, either)
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


def test_concurrent_line_item_refunds_and_a_claim_lose_no_unit(station: PrintStation) -> None:
    backend = station.backend
    order_id = station.sell()

    def either(number: int) -> OrderState | Refund:
        if number % 2:
            return backend.refund(order_id, lines=(ChosenLine("li_1", 1),))
        return station.step(order_id, Step.CLAIM, number)

    answers = race(8, either)
    assert Counter(map(type, answers))[Refund] == 3
    state = backend.record(order_id).state
    assert state.print_units_off == {"li_1": 3}
    assert state.fulfillment_status == "claimed"
    assert station.units(order_id) == {"li_2": 1}


# Refunds and the job.


def test_refunded_units_leave_the_job_and_return_when_the_refund_fails(
    station: PrintStation,
) -> None:
    order_id = station.sell()
    refund = station.backend.refund(order_id, lines=(ChosenLine("li_1", 2),))
    assert station.units(order_id) == {"li_1": 1, "li_2": 1}
    station.fail(refund)
    assert station.units(order_id) == {"li_1": 3, "li_2": 1}


def test_a_settled_refund_that_fails_late_returns_its_units(station: PrintStation) -> None:
    backend, order_id = station.backend, station.sell()
    refund = backend.refund(order_id, lines=(ChosenLine("li_1", 3), ChosenLine("li_2", 1)))
    backend.settle_all()
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert backend.record(order_id).state.fulfillment_canceled_by == NOTHING_LEFT
    assert station.job(order_id) is None
    backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
    backend.settle_all()
    assert station.units(order_id) == {"li_1": 3, "li_2": 1}


def test_units_that_were_printed_meanwhile_neither_return_nor_leave(
    station: PrintStation,
) -> None:
    order_id = station.sell()
    taken_off = station.backend.refund(order_id, lines=(ChosenLine("li_1", 1),))
    for step in (Step.CLAIM, Step.PRINT):
        station.step(order_id, step)
    station.backend.refund(order_id, lines=(ChosenLine("li_2", 1),))
    assert station.units(order_id) == {"li_1": 2, "li_2": 1}
    station.fail(taken_off)
    assert station.units(order_id) == {"li_1": 2, "li_2": 1}


def test_a_fully_refunded_job_leaves_the_queue_and_returns_if_the_refund_fails(
    station: PrintStation,
) -> None:
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


def test_a_person_who_cancels_a_refunded_print_cancels_it_for_good(station: PrintStation) -> None:
    order_id = station.sell()
    refund = station.backend.refund(order_id)
    station.step(order_id, Step.CANCEL)
    station.fail(refund)
    state = station.backend.record(order_id).state
    assert (state.fulfillment_status, state.fulfillment_canceled_by) == ("canceled", "op_0")
    assert station.job(order_id) is None


def test_a_kept_print_stays_in_the_queue_marked_refunded(station: PrintStation) -> None:
    backend, order_id = station.backend, station.sell("claimed")
    backend.refund(order_id, keep_print=True)
    job = station.job(order_id)
    assert job is not None
    assert (job.refund_status, job.lines[0].quantity) == (OrderRefundStatus.PENDING, 3)
    backend.settle_all()
    job = station.job(order_id)
    assert job is not None
    assert (job.status, job.refund_status) == ("claimed", OrderRefundStatus.REFUNDED)


def test_an_external_refund_removes_a_queued_print(station: PrintStation) -> None:
    order_id = station.sell()
    station.backend.stripe_refund(order_id, 10_000)
    station.backend.deliver()
    assert station.job(order_id) is None


def test_a_claimed_print_is_refunded_once_it_is_canceled(station: PrintStation) -> None:
    order_id = station.sell("claimed")
    with pytest.raises(FulfillmentInProgressError):
        station.backend.refund(order_id)
    station.step(order_id, Step.CANCEL)
    assert station.backend.refund(order_id).status is RefundStatus.PENDING


# Other studios and refusals.


@pytest.mark.parametrize("step", list(Step))
def test_another_studios_order_is_not_found(make_backend: MakeBackend, step: Step) -> None:
    mine, theirs = PrintStation(make_backend()), PrintStation(make_backend())
    order_id = theirs.sell()
    stranger = Caller("op_1", "st_other", frozenset({Role.OWNER}))
    with pytest.raises(OrderNotFoundError) as not_theirs:
        theirs.move(stranger, order_id, step)
    with pytest.raises(OrderNotFoundError) as not_there:
        mine.step("ord_nowhere", step)
    assert not_theirs.value.detail == not_there.value.detail
    assert theirs.units(order_id) == {"li_1": 3, "li_2": 1}
    assert mine.page().items == []


def test_a_refused_step_changes_nothing(station: PrintStation) -> None:
    order_id = station.sell("shipped")
    before = station.backend.record(order_id).state
    for step in (Step.CLAIM, Step.PRINT, Step.CANCEL):
        with pytest.raises(DomainError) as refused:
            station.step(order_id, step)
        assert refused.value.code == "print_shipped"
    station.step(order_id, Step.SHIP)
    assert station.backend.record(order_id).state == before
