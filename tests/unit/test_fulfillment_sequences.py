"""Any sequence of print steps and refunds leaves the right units on the job."""

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
from shared.domain.order import SHIPPING_LINE_ID, FulfillmentStatus, OrderState
from shared.domain.refund import PaidBy, Refund, RefundStatus, RefundType, Resolution
from shared.domain.refund_quote import RefundChoice
from shared.domain.reservation import record_external_refund, release, resolve
from shared.gateways.records.order_state import state_to_item

from .examples import scaled
from .orders import AT, FULL, Sold, sold_orders
from .print_refunds import ANA, BEN, external, line_items, refunded


class OrderInPrint(RuleBasedStateMachine):
    """One order with its print and refunds. The oracle computes the job from the refunds alone."""

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
            choice = line_items(*chosen, shipping=shipping)
            self._request(replace(choice, keep_print=keep))

    @rule(data=st.data())
    def an_external_refund_is_made(self, data: st.DataObject) -> None:
        amount = data.draw(st.integers(1, self.sale.order.total_amount), "amount")
        refund = external(self.sale, f"rf_{len(self.refunds)}", amount)
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
    def the_job_has_the_sold_units_that_no_refund_removed(self) -> None:
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
    def an_order_in_the_queue_has_units_and_is_not_canceled(self) -> None:
        status = self.state.fulfillment_status
        queued = status in {"queued", "claimed", "printed"}
        assert (
            queued == (status in PRINT_QUEUE_STATUSES) == ("print_pk" in state_to_item(self.state))
        )
        if queued:
            assert self.state.print_units > sum(self.state.print_units_off.values())
            assert self.state.fulfillment_canceled_by is None

    @invariant()
    def a_fully_refunded_print_waits_only_if_it_was_kept(self) -> None:
        if self.state.fulfillment_status == "queued" and self.state.refundable_amount == 0:
            assert self.kept

    @invariant()
    def a_persons_cancel_stays(self) -> None:
        if self.canceled_by is not None:
            assert self.state.fulfillment_status == "canceled"
            assert self.state.fulfillment_canceled_by == self.canceled_by

    @invariant()
    def a_print_that_no_person_canceled_has_a_refund_that_stops_it(self) -> None:
        if self.state.fulfillment_status != "canceled" or self.canceled_by is not None:
            return
        canceler = self.state.fulfillment_canceled_by
        if canceler == NOTHING_LEFT:
            units_left = self.state.print_units - sum(self.state.print_units_off.values())
            assert not units_left or not self.state.refundable_amount
        else:
            effective = {each.refund_id for each in self.live()} | self.paid_otherwise
            assert canceler in effective

    @invariant()
    def a_claim_has_an_operator_and_a_waiting_print_none(self) -> None:
        if self.state.fulfillment_status == "claimed":
            assert self.state.fulfillment_claimed_by in {ANA, BEN}
        if self.state.fulfillment_status == "queued":
            assert self.state.fulfillment_claimed_by is None


@pytest.mark.hypothesis
def test_the_job_is_right_after_every_step_of_any_sequence() -> None:
    sequences = settings(max_examples=scaled(150), stateful_step_count=40)
    run_state_machine_as_test(OrderInPrint, settings=sequences)
