"""A studio's orders, ledger and payouts in memory, moved by the domain's own functions.

Beside what the domain keeps there are only two things: what an order's figures must be, worked out
anew from its refunds with fractions and decimals, and where Stripe has moved the money to.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction

from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import (
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    RecordSource,
    append,
)
from shared.domain.order import LineCommitted, Order, OrderLine, OrderState
from shared.domain.payout import Booking, Payout, PayoutStatus, close, fail
from shared.domain.payout_schedule import PayoutPeriod
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_quote import RefundQuote
from shared.domain.reservation import record_external_refund, release
from shared.domain.settlement import sale_amounts, settle

from .orders import AT, STUDIO, Sold, half_up, refund_of, reserved, succeeded

AT_STRIPE = frozenset({RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.SETTLED})
ALIVE = AT_STRIPE | {RefundStatus.REQUESTED}

_DUE = "2026-10-14T17:09:00.000Z"


@dataclass
class Sale:
    """An order with its state, refunds and application fee, and what must be true of them."""

    order: Order
    state: OrderState
    fee: FeeRefund
    refunds: dict[str, Refund] = field(default_factory=dict)
    highest_reversal: int = 0

    @property
    def direct(self) -> bool:
        """Whether the charge lives on the studio's own Stripe account."""
        return self.order.account_id is not None

    def refunds_in(self, statuses: frozenset[RefundStatus]) -> list[Refund]:
        """Return the refunds that are in one of these states."""
        return [each for each in self.refunds.values() if each.status in statuses]

    def counted(self) -> list[Refund]:
        """Return the refunds whose money is out: all but those that failed and are done with."""
        return [each for each in self.refunds.values() if each.status in ALIVE or _late(each)]

    def settled(self) -> list[Refund]:
        """Return the refunds that the ledger holds and has not taken back."""
        settled = RefundStatus.SETTLED
        return [each for each in self.refunds.values() if each.status is settled or _late(each)]

    def settled_amount(self) -> int:
        """Return what the ledger holds as refunded."""
        return sum(each.amount for each in self.settled())

    def not_booked_yet(self) -> int:
        """Return what Stripe has moved to the parent, or back (negative), ahead of the ledger."""
        moved = sum(each.amount for each in self.refunds_in(frozenset({RefundStatus.SUCCEEDED})))
        return moved - sum(each.amount for each in self.refunds.values() if _late(each))

    def paid_otherwise(self) -> int:
        """Return what the studio paid the parent by itself after refunds had failed."""
        return sum(each.amount for each in self.refunds.values() if each.resolution is not None)

    def left(self) -> int:
        """Return what can still be refunded."""
        out = sum(each.amount for each in self.counted()) + self.paid_otherwise()
        return max(0, self.order.total_amount - out)

    def left_at_stripe(self) -> int:
        """Return what Stripe would still refund of the charge."""
        return self.order.total_amount - sum(each.amount for each in self.refunds_in(AT_STRIPE))

    def out_of(self, line: OrderLine) -> LineCommitted:
        """Return what of a line is out."""
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
        left = [(line, line.quantity - self.out_of(line).quantity) for line in self.order.lines]
        return [(line, units) for line, units in left if units]

    def money_of(self, line: OrderLine, quantity: int) -> int:
        """Return what so many more units of a line take."""
        out = self.out_of(line)
        share = Fraction(line.net_amount * (out.quantity + quantity), line.quantity)
        return max(0, half_up(share) - out.amount)

    def share(self, amount: int) -> int:
        """Return the part of an amount that what is settled is of the order."""
        total = self.order.total_amount
        return half_up(Fraction(amount * min(self.settled_amount(), total), total))

    def reversed_share(self) -> int:
        """Return the rev share that is reversed by what is settled."""
        return self.share(self.order.rev_share_amount)


def _late(refund: Refund) -> bool:
    """Say whether it failed after it was settled, and the ledger does not have that yet."""
    return refund.status is RefundStatus.FAILED and refund.settlement_owed


class StudioBooks:
    """One studio: its orders, its ledger, its payouts, and who has the money.

    ``cash`` has what each party has gained, in minor units: the ``parent``, the ``studio`` on its
    own accounts, ``pps`` on the platform's, and ``stripe`` in fees.
    """

    def __init__(self, currency: str) -> None:
        self.head = LedgerHead(STUDIO, currency)
        self.entries: list[LedgerEntry] = []
        self.sales: dict[str, Sale] = {}
        self.payouts: dict[str, Payout] = {}
        self.cash: Counter[str] = Counter()
        self._day = date(2026, 1, 4)

    def _enter(self, booking: tuple[LedgerEntry, LedgerHead]) -> LedgerEntry:
        entry, self.head = booking
        self.entries.append(entry)
        return entry

    def _move_cash(self, giver: str, taker: str, amount: int) -> None:
        self.cash[giver] -= amount
        self.cash[taker] += amount

    # Orders and refunds.

    def sell(self, sold: Sold) -> None:
        """Charge an order, and enter its sale."""
        order, state = sold.order, sold.state
        fee = FeeRefund(order.order_id, STUDIO, order.application_fee_id or "")
        sale = Sale(order, state, fee)
        self.sales[order.order_id] = sale
        self._move_cash("parent", _charged(sale), order.total_amount)
        self._move_cash(_charged(sale), "stripe", order.stripe_fee_amount)
        if sale.direct:
            self._move_cash("studio", "pps", order.rev_share_amount)
        self._enter(
            append(self.head, EntryFacts(EntryKind.SALE, order.order_id, AT), sale_amounts(state))
        )

    def reserve(self, sale: Sale, quote: RefundQuote) -> None:
        """Record that a refund was asked for."""
        sale.state, refund = reserved(_sold(sale), sale.state, _refund_id(sale), quote)
        sale.refunds[refund.refund_id] = refund

    def move(self, sale: Sale, refund: Refund, status: RefundStatus) -> None:
        """Record what Stripe says of a refund, and what it did with the money."""
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

    def record_external_refund(self, sale: Sale, amount: int) -> None:
        """Record a refund that was made in Stripe's dashboard."""
        asked = refund_of(_sold(sale), _refund_id(sale), amount)
        outside = f"re_{sale.order.order_id}_{asked.refund_id}"
        refund = succeeded(replace(asked, source=RecordSource.STRIPE, stripe_refund_id=outside))
        self._move_cash(_charged(sale), "parent", amount)
        sale.state = record_external_refund(sale.state, refund)
        sale.refunds[refund.refund_id] = refund

    def settle(self, sale: Sale, refund: Refund) -> tuple[LedgerEntry, Refund]:
        """Enter what a refund is owed; return the entry and the refund after it."""
        settlement = settle(sale.state, refund, AT, "payout_adjust")
        facts = EntryFacts(
            settlement.kind,
            sale.order.order_id,
            AT,
            refund_id=refund.refund_id,
            stripe_refund_id=refund.stripe_refund_id,
        )
        entry = self._enter(append(self.head, facts, settlement.amounts))
        sale.state = settlement.state
        sale.fee = replace(sale.fee, target_amount=settlement.state.fee_refund_target_amount)
        after = settlement.refund
        if after.status is RefundStatus.SETTLED:
            after = replace(after, settled_seq=entry.seq)
        else:
            after = replace(after, failed_seq=entry.seq)
        sale.refunds[refund.refund_id] = after
        sale.highest_reversal = max(sale.highest_reversal, sale.reversed_share())
        return entry, after

    def begin_fee_refund(self, sale: Sale) -> None:
        """Fix how much of the application fee Stripe is asked back."""
        sale.fee = sale.fee.with_new_attempt(sale.fee.target_amount - sale.fee.refunded_amount, AT)

    def end_fee_refund(self, sale: Sale, *, made: bool) -> None:
        """Record whether Stripe gave that part of the fee back."""
        given = sale.fee.in_flight_amount if made else 0
        self._move_cash("pps", "studio", given)
        sale.fee = sale.fee.with_refunded(sale.fee.refunded_amount + given)

    # Payouts.

    def pay_out(self, account: str | None, days: int) -> Payout:
        """Close what is open, some days after the payout before."""
        period = PayoutPeriod(self._day, self._day + timedelta(days=days))
        self._day += timedelta(days=days + 1)
        return self._book(close(self.head, period, account, AT, _DUE))

    def begin_transfer(self, payout: Payout) -> Payout:
        """Fix the key under which Stripe is asked for a payout's transfer."""
        self.payouts[payout.payout_id] = payout.with_new_attempt(AT)
        return self.payouts[payout.payout_id]

    def end_transfer(self, payout: Payout) -> None:
        """Record that Stripe has made a payout's transfer."""
        self._move_cash("pps", "studio", payout.paid_amount)
        self.payouts[payout.payout_id] = payout.paid(f"tr_{payout.payout_id}", AT)

    def fail_transfer(self, payout: Payout) -> Payout:
        """Record that Stripe has refused a payout's transfer."""
        return self._book(fail(payout, self.head, "account_closed", AT))

    def _book(self, booking: Booking) -> Payout:
        self._enter((booking.entry, booking.head))
        self.payouts[booking.payout.payout_id] = booking.payout
        return booking.payout

    # What the rules choose from.

    def refunds(self, *statuses: RefundStatus) -> list[tuple[Sale, Refund]]:
        """Return the refunds that are in one of these states, each with its order."""
        return [(sale, each) for sale, each in self._all() if each.status in statuses]

    def owed(self) -> list[tuple[Sale, Refund]]:
        """Return the refunds whose success or late failure the ledger does not have yet."""
        return [(sale, each) for sale, each in self._all() if each.settlement_owed]

    def payouts_in(self, *statuses: PayoutStatus) -> list[Payout]:
        """Return the payouts that are in one of these states."""
        return [payout for payout in self.payouts.values() if payout.status in statuses]

    def _all(self) -> Iterator[tuple[Sale, Refund]]:
        for sale in self.sales.values():
            for refund in sale.refunds.values():
                yield sale, refund


def _charged(sale: Sale) -> str:
    """Return whose Stripe account the charge is on."""
    return "studio" if sale.direct else "pps"


def _refund_id(sale: Sale) -> str:
    return f"rf_{len(sale.refunds)}"


def _sold(sale: Sale) -> Sold:
    return Sold(sale.order, sale.state)
