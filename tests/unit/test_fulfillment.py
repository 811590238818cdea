"""The print: every step from every status, and how refunds change the job."""

from dataclasses import replace

import pytest

from shared.domain.errors import DomainError
from shared.domain.fulfillment import NOTHING_LEFT, Step, take_step
from shared.domain.order import (
    SHIPPING_LINE_ID,
    FulfillmentStatus,
    FulfillmentStep,
    OrderLine,
    OrderState,
)
from shared.domain.refund import PaidBy, RefundStatus, RefundType, Resolution
from shared.domain.refund_quote import RefundChoice
from shared.domain.reservation import record_external_refund, release, resolve

from .orders import AT, FULL, Sold, hundred_dollars, sold
from .print_refunds import ANA, BEN, external, line_items, refunded

STATUSES = ("none", "queued", "claimed", "printed", "shipped", "canceled")


# Ana takes each step; she claimed the print. The result: the new status, None if the step was
# done before, or the code of the refusal.
TABLE: dict[str, dict[Step, str | None]] = {
    "none": dict.fromkeys(Step, "nothing_to_print"),
    "queued": {
        Step.CLAIM: "claimed",
        Step.PRINT: "print_not_claimed",
        Step.SHIP: "print_not_claimed",
        Step.CANCEL: "canceled",
    },
    "claimed": {
        Step.CLAIM: None,
        Step.PRINT: "printed",
        Step.SHIP: "print_claimed",
        Step.CANCEL: "canceled",
    },
    "printed": {
        Step.CLAIM: "print_printed",
        Step.PRINT: None,
        Step.SHIP: "shipped",
        Step.CANCEL: "canceled",
    },
    "shipped": {
        Step.CLAIM: "print_shipped",
        Step.PRINT: "print_shipped",
        Step.SHIP: None,
        Step.CANCEL: "print_shipped",
    },
    "canceled": {
        Step.CLAIM: "print_canceled",
        Step.PRINT: "print_canceled",
        Step.SHIP: "print_canceled",
        Step.CANCEL: None,
    },
}


def at_status(status: str, **changes: object) -> OrderState:
    """Return the state of an order that was imported with its print there."""
    claimed_by = ANA if status in {"claimed", "printed", "shipped"} else None
    return replace(
        hundred_dollars().state,
        fulfillment_status=FulfillmentStatus(status),
        fulfillment_claimed_by=claimed_by,
        **changes,  # type: ignore[arg-type]  # an OrderState's own fields
    )


# Steps.


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("step", list(Step))
def test_a_step_from_a_status(status: str, step: Step) -> None:
    state, expected = at_status(status), TABLE[status][step]
    if expected is None:
        assert take_step(state, step, AT, ANA) is None
        return
    if expected not in STATUSES:
        with pytest.raises(DomainError) as refused:
            take_step(state, step, AT, ANA)
        assert refused.value.code == expected
        return
    moved = take_step(state, step, AT, ANA)
    assert moved == replace(
        state,
        fulfillment_status=FulfillmentStatus(expected),
        fulfillment_claimed_by=ANA if step is Step.CLAIM else state.fulfillment_claimed_by,
        fulfillment_canceled_by=ANA if step is Step.CANCEL else None,
        fulfillment_history=(FulfillmentStep(FulfillmentStatus(expected), AT, ANA),),
    )


@pytest.mark.parametrize("claimed_by", [BEN, None])
def test_a_claimed_print_cannot_be_claimed_by_another_operator(claimed_by: str | None) -> None:
    state = replace(at_status("claimed"), fulfillment_claimed_by=claimed_by)
    with pytest.raises(DomainError) as refused:
        take_step(state, Step.CLAIM, AT, ANA)
    assert refused.value.code == "print_claimed"


def test_a_colleague_may_print_and_ship_what_another_has_claimed() -> None:
    printed = take_step(at_status("claimed"), Step.PRINT, AT, BEN)
    assert printed is not None
    assert take_step(printed, Step.PRINT, AT, ANA) is None
    shipped = take_step(printed, Step.SHIP, AT, BEN)
    assert shipped is not None
    assert shipped.fulfillment_claimed_by == ANA
    assert [step.by for step in shipped.fulfillment_history] == [BEN, BEN]


@pytest.mark.parametrize("canceler", ["rf_1", NOTHING_LEFT])
def test_a_persons_cancel_replaces_a_refunds_and_is_recorded_once(canceler: str) -> None:
    stopped = at_status("canceled", fulfillment_canceled_by=canceler)
    canceled = take_step(stopped, Step.CANCEL, AT, ANA)
    assert canceled is not None
    assert canceled.fulfillment_canceled_by == ANA
    assert take_step(canceled, Step.CANCEL, AT, BEN) is None


# Refunds.


@pytest.fixture
def sale() -> Sold:
    """An order of 3 + 1 units and shipping, that waits for the printer."""
    sale = sold(
        OrderLine("li_1", 3, 6000), OrderLine("li_2", 1, 3000), OrderLine(SHIPPING_LINE_ID, 1, 1000)
    )
    return Sold(sale.order, replace(sale.state, fulfillment_status=FulfillmentStatus.QUEUED))


def test_refunded_units_leave_the_job_and_shipping_has_none(sale: Sold) -> None:
    out, refund = refunded(sale, sale.state, "rf_1", line_items(("li_1", 2), shipping=True))
    assert out.print_units_off == {"li_1": 2}
    assert out.fulfillment_status == "queued"
    assert release(out, refund) == sale.state


def test_a_job_without_units_is_canceled_and_resumes_when_either_refund_fails(sale: Sold) -> None:
    first_out, first = refunded(sale, sale.state, "rf_1", line_items(("li_1", 3)))
    both_out, second = refunded(sale, first_out, "rf_2", line_items(("li_2", 1)))
    assert (both_out.fulfillment_status, both_out.fulfillment_canceled_by) == (
        "canceled",
        NOTHING_LEFT,
    )
    for failed, off in ((first, {"li_2": 1}), (second, {"li_1": 3})):
        resumed = release(both_out, failed)
        assert (resumed.fulfillment_status, resumed.fulfillment_canceled_by) == ("queued", None)
        assert resumed.print_units_off == off


def test_a_claim_survives_units_that_leave_the_job(sale: Sold) -> None:
    claimed = take_step(sale.state, Step.CLAIM, AT, ANA)
    assert claimed is not None
    out, refund = refunded(sale, claimed, "rf_1", line_items(("li_1", 1)))
    assert (out.fulfillment_status, out.fulfillment_claimed_by) == ("claimed", ANA)
    assert out.print_units_off == {"li_1": 1}
    assert release(out, refund) == claimed


def test_a_claimed_job_keeps_units_that_no_refund_named_even_if_no_money_is_left(
    sale: Sold,
) -> None:
    paid_back = RefundChoice(RefundType.PARTIAL, amount=4000)
    partly, _ = refunded(sale, sale.state, "rf_1", paid_back)
    claimed = take_step(partly, Step.CLAIM, AT, ANA)
    assert claimed is not None
    out, _ = refunded(sale, claimed, "rf_2", line_items(("li_1", 3)))
    assert (out.refundable_amount, out.fulfillment_status) == (0, "claimed")
    assert out.print_units_off == {"li_1": 3}


def test_a_queued_job_with_nothing_left_resumes_when_any_refund_fails(sale: Sold) -> None:
    paid_back = RefundChoice(RefundType.PARTIAL, amount=4000)
    partly, partial = refunded(sale, sale.state, "rf_1", paid_back)
    out, lines = refunded(sale, partly, "rf_2", line_items(("li_1", 3)))
    assert out.fulfillment_canceled_by == NOTHING_LEFT
    assert release(out, partial).fulfillment_status == "queued"
    assert release(out, lines).fulfillment_status == "queued"


def test_units_that_were_printed_meanwhile_do_not_return(sale: Sold) -> None:
    out, refund = refunded(sale, sale.state, "rf_1", line_items(("li_1", 2)))
    for step in (Step.CLAIM, Step.PRINT, Step.CANCEL):
        moved = take_step(out, step, AT, ANA)
        assert moved is not None
        out = moved
        if step is not Step.CLAIM:
            assert release(out, refund).print_units_off == {"li_1": 2}


def test_units_also_leave_a_stopped_job_because_it_may_resume(sale: Sold) -> None:
    partly, partial = refunded(
        sale, sale.state, "rf_1", RefundChoice(RefundType.PARTIAL, amount=4000)
    )
    stopped, full = refunded(sale, partly, "rf_2", FULL)
    assert stopped.fulfillment_canceled_by == "rf_2"
    freed = release(stopped, partial)
    assert freed.fulfillment_canceled_by == "rf_2"
    out, _ = refunded(sale, freed, "rf_3", line_items(("li_1", 1)))
    resumed = release(out, full)
    assert resumed.fulfillment_status == "queued"
    assert resumed.print_units_off == {"li_1": 1}


def test_a_persons_cancel_outlasts_the_refund_that_had_stopped_the_print(sale: Sold) -> None:
    stopped, full = refunded(sale, sale.state, "rf_1", FULL)
    canceled = take_step(stopped, Step.CANCEL, AT, ANA)
    assert canceled is not None
    assert release(canceled, full).fulfillment_canceled_by == ANA


def test_a_user_with_the_name_of_the_automatic_cancel_is_a_person(sale: Sold) -> None:
    out, refund = refunded(sale, sale.state, "rf_1", line_items(("li_1", 1)))
    canceled = take_step(out, Step.CANCEL, AT, NOTHING_LEFT)
    assert canceled is not None
    assert release(canceled, refund).fulfillment_status == "canceled"


def test_an_external_refund_of_all_that_is_left_stops_a_queued_print(sale: Sold) -> None:
    refund = external(sale, "rf_1", 10_000)
    out = record_external_refund(sale.state, refund)
    assert (out.fulfillment_status, out.fulfillment_canceled_by) == ("canceled", "rf_1")
    assert release(out, refund) == sale.state
    assert (
        record_external_refund(sale.state, external(sale, "rf_1", 9_999)).fulfillment_status
        == "queued"
    )


@pytest.mark.parametrize("status", ["claimed", "printed", "shipped"])
def test_an_external_refund_does_not_stop_a_print_in_production(sale: Sold, status: str) -> None:
    state = replace(sale.state, fulfillment_status=FulfillmentStatus(status))
    assert (
        record_external_refund(state, external(sale, "rf_1", 10_000)).fulfillment_status == status
    )


def test_an_external_refund_does_not_stop_a_print_that_was_kept(sale: Sold) -> None:
    kept, _ = refunded(sale, sale.state, "rf_1", replace(FULL, keep_print=True))
    assert kept.fulfillment_status == "queued"
    assert (
        record_external_refund(kept, external(sale, "rf_2", 10_000)).fulfillment_status == "queued"
    )


def test_a_refund_replaced_by_an_external_one_does_not_resume_the_print(sale: Sold) -> None:
    stopped, ours = refunded(sale, sale.state, "rf_1", FULL)
    theirs = external(sale, "rf_2", 10_000)
    released = release(record_external_refund(stopped, theirs), ours)
    assert (released.fulfillment_status, released.refundable_amount) == ("canceled", 0)
    assert release(released, theirs).fulfillment_status == "queued"


def test_a_failed_refund_paid_by_check_stops_the_print_again(sale: Sold) -> None:
    stopped, full = refunded(sale, sale.state, "rf_1", FULL)
    resumed = release(stopped, full)
    assert resumed.fulfillment_status == "queued"
    failed = full.with_status(RefundStatus.FAILED, AT, "resume_pending")
    for paid_by, status in ((PaidBy.CHECK, "canceled"), (PaidBy.NOT_OWED, "queued")):
        after, _ = resolve(resumed, failed, Resolution(paid_by, None, AT, ANA))
        assert after.fulfillment_status == status
