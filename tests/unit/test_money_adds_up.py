"""After any sequence of sales, refunds, failures, adjustments and payouts, the money adds up.

The machine plays staff, PPS, Stripe, the settlement and the payout run in any order. After every
step it compares the books with what Stripe has moved, and with figures that it computes again from
the refunds, in another way than the domain does.
"""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis.stateful import invariant, run_state_machine_as_test

from shared.domain.ledger import LedgerEntry
from shared.domain.ledger_chain import verify_chain
from shared.domain.payout import PayoutStatus
from shared.domain.statement import LineRange, Statement, StatementRange, statement_of
from shared.domain.tax import parts_of_text

from .examples import scaled
from .money_rules import MoneyRules
from .order_books import AT_STRIPE, OrderBooks
from .orders import STUDIO


class Money(MoneyRules):
    """A studio's money, with what must hold after every step."""

    # Of all money.

    @invariant()
    def what_parent_studio_pps_and_stripe_hold_adds_up_to_zero(self) -> None:
        """By the refunds, the ledger and the orders' state, each alone."""
        sales, head = self.books.sales.values(), self.books.head
        parent = sum(sale.returned() - sale.order.total_amount for sale in sales)
        studio = head.payable_balance_amount + head.direct_balance_amount + self._paid()
        studio += self._elsewhere()
        pps = sum(self._kept(sale) for sale in sales) - sum(self.books.adjusted)
        stripe = sum(sale.order.stripe_fee_amount + sale.disputes_booked()[1] for sale in sales)
        assert parent + studio + pps + stripe == 0

    @invariant()
    def the_books_know_where_the_money_is(self) -> None:
        """Each account has what the books say, except for what is still on its way."""
        cash, head = self.books.cash, self.books.head
        direct = [sale for sale in self.books.sales.values() if sale.direct]
        platform = [sale for sale in self.books.sales.values() if not sale.direct]
        fees_to_come = sum(sale.fee.target_amount - sale.fee.refunded_amount for sale in direct)
        transfers_to_come = self._paid() - self._transferred()

        studio = head.direct_balance_amount + self._transferred() - fees_to_come
        studio += self._elsewhere()
        assert cash["studio"] == studio - sum(sale.not_booked_yet() for sale in direct)
        pps = head.payable_balance_amount + transfers_to_come + fees_to_come
        pps += sum(self._kept(sale) for sale in self.books.sales.values())
        pps -= sum(self.books.adjusted)
        assert cash["pps"] == pps - sum(sale.not_booked_yet() for sale in platform)
        sales = self.books.sales.values()
        fees = sum(sale.order.stripe_fee_amount + sale.dispute_fees() for sale in sales)
        assert cash["stripe"] == fees
        assert sum(cash.values()) == 0

    def _kept(self, sale: OrderBooks) -> int:
        return sale.order.rev_share_amount - sale.state.rev_share_reversed_amount

    def _elsewhere(self) -> int:
        """Return what the studio got before the ledger started."""
        return sum(each.elsewhere_amount or 0 for each in self.books.entries)

    def _paid(self) -> int:
        payouts = self.books.payouts.values()
        return sum(each.paid_amount - each.reversed_amount for each in payouts)

    def _transferred(self) -> int:
        paid = self.books.payouts_in(PayoutStatus.PAID)
        return sum(each.paid_amount - each.reversed_amount for each in paid)

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
            refunded = sum(each.amount for each in sale.refunds_in(AT_STRIPE))
            assert refunded + sale.withdrawn() <= total
            if all(refund.source == "api" for refund in sale.refunds.values()):
                assert sale.state.committed_amount <= total

    @invariant()
    def an_order_settles_by_the_formula_and_to_the_last_cent(self) -> None:
        for sale in self.books.sales.values():
            state, order = sale.state, sale.order
            assert state.settled_amount == sale.settled_amount()
            assert state.rev_share_reversed_amount == sale.reversed_share()
            back = sum(refund.tax_amount or 0 for refund in sale.settled())
            back += sum(dispute.tax_amount for dispute in state.disputes)
            assert state.tax_refunded_amount == back or sale.overlapped
            assert 0 <= state.tax_refunded_amount <= order.tax_amount
            if state.returned_amount == order.total_amount:
                assert state.rev_share_reversed_amount == order.rev_share_amount
                assert state.tax_refunded_amount == order.tax_amount

    @invariant()
    def an_orders_entries_add_up_to_its_state(self) -> None:
        for sale in self.books.sales.values():
            first, *later = self._entries_of(sale)
            assert first.gross_amount == sale.order.total_amount
            assert -sum(each.gross_amount for each in later) == sale.state.returned_amount
            reversed_share = sum(each.rev_share_amount for each in later)
            assert reversed_share == sale.state.rev_share_reversed_amount
            assert -sum(each.tax_amount for each in later) == sale.state.tax_refunded_amount

    @invariant()
    def the_parts_of_tax_add_up_and_none_returns_more_than_was_sold(self) -> None:
        for sale in self.books.sales.values():
            state, sold = sale.state, sale.tax_sold()
            returned = Counter({each[:2]: each.refunded_amount for each in state.tax_parts})
            assert sum(returned.values()) == (state.tax_refunded_amount if sold else 0)
            assert all(0 <= returned[tax] <= sold[tax] for tax in {*sold, *returned})
            assert sale.overlapped or sale.tax_returned() == returned
            if state.returned_amount == sale.order.total_amount:
                assert returned == sold
            for entry in self._entries_of(sale):
                parts = parts_of_text(entry.tax_parts)
                assert sum(part.amount for part in parts) == (entry.tax_amount if sold else 0)
            for dispute in state.disputes:
                held = sum(part.amount for part in dispute.tax_parts)
                assert held == (dispute.tax_amount if sold else 0)

    @invariant()
    def stripes_fee_is_never_credited_and_is_retained_once_in_full(self) -> None:
        for sale in self.books.sales.values():
            fee, (first, *later) = sale.order.stripe_fee_amount, self._entries_of(sale)
            assert first.stripe_fee_amount == -fee
            of_refunds = [each.stripe_fee_amount for each in later if each.dispute_id is None]
            assert not any(of_refunds)
            assert -sum(each.stripe_fee_amount for each in later) == sale.disputes_booked()[1]
            retained = sum(each.stripe_fee_retained_amount for each in later)
            assert retained == sale.share(fee)
            if sale.returned() == sale.order.total_amount:
                assert retained == fee

    @invariant()
    def a_line_returns_at_most_its_price_and_all_of_it_with_its_last_unit(self) -> None:
        for sale in self.books.sales.values():
            for line in sale.order.lines:
                out = sale.state.line_committed(line.line_id)
                assert out == sale.committed_of(line)
                assert 0 <= out.quantity <= line.quantity
                assert 0 <= out.amount <= line.net_amount
                if out.quantity == line.quantity:
                    assert out.amount == line.net_amount
                shown = sale.state.line_refundable_amount(line)
                assert shown == min(line.net_amount - out.amount, sale.left())

    @invariant()
    def direct_charges_move_payable_only_by_share_that_pps_is_owed_back(self) -> None:
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

    def _entries_of(self, sale: OrderBooks) -> list[LedgerEntry]:
        return [each for each in self.books.entries if each.order_id == sale.order.order_id]

    # Of the ledger and its payouts.

    @invariant()
    def balances_are_the_sums_of_the_entries(self) -> None:
        head, entries = self.books.head, self.books.entries
        assert head.payable_balance_amount == sum(each.payable_amount for each in entries)
        assert head.direct_balance_amount == sum(each.direct_amount for each in entries)

    @invariant()
    def payouts_and_balance_are_the_sum_of_orders_and_adjustments(self) -> None:
        of_orders = [each for each in self.books.entries if each.order_id is not None]
        earned = sum(each.payable_amount for each in of_orders) + sum(self.books.adjusted)
        assert self._paid() + self.books.head.payable_balance_amount == earned

    @invariant()
    def a_payout_is_paid_and_carried_in_full(self) -> None:
        for payout in self.books.payouts.values():
            assert payout.total_amount == payout.paid_amount + payout.carried_amount
            assert payout.paid_amount >= 0

    @invariant()
    def every_entry_is_in_one_payout_or_open(self) -> None:
        head = self.books.head
        ranges = [(head.closed_seq + 1, head.seq, head.carried_amount, head.payable_balance_amount)]
        for each in self.books.payouts.values():
            amounts = each.carried_in_amount, each.total_amount
            ranges.append((each.first_seq, each.last_seq, *amounts))
        statements = [self._statement(StatementRange(STUDIO, *each)) for each in ranges]
        shown = [line.seq for statement in statements for line in statement.lines]
        not_closing = [entry.seq for entry in self.books.entries if entry.kind != "payout_closed"]
        assert sorted(seq for seq in shown if seq is not None) == not_closing

    def _statement(self, of: StatementRange) -> Statement:
        return statement_of(self.books.entries[of.first_seq - 1 : of.last_seq], of, LineRange())

    @invariant()
    def a_payout_begins_with_what_the_one_before_left(self) -> None:
        left = 0
        for payout in self.books.payouts.values():
            assert payout.carried_in_amount == left
            entry = self.books.entries[payout.entry_seq - 1]
            left = payout.total_amount + entry.payable_amount
            assert entry.carried_amount == left

    @invariant()
    def the_chain_verifies(self) -> None:
        entries = self.books.entries
        contents = [entry.content() for entry in entries]
        assert verify_chain(contents, self.books.head) == (len(entries), None)


@pytest.mark.hypothesis
def test_the_money_adds_up_after_every_step_of_any_sequence() -> None:
    sequences = settings(max_examples=scaled(250), stateful_step_count=50)
    run_state_machine_as_test(Money, settings=sequences)
