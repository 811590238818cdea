"""Any order, any sequence of refunds, confirmations and failures: the money always adds up.

The machine plays staff, Stripe and the settlement in any order, by the domain's own functions. It
keeps nothing but the refunds and the ledger entries; what the totals must be is worked out from
those anew after every step, with fractions and decimals.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from fractions import Fraction

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
    NothingRefundableError,
    QuantityExceedsRefundableError,
)
from shared.domain.ledger import EntryFacts, LedgerEntry, LedgerHead, append, verify_chain
from shared.domain.order import SHIPPING_LINE_ID, LineOut, Order, OrderLine, OrderTotals
from shared.domain.refund import (
    Refund,
    RefundChoice,
    RefundQuote,
    RefundStatus,
    RefundType,
    quote_refund,
    release,
)
from shared.domain.settlement import sale_amounts, settle

from .orders import AT, STUDIO, Sold, half_up, refund_of, reserved, sold_orders, succeeded

REQUESTED = frozenset({RefundStatus.REQUESTED})
PENDING = frozenset({RefundStatus.PENDING})
SETTLED = frozenset({RefundStatus.SETTLED})
AT_STRIPE = frozenset({RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.SETTLED})
ALIVE = AT_STRIPE | REQUESTED


def _any_is(check: Callable[["Books"], Iterable[object]]) -> Callable[["Books"], bool]:
    """Return the precondition that there is at least one of them."""
    return lambda books: any(True for _ in check(books))


class Books(RuleBasedStateMachine):
    """One order of a studio, its refunds, and the studio's ledger."""

    order: Order
    sale: Sold
    totals: OrderTotals
    head: LedgerHead
    highest_reversal: int

    @initialize(sale=sold_orders())
    def sell(self, sale: Sold) -> None:
        self.sale, self.order, self.totals = sale, sale.order, sale.totals
        self.head = LedgerHead(STUDIO, self.order.currency)
        self.refunds: dict[str, Refund] = {}
        self.entries: list[LedgerEntry] = []
        self.highest_reversal = 0
        entry, self.head = append(
            self.head, EntryFacts("sale", self.order.order_id, AT), sale_amounts(self.totals)
        )
        self.entries.append(entry)

    # What the rules choose from.

    def refunds_in(self, statuses: frozenset[RefundStatus]) -> list[Refund]:
        return [refund for refund in self.refunds.values() if refund.status in statuses]

    def owed(self) -> list[Refund]:
        return [refund for refund in self.refunds.values() if refund.settlement_owed]

    def _counted(self) -> list[Refund]:
        """Return the refunds whose money is out: all but those that failed and are done with."""
        return [each for each in self.refunds.values() if each.status in ALIVE or self._late(each)]

    def _settled(self) -> list[Refund]:
        """Return the refunds that the ledger holds and has not taken back."""
        return [
            each
            for each in self.refunds.values()
            if each.status is RefundStatus.SETTLED or self._late(each)
        ]

    @staticmethod
    def _late(refund: Refund) -> bool:
        return refund.status is RefundStatus.FAILED and refund.settlement_owed

    def _left(self) -> int:
        return max(0, self.order.total_amount - sum(each.amount for each in self._counted()))

    def _left_at_stripe(self) -> int:
        return self.order.total_amount - sum(each.amount for each in self.refunds_in(AT_STRIPE))

    def _units_left(self) -> list[tuple[OrderLine, int]]:
        out = {line.line_id: self._out_of(line).quantity for line in self.order.lines}
        return [
            (line, line.quantity - out[line.line_id])
            for line in self.order.lines
            if line.quantity > out[line.line_id]
        ]

    def _out_of(self, line: OrderLine) -> LineOut:
        items = [
            item
            for refund in self._counted()
            for item in refund.items
            if item.line_id == line.line_id
        ]
        return LineOut(sum(item.quantity for item in items), sum(item.amount for item in items))

    def _has_money_left(self) -> list[int]:
        return [left] if (left := self._left()) else []

    def _has_money_at_stripe(self) -> list[int]:
        return [left] if (left := self._left_at_stripe()) else []

    def _has_units_and_money_left(self) -> list[tuple[OrderLine, int]]:
        return self._units_left() if self._left() else []

    # Staff.

    def _quote(self, choice: RefundChoice) -> RefundQuote:
        return quote_refund(self.order, self.totals, choice)

    def _reserve(self, quote: RefundQuote) -> None:
        refund_id = f"rf_{len(self.refunds)}"
        self.totals, refund = reserved(self.sale, self.totals, refund_id, quote)
        self.refunds[refund_id] = refund

    @precondition(_any_is(_has_money_left))
    @rule()
    def refund_all_that_is_left(self) -> None:
        quote = self._quote(RefundChoice(RefundType.FULL))
        assert quote.amount == self._left()
        self._reserve(quote)

    @precondition(_any_is(_has_money_left))
    @rule(data=st.data())
    def refund_an_amount(self, data: st.DataObject) -> None:
        amount = data.draw(st.integers(1, self._left()), "amount")
        quote = self._quote(RefundChoice(RefundType.PARTIAL, amount=amount))
        assert quote == RefundQuote("ch_1", amount)
        self._reserve(quote)

    @rule(more=st.integers(1, 10_000))
    def refuse_more_than_is_left(self, more: int) -> None:
        with pytest.raises((AmountExceedsRefundableError, NothingRefundableError)):
            self._quote(RefundChoice(RefundType.PARTIAL, amount=self._left() + more))

    @precondition(_any_is(_has_units_and_money_left))
    @rule(data=st.data())
    def refund_units_of_lines(self, data: st.DataObject) -> None:
        left = self._units_left()
        chosen = data.draw(st.lists(st.sampled_from(left), min_size=1, unique=True), "lines")
        picked = {line: data.draw(st.integers(1, units), line.line_id) for line, units in chosen}
        choice = RefundChoice(
            RefundType.LINE_ITEMS,
            items=tuple(
                (line.line_id, quantity)
                for line, quantity in picked.items()
                if line.line_id != SHIPPING_LINE_ID
            ),
            shipping=any(line.line_id == SHIPPING_LINE_ID for line in picked),
        )
        owed = sum(self._money_of(line, quantity) for line, quantity in picked.items())
        if owed > self._left():
            with pytest.raises(AmountExceedsRefundableError):
                self._quote(choice)
        elif owed == 0:
            with pytest.raises(AmountTooSmallError):
                self._quote(choice)
        else:
            quote = self._quote(choice)
            assert quote.amount == owed == sum(item.amount for item in quote.items)
            self._reserve(quote)

    def _money_of(self, line: OrderLine, quantity: int) -> int:
        out = self._out_of(line)
        share = Fraction(line.net_amount * (out.quantity + quantity), line.quantity)
        return max(0, half_up(share) - out.amount)

    @precondition(_any_is(_has_units_and_money_left))
    @rule(data=st.data(), more=st.integers(1, 20))
    def refuse_more_units_than_are_left(self, data: st.DataObject, more: int) -> None:
        line, units = data.draw(st.sampled_from(self._units_left()), "line")
        if line.line_id != SHIPPING_LINE_ID:
            with pytest.raises(QuantityExceedsRefundableError):
                self._quote(
                    RefundChoice(RefundType.LINE_ITEMS, items=((line.line_id, units + more),))
                )

    # Stripe.

    def _pick(self, data: st.DataObject, refunds: list[Refund]) -> Refund:
        return data.draw(st.sampled_from(refunds), "refund")

    def _move(self, refund: Refund, status: RefundStatus) -> Refund:
        moved = refund.moved(status, AT, "stripe_webhook")
        self.refunds[refund.refund_id] = moved
        return moved

    def _fail(self, refund: Refund, status: RefundStatus) -> None:
        self.totals = release(self.totals, refund)
        self._move(refund, status)

    @precondition(_any_is(lambda books: books.refunds_in(REQUESTED)))
    @rule(data=st.data(), status=st.sampled_from([RefundStatus.PENDING, RefundStatus.SUCCEEDED]))
    def stripe_answers(self, data: st.DataObject, status: RefundStatus) -> None:
        refund = self._pick(data, self.refunds_in(REQUESTED))
        if refund.amount > self._left_at_stripe():
            self._fail(refund, RefundStatus.FAILED)
        else:
            self._move(refund, status)

    @precondition(_any_is(lambda books: books.refunds_in(PENDING)))
    @rule(data=st.data())
    def stripe_confirms(self, data: st.DataObject) -> None:
        self._move(self._pick(data, self.refunds_in(PENDING)), RefundStatus.SUCCEEDED)

    @precondition(_any_is(lambda books: books.refunds_in(AT_STRIPE | REQUESTED)))
    @rule(data=st.data(), status=st.sampled_from([RefundStatus.FAILED, RefundStatus.CANCELED]))
    def stripe_fails(self, data: st.DataObject, status: RefundStatus) -> None:
        refund = self._pick(data, self.refunds_in(ALIVE))
        if refund.status is RefundStatus.SETTLED:
            self._move(refund, RefundStatus.FAILED)
        else:
            self._fail(refund, status)

    @precondition(_any_is(_has_money_at_stripe))
    @rule(data=st.data())
    def stripe_refunds_by_itself(self, data: st.DataObject) -> None:
        """Take in a refund of the dashboard, though our own reservations may hold that money."""
        amount = data.draw(st.integers(1, self._left_at_stripe()), "amount")
        refund = succeeded(refund_of(self.sale, f"rf_{len(self.refunds)}", amount))
        self.refunds[refund.refund_id] = replace(refund, source="stripe")
        self.totals = self.totals.with_out(amount, (), 1)

    # The ledger.

    @precondition(_any_is(owed))
    @rule(data=st.data())
    def settle_one(self, data: st.DataObject) -> None:
        self._settle(self._pick(data, self.owed()))

    @precondition(_any_is(lambda books: books.refunds_in(REQUESTED | PENDING) or books.owed()))
    @rule()
    def let_all_that_is_under_way_settle(self) -> None:
        for refund in self.refunds_in(REQUESTED | PENDING):
            if refund.status is RefundStatus.PENDING or refund.amount <= self._left_at_stripe():
                self._move(refund, RefundStatus.SUCCEEDED)
            else:
                self._fail(refund, RefundStatus.FAILED)
        for refund in self.owed():
            self._settle(refund)

    @precondition(_any_is(lambda books: books.refunds_in(SETTLED)))
    @rule(data=st.data())
    def fail_late_and_settle(self, data: st.DataObject) -> None:
        self._settle(self._move(self._pick(data, self.refunds_in(SETTLED)), RefundStatus.FAILED))

    def _settle(self, refund: Refund) -> None:
        failed_late = refund.status is RefundStatus.FAILED
        settlement = settle(self.totals, refund, AT)
        facts = EntryFacts(
            settlement.kind, self.order.order_id, AT, refund_id=refund.refund_id, source="api"
        )
        entry, self.head = append(self.head, facts, settlement.amounts)
        self.entries.append(entry)
        self.totals = settlement.totals
        if failed_late:
            assert entry.kind == "refund_failed"
            assert entry.gross_amount == refund.amount
            kept = replace(settlement.refund, failed_seq=entry.seq)
            assert kept.history == refund.history
        else:
            assert entry.kind == "refund"
            assert entry.gross_amount == -refund.amount
            kept = replace(settlement.refund, settled_seq=entry.seq)
            assert kept.status is RefundStatus.SETTLED
            assert kept.net_deduction_amount == entry.net_amount
            assert kept.rev_share_reversed_amount == entry.rev_share_amount
            assert kept.stripe_fee_retained_amount == entry.stripe_fee_retained_amount
        self.refunds[refund.refund_id] = kept
        self.highest_reversal = max(self.highest_reversal, self._share_of_settled())
        assert not kept.settlement_owed

    # What must hold after every step.

    def _settled_amount(self) -> int:
        return sum(refund.amount for refund in self._settled())

    def _share(self, amount: int) -> int:
        """Return the part of the amount that the settled refunds are of the order."""
        total = self.order.total_amount
        return half_up(Fraction(amount * min(self._settled_amount(), total), total))

    def _share_of_settled(self) -> int:
        return self._share(self.order.rev_share_amount)

    @invariant()
    def out_is_what_is_in_flight_and_done(self) -> None:
        assert self.totals.out_amount == sum(each.amount for each in self._counted())

    @invariant()
    def tax_goes_back_with_the_money_and_all_of_it_with_the_last(self) -> None:
        back = sum(refund.tax_amount or 0 for refund in self._settled())
        assert self.totals.tax_refunded_amount == back
        assert sum(entry.tax_amount for entry in self.entries) == self.order.tax_amount - back
        assert 0 <= back <= self.order.tax_amount
        if self.totals.settled_amount == self.order.total_amount:
            assert back == self.order.tax_amount

    @invariant()
    def refundable_is_what_is_left_and_never_negative(self) -> None:
        assert self.totals.refundable_amount == self._left() >= 0

    @invariant()
    def no_more_than_the_total_goes_back(self) -> None:
        assert sum(each.amount for each in self.refunds_in(AT_STRIPE)) <= self.order.total_amount
        if all(refund.source == "api" for refund in self.refunds.values()):
            assert self.totals.out_amount <= self.order.total_amount
        taken_back_soon = sum(each.amount for each in self.refunds.values() if self._late(each))
        assert self.totals.settled_amount - taken_back_soon <= self.order.total_amount

    @invariant()
    def settled_is_what_the_ledger_holds(self) -> None:
        assert self.totals.settled_amount == self._settled_amount()
        assert self.totals.settled_amount == -sum(each.gross_amount for each in self.entries[1:])

    @invariant()
    def reversed_share_follows_what_is_settled(self) -> None:
        assert self.totals.rev_share_reversed_amount == self._share_of_settled()
        assert self.totals.rev_share_reversed_amount == sum(
            entry.rev_share_amount for entry in self.entries[1:]
        )

    @invariant()
    def reversed_share_is_all_of_it_at_full(self) -> None:
        if self._settled_amount() == self.order.total_amount:
            assert self.totals.rev_share_reversed_amount == self.order.rev_share_amount

    @invariant()
    def retained_fee_follows_what_is_settled_and_is_all_of_it_once_at_full(self) -> None:
        retained = sum(entry.stripe_fee_retained_amount for entry in self.entries)
        assert retained == self._share(self.order.stripe_fee_amount)
        if self._settled_amount() == self.order.total_amount:
            assert retained == self.order.stripe_fee_amount

    @invariant()
    def a_line_gives_back_no_more_than_it_cost_and_all_of_it_with_its_last_unit(self) -> None:
        for line in self.order.lines:
            out = self.totals.line_out(line.line_id)
            assert out == self._out_of(line)
            assert 0 <= out.quantity <= line.quantity
            assert 0 <= out.amount <= line.net_amount
            if out.quantity == line.quantity:
                assert out.amount == line.net_amount

    @invariant()
    def shown_of_a_line_is_what_is_left_of_it_or_of_the_order(self) -> None:
        for line in self.order.lines:
            left = line.net_amount - self._out_of(line).amount
            assert self.totals.line_refundable_amount(line) == min(left, self._left())

    @invariant()
    def fee_refund_target_only_grows_up_to_the_share(self) -> None:
        direct = self.order.account_id is not None
        target = self.totals.fee_refund_target_amount
        assert target == (self.highest_reversal if direct else 0)
        assert target <= self.order.rev_share_amount

    @invariant()
    def balances_are_the_sums_of_the_entries(self) -> None:
        assert self.head.payable_balance_amount == sum(each.payable_amount for each in self.entries)
        assert self.head.direct_balance_amount == sum(each.direct_amount for each in self.entries)

    @invariant()
    def both_balances_together_are_what_the_studio_has_of_the_order(self) -> None:
        order = self.order
        has = order.total_amount - order.stripe_fee_amount - order.rev_share_amount
        has += self._share_of_settled() - self._settled_amount()
        both = self.head.payable_balance_amount + self.head.direct_balance_amount
        assert both == has

    @invariant()
    def direct_charges_move_payable_only_by_share_that_is_owed_back(self) -> None:
        if self.order.account_id is None:
            assert self.head.direct_balance_amount == 0
        else:
            owed_back = self.highest_reversal - self._share_of_settled()
            assert self.head.payable_balance_amount == -owed_back

    @invariant()
    def the_chain_verifies(self) -> None:
        contents = [entry.content() for entry in self.entries]
        assert verify_chain(contents, self.head) == (len(self.entries), None)


def test_the_money_adds_up_after_every_step_of_any_sequence() -> None:
    run_state_machine_as_test(Books, settings=settings(max_examples=80, stateful_step_count=40))
