"""What must hold of a world's records, whatever went wrong.

The oracle computes each rule from the records again. It does not ask the product's own rules.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from shared.domain.order import OrderState
from shared.domain.refund import Refund, RefundStatus
from tests.faults.final_state import FinalState

_ENDED_WITHOUT_MONEY = {RefundStatus.FAILED, RefundStatus.CANCELED}


class MoneyOracle:
    """Checks the records once nothing is under way."""

    def __init__(self, state: FinalState) -> None:
        self._state = state
        self._at_stripe = {each["id"]: each for each in state.stripe_refunds}

    def violations(self) -> list[str]:
        """Return a sentence for each rule that does not hold."""
        return [
            *self._check_chain(),
            *self._check_stripe_refunds(),
            *self._check_refunds(),
            *(found for order in self._state.orders.values() for found in self._check_order(order)),
            *self._check_adjustments(),
            *self._check_balances(),
            *self._check_emails(),
        ]

    def _check_chain(self) -> Iterable[str]:
        if self._state.chain_fault is not None:
            yield f"the ledger's hash chain is broken: {self._state.chain_fault}"

    def _check_stripe_refunds(self) -> Iterator[str]:
        """Check that each refund at Stripe is recorded once, and made at Stripe once."""
        refunds = self._state.refunds
        made = Counter(each["ours"] for each in self._state.stripe_refunds if each["ours"])
        yield from (f"{name} was made {times} times" for name, times in made.items() if times > 1)
        recorded = Counter(each.stripe_refund_id for each in refunds.values())
        yield from (
            f"Stripe's {name} is recorded {recorded[name]} times"
            for name in self._at_stripe
            if recorded[name] != 1
        )
        for each in self._state.stripe_refunds:
            refund = refunds.get(each["ours"] or "")
            if each["ours"] and (refund is None or refund.stripe_refund_id != each["id"]):
                yield f"Stripe's {each['id']} is not recorded as our {each['ours']}"

    def _check_refunds(self) -> Iterator[str]:
        """Check that each refund agrees with Stripe, and is in the ledger once."""
        entered = Counter((each.get("refund_id"), each["kind"]) for each in self._state.entries)
        for refund in self._state.refunds.values():
            name, status = refund.refund_id, refund.status
            yield from self._compare_with_stripe(refund)
            once, reversed_times = entered[name, "refund"], entered[name, "refund_failed"]
            expected = int(status is RefundStatus.SETTLED)
            if once - reversed_times != expected or once > 1 or reversed_times > 1:
                yield f"{name} is {status}; entered {once} times, reversed {reversed_times} times"

    def _compare_with_stripe(self, refund: Refund) -> Iterator[str]:
        name, status = refund.refund_id, refund.status
        there = self._at_stripe.get(refund.stripe_refund_id or "")
        if there is None and (refund.stripe_refund_id or refund.refusal is None):
            yield f"{name} is {status} and not at Stripe"
        if there is not None and there["amount"] != refund.amount:
            yield f"{name} is {refund.amount} here and {there['amount']} at Stripe"
        has_succeeded = there is not None and there["status"] == "succeeded"
        if (status in _ENDED_WITHOUT_MONEY) == has_succeeded or refund.is_open:
            yield f"{name} is {status} here and {there and there['status']} at Stripe"

    def _check_order(self, order: OrderState) -> Iterator[str]:
        """Check that an order's state is the sum of its refunds, within its total."""
        order_id = order.order_id
        yield from self._check_payment(order)
        refunds = [
            each
            for each in self._state.refunds.values()
            if each.order_id == order_id and each.status not in _ENDED_WITHOUT_MONEY
        ]
        refunded = sum(each.amount for each in refunds)
        if not order.committed_amount == order.settled_amount == refunded:
            recorded = f"{order.committed_amount} committed and {order.settled_amount} settled"
            yield f"{order_id}: {refunded} refunded, but {recorded}"
        if refunded > order.total_amount:
            yield f"{order_id}: {refunded} refunded of {order.total_amount}"
        yield from _check_lines(order, refunds)
        yield from self._check_disputes(order)
        yield from self._check_rev_share(order, refunded + order.withdrawn_amount)
        if order.application_fee_id is not None:
            yield from self._check_application_fee(order)

    def _check_payment(self, order: OrderState) -> Iterator[str]:
        """Check that an order is a sale, once, if and only if Stripe has its money."""
        order_id = order.order_id
        captured = self._state.stripe_charges[f"ch_{order_id.removeprefix('ord_')}"]
        if (order.payment_status == "paid") != (captured > 0):
            yield f"{order_id} is {order.payment_status}, and Stripe has captured {captured}"
        sold = [
            each["gross_amount"]
            for each in self._state.entries
            if each["kind"] == "sale" and each.get("order_id") == order_id
        ]
        if sold != [captured] * (captured > 0):
            yield f"{order_id}: sold for {sold}, and Stripe has captured {captured}"

    def _check_disputes(self, order: OrderState) -> Iterator[str]:
        """Check that each dispute agrees with Stripe, and its money with the ledger."""
        order_id = order.order_id
        for each in order.disputes:
            there = self._state.stripe_disputes[each.dispute_id]
            known = (each.status, each.withdrawn_amount, each.fee_amount)
            said = (there.status, there.withdrawn_amount, there.fee_amount)
            if known != said:
                yield f"{order_id}: dispute {each.dispute_id} is {known}, and {said} at Stripe"
            entries = [
                entry for entry in self._state.entries if entry.get("dispute_id") == each.dispute_id
            ]
            entered = tuple(
                -sum(entry[name] for entry in entries)
                for name in ("gross_amount", "stripe_fee_amount")
            )
            if entered != known[1:]:
                yield f"{order_id}: the ledger has {entered} of dispute {each.dispute_id}"
        for dispute_id, there in self._state.stripe_disputes.items():
            is_ours = there.charge_id == f"ch_{order_id.removeprefix('ord_')}"
            if is_ours and dispute_id not in {each.dispute_id for each in order.disputes}:
                yield f"{order_id}: dispute {dispute_id} is not recorded"

    def _check_rev_share(self, order: OrderState, returned: int) -> Iterator[str]:
        """Check that the reversed share is ``round_half_up(share * returned / total)``.

        An inquiry that becomes a dispute beside another one may take more than the total.
        """
        order_id, total = order.order_id, order.total_amount
        expected = (2 * order.rev_share_amount * min(returned, total) + total) // (2 * total)
        recorded = order.rev_share_reversed_amount
        if recorded != expected:
            yield f"{order_id}: {recorded} of the revenue share reversed, not {expected}"
        entries = [
            each
            for each in self._state.entries
            if each.get("order_id") == order_id and each["kind"] != "sale"
        ]
        share = sum(each["rev_share_amount"] for each in entries)
        gross = sum(each["gross_amount"] for each in entries)
        if (share, gross) != (expected, -returned):
            yield f"{order_id}: the ledger has {gross} refunded and {share} of the share reversed"

    def _check_application_fee(self, order: OrderState) -> Iterator[str]:
        """Check that the right part of an application fee went back, once."""
        fee_refund = self._state.fee_refunds.get(order.order_id)
        refunded = self._state.stripe_fee_refunds.get(order.application_fee_id or "", 0)
        if fee_refund is not None and (fee_refund.is_open or refunded != fee_refund.target_amount):
            target = fee_refund.target_amount
            yield f"{order.order_id}: {refunded} of the fee went back, not {target}"
        least = order.rev_share_reversed_amount
        if not least <= refunded <= order.rev_share_amount:
            yield f"{order.order_id}: {refunded} of the fee went back for {least} reversed"

    def _check_adjustments(self) -> Iterator[str]:
        """Check that each approved adjustment is entered once as proposed, and no other."""
        entered = Counter(
            (each["adjustment_id"], each["payable_amount"], each["seq"])
            for each in self._state.entries
            if each["kind"] == "adjustment"
        )
        approved = Counter(
            (each.adjustment_id, each.amount, each.entry_seq)
            for each in self._state.adjustments.values()
            if each.status == "approved"
        )
        if entered != approved:
            yield f"adjustments {dict(approved)} are approved, and {dict(entered)} are entered"

    def _check_balances(self) -> Iterator[str]:
        """Check that payouts and balances are the sum of all entries, and transfers the payouts."""
        state, entries = self._state, self._state.entries
        payout_kinds = {"payout_closed", "payout_failed", "payout_reversed"}
        earned = sum(each["payable_amount"] for each in entries if each["kind"] not in payout_kinds)
        paid = sum(
            each.paid_amount - each.reversed_amount
            for each in state.payouts.values()
            if each.status == "paid"
        )
        left = state.payable_balance_amount
        if earned != paid + left:
            yield f"{earned} earned, but {paid} paid out and {left} left"
        transferred = sum(state.stripe_transfers.values())
        if transferred != paid:
            yield f"{transferred} transferred at Stripe, but {paid} paid out"
        direct = sum(each["direct_amount"] for each in entries)
        balance = state.direct_balance_amount
        if direct != balance:
            yield f"{direct} of direct charges in the entries, but {balance} in the balance"

    def _check_emails(self) -> Iterator[str]:
        for email, times in self._state.emails.items():
            if times > 1:
                yield f"sent {times} times: {email}"


def _check_lines(order: OrderState, refunds: list[Refund]) -> Iterator[str]:
    """Check that each line's state is the sum of the refunds.

    Also check that no failed refund keeps the print stopped.
    """
    refunded: Counter[tuple[str, str]] = Counter()
    for refund in refunds:
        for item in refund.items:
            refunded[item.line_id, "quantity"] += item.quantity
            refunded[item.line_id, "amount"] += item.amount
    committed = {
        (line_id, name): getattr(line, name)
        for line_id, line in order.lines_committed.items()
        for name in ("quantity", "amount")
    }
    if +refunded != +Counter(committed):
        lines = f"its lines have {committed} committed, but {dict(refunded)} refunded"
        yield f"{order.order_id}: {lines}"
    stopped_by = order.fulfillment_canceled_by or ""
    if stopped_by.startswith("rf_") and stopped_by not in {each.refund_id for each in refunds}:
        yield f"{order.order_id}: its print was stopped by {stopped_by}, which failed"
