"""An order: how much is refunded, and how much can still be refunded, in total and by line."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.domain.dispute import Dispute
from shared.domain.money import share_of
from shared.domain.payment_status import UNSETTLED_PAYMENTS, WRONG_PAYMENTS, PaymentStatus
from shared.domain.tax import SoldTax, TaxParts, sold_tax, tax_of_units

# Shipping with its tax is one more line of quantity 1; import refuses a line of this id.
SHIPPING_LINE_ID = "shipping"


@dataclass(frozen=True, slots=True)
class OrderKey:
    """What identifies an order. Two studios may each have an order of the same order id."""

    studio_id: str
    order_id: str


class FulfillmentStatus(StrEnum):
    """The state of an order's print."""

    NONE = "none"
    QUEUED = "queued"
    CLAIMED = "claimed"
    PRINTED = "printed"
    SHIPPED = "shipped"
    CANCELED = "canceled"


class OrderRefundStatus(StrEnum):
    """The refund status of an order."""

    NONE = "none"
    PENDING = "pending"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as sold; amounts in minor units.

    ``net_amount`` is quantity x unit - discount + tax, and ``tax_amount`` is the tax in it.
    ``taxes`` are the parts of that tax, if the import gave them. ``product`` is what people call
    it.
    """

    line_id: str
    quantity: int
    net_amount: int
    tax_amount: int = 0
    product: str = "this product"
    taxes: TaxParts = ()


@dataclass(frozen=True, slots=True)
class LineCommitted:
    """The part of a line that is refunded or in flight: units, and money in minor units."""

    quantity: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """An order's lines and its charge; amounts in minor units. It never changes after import.

    ``account_id`` is set if the charge is on the studio's own Stripe account (a Connect direct
    charge). PPS then took its rev share as the application fee ``application_fee_id``.
    """

    order_id: str
    studio_id: str
    currency: str
    total_amount: int
    rev_share_amount: int
    stripe_fee_amount: int
    lines: tuple[OrderLine, ...]
    charge_id: str | None
    account_id: str | None = None
    application_fee_id: str | None = None

    @property
    def key(self) -> OrderKey:
        """The studio's id and the order's id, which together identify the order."""
        return OrderKey(self.studio_id, self.order_id)

    @property
    def tax_amount(self) -> int:
        """The tax in the whole order, shipping included."""
        return sum(line.tax_amount for line in self.lines)

    @property
    def tax_parts(self) -> tuple[SoldTax, ...]:
        """The parts of that tax by jurisdiction and rate, if the import gave them."""
        return sold_tax(line.taxes for line in self.lines)

    @property
    def print_units(self) -> int:
        """How many units there are to print."""
        return sum(line.quantity for line in self.lines if line.line_id != SHIPPING_LINE_ID)

    def line(self, line_id: str) -> OrderLine | None:
        """Return the line of that id, shipping included, or None."""
        return next((line for line in self.lines if line.line_id == line_id), None)


@dataclass(frozen=True, slots=True)
class OrderState:
    """The part of an order that changes: one small record. ``version`` guards its writes.

    ``committed_amount`` is the sum of refunds in flight and done, without failed ones.
    ``settled_amount`` is the sum of refunds in the ledger. ``fee_refund_target_amount`` is how much
    of the application fee must be refunded; a fee refund cannot be undone, so the target only
    grows. ``paid_otherwise_amount`` is what the studio paid by other means after a refund failed.

    ``print_units`` counts the order's units. ``print_units_off`` counts, by line, the units that
    line-item refunds removed from the print job. ``fulfillment_canceled_by`` is a refund's id,
    ``NOTHING_LEFT``, or the user who canceled.

    ``tax_parts`` are the parts of ``tax_amount`` by jurisdiction and rate, each with what of it
    went back. There are none if the import gave none.

    ``payment_problem`` says why the payment failed or how the charge differs from the import, and
    ``charged_amount`` what Stripe captured instead. ``stripe_fee_amount`` is the imported fee until
    the order is paid, then the one that Stripe took. ``ledger_starts_at`` is the studio's: what
    moved before it was paid out elsewhere. ``next_check_at`` is when the charge is read at Stripe
    again, after ``check_count`` times; None if it need not be.
    """

    order_id: str
    studio_id: str
    currency: str
    total_amount: int
    rev_share_amount: int
    stripe_fee_amount: int
    account_id: str | None = None
    application_fee_id: str | None = None
    version: int = 0
    committed_amount: int = 0
    settled_amount: int = 0
    rev_share_reversed_amount: int = 0
    fee_refund_target_amount: int = 0
    lines_committed: dict[str, LineCommitted] = field(default_factory=dict)
    fulfillment_status: FulfillmentStatus = FulfillmentStatus.NONE
    fulfillment_canceled_by: str | None = None
    fulfillment_claimed_by: str | None = None
    fulfillment_history: "tuple[FulfillmentStep, ...]" = ()
    print_units: int = 0
    print_units_off: dict[str, int] = field(default_factory=dict)
    placed_at: str = ""
    tax_amount: int = 0
    tax_refunded_amount: int = 0
    paid_otherwise_amount: int = 0
    payment_status: PaymentStatus = PaymentStatus.PAID
    payment_problem: str | None = None
    charged_amount: int | None = None
    ledger_starts_at: str | None = None
    next_check_at: str | None = None
    check_count: int = 0
    disputes: tuple[Dispute, ...] = ()
    tax_parts: tuple[SoldTax, ...] = ()

    @property
    def key(self) -> OrderKey:
        """The studio's id and the order's id, which together identify the order."""
        return OrderKey(self.studio_id, self.order_id)

    @property
    def withdrawn_amount(self) -> int:
        """The money that disputes have taken and not given back."""
        return sum(each.withdrawn_amount for each in self.disputes)

    def is_before_ledger(self, moved_at: str) -> bool:
        """Whether money that moved then was paid out before the ledger. RFC 3339 in UTC."""
        return self.ledger_starts_at is not None and moved_at < self.ledger_starts_at

    @property
    def returned_amount(self) -> int:
        """The money in the ledger that went back to the parent: by refunds and by disputes."""
        return self.settled_amount + self.withdrawn_amount

    @property
    def refundable_amount(self) -> int:
        """The amount that can still be refunded. External refunds never take it below zero."""
        gone = self.committed_amount + self.withdrawn_amount + self.paid_otherwise_amount
        return max(0, self.total_amount - gone)

    @property
    def in_flight_amount(self) -> int:
        """The amount of the refunds that are not in the ledger yet."""
        return max(0, self.committed_amount - self.settled_amount)

    @property
    def refund_status(self) -> OrderRefundStatus:
        """The order's refund status."""
        if self.in_flight_amount:
            return OrderRefundStatus.PENDING
        return self.settled_refund_status

    @property
    def settled_refund_status(self) -> OrderRefundStatus:
        """What of the order is refunded, whatever is in flight."""
        if self.settled_amount <= 0:
            return OrderRefundStatus.NONE
        full = self.settled_amount >= self.total_amount
        return OrderRefundStatus.REFUNDED if full else OrderRefundStatus.PARTIALLY_REFUNDED

    @property
    def blocks_refunds(self) -> bool:
        """Whether Stripe refuses refunds because of a dispute."""
        return any(each.blocks_refunds for each in self.disputes)

    @property
    def newest_dispute(self) -> Dispute | None:
        """The dispute to show first: an open one, then the newest, or None."""
        ranked = sorted(self.disputes, key=lambda each: (each.is_open, each.created_at))
        return ranked[-1] if ranked else None

    def erased(self) -> "OrderState":
        """Return the state without the notes that people wrote. They may name somebody."""
        disputes = (replace(each, dismissal_note=None) for each in self.disputes)
        return replace(self, disputes=tuple(disputes))

    @property
    def disputes_to_see(self) -> tuple[Dispute, ...]:
        """The disputes on the attention list."""
        return tuple(each for each in self.disputes if each.needs_attention)

    @property
    def has_wrong_payment(self) -> bool:
        """Whether a person must correct the order's import before it is a sale."""
        return self.payment_status in WRONG_PAYMENTS

    @property
    def must_be_checked(self) -> bool:
        """Whether its charge must be read at Stripe again, even if no event comes."""
        is_unsettled = self.payment_status in UNSETTLED_PAYMENTS
        return is_unsettled or any(each.is_open for each in self.disputes)

    def line_committed(self, line_id: str) -> LineCommitted:
        """Return the part of a line that is refunded or in flight."""
        return self.lines_committed.get(line_id, LineCommitted())

    def line_refund_amount(self, line: OrderLine, quantity: int) -> int:
        """Return the price of refunding ``quantity`` more units of the line, in minor units.

        After k of n units, ``cum(k) = round_half_up(net * k / n)`` is refunded. So n refunds of
        one unit return exactly the line, even if one of them failed in between. Never negative:
        after failures of tiny amounts, more than ``cum`` may be refunded.
        """
        committed = self.line_committed(line.line_id)
        cumulative = share_of(line.net_amount, committed.quantity + quantity, line.quantity)
        return max(0, cumulative - committed.amount)

    def line_refund_tax(self, line: OrderLine, quantity: int) -> int:
        """Return the tax in ``quantity`` more units of the line, rounded in the same way."""
        committed = self.line_committed(line.line_id).quantity
        cumulative = share_of(line.tax_amount, committed + quantity, line.quantity)
        return cumulative - share_of(line.tax_amount, committed, line.quantity)

    def line_refund_tax_parts(self, line: OrderLine, quantity: int) -> TaxParts:
        """Return the parts of that tax, if the import gave the line's."""
        committed = self.line_committed(line.line_id).quantity
        return tax_of_units(line.taxes, committed, quantity, line.quantity)

    def line_refundable_quantity(self, line: OrderLine) -> int:
        """Return how many units of the line can still be refunded."""
        if self.refundable_amount == 0:
            return 0
        return line.quantity - self.line_committed(line.line_id).quantity

    def line_refundable_amount(self, line: OrderLine) -> int:
        """Return what is left of the line, at most what is left of the order."""
        left = line.net_amount - self.line_committed(line.line_id).amount
        return max(0, min(left, self.refundable_amount))

    def with_reservation(self, amount: int, items: "tuple[RefundItem, ...]") -> "OrderState":
        """Return the state with a refund's money and units reserved."""
        return self._committing(amount, items, 1)

    def without_reservation(self, amount: int, items: "tuple[RefundItem, ...]") -> "OrderState":
        """Return the state with the reservation of a refund released."""
        return self._committing(amount, items, -1)

    def _committing(self, amount: int, items: "tuple[RefundItem, ...]", sign: int) -> "OrderState":
        lines = dict(self.lines_committed)
        for item in items:
            before = self.line_committed(item.line_id)
            lines[item.line_id] = LineCommitted(
                before.quantity + sign * item.quantity, before.amount + sign * item.amount
            )
        lines = {line_id: line for line_id, line in lines.items() if line != LineCommitted()}
        return replace(
            self, committed_amount=self.committed_amount + sign * amount, lines_committed=lines
        )


@dataclass(frozen=True, slots=True)
class FulfillmentStep:
    """One step of a person with the print: its new status, when (RFC 3339, UTC) and by whom."""

    status: FulfillmentStatus
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class RefundItem:
    """Units of a line that a refund returns, with their amount and the tax in it."""

    line_id: str
    quantity: int
    amount: int
    tax_amount: int = 0
