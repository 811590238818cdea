"""An order as the shop sent it: products, people and the charge."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from shared.domain.order import (
    SHIPPING_LINE_ID,
    FulfillmentStatus,
    Order,
    OrderKey,
    OrderLine,
)
from shared.domain.tax import TaxParts


@dataclass(frozen=True, slots=True)
class Parent:
    """The person who ordered. The name is None after it was erased."""

    name: str | None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A person in the photos. The name is None after it was erased."""

    subject_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class PhotoDay:
    """The day when the photos were taken. The name is None after it was erased."""

    photo_day_id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Product:
    """A line of products; amounts in minor units, the discount and tax of the whole line.

    ``taxes`` are the parts of the tax, if the shop gave them.
    """

    line_id: str
    product: str
    sku: str
    quantity: int
    unit_amount: int
    discount_amount: int
    tax_amount: int
    subject_id: str | None = None
    taxes: TaxParts = ()

    @property
    def net_amount(self) -> int:
        """What the parent paid for the line."""
        return self.quantity * self.unit_amount - self.discount_amount + self.tax_amount


@dataclass(frozen=True, slots=True)
class ChargeIds:
    """Stripe's ids of the charge. ``charge_id`` is None if the order was not charged.

    ``account_id`` is set for a charge on the studio's own Stripe account.
    """

    charge_id: str | None
    payment_intent_id: str | None = None
    account_id: str | None = None
    application_fee_id: str | None = None


@dataclass(frozen=True, slots=True)
class OrderContents:
    """The contents of an order: subjects, products and charge. Refund patterns read only these."""

    order_id: str
    subjects: tuple[Subject, ...]
    photo_day: PhotoDay | None
    products: tuple[Product, ...]
    shipping_amount: int
    shipping_tax_amount: int
    charge: ChargeIds
    shipping_taxes: TaxParts = field(default=(), kw_only=True)

    @property
    def lines(self) -> tuple[OrderLine, ...]:
        """The lines with their amounts. Shipping is the last line, if it cost anything."""
        lines = [
            OrderLine(
                each.line_id,
                each.quantity,
                each.net_amount,
                each.tax_amount,
                each.product,
                each.taxes,
            )
            for each in self.products
        ]
        shipping = self.shipping_amount + self.shipping_tax_amount
        if shipping:
            lines.append(
                OrderLine(
                    SHIPPING_LINE_ID,
                    1,
                    shipping,
                    self.shipping_tax_amount,
                    taxes=self.shipping_taxes,
                )
            )
        return tuple(lines)

    def subject_names(self, line_ids: Collection[str]) -> Iterator[str]:
        """Yield the names of the lines' subjects; all subjects if a line names none."""
        named = {each.subject_id for each in self.products if each.line_id in line_ids}
        everyone = not named or None in named
        for subject in self.subjects:
            if subject.name is not None and (everyone or subject.subject_id in named):
                yield subject.name


@dataclass(frozen=True, slots=True)
class ImportedOrder(OrderContents):
    """An order as imported; amounts in minor units of ``currency``.

    ``placed_at`` is RFC 3339 as the shop sent it. The two fulfillment fields are those at import.
    """

    studio_id: str
    placed_at: str
    currency: str
    parent: Parent
    total_amount: int
    rev_share_amount: int
    stripe_fee_amount: int
    fulfillment_status: FulfillmentStatus = FulfillmentStatus.NONE
    fulfillment_claimed_by: str | None = None

    @property
    def key(self) -> OrderKey:
        """The studio's id and the order's id, which together identify the order."""
        return OrderKey(self.studio_id, self.order_id)

    @property
    def order(self) -> Order:
        """The order as refunds see it: its money and its charge."""
        return Order(
            order_id=self.order_id,
            studio_id=self.studio_id,
            currency=self.currency,
            total_amount=self.total_amount,
            rev_share_amount=self.rev_share_amount,
            stripe_fee_amount=self.stripe_fee_amount,
            lines=self.lines,
            charge_id=self.charge.charge_id,
            account_id=self.charge.account_id,
            application_fee_id=self.charge.application_fee_id,
        )

    @property
    def names(self) -> list[str]:
        """The names that people search by: the parent's first, then the subjects'."""
        people = (self.parent.name, *(subject.name for subject in self.subjects))
        return [name for name in people if name is not None]

    def erased(self) -> "ImportedOrder":
        """Return the order without what tells who the people are. Amounts and ids stay."""
        day = self.photo_day
        return replace(
            self,
            parent=Parent(None),
            subjects=tuple(Subject(each.subject_id, None) for each in self.subjects),
            photo_day=day and PhotoDay(day.photo_day_id, None),
        )

    @property
    def product_names(self) -> dict[str, str]:
        """The name of each line, by its line id; shipping included."""
        names = {each.line_id: each.product for each in self.products}
        return names | {SHIPPING_LINE_ID: "Shipping"}
