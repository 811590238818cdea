"""An order, what has gone back of it, and what is still refundable, per line and in all."""

from dataclasses import dataclass, field, replace

from shared.domain.money import share_of

# Shipping with its tax is one more line of quantity 1; import refuses a line of this id.
SHIPPING_LINE_ID = "shipping"


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line as sold; ``net_amount`` is quantity x unit - discount + tax, in minor units."""

    line_id: str
    quantity: int
    net_amount: int


@dataclass(frozen=True, slots=True)
class LineOut:
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

    def line(self, line_id: str) -> OrderLine | None:
        """Return the line of that id, shipping included, or None."""
        return next((line for line in self.lines if line.line_id == line_id), None)


@dataclass(frozen=True, slots=True)
class OrderTotals:
    """What changes of an order; one small record, guarded by ``version``.

    ``out_amount`` counts refunds in flight and done (not failed ones), ``settled_amount`` those
    in the ledger. ``fee_refund_target_amount`` is the most that was ever asked back of the
    application fee: a fee refund cannot be undone, so it only grows.
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
    out_amount: int = 0
    settled_amount: int = 0
    rev_share_reversed_amount: int = 0
    fee_refund_target_amount: int = 0
    lines_out: dict[str, LineOut] = field(default_factory=dict)
    fulfillment_status: str = "none"
    fulfillment_canceled_by: str | None = None
    dispute_id: str | None = None
    dispute_status: str | None = None

    @property
    def refundable_amount(self) -> int:
        """What is left, never below zero, though Stripe may have refunded what we reserved."""
        return max(0, self.total_amount - self.out_amount)

    @property
    def disputed(self) -> bool:
        """Whether Stripe refuses refunds because of a dispute that is open or lost."""
        return self.dispute_id is not None and self.dispute_status not in {"won", "warning_closed"}

    def line_out(self, line_id: str) -> LineOut:
        """Return what is out of the line."""
        return self.lines_out.get(line_id, LineOut())

    def line_refund_amount(self, line: OrderLine, quantity: int) -> int:
        """Return what refunding ``quantity`` more units of the line takes, in minor units.

        The line's money goes out along ``cum(k) = round_half_up(net * k / n)``, so n refunds of
        one unit return exactly the line, also when one in between failed. Never negative: after
        failures of tiny amounts more may be out than ``cum`` says.
        """
        out = self.line_out(line.line_id)
        cumulative = share_of(line.net_amount, out.quantity + quantity, line.quantity)
        return max(0, cumulative - out.amount)

    def line_refundable_quantity(self, line: OrderLine) -> int:
        """Return how many units of the line can still be refunded."""
        if self.refundable_amount == 0:
            return 0
        return line.quantity - self.line_out(line.line_id).quantity

    def line_refundable_amount(self, line: OrderLine) -> int:
        """Return what is left of the line, or of the order where that is less."""
        left = line.net_amount - self.line_out(line.line_id).amount
        return max(0, min(left, self.refundable_amount))

    def with_out(self, amount: int, items: "tuple[RefundItem, ...]", sign: int) -> "OrderTotals":
        """Return the totals after a reservation (``sign`` 1) or its release (``sign`` -1)."""
        lines = dict(self.lines_out)
        for item in items:
            out = self.line_out(item.line_id)
            lines[item.line_id] = LineOut(
                out.quantity + sign * item.quantity, out.amount + sign * item.amount
            )
        lines = {line_id: out for line_id, out in lines.items() if out != LineOut()}
        return replace(self, out_amount=self.out_amount + sign * amount, lines_out=lines)


@dataclass(frozen=True, slots=True)
class RefundItem:
    """Units of a line that a refund returns, and the money for them in minor units."""

    line_id: str
    quantity: int
    amount: int
