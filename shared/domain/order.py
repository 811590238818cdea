"""An order, what has gone back of it, and what is still refundable, per line and in all."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from shared.domain.money import share_of

# Shipping with its tax is one more line of quantity 1; import refuses a line of this id.
SHIPPING_LINE_ID = "shipping"


@dataclass(frozen=True, slots=True)
class OrderKey:
    """What identifies an order. Two studios may each have an order of the same order id."""

    studio_id: str
    order_id: str


class FulfillmentStatus(StrEnum):
    """Where an order's print is."""

    NONE = "none"
    QUEUED = "queued"
    CLAIMED = "claimed"
    PRINTED = "printed"
    SHIPPED = "shipped"
    CANCELED = "canceled"


class OrderRefundStatus(StrEnum):
    """How far an order is refunded."""

    NONE = "none"
    PENDING = "pending"
    PARTIALLY_REFUNDED = "partially_refunded"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as sold; ``net_amount`` is quantity x unit - discount + tax, in minor units.

    ``tax_amount`` is the tax in it.
    """

    line_id: str
    quantity: int
    net_amount: int
    tax_amount: int = 0


@dataclass(frozen=True, slots=True)
class LineCommitted:
    """What of a line is refunded or on its way back: units, and money in minor units."""

    quantity: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """What was sold and charged. It never changes after import; amounts in minor units.

    ``account_id`` is set where the charge lives on the studio's own Stripe account (a Connect
    direct charge), whose rev share was taken as the application fee ``application_fee_id``.
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
    def print_units(self) -> int:
        """How many units there are to print."""
        return sum(line.quantity for line in self.lines if line.line_id != SHIPPING_LINE_ID)

    def line(self, line_id: str) -> OrderLine | None:
        """Return the line of that id, shipping included, or None."""
        return next((line for line in self.lines if line.line_id == line_id), None)


@dataclass(frozen=True, slots=True)
class OrderState:
    """What changes of an order; one small record, guarded by ``version``.

    ``committed_amount`` counts refunds in flight and done, not failed ones; ``settled_amount``
    counts those in the ledger. ``fee_refund_target_amount`` is the most that the application fee
    has to give back so far; a fee refund cannot be undone, so the target only grows.
    ``paid_otherwise_amount`` is what the studio paid the parent by other means after a refund
    failed.

    ``print_units`` are those of the order, ``print_units_off`` those that line-item refunds took
    off the print job, by line. ``fulfillment_canceled_by`` is a refund's id, ``NOTHING_LEFT``, or
    the user who canceled.
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
    dispute_id: str | None = None
    dispute_status: str | None = None
    disputed_at: str | None = None

    @property
    def key(self) -> OrderKey:
        """The studio's id and the order's id, which together identify the order."""
        return OrderKey(self.studio_id, self.order_id)

    @property
    def refundable_amount(self) -> int:
        """What is left, never below zero, though Stripe may have refunded what we reserved."""
        return max(0, self.total_amount - self.committed_amount - self.paid_otherwise_amount)

    @property
    def in_flight_amount(self) -> int:
        """What is on its way back, and not in the ledger yet."""
        return max(0, self.committed_amount - self.settled_amount)

    @property
    def refund_status(self) -> OrderRefundStatus:
        """How far the order is refunded, in one word."""
        if self.in_flight_amount:
            return OrderRefundStatus.PENDING
        if self.settled_amount <= 0:
            return OrderRefundStatus.NONE
        full = self.settled_amount >= self.total_amount
        return OrderRefundStatus.REFUNDED if full else OrderRefundStatus.PARTIALLY_REFUNDED

    @property
    def disputed(self) -> bool:
        """Whether Stripe refuses refunds because of a dispute that is open or lost."""
        return self.dispute_id is not None and self.dispute_status not in {"won", "warning_closed"}

    def line_committed(self, line_id: str) -> LineCommitted:
        """Return what is out of the line."""
        return self.lines_committed.get(line_id, LineCommitted())

    def line_refund_amount(self, line: OrderLine, quantity: int) -> int:
        """Return what refunding ``quantity`` more units of the line takes, in minor units.

        The line's money goes out along ``cum(k) = round_half_up(net * k / n)``, so n refunds of
        one unit return exactly the line, also when one in between failed. Never negative: after
        failures of tiny amounts more may be out than ``cum`` says.
        """
        out = self.line_committed(line.line_id)
        cumulative = share_of(line.net_amount, out.quantity + quantity, line.quantity)
        return max(0, cumulative - out.amount)

    def line_refund_tax(self, line: OrderLine, quantity: int) -> int:
        """Return the tax in ``quantity`` more units of the line, along the same curve."""
        out = self.line_committed(line.line_id).quantity
        cumulative = share_of(line.tax_amount, out + quantity, line.quantity)
        return cumulative - share_of(line.tax_amount, out, line.quantity)

    def line_refundable_quantity(self, line: OrderLine) -> int:
        """Return how many units of the line can still be refunded."""
        if self.refundable_amount == 0:
            return 0
        return line.quantity - self.line_committed(line.line_id).quantity

    def line_refundable_amount(self, line: OrderLine) -> int:
        """Return what is left of the line, or of the order where that is less."""
        left = line.net_amount - self.line_committed(line.line_id).amount
        return max(0, min(left, self.refundable_amount))

    def with_reservation(self, amount: int, items: "tuple[RefundItem, ...]") -> "OrderState":
        """Return the state with a refund's money and units reserved."""
        return self._committing(amount, items, 1)

    def without_reservation(self, amount: int, items: "tuple[RefundItem, ...]") -> "OrderState":
        """Return the state with a refund's money and units free again."""
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
    """What a person did to the print: the status it got, when (RFC 3339, UTC) and by whom."""

    status: FulfillmentStatus
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class RefundItem:
    """Units of a line that a refund returns; the money for them, and the tax in it."""

    line_id: str
    quantity: int
    amount: int
    tax_amount: int = 0
