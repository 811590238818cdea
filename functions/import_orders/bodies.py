"""The import format, checked strictly. Amounts in minor units."""

from datetime import datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from shared.domain.imported_order import (
    ChargeIds,
    ImportedOrder,
    Parent,
    PhotoDay,
    Product,
    Subject,
)
from shared.domain.money import SUPPORTED_CURRENCIES
from shared.domain.order import SHIPPING_LINE_ID, FulfillmentStatus
from shared.domain.payout_schedule import Interval
from shared.domain.studio import OnNegativeLimit, Studio

# Ids become parts of keys; none may hold the keys' separator.
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
StripeId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,255}$")]
# https://www.rfc-editor.org/rfc/rfc3339#section-5.6: with its offset, and nothing shorter.
_RFC3339 = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$"
# Names come into mail, pages and spreadsheets: none with a line break, a control character, or a
# mark that turns the direction of what follows it, and none of spaces alone.
_UNFIT = r"\p{Cc}\p{Zl}\p{Zp}\u{202a}-\u{202e}\u{2066}-\u{2069}"
Name = Annotated[
    str,
    StringConstraints(
        min_length=1, max_length=200, pattern=rf"^[^{_UNFIT}]*[^{_UNFIT}\p{{Z}}][^{_UNFIT}]*$"
    ),
]
Amount = Annotated[int, Field(ge=0, le=99_999_999)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,190}$")]


FulfillmentStatusName = Literal["none", "queued", "claimed", "printed", "shipped", "canceled"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _supported(currency: str) -> str:
    if currency not in SUPPORTED_CURRENCIES:
        raise ValueError("unsupported_currency: not a currency that is refunded here")
    return currency


class PayoutScheduleBody(_Strict):
    """When a studio is paid out; days and hours in its time zone."""

    interval: Literal["daily", "weekly", "monthly"] = "weekly"
    weekday: Annotated[int, Field(ge=0, le=6)] = 0


class StudioBody(_Strict):
    """A studio."""

    studio_id: Id
    name: Name
    timezone: str
    currency: str
    rev_share_bps: Annotated[int, Field(ge=0, le=10_000)]
    from_address: Email
    stripe_account_id: StripeId | None = None
    payout_account_id: StripeId | None = None
    payout_schedule: Literal["daily", "weekly", "monthly"] | PayoutScheduleBody | None = None
    negative_balance_limit: Amount
    on_negative_limit: Literal["warn", "refuse"] | None = None

    _currency = field_validator("currency")(_supported)

    def studio(self) -> Studio:
        """Return the studio. What the line leaves out gets its default."""
        chosen = self.payout_schedule or Interval.WEEKLY.value
        schedule = PayoutScheduleBody(interval=chosen) if isinstance(chosen, str) else chosen
        return Studio(
            studio_id=self.studio_id,
            name=self.name,
            timezone=self.timezone,
            currency=self.currency,
            rev_share_bps=self.rev_share_bps,
            from_address=self.from_address,
            negative_balance_limit=self.negative_balance_limit,
            stripe_account_id=self.stripe_account_id,
            payout_account_id=self.payout_account_id,
            payout_interval=Interval(schedule.interval),
            payout_weekday=schedule.weekday,
            on_negative_limit=OnNegativeLimit(self.on_negative_limit or "warn"),
        )

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("not an IANA time zone") from error
        return name


class ParentBody(_Strict):
    """Who ordered."""

    name: Name
    email: Email | None = None


class SubjectBody(_Strict):
    """Who is in the photos."""

    subject_id: Id
    name: Name


class PhotoDayBody(_Strict):
    """When and where they were taken."""

    photo_day_id: Id
    name: Name


class OrderLineBody(_Strict):
    """A product of the order."""

    line_id: Id
    product: Name
    sku: Name
    quantity: Annotated[int, Field(gt=0, le=10_000)]
    unit_amount: Amount
    discount_amount: Amount
    tax_amount: Amount
    subject_id: Id | None = None

    @property
    def net_amount(self) -> int:
        """What the parent paid for the line."""
        return self.quantity * self.unit_amount - self.discount_amount + self.tax_amount


class ChargeBody(_Strict):
    """Where the money was charged; ``account_id`` for charges on the studio's own account."""

    charge_id: StripeId | None
    payment_intent_id: StripeId | None = None
    account_id: StripeId | None = None
    application_fee_id: StripeId | None = None


class FulfillmentBody(_Strict):
    """Where the print is."""

    status: FulfillmentStatusName
    claimed_by: Name | None = None


class OrderBody(_Strict):
    """An order."""

    order_id: Id
    studio_id: Id
    placed_at: Annotated[str, StringConstraints(pattern=_RFC3339)]
    currency: str
    parent: ParentBody
    subjects: Annotated[list[SubjectBody], Field(max_length=100)]
    photo_day: PhotoDayBody | None = None
    line_items: Annotated[list[OrderLineBody], Field(min_length=1, max_length=100)]
    shipping_amount: Amount
    shipping_tax_amount: Amount
    total_amount: Amount
    rev_share_amount: Amount
    stripe_fee_amount: Amount
    stripe: ChargeBody
    fulfillment: FulfillmentBody

    _currency = field_validator("currency")(_supported)

    def imported_order(self) -> ImportedOrder:
        """Return the order."""
        day = self.photo_day
        return ImportedOrder(
            order_id=self.order_id,
            subjects=tuple(Subject(each.subject_id, each.name) for each in self.subjects),
            photo_day=PhotoDay(day.photo_day_id, day.name) if day else None,
            products=tuple(Product(**dict(line)) for line in self.line_items),
            shipping_amount=self.shipping_amount,
            shipping_tax_amount=self.shipping_tax_amount,
            charge=ChargeIds(**dict(self.stripe)),
            studio_id=self.studio_id,
            placed_at=self.placed_at,
            currency=self.currency,
            parent=Parent(self.parent.name, self.parent.email),
            total_amount=self.total_amount,
            rev_share_amount=self.rev_share_amount,
            stripe_fee_amount=self.stripe_fee_amount,
            fulfillment_status=FulfillmentStatus(self.fulfillment.status),
            fulfillment_claimed_by=self.fulfillment.claimed_by,
        )

    @field_validator("placed_at")
    @classmethod
    def _exists(cls, text: str) -> str:
        try:
            datetime.fromisoformat(text)
        except ValueError as error:
            raise ValueError("no such date and time") from error
        return text

    @model_validator(mode="after")
    def _adds_up(self) -> "OrderBody":
        for problem, found in (
            (
                "two lines have the same line_id",
                self._repeats([i.line_id for i in self.line_items]),
            ),
            ("two subjects have the same subject_id", self._repeats_subjects()),
            (f"line_id {SHIPPING_LINE_ID!r} is reserved", self._has_reserved_line()),
            ("a line's discount is more than its price", self._has_negative_line()),
            ("a line names a subject that the order does not have", self._has_stray_subject()),
            ("lines and shipping do not add up to total_amount", self._sum() != self.total_amount),
            (
                "rev_share_amount is more than total_amount",
                self.rev_share_amount > self.total_amount,
            ),
            ("stripe_fee_amount is more than total_amount", self._fee_too_high()),
            (
                "a charge of 0 cannot be",
                self.stripe.charge_id is not None and not self.total_amount,
            ),
            ("application_fee_id without account_id", self._has_stray_fee()),
            ("a direct charge with rev share needs application_fee_id", self._lacks_fee()),
        ):
            if found:
                raise ValueError(problem)
        return self

    @staticmethod
    def _repeats(ids: list[str]) -> bool:
        return len(set(ids)) != len(ids)

    def _repeats_subjects(self) -> bool:
        return self._repeats([subject.subject_id for subject in self.subjects])

    def _has_reserved_line(self) -> bool:
        return any(item.line_id == SHIPPING_LINE_ID for item in self.line_items)

    def _has_negative_line(self) -> bool:
        return any(
            item.discount_amount > item.quantity * item.unit_amount for item in self.line_items
        )

    def _has_stray_subject(self) -> bool:
        known = {subject.subject_id for subject in self.subjects} | {None}
        return any(item.subject_id not in known for item in self.line_items)

    def _sum(self) -> int:
        lines = sum(item.net_amount for item in self.line_items)
        return lines + self.shipping_amount + self.shipping_tax_amount

    def _fee_too_high(self) -> bool:
        return self.stripe_fee_amount > self.total_amount

    def _has_stray_fee(self) -> bool:
        return self.stripe.application_fee_id is not None and self.stripe.account_id is None

    def _lacks_fee(self) -> bool:
        stripe = self.stripe
        direct = stripe.account_id is not None and stripe.charge_id is not None
        return direct and stripe.application_fee_id is None and self.rev_share_amount > 0
