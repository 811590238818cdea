"""The print: every step from every state, and whatever refunds do to the job meanwhile."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.domain.errors import (
    AmountExceedsRefundableError,
    AmountTooSmallError,
    DomainError,
    FulfillmentInProgressError,
)
from shared.domain.fulfillment import NOTHING_LEFT, PRINT_QUEUE_STATUSES, STEPS, Step, take_step
from shared.domain.ledger import RecordSource
from shared.domain.order import (
    SHIPPING_LINE_ID,
    FulfillmentStatus,
    FulfillmentStep,
    OrderLine,
    OrderState,
)
from shared.domain.refund import PaidBy, Refund, RefundStatus, RefundType, Resolution
from shared.domain.refund_quote import (
    ChosenLine,
    RefundChoice,
    check_fulfillment,
    quote_refund,
    stops_print,
)
from shared.domain.reservation import record_external_refund, release, reserve, resolve
from shared.gateways.records.order_state import state_to_item

from .examples import scaled
from .orders import AT, Sold, hundred_dollars, refund_of, sold, sold_orders

ANA, BEN = "ana", "ben"
STATUSES = ("none", "queued", "claimed", "printed", "shipped", "canceled")

# What a step comes to: the new status, None where it was done before, or the refusal's code. Ana
# takes it; the print was claimed by Ana, and canceled by somebody.
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

FULL = RefundChoice(RefundType.FULL)


def at_status(status: str, **changes: object) -> OrderState:
    """Return the state of an order that was imported with its print there."""
    claimed_by = ANA if status in {"claimed", "printed", "shipped"} else None
    return replace(
        hundred_dollars().state,
        fulfillment_status=FulfillmentStatus(status),
        fulfillment_claimed_by=claimed_by,
        **changes,  # type: ignore[arg-type]  # OrderState' own fields
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
def test_a_claim_is_one_operators(claimed_by: str | None) -> None:
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
def test_a_persons_cancel_takes_over_from_a_refunds_and_is_taken_once(canceler: str) -> None:
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


def refunded(
    sale: Sold, state: OrderState, refund_id: str, choice: RefundChoice
) -> tuple[OrderState, Refund]:
    """Reserve a refund as a request does, and return the state and the refund."""
    quote = quote_refund(sale.order, state, choice)
    check_fulfillment(state, choice, quote)
    stop = stops_print(state, choice, quote)
    refund = replace(
        refund_of(sale, refund_id, quote.amount),
        type=choice.type,
        items=quote.items,
        stop_print=stop,
        keep_print=choice.keep_print,
    )
    return reserve(state, refund_id, quote, stop_print=stop), refund


def of_lines(*chosen: tuple[str, int], shipping: bool = False) -> RefundChoice:
    return RefundChoice(
        RefundType.LINE_ITEMS, lines=tuple(ChosenLine(*each) for each in chosen), shipping=shipping
    )


def test_line_items_take_their_units_off_the_job_and_shipping_takes_none(sale: Sold) -> None:
    out, refund = refunded(sale, sale.state, "rf_1", of_lines(("li_1", 2), shipping=True))
    assert out.print_units_off == {"li_1": 2}
    assert out.fulfillment_status == "queued"
    assert release(out, refund) == sale.state


def test_a_job_without_units_is_canceled_and_resumed_by_either_failure(sale: Sold) -> None:
    first_out, first = refunded(sale, sale.state, "rf_1", of_lines(("li_1", 3)))
    both_out, second = refunded(sale, first_out, "rf_2", of_lines(("li_2", 1)))
    assert (both_out.fulfillment_status, both_out.fulfillment_canceled_by) == (
        "canceled",
        NOTHING_LEFT,
    )
    for failed, off in ((first, {"li_2": 1}), (second, {"li_1": 3})):
        resumed = release(both_out, failed)
        assert (resumed.fulfillment_status, resumed.fulfillment_canceled_by) == ("queued", None)
        assert resumed.print_units_off == off


def test_units_that_come_off_a_claimed_job_leave_the_claim(sale: Sold) -> None:
    claimed = take_step(sale.state, Step.CLAIM, AT, ANA)
    assert claimed is not None
    out, refund = refunded(sale, claimed, "rf_1", of_lines(("li_1", 1)))
    assert (out.fulfillment_status, out.fulfillment_claimed_by) == ("claimed", ANA)
    assert out.print_units_off == {"li_1": 1}
    assert release(out, refund) == claimed


def test_a_claimed_job_keeps_units_that_no_refund_named_though_no_money_is_left(
    sale: Sold,
) -> None:
    paid_back = RefundChoice(RefundType.PARTIAL, amount=4000)
    partly, _ = refunded(sale, sale.state, "rf_1", paid_back)
    claimed = take_step(partly, Step.CLAIM, AT, ANA)
    assert claimed is not None
    out, _ = refunded(sale, claimed, "rf_2", of_lines(("li_1", 3)))
    assert (out.refundable_amount, out.fulfillment_status) == (0, "claimed")
    assert out.print_units_off == {"li_1": 3}


def test_a_queued_job_that_nothing_is_left_for_is_resumed_by_whatever_fails(sale: Sold) -> None:
    paid_back = RefundChoice(RefundType.PARTIAL, amount=4000)
    partly, partial = refunded(sale, sale.state, "rf_1", paid_back)
    out, lines = refunded(sale, partly, "rf_2", of_lines(("li_1", 3)))
    assert out.fulfillment_canceled_by == NOTHING_LEFT
    assert release(out, partial).fulfillment_status == "queued"
    assert release(out, lines).fulfillment_status == "queued"


def test_what_was_printed_meanwhile_is_not_put_back(sale: Sold) -> None:
    out, refund = refunded(sale, sale.state, "rf_1", of_lines(("li_1", 2)))
    for step in (Step.CLAIM, Step.PRINT, Step.CANCEL):
        moved = take_step(out, step, AT, ANA)
        assert moved is not None
        out = moved
        if step is not Step.CLAIM:
            assert release(out, refund).print_units_off == {"li_1": 2}


def test_units_come_off_a_stopped_job_too_for_it_may_be_resumed(sale: Sold) -> None:
    partly, partial = refunded(
        sale, sale.state, "rf_1", RefundChoice(RefundType.PARTIAL, amount=4000)
    )
    stopped, full = refunded(sale, partly, "rf_2", FULL)
    assert stopped.fulfillment_canceled_by == "rf_2"
    freed = release(stopped, partial)
    assert freed.fulfillment_canceled_by == "rf_2"
    out, _ = refunded(sale, freed, "rf_3", of_lines(("li_1", 1)))
    resumed = release(out, full)
    assert resumed.fulfillment_status == "queued"
    assert resumed.print_units_off == {"li_1": 1}


def test_a_persons_cancel_outlasts_the_refund_that_had_stopped_the_print(sale: Sold) -> None:
    stopped, full = refunded(sale, sale.state, "rf_1", FULL)
    canceled = take_step(stopped, Step.CANCEL, AT, ANA)
    assert canceled is not None
    assert release(canceled, full).fulfillment_canceled_by == ANA


def test_a_user_who_is_called_like_a_refunds_cancel_is_a_person(sale: Sold) -> None:
    out, refund = refunded(sale, sale.state, "rf_1", of_lines(("li_1", 1)))
    canceled = take_step(out, Step.CANCEL, AT, NOTHING_LEFT)
    assert canceled is not None
    assert release(canceled, refund).fulfillment_status == "canceled"


def outside(sale: Sold, refund_id: str, amount: int) -> Refund:
    return replace(refund_of(sale, refund_id, amount), source=RecordSource.STRIPE)


def test_an_external_refund_that_takes_the_last_stops_a_queued_print(sale: Sold) -> None:
    refund = outside(sale, "rf_1", 10_000)
    out = record_external_refund(sale.state, refund)
    assert (out.fulfillment_status, out.fulfillment_canceled_by) == ("canceled", "rf_1")
    assert release(out, refund) == sale.state
    assert (
        record_external_refund(sale.state, outside(sale, "rf_1", 9_999)).fulfillment_status
        == "queued"
    )


@pytest.mark.parametrize("status", ["claimed", "printed", "shipped"])
def test_an_external_refund_leaves_a_print_in_hand(sale: Sold, status: str) -> None:
    state = replace(sale.state, fulfillment_status=FulfillmentStatus(status))
    assert record_external_refund(state, outside(sale, "rf_1", 10_000)).fulfillment_status == status


def test_an_external_refund_leaves_a_print_that_was_kept(sale: Sold) -> None:
    kept, _ = refunded(sale, sale.state, "rf_1", replace(FULL, keep_print=True))
    assert kept.fulfillment_status == "queued"
    assert (
        record_external_refund(kept, outside(sale, "rf_2", 10_000)).fulfillment_status == "queued"
    )


def test_a_refund_that_fails_for_an_external_one_does_not_resume_the_print(sale: Sold) -> None:
    stopped, ours = refunded(sale, sale.state, "rf_1", FULL)
    theirs = outside(sale, "rf_2", 10_000)
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


# Any sequence.


class Job(RuleBasedStateMachine):
    """One order, its print and its refunds; what must be on the job is worked out anew."""

    sale: Sold
    state: OrderState

    @initialize(sale=sold_orders())
    def sell(self, sale: Sold) -> None:
        self.sale = sale
        self.state = replace(sale.state, fulfillment_status=FulfillmentStatus.QUEUED)
        self.refunds: dict[str, Refund] = {}
        self.failed: set[str] = set()
        self.paid_otherwise: set[str] = set()
        self.off: set[str] = set()  # refunds whose units are off the job
        self.kept = False
        self.printed = False
        self.canceled_by: str | None = None

    def live(self) -> list[Refund]:
        return [each for name, each in self.refunds.items() if name not in self.failed]

    @rule(step=st.sampled_from(Step), by=st.sampled_from([ANA, BEN]))
    def person_takes_a_step(self, step: Step, by: str) -> None:
        status = self.state.fulfillment_status
        starts, end = STEPS[step]
        try:
            moved = take_step(self.state, step, AT, by)
        except DomainError:
            assert status not in starts
            return
        if moved is None:
            assert status == end
            return
        assert status in starts or (step is Step.CANCEL and self.canceled_by is None)
        assert moved.fulfillment_status == end
        self.state = moved
        self.printed |= step is Step.PRINT
        if step is Step.CANCEL:
            self.canceled_by = by

    def _request(self, choice: RefundChoice) -> None:
        try:
            out, refund = refunded(self.sale, self.state, f"rf_{len(self.refunds)}", choice)
        except FulfillmentInProgressError:
            assert self.state.fulfillment_status in {"claimed", "printed"}
            assert not choice.keep_print
            return
        except (AmountTooSmallError, AmountExceedsRefundableError):
            return
        self.state = out
        self._made(refund, kept=choice.keep_print)

    def _made(self, refund: Refund, *, kept: bool) -> None:
        self.refunds[refund.refund_id] = refund
        self.kept |= kept
        unprinted = self.state.fulfillment_status not in {"printed", "shipped"}
        if refund.items and not kept and unprinted and not self.printed:
            self.off.add(refund.refund_id)

    @precondition(lambda self: self.state.refundable_amount)
    @rule(keep=st.booleans())
    def refund_all(self, *, keep: bool) -> None:
        self._request(replace(FULL, keep_print=keep))

    @precondition(lambda self: self.state.refundable_amount)
    @rule(data=st.data(), keep=st.booleans())
    def refund_an_amount(self, data: st.DataObject, *, keep: bool) -> None:
        left = self.state.refundable_amount
        amount = data.draw(st.one_of(st.just(left), st.integers(1, left)), "amount")
        self._request(RefundChoice(RefundType.PARTIAL, amount=amount, keep_print=keep))

    @precondition(lambda self: self.state.refundable_amount)
    @rule(data=st.data(), keep=st.booleans())
    def refund_line_items(self, data: st.DataObject, *, keep: bool) -> None:
        chosen, shipping = [], False
        for line in self.sale.order.lines:
            left = line.quantity - self.state.line_committed(line.line_id).quantity
            quantity = data.draw(st.one_of(st.just(left), st.integers(0, left)), line.line_id)
            if line.line_id == SHIPPING_LINE_ID:
                shipping = quantity > 0
            elif quantity:
                chosen.append((line.line_id, quantity))
        if chosen or shipping:
            choice = of_lines(*chosen, shipping=shipping)
            self._request(replace(choice, keep_print=keep))

    @rule(data=st.data())
    def stripe_refunds_by_itself(self, data: st.DataObject) -> None:
        amount = data.draw(st.integers(1, self.sale.order.total_amount), "amount")
        refund = outside(self.sale, f"rf_{len(self.refunds)}", amount)
        self.state = record_external_refund(self.state, refund)
        self._made(refund, kept=False)

    @precondition(lambda self: self.live())
    @rule(data=st.data())
    def a_refund_fails(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self.live()), "refund")
        self.state = release(self.state, refund)
        self.failed.add(refund.refund_id)
        if not self.printed:
            self.off.discard(refund.refund_id)

    @precondition(lambda self: self.failed - self.paid_otherwise)
    @rule(data=st.data())
    def the_studio_pays_by_check(self, data: st.DataObject) -> None:
        open_ = sorted(self.failed - self.paid_otherwise)
        failed = self.refunds[data.draw(st.sampled_from(open_), "refund")]
        failed = failed.with_status(RefundStatus.FAILED, AT, "resume_pending")
        try:
            resolution = Resolution(PaidBy.CHECK, None, AT, ANA)
            self.state, _ = resolve(self.state, failed, resolution)
        except AmountExceedsRefundableError:
            return
        self.paid_otherwise.add(failed.refund_id)

    @invariant()
    def on_the_job_is_what_was_sold_and_no_refund_took_off(self) -> None:
        for line in self.sale.order.lines:
            off = sum(
                item.quantity
                for name in self.off
                for item in self.refunds[name].items
                if item.line_id == line.line_id and line.line_id != SHIPPING_LINE_ID
            )
            assert self.state.print_units_off.get(line.line_id, 0) == off
            assert 0 <= off <= line.quantity
        assert all(self.state.print_units_off.values())

    @invariant()
    def in_the_queue_is_what_has_units_and_is_not_canceled(self) -> None:
        status = self.state.fulfillment_status
        queued = status in {"queued", "claimed", "printed"}
        assert (
            queued == (status in PRINT_QUEUE_STATUSES) == ("print_pk" in state_to_item(self.state))
        )
        if queued:
            assert self.state.print_units > sum(self.state.print_units_off.values())
            assert self.state.fulfillment_canceled_by is None

    @invariant()
    def nobody_waits_for_a_print_that_is_refunded_unless_it_was_kept(self) -> None:
        if self.state.fulfillment_status == "queued" and self.state.refundable_amount == 0:
            assert self.kept

    @invariant()
    def a_persons_cancel_stays(self) -> None:
        if self.canceled_by is not None:
            assert self.state.fulfillment_status == "canceled"
            assert self.state.fulfillment_canceled_by == self.canceled_by

    @invariant()
    def what_no_person_canceled_has_a_refund_that_stops_it(self) -> None:
        if self.state.fulfillment_status != "canceled" or self.canceled_by is not None:
            return
        canceler = self.state.fulfillment_canceled_by
        if canceler == NOTHING_LEFT:
            units_left = self.state.print_units - sum(self.state.print_units_off.values())
            assert not units_left or not self.state.refundable_amount
        else:
            stands = {each.refund_id for each in self.live()} | self.paid_otherwise
            assert canceler in stands

    @invariant()
    def a_claim_has_an_operator_and_a_waiting_print_none(self) -> None:
        if self.state.fulfillment_status == "claimed":
            assert self.state.fulfillment_claimed_by in {ANA, BEN}
        if self.state.fulfillment_status == "queued":
            assert self.state.fulfillment_claimed_by is None


def test_the_job_is_right_after_every_step_of_any_sequence() -> None:
    sequences = settings(max_examples=scaled(150), stateful_step_count=40)
    run_state_machine_as_test(Job, settings=sequences)
