"""An order in memory, and what its figures must be, computed without the domain."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from fractions import Fraction

from shared.domain.dispute import Dispute
from shared.domain.fee_refund import FeeRefund
from shared.domain.order import LineCommitted, Order, OrderLine, OrderState
from shared.domain.refund import Refund, RefundStatus
from shared.domain.tax import TaxPart

from .orders import half_up

AT_STRIPE = frozenset({RefundStatus.PENDING, RefundStatus.SUCCEEDED, RefundStatus.SETTLED})
ALIVE = AT_STRIPE | {RefundStatus.REQUESTED}


@dataclass
class OrderBooks:
    """An order with its state, refunds and application fee, and what must be true of them.

    ``moved_elsewhere`` says that what the books lack of its disputes moved before the ledger.
    ``overlapped`` says that a dispute was booked before the late failure of a refund of the same
    money. The failure then leaves its tax refunded, because the dispute returns it.
    """

    order: Order
    state: OrderState
    fee: FeeRefund
    refunds: dict[str, Refund] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    moved_elsewhere: bool = False
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
