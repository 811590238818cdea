"""A studio's orders, ledger and payouts in memory, changed by the domain's own functions.

Two things are independent of the domain: what an order's figures must be, computed from its
refunds with fractions and decimals, and where Stripe has moved the money to.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from functions.payout_adjust.settlement_plan import SettlementPlan
from shared.clock import rfc3339
from shared.domain.adjustment import approve
from shared.domain.charge_posting import ChargePosting, post_dispute, post_payment
from shared.domain.dispute import Dispute
from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import EntryFacts, LedgerEntry, LedgerHead, append
from shared.domain.payment import Payment
from shared.domain.payment_status import PaymentStatus
from shared.domain.payout import Payout, PayoutStatus, payout_id_of
from shared.domain.payout_booking import Booking, Closing, close, fail, reverse
from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.record_source import RecordSource
from shared.domain.refund import Refund, RefundKey, RefundStatus
from shared.domain.refund_quote import RefundQuote
from shared.domain.reservation import record_external_refund, release
from shared.domain.settlement import settle
from shared.domain.stripe_transfer import StripeTransfer
from shared.domain.tax import negated, text_of_parts
from shared.gateways.order_refunds import SettlementRecord

from .adjustments import decision, proposed
from .order_books import OrderBooks
from .orders import AT, STUDIO, Sold, refund_of, reserved, succeeded

# After the sales, and before the disputes.
LEDGER_STARTS = "2026-10-16T00:00:00.000Z"
DISPUTED_AT = "2026-10-20T00:00:00.000Z"

_DUE = "2026-10-14T17:09:00.000Z"


class StudioBooks:
    """One studio: its orders, ledger and payouts, and who holds the money.

    ``cash`` has what each party has gained, in minor units: the ``parent``, the ``studio`` on its
    own accounts, ``pps`` on the platform's, and ``stripe`` in fees.
    """

    def __init__(self, currency: str) -> None:
        self.head = LedgerHead(STUDIO, currency)
        self.entries: list[LedgerEntry] = []
        self.sales: dict[str, OrderBooks] = {}
        self.payouts: dict[str, Payout] = {}
        self.adjusted: list[int] = []
        self.cash: Counter[str] = Counter()
        self._ended = datetime(2026, 1, 4, tzinfo=UTC)

    def _enter(self, booking: tuple[LedgerEntry, LedgerHead]) -> LedgerEntry:
        entry, self.head = booking
        self.entries.append(entry)
        return entry

    def _move_cash(self, giver: str, taker: str, amount: int) -> None:
        self.cash[giver] -= amount
        self.cash[taker] += amount

    # Orders and refunds.

    def sell(self, sold: Sold, *, before_ledger: bool = False) -> None:
        """Charge an order, and enter its sale once it is verified.

        One from before the ledger was paid out by the books before it.
        """
        order = sold.order
        state = replace(
            sold.state,
            payment_status=PaymentStatus.UNVERIFIED,
            ledger_starts_at=LEDGER_STARTS if before_ledger else None,
        )
        fee = FeeRefund(order.order_id, STUDIO, order.application_fee_id or "")
        sale = OrderBooks(order, state, fee)
        self.sales[order.order_id] = sale
        self._move_cash("parent", _charged(sale), order.total_amount)
        self._move_cash(_charged(sale), "stripe", order.stripe_fee_amount)
        if sale.direct:
            self._move_cash("studio", "pps", order.rev_share_amount)
        payment = Payment(PaymentStatus.PAID, order.stripe_fee_amount)
        (entry,) = self._post(sale, post_payment(state, payment, AT, AT))
        if not sale.direct:
            self._move_cash("pps", "studio", entry.elsewhere_amount or 0)

    def _post(self, sale: OrderBooks, posting: ChargePosting) -> list[LedgerEntry]:
        entries = [
            self._enter(append(self.head, draft.facts, draft.amounts)) for draft in posting.drafts
        ]
        sale.state = posting.state
        sale.note_overlap()
        if posting.fee_refund_amount:
            sale.fee = replace(sale.fee, target_amount=sale.state.fee_refund_target_amount)
        return entries

    def report_dispute(
        self, sale: OrderBooks, report: Dispute, *, before_ledger: bool = False
    ) -> None:
        """Move a dispute's money as Stripe does. The books do not know of it yet."""
        if sale.moved_elsewhere:
            self.book_disputes(sale)
        known = sale.disputes.get(report.dispute_id)
        taken = report.withdrawn_amount - (known.withdrawn_amount if known else 0)
        fee = report.fee_amount - (known.fee_amount if known else 0)
        self._move_cash(_charged(sale), "parent", taken)
        self._move_cash(_charged(sale), "stripe", fee)
        sale.disputes[report.dispute_id] = report
        sale.moved_elsewhere = before_ledger

    def book_disputes(self, sale: OrderBooks) -> list[LedgerEntry]:
        """Enter what each dispute has moved at Stripe since it was last entered."""
        entries: list[LedgerEntry] = []
        for dispute in sale.disputes.values():
            before_ledger = sale.moved_elsewhere
            posting = post_dispute(
                ChargePosting(sale.state), dispute, AT, before_ledger=before_ledger
            )
            entries += self._post(sale, posting)
            sale.highest_reversal = max(sale.highest_reversal, sale.reversed_share())
        sale.moved_elsewhere = False
        for each in entries:
            self._move_cash("pps", "studio", each.elsewhere_amount or 0)
        return entries

    def reserve(self, sale: OrderBooks, quote: RefundQuote) -> None:
        """Record a requested refund."""
        sale.state, refund = reserved(_sold(sale), sale.state, _refund_id(sale), quote)
        sale.refunds[refund.refund_id] = refund

    def move(self, sale: OrderBooks, refund: Refund, status: RefundStatus) -> None:
        """Record a refund's status at Stripe, and move the money as Stripe does."""
        if status is RefundStatus.SUCCEEDED:
            self._move_cash(_charged(sale), "parent", refund.amount)
        elif refund.status in {RefundStatus.SUCCEEDED, RefundStatus.SETTLED}:
            self._move_cash("parent", _charged(sale), refund.amount)
        ended = status in {RefundStatus.FAILED, RefundStatus.CANCELED}
        if ended and refund.status is not RefundStatus.SETTLED:
            sale.state = release(sale.state, refund)
        moved = refund.with_status(status, AT, "stripe_webhook")
        at_stripe = f"re_{sale.order.order_id}_{refund.refund_id}"
        sale.refunds[refund.refund_id] = replace(moved, stripe_refund_id=at_stripe)

    def record_external_refund(self, sale: OrderBooks, amount: int) -> None:
        """Record a refund that was made in Stripe's dashboard."""
        requested = refund_of(_sold(sale), _refund_id(sale), amount)
        at_stripe = f"re_{sale.order.order_id}_{requested.refund_id}"
        refund = succeeded(
            replace(requested, source=RecordSource.STRIPE, stripe_refund_id=at_stripe)
        )
        self._move_cash(_charged(sale), "parent", amount)
        sale.state = record_external_refund(sale.state, refund)
        sale.refunds[refund.refund_id] = refund

    def settle(self, sale: OrderBooks, refund: Refund) -> tuple[LedgerEntry, Refund]:
        """Enter a refund's settlement; return the entry and the refund after it."""
        settlement = settle(sale.state, refund, AT, "payout_adjust")
        facts = EntryFacts(
            settlement.kind,
            sale.order.order_id,
            AT,
            refund_id=refund.refund_id,
            stripe_refund_id=refund.stripe_refund_id,
            tax_parts=text_of_parts(negated(settlement.tax_parts)),
        )
        entry = self._enter(append(self.head, facts, settlement.amounts))
        sale.state = settlement.state
        sale.note_overlap()
        sale.fee = replace(sale.fee, target_amount=settlement.state.fee_refund_target_amount)
        after = settlement.refund
        if after.status is RefundStatus.SETTLED:
            after = replace(after, settled_seq=entry.seq)
        else:
            after = replace(after, failed_seq=entry.seq)
        sale.refunds[refund.refund_id] = after
        sale.highest_reversal = max(sale.highest_reversal, sale.reversed_share())
        return entry, after

    def settle_together(self, owed: Iterable[tuple[OrderBooks, Refund]]) -> list[Refund]:
        """Enter several refunds' settlements as one transaction does; return what it changed."""
        records = {
            sale.state.key: SettlementRecord(sale.state, sale.refunds, sale.fee)
            for sale in self.sales.values()
        }
        plan = SettlementPlan(self.head, records, datetime.fromisoformat(AT))
        plan.settle_all(RefundKey(refund.order_key, refund.refund_id) for _, refund in owed)
        for posting in plan.postings:
            assert posting.before == self.head
            self._enter((posting.entry, posting.after))
        changed: list[Refund] = []
        for settled in plan.settled_orders():
            sale = self.sales[settled.state.order_id]
            assert settled.state.version == sale.state.version
            sale.state = settled.state
            sale.fee = settled.fee_refund or sale.fee
            sale.refunds |= {each.refund_id: each for each in settled.refunds}
            sale.note_overlap()
            sale.highest_reversal = max(sale.highest_reversal, sale.reversed_share())
            changed += settled.refunds
        return changed

    def begin_fee_refund(self, sale: OrderBooks) -> None:
        """Begin an attempt to refund the open part of the application fee."""
        sale.fee = sale.fee.with_new_attempt(sale.fee.target_amount - sale.fee.refunded_amount, AT)

    def end_fee_refund(self, sale: OrderBooks, *, made: bool) -> None:
        """Record whether Stripe refunded that part of the fee."""
        given = sale.fee.in_flight_amount if made else 0
        self._move_cash("pps", "studio", given)
        sale.fee = sale.fee.with_refunded(sale.fee.refunded_amount + given)

    # Adjustments.

    def adjust(self, amount: int) -> LedgerEntry:
        """Let one PPS admin propose an adjustment and another approve it."""
        self.adjusted.append(amount)
        adjustment = proposed(
            adjustment_id=f"adj_{len(self.adjusted)}",
            studio_id=STUDIO,
            currency=self.head.currency,
            amount=amount,
        )
        approval = approve(adjustment, decision("ben"), self.head)
        assert approval is not None
        return self._enter((approval.posting.entry, approval.posting.after))

    # Payouts.

    def last_closable(self) -> int:
        """Return the number of the first entry that a payout may end with."""
        last = max((each.entry_seq for each in self.payouts.values()), default=0)
        return max(1, last)

    def pay_out(self, account: str, days: int, last_seq: int, held: int) -> Payout:
        """Close what is open up to an entry, some days after the payout before."""
        ended = self._ended + timedelta(days=days)
        period = PayoutPeriod(rfc3339(self._ended), rfc3339(ended), ZoneInfo("UTC"))
        self._ended = ended
        payout_id = payout_id_of(STUDIO, period, None)
        owed = self.entries[last_seq - 1].payable_balance_amount
        closing = Closing(payout_id, period, last_seq, owed, _DUE)
        return self._book(close(self.head, closing, account, AT, held))

    def begin_transfer(self, payout: Payout) -> Payout:
        """Begin an attempt to make a payout's transfer."""
        self.payouts[payout.payout_id] = payout.with_new_attempt(AT)
        return self.payouts[payout.payout_id]

    def end_transfer(self, payout: Payout) -> None:
        """Record that Stripe has made a payout's transfer."""
        self._move_cash("pps", "studio", payout.paid_amount)
        self.payouts[payout.payout_id] = payout.paid(f"tr_{payout.payout_id}", AT)

    def fail_transfer(self, payout: Payout) -> Payout:
        """Record that Stripe has refused a payout's transfer."""
        return self._book(fail(payout, self.head, "account_closed", AT))

    def reverse_transfer(self, payout: Payout, amount: int) -> Payout:
        """Record that Stripe has taken a part of a payout's transfer back."""
        self._move_cash("studio", "pps", amount)
        taken = payout.reversed_amount + amount
        made = StripeTransfer(payout.transfer_id or "", payout.paid_amount, taken)
        booking = reverse(payout, self.head, made, AT)
        assert booking
        return self._book(booking)

    def _book(self, booking: Booking) -> Payout:
        self._enter((booking.entry, booking.head))
        self.payouts[booking.payout.payout_id] = booking.payout
        return booking.payout

    # What the rules choose from.

    def refunds(self, *statuses: RefundStatus) -> list[tuple[OrderBooks, Refund]]:
        """Return the refunds that are in one of these states, each with its order."""
        return [(sale, each) for sale, each in self._all() if each.status in statuses]

    def disputed(self) -> list[OrderBooks]:
        """Return the orders with a dispute that the books do not have as Stripe has it."""
        return [sale for sale in self.sales.values() if sale.disputes_to_book()]

    def owed(self) -> list[tuple[OrderBooks, Refund]]:
        """Return the refunds whose success or late failure the ledger does not have yet."""
        return [(sale, each) for sale, each in self._all() if each.settlement_owed]

    def payouts_in(self, *statuses: PayoutStatus) -> list[Payout]:
        """Return the payouts that are in one of these states."""
        return [payout for payout in self.payouts.values() if payout.status in statuses]

    def _all(self) -> Iterator[tuple[OrderBooks, Refund]]:
        for sale in self.sales.values():
            for refund in sale.refunds.values():
                yield sale, refund


def _charged(sale: OrderBooks) -> str:
    """Return who owns the Stripe account of the charge."""
    return "studio" if sale.direct else "pps"


def _refund_id(sale: OrderBooks) -> str:
    return f"rf_{len(sale.refunds)}"


def _sold(sale: OrderBooks) -> Sold:
    return Sold(sale.order, sale.state)
