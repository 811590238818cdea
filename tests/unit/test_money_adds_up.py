"""Any sequence of sales, refunds, confirmations, failures and payouts: the money adds up.

The machine plays staff, Stripe, the settlement and the payout run in any order, by the domain's own
functions. After every step the books are held to what Stripe has moved, and to figures that are
worked out anew from the refunds, in another way than the domain does.
"""

from collections.abc import Callable, Sequence

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
from shared.domain.ledger import LedgerEntry, verify_chain
from shared.domain.order import SHIPPING_LINE_ID
from shared.domain.payout import Payout, PayoutStatus, expected_payout, fail, is_worth_closing
from shared.domain.refund import PaidBy, Refund, RefundStatus, RefundType, Resolution
from shared.domain.refund_quote import ChosenLine, RefundChoice, RefundQuote, quote_refund
from shared.domain.reservation import resolve
from shared.domain.settlement import next_to_settle
from shared.domain.statement import LineRange, Statement, statement_of

from .examples import scaled
from .orders import AT, CURRENCIES, Sold, hundred_dollars, renamed, sold_orders
from .studio_books import ALIVE, AT_STRIPE, Sale, StudioBooks

ORDERS = 4
ANY_ORDER = st.one_of(st.builds(hundred_dollars, direct=st.booleans()), sold_orders())

REQUESTED, PENDING = RefundStatus.REQUESTED, RefundStatus.PENDING
SUCCEEDED, SETTLED = RefundStatus.SUCCEEDED, RefundStatus.SETTLED
FAILED, CANCELED = RefundStatus.FAILED, RefundStatus.CANCELED

CLOSING, TRANSFERRING = PayoutStatus.CLOSING, PayoutStatus.TRANSFERRING
ENDED = frozenset(PayoutStatus) - {CLOSING, TRANSFERRING}


def _when(there_are: Callable[[StudioBooks], Sequence[object]]) -> Callable[["Money"], bool]:
    """Return the precondition that the books have any of them."""
    return lambda machine: bool(there_are(machine.books))


def _refundable(books: StudioBooks) -> list[Sale]:
    return [sale for sale in books.sales.values() if sale.left()]


def _refundable_in_units(books: StudioBooks) -> list[Sale]:
    return [sale for sale in _refundable(books) if sale.units_left()]


def _refundable_at_stripe(books: StudioBooks) -> list[Sale]:
    return [sale for sale in books.sales.values() if sale.left_at_stripe()]


def _failed_and_payable(books: StudioBooks) -> list[tuple[Sale, Refund]]:
    return [
        (sale, refund)
        for sale, refund in books.refunds(FAILED)
        if refund.resolution is None and refund.amount <= sale.left()
    ]


def _fees_owed(books: StudioBooks) -> list[Sale]:
    return [each for each in books.sales.values() if each.fee.is_open and not _asked(each)]


def _fees_asked(books: StudioBooks) -> list[Sale]:
    return [each for each in books.sales.values() if _asked(each)]


def _asked(sale: Sale) -> bool:
    return sale.fee.in_flight_amount > 0


def _quote(sale: Sale, choice: RefundChoice) -> RefundQuote:
    return quote_refund(sale.order, sale.state, choice)


class Money(RuleBasedStateMachine):
    """A studio from its first sale on."""

    books: StudioBooks

    @initialize(currency=st.sampled_from(CURRENCIES), sold=ANY_ORDER)
    def begin(self, currency: str, sold: Sold) -> None:
        self.books = StudioBooks(currency)
        self.sell(sold)

    @precondition(lambda self: len(self.books.sales) < ORDERS)
    @rule(sold=ANY_ORDER)
    def sell(self, sold: Sold) -> None:
        order_id = f"ord_{len(self.books.sales)}"
        self.books.sell(renamed(sold, order_id, self.books.head.currency))

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
        with pytest.raises((AmountExceedsRefundableError, NothingRefundableError)):
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
        """Stripe makes the refund, or refuses it where others took that money meanwhile."""
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
    def stripe_refunds_by_itself(self, data: st.DataObject) -> None:
        """Take in a refund of the dashboard, though our own reservations may hold that money."""
        sale = data.draw(st.sampled_from(_refundable_at_stripe(self.books)), "order")
        self.books.record_external_refund(
            sale, data.draw(st.integers(1, sale.left_at_stripe()), "amount")
        )

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

    @rule()
    def let_all_that_is_under_way_settle(self) -> None:
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

    def _settle(self, sale: Sale, refund: Refund) -> None:
        entry, after = self.books.settle(sale, refund)
        assert not after.settlement_owed
        if refund.status is FAILED:
            assert (entry.kind, entry.gross_amount) == ("refund_failed", refund.amount)
            assert after.history == refund.history
            return
        assert (entry.kind, entry.gross_amount) == ("refund", -refund.amount)
        assert after.status is SETTLED
        assert after.net_deduction_amount == entry.net_amount
        assert after.rev_share_reversed_amount == entry.rev_share_amount
        assert after.stripe_fee_retained_amount == entry.stripe_fee_retained_amount

    # Payouts.

    @precondition(lambda self: is_worth_closing(self.books.head, "acct_1"))
    @rule(account=st.sampled_from(["acct_1", "acct_1", None]), days=st.integers(1, 7))
    def pay_out(self, account: str | None, days: int) -> None:
        self._pay_out(account, days)

    @precondition(lambda self: is_worth_closing(self.books.head, "acct_1"))
    @rule(made=st.booleans())
    def pay_out_to_the_end(self, *, made: bool) -> None:
        payout = self._pay_out("acct_1", 7)
        if payout.is_open:
            self._end_transfer(self.books.begin_transfer(payout), made=made)

    def _pay_out(self, account: str | None, days: int) -> Payout:
        before = self.books.head
        foreseen, _ = expected_payout(before.payable_balance_amount, account)
        payout = self.books.pay_out(account, days)
        assert payout.paid_amount == foreseen
        assert payout.total_amount == before.payable_balance_amount
        assert payout.is_open == (payout.paid_amount > 0)
        assert self.books.head.payable_balance_amount == payout.carried_amount
        assert (payout.first_seq, payout.last_seq) == (before.closed_seq + 1, before.seq)
        return payout

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

    # What must hold after every step: of all that anybody has.

    @invariant()
    def what_parent_studio_pps_and_stripe_hold_adds_up_to_zero(self) -> None:
        """As the refunds, the ledger and the orders' state each say for themselves."""
        sales, head = self.books.sales.values(), self.books.head
        parent = sum(sale.settled_amount() - sale.order.total_amount for sale in sales)
        studio = head.payable_balance_amount + head.direct_balance_amount + self._paid()
        pps = sum(self._kept(sale) for sale in sales)
        stripe = sum(sale.order.stripe_fee_amount for sale in sales)
        assert parent + studio + pps + stripe == 0

    @invariant()
    def the_books_know_where_the_money_is(self) -> None:
        """Each account has what the books say, but for what is on its way to or from the books."""
        cash, head = self.books.cash, self.books.head
        direct = [sale for sale in self.books.sales.values() if sale.direct]
        platform = [sale for sale in self.books.sales.values() if not sale.direct]
        fees_to_come = sum(sale.fee.target_amount - sale.fee.refunded_amount for sale in direct)
        transfers_to_come = sum(each.paid_amount for each in self.books.payouts.values())
        transfers_to_come -= self._transferred()

        studio = head.direct_balance_amount + self._transferred() - fees_to_come
        assert cash["studio"] == studio - sum(sale.not_booked_yet() for sale in direct)
        pps = head.payable_balance_amount + transfers_to_come + fees_to_come
        pps += sum(self._kept(sale) for sale in self.books.sales.values())
        assert cash["pps"] == pps - sum(sale.not_booked_yet() for sale in platform)
        fees = sum(sale.order.stripe_fee_amount for sale in self.books.sales.values())
        assert cash["stripe"] == fees
        assert sum(cash.values()) == 0

    def _kept(self, sale: Sale) -> int:
        return sale.order.rev_share_amount - sale.state.rev_share_reversed_amount

    def _paid(self) -> int:
        return sum(payout.paid_amount for payout in self.books.payouts.values())

    def _transferred(self) -> int:
        return sum(each.paid_amount for each in self.books.payouts_in(PayoutStatus.PAID))

    # Of each order.

    @invariant()
    def refundable_is_what_is_left_and_never_negative(self) -> None:
        for sale in self.books.sales.values():
            assert sale.state.committed_amount == sum(each.amount for each in sale.counted())
            assert sale.state.paid_otherwise_amount == sale.paid_otherwise()
            assert sale.state.refundable_amount == sale.left() >= 0

    @invariant()
    def no_more_than_the_total_goes_back(self) -> None:
        for sale in self.books.sales.values():
            total = sale.order.total_amount
            assert sum(each.amount for each in sale.refunds_in(AT_STRIPE)) <= total
            if all(refund.source == "api" for refund in sale.refunds.values()):
                assert sale.state.committed_amount <= total

    @invariant()
    def an_order_settles_by_the_formula_and_to_the_last_cent(self) -> None:
        for sale in self.books.sales.values():
            state, order = sale.state, sale.order
            assert state.settled_amount == sale.settled_amount()
            assert state.rev_share_reversed_amount == sale.reversed_share()
            back = sum(refund.tax_amount or 0 for refund in sale.settled())
            assert state.tax_refunded_amount == back
            assert 0 <= back <= order.tax_amount
            if state.settled_amount == order.total_amount:
                assert state.rev_share_reversed_amount == order.rev_share_amount
                assert back == order.tax_amount

    @invariant()
    def an_orders_entries_come_to_what_its_totals_say(self) -> None:
        for sale in self.books.sales.values():
            first, *later = self._entries_of(sale)
            assert first.gross_amount == sale.order.total_amount
            assert -sum(each.gross_amount for each in later) == sale.state.settled_amount
            reversed_share = sum(each.rev_share_amount for each in later)
            assert reversed_share == sale.state.rev_share_reversed_amount
            assert -sum(each.tax_amount for each in later) == sale.state.tax_refunded_amount

    @invariant()
    def stripes_fee_is_never_credited_and_is_retained_once_at_full(self) -> None:
        for sale in self.books.sales.values():
            fee, entries = sale.order.stripe_fee_amount, self._entries_of(sale)
            assert [each.stripe_fee_amount for each in entries] == [-fee, *[0] * (len(entries) - 1)]
            retained = sum(each.stripe_fee_retained_amount for each in entries)
            assert retained == sale.share(fee)
            if sale.settled_amount() == sale.order.total_amount:
                assert retained == fee

    @invariant()
    def a_line_gives_back_no_more_than_it_cost_and_all_of_it_with_its_last_unit(self) -> None:
        for sale in self.books.sales.values():
            for line in sale.order.lines:
                out = sale.state.line_committed(line.line_id)
                assert out == sale.out_of(line)
                assert 0 <= out.quantity <= line.quantity
                assert 0 <= out.amount <= line.net_amount
                if out.quantity == line.quantity:
                    assert out.amount == line.net_amount
                shown = sale.state.line_refundable_amount(line)
                assert shown == min(line.net_amount - out.amount, sale.left())

    @invariant()
    def direct_charges_move_payable_only_by_share_that_is_owed_back(self) -> None:
        for sale in self.books.sales.values():
            payable = sum(each.payable_amount for each in self._entries_of(sale))
            direct = sum(each.direct_amount for each in self._entries_of(sale))
            if sale.direct:
                assert payable == sale.reversed_share() - sale.highest_reversal
            else:
                assert direct == 0

    @invariant()
    def the_application_fee_goes_back_once_and_never_more_than_was_reversed(self) -> None:
        for sale in self.books.sales.values():
            target = sale.state.fee_refund_target_amount
            assert target == (sale.highest_reversal if sale.direct else 0)
            assert sale.fee.refunded_amount + sale.fee.in_flight_amount <= target
            assert target <= sale.order.rev_share_amount

    def _entries_of(self, sale: Sale) -> list[LedgerEntry]:
        return [each for each in self.books.entries if each.order_id == sale.order.order_id]

    # Of the ledger and its payouts.

    @invariant()
    def balances_are_the_sums_of_the_entries(self) -> None:
        head, entries = self.books.head, self.books.entries
        assert head.payable_balance_amount == sum(each.payable_amount for each in entries)
        assert head.direct_balance_amount == sum(each.direct_amount for each in entries)

    @invariant()
    def payouts_and_balance_are_the_sum_of_the_entries_of_orders(self) -> None:
        earned = [each for each in self.books.entries if each.order_id is not None]
        balance = self.books.head.payable_balance_amount
        assert self._paid() + balance == sum(each.payable_amount for each in earned)

    @invariant()
    def a_payout_is_paid_and_carried_in_full(self) -> None:
        for payout in self.books.payouts.values():
            assert payout.total_amount == payout.paid_amount + payout.carried_amount
            assert payout.paid_amount >= 0

    @invariant()
    def every_entry_is_in_one_payout_or_open(self) -> None:
        head = self.books.head
        statements = [self._statement(head.closed_seq + 1, head.seq)]
        assert statements[0].total_amount == head.payable_balance_amount
        for payout in self.books.payouts.values():
            statements.append(self._statement(payout.first_seq, payout.last_seq))
            assert statements[-1].total_amount == payout.total_amount
        shown = [line.seq for statement in statements for line in statement.lines]
        not_closing = [entry.seq for entry in self.books.entries if entry.kind != "payout"]
        assert sorted(seq for seq in shown if seq is not None) == not_closing

    def _statement(self, first: int, last: int) -> Statement:
        read = self.books.entries[max(1, first - 1) - 1 : last]
        return statement_of(read, first, last, LineRange())

    @invariant()
    def the_chain_verifies(self) -> None:
        entries = self.books.entries
        contents = [entry.content() for entry in entries]
        assert verify_chain(contents, self.books.head) == (len(entries), None)


def test_the_money_adds_up_after_every_step_of_any_sequence() -> None:
    sequences = settings(max_examples=scaled(250), stateful_step_count=50)
    run_state_machine_as_test(Money, settings=sequences)
