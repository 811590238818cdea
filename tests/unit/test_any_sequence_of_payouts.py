"""Any sequence of sales, refunds, late failures, payouts and failed transfers: the money adds up.

The machine keeps the ledger's entries and what Stripe has transferred. After every step the balance
and the payouts together must be what the entries of orders come to, and the chain must verify.
"""

from dataclasses import replace
from datetime import date, timedelta

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

from shared.domain.ledger import EntryFacts, LedgerEntry, LedgerHead, append, verify_chain
from shared.domain.order import OrderTotals
from shared.domain.payout import Booking, Payout, PayoutStatus, close, expected, fail
from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.refund import Refund, RefundStatus
from shared.domain.settlement import sale_amounts, settle
from shared.domain.statement import Chosen, Statement, StatementLine, statement_of

from .orders import AT, STUDIO, hundred_dollars, refund_of, succeeded

DUE = "2026-10-14T17:09:00.000Z"


class Payouts(RuleBasedStateMachine):
    """A studio's ledger, its orders' totals and refunds, and its payouts."""

    @initialize()
    def begin(self) -> None:
        self.head = LedgerHead(STUDIO, "usd")
        self.entries: list[LedgerEntry] = []
        self.totals: dict[str, OrderTotals] = {}
        self.refunds: dict[str, Refund] = {}
        self.payouts: dict[str, Payout] = {}
        self.day = date(2026, 1, 4)

    def _enter(self, booking: tuple[LedgerEntry, LedgerHead]) -> None:
        entry, self.head = booking
        self.entries.append(entry)

    @rule(direct=st.booleans())
    def sell(self, *, direct: bool) -> None:
        order_id = f"ord_{len(self.totals)}"
        totals = replace(hundred_dollars(direct=direct).totals, order_id=order_id)
        self.totals[order_id] = totals
        self._enter(append(self.head, EntryFacts("sale", order_id, AT), sale_amounts(totals)))

    def _refundable(self) -> list[OrderTotals]:
        return [totals for totals in self.totals.values() if totals.refundable_amount]

    @precondition(lambda self: self._refundable())
    @rule(data=st.data())
    def refund(self, data: st.DataObject) -> None:
        totals = data.draw(st.sampled_from(self._refundable()), "order")
        amount = data.draw(st.integers(1, totals.refundable_amount), "amount")
        refund_id = f"rf_{len(self.refunds)}"
        wanted = replace(
            refund_of(hundred_dollars(), refund_id, amount),
            order_id=totals.order_id,
            stripe_refund_id=f"re_{refund_id}",
        )
        self._settle(totals.with_out(amount, (), 1), succeeded(wanted))

    def _settled(self) -> list[Refund]:
        return [each for each in self.refunds.values() if each.status is RefundStatus.SETTLED]

    @precondition(lambda self: self._settled())
    @rule(data=st.data())
    def fail_late(self, data: st.DataObject) -> None:
        refund = data.draw(st.sampled_from(self._settled()), "refund")
        failed = refund.moved(RefundStatus.FAILED, AT, "stripe")
        self._settle(self.totals[refund.order_id], failed)

    def _settle(self, totals: OrderTotals, refund: Refund) -> None:
        settlement = settle(totals, refund, AT)
        facts = EntryFacts(
            settlement.kind,
            refund.order_id,
            AT,
            refund_id=refund.refund_id,
            stripe_refund_id=refund.stripe_refund_id,
        )
        self._enter(append(self.head, facts, settlement.amounts))
        self.totals[refund.order_id] = settlement.totals
        seq = {"settled_seq": self.head.seq}
        if refund.status is RefundStatus.FAILED:
            seq = {"failed_seq": self.head.seq}
        self.refunds[refund.refund_id] = replace(settlement.refund, **seq)  # type: ignore[arg-type]  # both are numbers

    @rule(account=st.sampled_from(["acct_1", None]), days=st.integers(1, 7))
    def pay_out(self, account: str | None, days: int) -> None:
        period = PayoutPeriod(self.day, self.day + timedelta(days=days))
        self.day += timedelta(days=days + 1)
        before = self.head
        foreseen, _ = expected(before.payable_balance_amount, account)
        booking = close(before, period, account, AT, DUE)
        self._book(booking)
        payout = booking.payout
        assert payout.paid_amount == foreseen
        assert payout.total_amount == before.payable_balance_amount
        assert payout.is_open == (payout.paid_amount > 0)
        assert self.head.payable_balance_amount == payout.carried_amount
        assert (payout.first_seq, payout.last_seq) == (before.closed_seq + 1, before.seq)

    def _book(self, booking: Booking) -> None:
        self._enter((booking.entry, booking.head))
        self.payouts[booking.payout.payout_id] = booking.payout

    def _open(self) -> list[Payout]:
        return [payout for payout in self.payouts.values() if payout.is_open]

    @precondition(lambda self: self._open())
    @rule(data=st.data())
    def begin_a_transfer(self, data: st.DataObject) -> None:
        payout = data.draw(st.sampled_from(self._open()), "payout")
        begun = payout.begun(AT)
        assert begun.idempotency_key != payout.idempotency_key
        self.payouts[payout.payout_id] = begun

    def _transferring(self) -> list[Payout]:
        return [each for each in self._open() if each.status is PayoutStatus.TRANSFERRING]

    @precondition(lambda self: self._transferring())
    @rule(data=st.data())
    def stripe_transfers(self, data: st.DataObject) -> None:
        payout = data.draw(st.sampled_from(self._transferring()), "payout")
        self.payouts[payout.payout_id] = payout.paid("tr_1", AT)

    @precondition(lambda self: self._transferring())
    @rule(data=st.data())
    def stripe_refuses(self, data: st.DataObject) -> None:
        payout = data.draw(st.sampled_from(self._transferring()), "payout")
        booking = fail(payout, self.head, "account_closed", AT)
        assert booking.payout.carried_amount == payout.total_amount
        self._book(booking)

    @precondition(lambda self: len(self._open()) < len(self.payouts))
    @rule(data=st.data())
    def refuse_to_move_what_has_ended(self, data: st.DataObject) -> None:
        ended = [payout for payout in self.payouts.values() if not payout.is_open]
        payout = data.draw(st.sampled_from(ended), "payout")
        for move in (
            lambda: payout.begun(AT),
            lambda: payout.paid("tr_2", AT),
            lambda: fail(payout, self.head, "again", AT),
        ):
            with pytest.raises(ValueError, match=payout.payout_id):
                move()

    # What must hold after every step.

    def _of_orders(self) -> list[LedgerEntry]:
        return [entry for entry in self.entries if entry.order_id is not None]

    @invariant()
    def payouts_and_balance_are_the_sum_of_the_entries(self) -> None:
        paid = sum(payout.paid_amount for payout in self.payouts.values())
        earned = sum(entry.payable_amount for entry in self._of_orders())
        assert paid + self.head.payable_balance_amount == earned

    @invariant()
    def what_stripe_settled_is_never_paid(self) -> None:
        direct = sum(entry.direct_amount for entry in self._of_orders())
        assert self.head.direct_balance_amount == direct

    @invariant()
    def a_payout_is_paid_and_carried_in_full(self) -> None:
        for payout in self.payouts.values():
            assert payout.total_amount == payout.paid_amount + payout.carried_amount
            assert payout.paid_amount >= 0

    @invariant()
    def every_entry_of_an_order_is_in_one_payout_or_open(self) -> None:
        shown = [line.seq for payout in self.payouts.values() for line in self._lines(payout)]
        shown += [
            line.seq for line in self._statement(self.head.closed_seq + 1, self.head.seq).lines
        ]
        numbers = [seq for seq in shown if seq is not None]
        not_closing = [entry.seq for entry in self.entries if entry.kind != "payout"]
        assert sorted(numbers) == not_closing

    def _lines(self, payout: Payout) -> list[StatementLine]:
        statement = self._statement(payout.first_seq, payout.last_seq)
        assert statement.total_amount == payout.total_amount
        assert statement.total.net_amount == (
            statement.total.payable_amount + statement.total.direct_amount
        )
        return statement.lines

    def _statement(self, first: int, last: int) -> Statement:
        read = self.entries[max(1, first - 1) - 1 : last]
        return statement_of(read, first, last, Chosen())

    @invariant()
    def the_chain_verifies(self) -> None:
        contents = [entry.content() for entry in self.entries]
        assert verify_chain(contents, self.head) == (len(self.entries), None)


def test_the_money_adds_up_after_every_step_of_any_sequence() -> None:
    run_state_machine_as_test(Payouts, settings=settings(max_examples=60, stateful_step_count=40))
