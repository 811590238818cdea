"""The steps that may change a studio's money, for a state machine that takes them in any order.

The steps call the domain's own functions, and check what each call returns.
"""

from collections.abc import Callable, Sequence

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from shared.domain.adjustment import MAX_AMOUNT
from shared.domain.dispute import Dispute, DisputeStatus
from shared.domain.errors import (
    AmountExceedsRefundableError,
    AmountTooSmallError,
    ChargeDisputedError,
    NothingRefundableError,
    QuantityExceedsRefundableError,
)
from shared.domain.order import SHIPPING_LINE_ID
from shared.domain.payout import Payout, PayoutStatus, expected_payout
from shared.domain.payout_booking import fail
from shared.domain.refund import PaidBy, Refund, RefundStatus, RefundType, Resolution
from shared.domain.refund_quote import ChosenLine, RefundChoice, RefundQuote, quote_refund
from shared.domain.reservation import resolve
from shared.domain.settlement import next_to_settle
from shared.domain.tax import negated, parts_of_text

from .order_books import ALIVE, OrderBooks
from .orders import AT, CURRENCIES, Sold, hundred_dollars, renamed, sold_orders
from .studio_books import DISPUTED_AT, StudioBooks

ORDERS, ADJUSTMENTS = 4, 3
ANY_ORDER = st.one_of(st.builds(hundred_dollars, direct=st.booleans()), sold_orders())

REQUESTED, PENDING = RefundStatus.REQUESTED, RefundStatus.PENDING
SUCCEEDED, SETTLED = RefundStatus.SUCCEEDED, RefundStatus.SETTLED
FAILED, CANCELED = RefundStatus.FAILED, RefundStatus.CANCELED

CLOSING, TRANSFERRING = PayoutStatus.CLOSING, PayoutStatus.TRANSFERRING
ENDED = frozenset(PayoutStatus) - {CLOSING, TRANSFERRING}


def _when(there_are: Callable[[StudioBooks], Sequence[object]]) -> Callable[["MoneyRules"], bool]:
    """Return the precondition that the books have at least one of these."""
    return lambda machine: bool(there_are(machine.books))


def _refundable(books: StudioBooks) -> list[OrderBooks]:
    return [sale for sale in books.sales.values() if sale.left() and sale not in _blocked(books)]


def _blocked(books: StudioBooks) -> list[OrderBooks]:
    return [sale for sale in books.sales.values() if sale.state.blocks_refunds]


def _refundable_in_units(books: StudioBooks) -> list[OrderBooks]:
    return [sale for sale in _refundable(books) if sale.units_left()]


def _refundable_at_stripe(books: StudioBooks) -> list[OrderBooks]:
    return [sale for sale in books.sales.values() if sale.left_at_stripe() > 0]


def _failed_and_payable(books: StudioBooks) -> list[tuple[OrderBooks, Refund]]:
    return [
        (sale, refund)
        for sale, refund in books.refunds(FAILED)
        if refund.resolution is None and refund.amount <= sale.left()
    ]


def _fees_owed(books: StudioBooks) -> list[OrderBooks]:
    return [each for each in books.sales.values() if each.fee.is_open and not _asked(each)]


def _fees_asked(books: StudioBooks) -> list[OrderBooks]:
    return [each for each in books.sales.values() if _asked(each)]


def _reversible(books: StudioBooks) -> list[Payout]:
    paid = books.payouts_in(PayoutStatus.PAID)
    return [each for each in paid if each.reversed_amount < each.paid_amount]


def _may_be_older_than_the_ledger(sale: OrderBooks) -> bool:
    """Return whether a dispute's next news may be from before the ledger.

    Of direct charges, the earlier books would have settled the share with the studio, too.
    """
    is_old = sale.state.ledger_starts_at is not None
    return is_old and not sale.direct and not sale.disputes_to_book()


def _asked(sale: OrderBooks) -> bool:
    return sale.fee.in_flight_amount > 0


def _quote(sale: OrderBooks, choice: RefundChoice) -> RefundQuote:
    return quote_refund(sale.order, sale.state, choice)


class MoneyRules(RuleBasedStateMachine):
    """A studio from its first sale on: what staff, Stripe, settlement and payouts may do."""

    books: StudioBooks

    @initialize(currency=st.sampled_from(CURRENCIES), sold=ANY_ORDER)
    def begin(self, currency: str, sold: Sold) -> None:
        self.books = StudioBooks(currency)
        self.sell(sold)

    @precondition(lambda self: len(self.books.sales) < ORDERS)
    @rule(sold=ANY_ORDER, before_ledger=st.booleans())
    def sell(self, sold: Sold, *, before_ledger: bool = False) -> None:
        order_id = f"ord_{len(self.books.sales)}"
        sale = renamed(sold, order_id, self.books.head.currency)
        self.books.sell(sale, before_ledger=before_ledger)

    # Staff.

    @precondition(_when(_refundable))
    @rule(data=st.data())
    def refund_all_that_is_left(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(_refundable(self.books)), "order")
        quote = _quote(sale, RefundChoice(RefundType.FULL))
        assert quote.amount == sale.left()
        self.books.reserve(sale, quote)

    @precondition(_when(_refundable))
    @rule(data=st.data())
    def refund_an_amount(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(_refundable(self.books)), "order")
        amount = data.draw(st.integers(1, sale.left()), "amount")
        quote = _quote(sale, RefundChoice(RefundType.PARTIAL, amount=amount))
        assert quote == RefundQuote("ch_1", amount)
        self.books.reserve(sale, quote)

    @rule(data=st.data(), more=st.integers(1, 10_000))
    def refuse_more_than_is_left(self, data: st.DataObject, more: int) -> None:
        sale = data.draw(st.sampled_from(list(self.books.sales.values())), "order")
        refusals = AmountExceedsRefundableError, NothingRefundableError, ChargeDisputedError
        with pytest.raises(refusals):
            _quote(sale, RefundChoice(RefundType.PARTIAL, amount=sale.left() + more))

    @precondition(_when(_refundable_in_units))
    @rule(data=st.data())
    def refund_units_of_lines(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(_refundable_in_units(self.books)), "order")
        chosen = data.draw(
            st.lists(st.sampled_from(sale.units_left()), min_size=1, unique=True), "lines"
        )
        picked = [(line, data.draw(st.integers(1, units), line.line_id)) for line, units in chosen]
        goods = [
            ChosenLine(line.line_id, units)
            for line, units in picked
            if line.line_id != SHIPPING_LINE_ID
        ]
        choice = RefundChoice(
            RefundType.LINE_ITEMS, lines=tuple(goods), shipping=len(goods) < len(picked)
        )
        owed = sum(sale.money_of(line, units) for line, units in picked)
        if owed > sale.left():
            with pytest.raises(AmountExceedsRefundableError):
                _quote(sale, choice)
        elif owed == 0:
            with pytest.raises(AmountTooSmallError):
                _quote(sale, choice)
        else:
            quote = _quote(sale, choice)
            assert quote.amount == owed == sum(item.amount for item in quote.items)
            self.books.reserve(sale, quote)

    @precondition(_when(_refundable_in_units))
    @rule(data=st.data(), more=st.integers(1, 20))
    def refuse_more_units_than_are_left(self, data: st.DataObject, more: int) -> None:
        sale = data.draw(st.sampled_from(_refundable_in_units(self.books)), "order")
        line, units = data.draw(st.sampled_from(sale.units_left()), "line")
        if line.line_id != SHIPPING_LINE_ID:
            lines = (ChosenLine(line.line_id, units + more),)
            with pytest.raises(QuantityExceedsRefundableError):
                _quote(sale, RefundChoice(RefundType.LINE_ITEMS, lines=lines))

    @precondition(_when(_failed_and_payable))
    @rule(data=st.data())
    def pay_a_failed_refund_by_check(self, data: st.DataObject) -> None:
        sale, refund = data.draw(st.sampled_from(_failed_and_payable(self.books)), "refund")
        check = Resolution(PaidBy.CHECK, "no. 1", AT, "ana")
        sale.state, sale.refunds[refund.refund_id] = resolve(sale.state, refund, check)

    # Stripe.

    @precondition(_when(lambda books: books.refunds(REQUESTED)))
    @rule(data=st.data(), status=st.sampled_from([PENDING, SUCCEEDED]))
    def stripe_answers(self, data: st.DataObject, status: RefundStatus) -> None:
        """Stripe makes the refund, or refuses it if others took that money meanwhile."""
        sale, refund = data.draw(st.sampled_from(self.books.refunds(REQUESTED)), "refund")
        enough = refund.amount <= sale.left_at_stripe()
        self.books.move(sale, refund, status if enough else FAILED)

    @precondition(_when(lambda books: books.refunds(PENDING)))
    @rule(data=st.data())
    def stripe_confirms(self, data: st.DataObject) -> None:
        sale, refund = data.draw(st.sampled_from(self.books.refunds(PENDING)), "refund")
        self.books.move(sale, refund, SUCCEEDED)

    @precondition(_when(lambda books: books.refunds(*ALIVE)))
    @rule(data=st.data(), status=st.sampled_from([FAILED, CANCELED]))
    def stripe_fails(self, data: st.DataObject, status: RefundStatus) -> None:
        sale, refund = data.draw(st.sampled_from(self.books.refunds(*ALIVE)), "refund")
        self.books.move(sale, refund, FAILED if refund.status is SETTLED else status)

    @precondition(_when(_refundable_at_stripe))
    @rule(data=st.data())
    def an_external_refund_is_made(self, data: st.DataObject) -> None:
        """Record an external refund, even of money that our own reservations hold."""
        sale = data.draw(st.sampled_from(_refundable_at_stripe(self.books)), "order")
        self.books.record_external_refund(
            sale, data.draw(st.integers(1, sale.left_at_stripe()), "amount")
        )

    @rule(
        data=st.data(),
        number=st.integers(1, 2),
        status=st.sampled_from(DisputeStatus),
        fee=st.sampled_from([0, 1500]),
        refundable=st.booleans(),
        earlier=st.booleans(),
    )
    def stripe_reports_a_dispute(  # noqa: PLR0913 - a dispute has these parts
        self,
        data: st.DataObject,
        number: int,
        status: DisputeStatus,
        fee: int,
        *,
        refundable: bool,
        earlier: bool,
    ) -> None:
        """Take or give back any part of the charge, in any state of a dispute.

        Of an old order it may have happened before the ledger started.
        """
        sale = data.draw(st.sampled_from(list(self.books.sales.values())), "order")
        dispute_id = f"dp_{number}"
        known = sale.disputes.get(dispute_id)
        most = max(0, sale.left_at_stripe() + (known.withdrawn_amount if known else 0))
        taken = data.draw(st.integers(0, most), "withdrawn")
        self.books.report_dispute(
            sale,
            Dispute(
                dispute_id,
                status,
                sale.order.total_amount,
                is_charge_refundable=refundable,
                created_at=DISPUTED_AT,
                withdrawn_amount=taken,
                fee_amount=fee,
            ),
            before_ledger=earlier and _may_be_older_than_the_ledger(sale),
        )

    @precondition(_when(StudioBooks.disputed))
    @rule(data=st.data())
    def book_the_disputes(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(self.books.disputed()), "order")
        self.books.book_disputes(sale)
        assert not self.books.book_disputes(sale)

    @precondition(_when(_blocked))
    @rule(data=st.data())
    def refuse_to_refund_a_disputed_charge(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(_blocked(self.books)), "order")
        with pytest.raises(ChargeDisputedError):
            _quote(sale, RefundChoice(RefundType.FULL))

    @precondition(_when(_fees_owed))
    @rule(data=st.data())
    def ask_for_an_application_fee(self, data: st.DataObject) -> None:
        sale = data.draw(st.sampled_from(_fees_owed(self.books)), "order")
        before = sale.fee
        self.books.begin_fee_refund(sale)
        assert sale.fee.idempotency_key != before.idempotency_key
        assert sale.fee.in_flight_amount > 0

    @precondition(_when(_fees_asked))
    @rule(data=st.data(), made=st.booleans())
    def stripe_refunds_an_application_fee(self, data: st.DataObject, *, made: bool) -> None:
        sale = data.draw(st.sampled_from(_fees_asked(self.books)), "order")
        self.books.end_fee_refund(sale, made=made)

    # Settlement.

    @precondition(_when(StudioBooks.owed))
    @rule(data=st.data())
    def settle_one(self, data: st.DataObject) -> None:
        sale, refund = data.draw(st.sampled_from(self.books.owed()), "refund")
        self._settle(sale, next_to_settle(sale.refunds.values(), refund))

    @precondition(_when(StudioBooks.owed))
    @rule(data=st.data())
    def settle_several_together(self, data: st.DataObject) -> None:
        """Settle a batch of messages at once: of any orders, in any order, with repeats."""
        before = self.books.head
        owed = self.books.owed()
        batch = data.draw(st.lists(st.sampled_from(owed), min_size=1, max_size=10), "batch")
        changed = self.books.settle_together(batch)
        assert not any(each.settlement_owed for each in changed)
        assert {(each.order_id, each.refund_id) for each in changed} >= {
            (refund.order_id, refund.refund_id) for _, refund in batch
        }
        assert self.books.head.seq == before.seq + len(changed)

    @rule()
    def settle_everything_that_is_pending(self) -> None:
        for sale, refund in self.books.refunds(REQUESTED, PENDING):
            enough = refund.status is PENDING or refund.amount <= sale.left_at_stripe()
            self.books.move(sale, refund, SUCCEEDED if enough else FAILED)
        while owed := self.books.owed():
            sale, refund = owed[0]
            self._settle(sale, next_to_settle(sale.refunds.values(), refund))

    @precondition(_when(lambda books: books.refunds(SETTLED)))
    @rule(data=st.data())
    def fail_late_and_settle(self, data: st.DataObject) -> None:
        sale, refund = data.draw(st.sampled_from(self.books.refunds(SETTLED)), "refund")
        self.books.move(sale, refund, FAILED)
        self._settle(sale, sale.refunds[refund.refund_id])

    def _settle(self, sale: OrderBooks, refund: Refund) -> None:
        entry, after = self.books.settle(sale, refund)
        assert not after.settlement_owed
        if refund.status is FAILED:
            assert (entry.kind, entry.gross_amount) == ("refund_failed", refund.amount)
            assert after.history == refund.history
            assert sale.overlapped or parts_of_text(entry.tax_parts) == refund.tax_parts
            return
        assert (entry.kind, entry.gross_amount) == ("refund", -refund.amount)
        assert after.status is SETTLED
        assert parts_of_text(entry.tax_parts) == negated(after.tax_parts)
        assert after.net_deduction_amount == entry.net_amount
        assert after.rev_share_reversed_amount == entry.rev_share_amount
        assert after.stripe_fee_retained_amount == entry.stripe_fee_retained_amount

    # PPS.

    @precondition(lambda self: len(self.books.adjusted) < ADJUSTMENTS)
    @rule(amount=st.integers(-MAX_AMOUNT, MAX_AMOUNT).filter(bool))
    def adjust(self, amount: int) -> None:
        entry = self.books.adjust(amount)
        assert (entry.kind, entry.payable_amount) == ("adjustment", amount)

    # Payouts.

    @rule(data=st.data(), days=st.integers(1, 7), held=st.integers(0, 20_000))
    def pay_out_a_period(self, data: st.DataObject, days: int, held: int) -> None:
        """Pay out what was entered up to some entry, while later ones are there already."""
        first, last = self.books.last_closable(), self.books.head.seq
        self._pay_out(days, data.draw(st.integers(first, last), "last entry"), held)

    @rule(made=st.booleans())
    def pay_out_to_the_end(self, *, made: bool) -> None:
        payout = self._pay_out(7, self.books.head.seq)
        if payout.is_open:
            self._end_transfer(self.books.begin_transfer(payout), made=made)

    def _pay_out(self, days: int, last_seq: int, held: int = 0) -> Payout:
        before, owed = self.books.head, self.books.entries[last_seq - 1].payable_balance_amount
        foreseen, _ = expected_payout(owed, "acct_1", held)
        payout = self.books.pay_out("acct_1", days, last_seq, held)
        assert payout.paid_amount == foreseen <= max(0, owed)
        assert payout.total_amount == owed
        assert payout.is_open == (payout.paid_amount > 0)
        left = self.books.head.payable_balance_amount
        assert left == before.payable_balance_amount - payout.paid_amount
        assert (payout.first_seq, payout.last_seq) == (before.closed_seq + 1, last_seq)
        return payout

    @precondition(_when(_reversible))
    @rule(data=st.data())
    def stripe_takes_a_transfer_back(self, data: st.DataObject) -> None:
        payout = data.draw(st.sampled_from(_reversible(self.books)), "payout")
        left = payout.paid_amount - payout.reversed_amount
        self.books.reverse_transfer(payout, data.draw(st.integers(1, left), "amount"))

    @precondition(_when(lambda books: books.payouts_in(CLOSING, TRANSFERRING)))
    @rule(data=st.data())
    def begin_a_transfer(self, data: st.DataObject) -> None:
        waiting = self.books.payouts_in(CLOSING, TRANSFERRING)
        payout = data.draw(st.sampled_from(waiting), "payout")
        assert self.books.begin_transfer(payout).idempotency_key != payout.idempotency_key

    @precondition(_when(lambda books: books.payouts_in(TRANSFERRING)))
    @rule(data=st.data(), made=st.booleans())
    def stripe_transfers(self, data: st.DataObject, *, made: bool) -> None:
        payout = data.draw(st.sampled_from(self.books.payouts_in(TRANSFERRING)), "payout")
        self._end_transfer(payout, made=made)

    def _end_transfer(self, payout: Payout, *, made: bool) -> None:
        if made:
            self.books.end_transfer(payout)
        else:
            assert self.books.fail_transfer(payout).carried_amount == payout.total_amount

    @precondition(_when(lambda books: books.payouts_in(*ENDED)))
    @rule(data=st.data())
    def refuse_to_move_a_payout_that_has_ended(self, data: st.DataObject) -> None:
        payout = data.draw(st.sampled_from(self.books.payouts_in(*ENDED)), "payout")
        for move in (
            lambda: payout.with_new_attempt(AT),
            lambda: payout.paid("tr_2", AT),
            lambda: fail(payout, self.books.head, "again", AT),
        ):
            with pytest.raises(ValueError, match=payout.payout_id):
                move()
