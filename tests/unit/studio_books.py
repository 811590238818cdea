"""A studio's orders, ledger and payouts in memory, changed by the domain's own functions.

Two things are independent of the domain: what an order's figures must be, computed from its
refunds with fractions and decimals, and where Stripe has moved the money to.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from shared.clock import rfc3339
from shared.domain.adjustment import approve
from shared.domain.charge_posting import ChargePosting, post_disputes, post_payment
from shared.domain.dispute import Dispute
from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import (
    EntryFacts,
    LedgerEntry,
    LedgerHead,
    RecordSource,
    append,
)
from shared.domain.order import LineCommitted, Order, OrderLine, OrderState
from shared.domain.payment import Payment
from shared.domain.payment_status import PaymentStatus
from shared.domain.payout import Payout, PayoutStatus, payout_id_of
from shared.domain.payout_booking import Booking, Closing, close, fail, reverse
from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_quote import RefundQuote
from shared.domain.reservation import record_external_refund, release
from shared.domain.settlement import settle
from shared.domain.stripe_transfer import StripeTransfer
from shared.domain.tax import TaxPart, negated, text_of_parts

from .adjustments import decision, proposed
from .orders import AT, STUDIO, Sold, half_up, refund_of, reserved, succeeded

AT_STRIPE = frozenset({RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.SETTLED})
ALIVE = AT_STRIPE | {RefundStatus.REQUESTED}

# After the sales, and before the disputes.
LEDGER_STARTS = "2026-10-16T00:00:00.000Z"
DISPUTED_AT = "2026-10-20T00:00:00.000Z"

_DUE = "2026-10-14T17:09:00.000Z"


@dataclass
class OrderBooks:
    """An order with its state, refunds and application fee, and what must be true of them.

    ``overlapped`` says that a dispute was booked before the late failure of a refund of the same
    money. The failure then leaves its tax refunded, because the dispute returns it.
    """

    order: Order
    state: OrderState
    fee: FeeRefund
    refunds: dict[str, Refund] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    highest_reversal: int = 0
    overlapped: bool = False

    @property
    def direct(self) -> bool:
        """Whether the charge lives on the studio's own Stripe account."""
        return self.order.account_id is not None

    def refunds_in(self, statuses: frozenset[RefundStatus]) -> list[Refund]:
        """Return the refunds that are in one of these states."""
        return [each for each in self.refunds.values() if each.status in statuses]

    def counted(self) -> list[Refund]:
        """Return the refunds whose money is committed: all but failures that need no settlement."""
        return [each for each in self.refunds.values() if each.status in ALIVE or _late(each)]

    def settled(self) -> list[Refund]:
        """Return the refunds that the ledger holds and has not compensated."""
        settled = RefundStatus.SETTLED
        return [each for each in self.refunds.values() if each.status is settled or _late(each)]

    def settled_amount(self) -> int:
        """Return the refunded amount that the ledger holds."""
        return sum(each.amount for each in self.settled())

    def withdrawn(self) -> int:
        """Return the amount that disputes have taken at Stripe and not given back."""
        return sum(each.withdrawn_amount for each in self.disputes.values())

    def dispute_fees(self) -> int:
        """Return the fees that Stripe has taken for the disputes."""
        return sum(each.fee_amount for each in self.disputes.values())

    def disputes_booked(self) -> tuple[int, int]:
        """Return the disputed amount and the disputes' fees that the order's state has."""
        disputes = self.state.disputes
        taken = sum(each.withdrawn_amount for each in disputes)
        return taken, sum(each.fee_amount for each in disputes)

    def disputes_to_book(self) -> bool:
        """Whether Stripe has more to say about disputes than the books know."""
        booked = {
            each.dispute_id: replace(each, tax_amount=0, tax_parts=())
            for each in self.state.disputes
        }
        return booked != self.disputes

    def returned(self) -> int:
        """Return the amount that the ledger has given back: by refunds and by disputes."""
        return self.settled_amount() + self.disputes_booked()[0]

    def not_booked_yet(self) -> int:
        """Return what Stripe took out of the charge, or put back (negative), not booked yet."""
        moved = sum(each.amount for each in self.refunds_in(frozenset({RefundStatus.SUCCEEDED})))
        moved -= sum(each.amount for each in self.refunds.values() if _late(each))
        return moved + self.withdrawn() + self.dispute_fees() - sum(self.disputes_booked())

    def paid_otherwise(self) -> int:
        """Return the amount that the studio paid by other means after refunds failed."""
        return sum(each.amount for each in self.refunds.values() if each.resolution is not None)

    def left(self) -> int:
        """Return the amount that can still be refunded."""
        gone = sum(each.amount for each in self.counted()) + self.paid_otherwise()
        gone += self.disputes_booked()[0]
        return max(0, self.order.total_amount - gone)

    def left_at_stripe(self) -> int:
        """Return the amount that Stripe would still refund of the charge."""
        refunded = sum(each.amount for each in self.refunds_in(AT_STRIPE))
        return self.order.total_amount - refunded - self.withdrawn()

    def committed_of(self, line: OrderLine) -> LineCommitted:
        """Return the committed units and amount of a line."""
        of_line = [
            item
            for refund in self.counted()
            for item in refund.items
            if item.line_id == line.line_id
        ]
        return LineCommitted(
            sum(item.quantity for item in of_line), sum(item.amount for item in of_line)
        )

    def units_left(self) -> list[tuple[OrderLine, int]]:
        """Return the lines that have units left, with how many."""
        left = [
            (line, line.quantity - self.committed_of(line).quantity) for line in self.order.lines
        ]
        return [(line, units) for line, units in left if units]

    def money_of(self, line: OrderLine, quantity: int) -> int:
        """Return the amount that so many more units of a line take."""
        committed = self.committed_of(line)
        share = Fraction(line.net_amount * (committed.quantity + quantity), line.quantity)
        return max(0, half_up(share) - committed.amount)

    def share(self, amount: int) -> int:
        """Return the part of the order that went back, applied to an amount."""
        total = self.order.total_amount
        return half_up(Fraction(amount * min(self.returned(), total), total))

    def tax_sold(self) -> Counter[tuple[str, str]]:
        """Return the tax that was sold, by jurisdiction and rate."""
        return _by_tax(part for line in self.order.lines for part in line.taxes)

    def tax_returned(self) -> Counter[tuple[str, str]]:
        """Return the tax that refunds and disputes hold, by jurisdiction and rate."""
        held = [each.tax_parts for each in self.settled()]
        held += [each.tax_parts for each in self.state.disputes]
        return _by_tax(part for parts in held for part in parts)

    def note_overlap(self) -> None:
        """Remember if the ledger has given back more than the order."""
        self.overlapped |= self.state.returned_amount > self.order.total_amount

    def reversed_share(self) -> int:
        """Return the rev share that settled refunds and disputes reverse."""
        return self.share(self.order.rev_share_amount)


def _by_tax(parts: Iterable[TaxPart]) -> Counter[tuple[str, str]]:
    sums: Counter[tuple[str, str]] = Counter()
    for jurisdiction, rate, amount in parts:
        sums[jurisdiction, rate] += amount
    return sums


def _late(refund: Refund) -> bool:
    """Return whether it failed after settlement and the ledger lacks the compensation."""
    return refund.status is RefundStatus.FAILED and refund.settlement_owed


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

    def report_dispute(self, sale: OrderBooks, report: Dispute) -> None:
        """Move a dispute's money as Stripe does. The books do not know of it yet."""
        known = sale.disputes.get(report.dispute_id)
        taken = report.withdrawn_amount - (known.withdrawn_amount if known else 0)
        fee = report.fee_amount - (known.fee_amount if known else 0)
        self._move_cash(_charged(sale), "parent", taken)
        self._move_cash(_charged(sale), "stripe", fee)
        sale.disputes[report.dispute_id] = report

    def book_disputes(self, sale: OrderBooks) -> list[LedgerEntry]:
        """Enter what each dispute has moved at Stripe since it was last entered."""
        entries: list[LedgerEntry] = []
        for dispute in sale.disputes.values():
            posting = post_disputes(ChargePosting(sale.state), [dispute], AT)
            entries += self._post(sale, posting)
            sale.highest_reversal = max(sale.highest_reversal, sale.reversed_share())
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
