"""The import format, checked strictly. Amounts in minor units."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, field_validator, model_validator

from functions.import_orders.fields import (
    Amount,
    Currency,
    Email,
    Id,
    Locale,
    SendingAddress,
    StripeId,
    TaxRate,
    Time,
    Zone,
)
from shared.clock import rfc3339
from shared.domain.export import JOURNALS, ExportForm
from shared.domain.imported_order import (
    ChargeIds,
    ImportedOrder,
    Parent,
    PhotoDay,
    Product,
    Subject,
)
from shared.domain.journal_accounts import JournalAccountsError, parse_accounts
from shared.domain.limits import largest_amount
from shared.domain.order import SHIPPING_LINE_ID, FulfillmentStatus
from shared.domain.payout_schedule import Interval
from shared.domain.studio import OnNegativeLimit, Studio, StudioStatus
from shared.domain.tax import TaxPart, TaxParts, sold_tax
from shared.edge.bodies import Name, StrictBody, VisibleLine, refused

# A whole team or school in one order. The refund of all its lines must fit in a request, too.
_MAX_LINES = 1_000

# The account of each role, by the form of the journal.
type JournalAccountNames = dict[str, dict[str, str]]

# The order's state has them all, and it is read and written often.
_MAX_TAXES_OF_LINE = 10
_MAX_TAXES_OF_ORDER = 20

FulfillmentStatusName = Literal["none", "queued", "claimed", "printed", "shipped", "canceled"]


class PayoutScheduleBody(StrictBody):
    """When a studio is paid out, in its time zone. ``weekday`` 0 is Monday."""

    interval: Literal["daily", "weekly", "monthly"] = "weekly"
    weekday: Annotated[int, Field(ge=0, le=6)] = 0


def _interval_alone(schedule: object) -> object:
    """Return the schedule that an interval alone stands for."""
    return {"interval": schedule} if isinstance(schedule, str) else schedule


class StudioBody(StrictBody):
    """A studio's line."""

    studio_id: Id
    name: Name
    timezone: Zone
    currency: Currency
    rev_share_bps: Annotated[int, Field(ge=0, le=10_000)]
    from_address: SendingAddress
    stripe_account_id: StripeId | None = None
    payout_account_id: StripeId | None = None
    payout_schedule: Annotated[PayoutScheduleBody | None, BeforeValidator(_interval_alone)] = None
    negative_balance_limit: Amount
    on_negative_limit: Literal["warn", "refuse"] | None = None
    ledger_starts_at: Time | None = None
    hold_disputed: bool = False
    staff_refund_limit_amount: Amount | None = None
    status: Literal["active", "closed"] = "active"
    locale: Locale | None = None
    journal_accounts: JournalAccountNames = Field(default_factory=dict)

    def studio(self) -> Studio:
        """Return the studio. A field that the line leaves out gets its default."""
        schedule = self.payout_schedule or PayoutScheduleBody()
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
            ledger_starts_at=self.ledger_starts_at
            and rfc3339(datetime.fromisoformat(self.ledger_starts_at)),
            hold_disputed=self.hold_disputed,
            staff_refund_limit_amount=self.staff_refund_limit_amount,
            status=StudioStatus(self.status),
            locale=self.locale,
            journal_accounts=self.journal_accounts,
        )

    @field_validator("journal_accounts")
    @classmethod
    def _has_possible_accounts(
        cls, accounts: dict[str, dict[str, str]]
    ) -> dict[str, dict[str, str]]:
        for name, of_roles in accounts.items():
            if name not in JOURNALS:
                raise refused(f"{name!r} is no journal; name one of {', '.join(sorted(JOURNALS))}")
            try:
                parse_accounts(of_roles, ExportForm(name))
            except JournalAccountsError as error:
                raise refused(str(error)) from error
        return accounts

    @model_validator(mode="after")
    def _has_possible_amounts(self) -> "StudioBody":
        fault = next(_too_large(self, self.currency), None)
        if fault is not None:
            raise refused(fault)
        return self


class ParentBody(StrictBody):
    """Who ordered."""

    name: Name
    email: Email | None = None


class SubjectBody(StrictBody):
    """Who is in the photos."""

    subject_id: Id
    name: Name


class PhotoDayBody(StrictBody):
    """When and where they were taken."""

    photo_day_id: Id
    name: Name


class TaxBody(StrictBody):
    """A part of a line's tax: of one jurisdiction, at one rate in percent."""

    jurisdiction: Annotated[VisibleLine, StringConstraints(max_length=40, strip_whitespace=True)]
    rate: TaxRate
    amount: Amount


Taxes = Annotated[list[TaxBody], Field(default_factory=list, max_length=_MAX_TAXES_OF_LINE)]


class OrderLineBody(StrictBody):
    """A product of the order."""

    line_id: Id
    product: Name
    sku: VisibleLine
    quantity: Annotated[int, Field(gt=0, le=10_000)]
    unit_amount: Amount
    discount_amount: Amount
    tax_amount: Amount
    subject_id: Id | None = None
    taxes: Taxes

    @property
    def net_amount(self) -> int:
        """What the parent paid for the line."""
        return self.quantity * self.unit_amount - self.discount_amount + self.tax_amount


class ChargeBody(StrictBody):
    """The Stripe charge. ``account_id`` is set for a charge on the studio's own account."""

    charge_id: StripeId | None
    payment_intent_id: StripeId | None = None
    account_id: StripeId | None = None
    application_fee_id: StripeId | None = None


class FulfillmentBody(StrictBody):
    """Where the print is."""

    status: FulfillmentStatusName
    claimed_by: VisibleLine | None = None


class OrderBody(StrictBody):
    """An order's line."""

    order_id: Id
    studio_id: Id
    placed_at: Time
    currency: Currency
    parent: ParentBody
    subjects: Annotated[list[SubjectBody], Field(max_length=_MAX_LINES)]
    photo_day: PhotoDayBody | None = None
    line_items: Annotated[list[OrderLineBody], Field(min_length=1, max_length=_MAX_LINES)]
    shipping_amount: Amount
    shipping_tax_amount: Amount
    shipping_taxes: Taxes
    total_amount: Amount
    rev_share_amount: Amount
    stripe_fee_amount: Amount
    stripe: ChargeBody
    fulfillment: FulfillmentBody

    def imported_order(self) -> ImportedOrder:
        """Return the order that the line describes."""
        day = self.photo_day
        return ImportedOrder(
            order_id=self.order_id,
            subjects=tuple(Subject(each.subject_id, each.name) for each in self.subjects),
            photo_day=PhotoDay(day.photo_day_id, day.name) if day else None,
            products=tuple(
                Product(**dict(line) | {"taxes": _tax_parts(line.taxes)})
                for line in self.line_items
            ),
            shipping_amount=self.shipping_amount,
            shipping_tax_amount=self.shipping_tax_amount,
            shipping_taxes=_tax_parts(self.shipping_taxes),
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

    @model_validator(mode="after")
    def _is_consistent(self) -> "OrderBody":
        checks = chain(
            self._too_large_amounts(),
            self._faults_of_lines(),
            self._faults_of_amounts(),
            self._faults_of_taxes(),
            self._faults_of_charge(),
        )
        fault = next(checks, None)
        if fault is not None:
            raise refused(fault)
        return self

    def _too_large_amounts(self) -> Iterator[str]:
        yield from _too_large(self, self.currency)
        for number, line in enumerate(self.line_items):
            yield from _too_large(line, self.currency, f"line_items.{number}.")

    def _faults_of_lines(self) -> Iterator[str]:
        if _has_repeats(line.line_id for line in self.line_items):
            yield "two lines have the same line_id"
        if _has_repeats(subject.subject_id for subject in self.subjects):
            yield "two subjects have the same subject_id"
        if any(line.line_id == SHIPPING_LINE_ID for line in self.line_items):
            yield f"line_id {SHIPPING_LINE_ID!r} is reserved"
        if any(line.discount_amount > line.quantity * line.unit_amount for line in self.line_items):
            yield "a line's discount is more than its price"
        known = {subject.subject_id for subject in self.subjects} | {None}
        if any(line.subject_id not in known for line in self.line_items):
            yield "a line names a subject that the order does not have"

    def _faults_of_amounts(self) -> Iterator[str]:
        lines_amount = sum(line.net_amount for line in self.line_items)
        if lines_amount + self.shipping_amount + self.shipping_tax_amount != self.total_amount:
            yield "lines and shipping do not add up to total_amount"
        if self.rev_share_amount > self.total_amount:
            yield "rev_share_amount is more than total_amount"
        if self.stripe_fee_amount > self.total_amount:
            yield "stripe_fee_amount is more than total_amount"

    def _faults_of_taxes(self) -> Iterator[str]:
        taxed = [
            (f"line_items.{number}.", line.tax_amount, line.taxes)
            for number, line in enumerate(self.line_items)
        ]
        taxed.append(("shipping_", self.shipping_tax_amount, self.shipping_taxes))
        if not any(taxes for _, _, taxes in taxed):
            return
        for where, tax_amount, taxes in taxed:
            if tax_amount and not taxes:
                yield (
                    f"{where}taxes is missing; give taxes for every line with tax and for "
                    "shipping, or for none"
                )
            if sum(tax.amount for tax in taxes) != tax_amount:
                yield f"{where}taxes do not add up to {where}tax_amount"
        different = sold_tax(_tax_parts(taxes) for _, _, taxes in taxed)
        if len(different) > _MAX_TAXES_OF_ORDER:
            yield f"the order has more than {_MAX_TAXES_OF_ORDER} different taxes"

    def _faults_of_charge(self) -> Iterator[str]:
        charge = self.stripe
        is_charged = charge.charge_id is not None
        is_direct = is_charged and charge.account_id is not None
        if is_charged and not self.total_amount:
            yield "total_amount is 0, but there is a charge_id"
        if charge.application_fee_id is not None and charge.account_id is None:
            yield "application_fee_id without account_id"
        if is_direct and charge.application_fee_id is None and self.rev_share_amount > 0:
            yield "a direct charge with rev share needs application_fee_id"


def _tax_parts(taxes: Iterable[TaxBody]) -> TaxParts:
    return tuple(TaxPart(tax.jurisdiction, tax.rate, tax.amount) for tax in taxes)


def _too_large(body: StrictBody, currency: str, where: str = "") -> Iterator[str]:
    """Yield the amounts of a body that are more than its currency allows."""
    most = largest_amount(currency)
    for name, value in body:
        if isinstance(value, int) and value > most:
            yield f"{where}{name} is more than {most}, the most in {currency}"


def _has_repeats(ids: Iterable[str]) -> bool:
    listed = list(ids)
    return len(set(listed)) != len(listed)
