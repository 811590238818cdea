"""The refund report: its rows and totals, made from ledger entries and from refunds."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import NamedTuple, Self

from shared.domain.ledger import EntryKind, LedgerEntry
from shared.domain.order import OrderState
from shared.domain.record_source import RecordSource
from shared.domain.refund import Refund, RefundStatus, Resolution
from shared.domain.report_filter import ALL_REFUNDS, ReportFilter
from shared.domain.settlement import effect_of_open, refunded_tax, refunded_tax_parts
from shared.domain.tax import TaxParts, negated, parts_of_text, text_of_parts

# Stripe may fail a refund up to 30 days late: https://docs.stripe.com/refunds#failed-refunds
# Our own polling finds the failure within five more days.
LATE_FAILURE = timedelta(days=35)


class ReportState(StrEnum):
    """Which refunds a report lists: those in the ledger, those in flight, or those that failed."""

    SETTLED = "settled"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Selection:
    """The refunds that a report covers, so exact that later pages and files cover the same ones.

    Attributes:
        studio_id: The studio's id.
        state: The refunds to list.
        start: The first moment of the range, RFC 3339 in UTC with milliseconds.
        end: The first moment after the range.
        upto_seq: The ledger's last entry at the time of the request. Later entries are left out.
        newest_first: Whether rows come the newest first.
        only: What the listed refunds must have.
    """

    studio_id: str
    state: ReportState
    start: str
    end: str
    upto_seq: int
    newest_first: bool = False
    only: ReportFilter = ALL_REFUNDS


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of the report: a refund, its late failure with all signs reversed, or a dispute.

    Amounts in minor units. ``refunded_amount`` is what the parent got, and
    ``rev_share_adjustment_amount`` the share that the studio got back; both are positive for a
    refund. ``net_deduction_amount`` is what the studio pays, as a negative number. A dispute has
    Stripe's ``dispute_fee_amount`` in it, and money that came back is negative. The names and
    ``original_amount`` are added from the order later, and are None if they were erased. A late
    failure gets its ``failure_reason`` and ``resolution`` from the refund later. So do the details,
    which say the reasons in words. The ids of the charge and ``placed_at`` come from the order.
    ``balance_transaction_id`` is the movement of Stripe's balance; a refund that failed before it
    settled may have moved it and back. ``tax_parts`` are the parts of the refunded tax, as the
    ledger writes them, if the order's import gave them. Rows sort by ``place``: a time, and an id
    that makes it unique.
    """

    place: str
    refund_id: str | None
    order_id: str
    type: str | None
    reason: str | None
    status: str
    currency: str
    refunded_amount: int
    rev_share_adjustment_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_refunded_amount: int
    processed_by: str | None
    stripe_refund_id: str | None
    source: RecordSource | None
    settled_at: str | None = None
    requested_at: str | None = None
    failed_at: str | None = None
    parent_name: str | None = None
    subject_names: tuple[str, ...] = ()
    original_amount: int | None = None
    dispute_id: str | None = None
    dispute_fee_amount: int = 0
    pending_reason: str | None = None
    pending_detail: str | None = None
    failure_reason: str | None = None
    failure_detail: str | None = None
    resolution: Resolution | None = None
    processed_by_name: str | None = None
    account_id: str | None = None
    charge_id: str | None = None
    payment_intent_id: str | None = None
    placed_at: str | None = None
    balance_transaction_id: str | None = None
    failure_balance_transaction_id: str | None = None
    tax_parts: str | None = None

    @property
    def at(self) -> str:
        """When it settled, was requested or failed: the time that the report sorts by."""
        return self.place.partition("#")[0]

    @property
    def is_refund(self) -> bool:
        """Whether it is a refund that did not fail. The others are failures and disputes."""
        return self.dispute_id is None and self.status not in _NOT_REFUNDED

    @property
    def is_late_failure(self) -> bool:
        """Whether it takes back a refund that had settled."""
        return self.status == RefundStatus.FAILED and self.settled_at is not None


_NOT_REFUNDED = {RefundStatus.FAILED, RefundStatus.CANCELED}


@dataclass(frozen=True, slots=True)
class ReportTotals:
    """The sums of rows, in minor units with the rows' signs. A late failure counts as a row."""

    count: int = 0
    refunded_amount: int = 0
    rev_share_adjustment_amount: int = 0
    stripe_fee_retained_amount: int = 0
    net_deduction_amount: int = 0
    tax_refunded_amount: int = 0
    dispute_fee_amount: int = 0

    def plus(self, rows: "Iterable[ReportRow | ReportTotals]") -> Self:
        """Return the totals with more rows, or other totals, added."""
        sums = [getattr(self, name) for name in _SUMMED]
        count = self.count
        for row in rows:
            count += row.count if isinstance(row, ReportTotals) else 1
            for place, name in enumerate(_SUMMED):
                sums[place] += getattr(row, name)
        return replace(self, count=count, **dict(zip(_SUMMED, sums, strict=True)))


_SUMMED = tuple(field.name for field in fields(ReportTotals) if field.name != "count")


class EntryFigures(NamedTuple):
    """The amounts of a refund's or dispute's ledger entry, in minor units with the ledger's signs.

    It is a tuple for speed: a report adds up a hundred thousand of them.
    """

    seq: int
    gross_amount: int
    rev_share_amount: int
    stripe_fee_retained_amount: int
    net_amount: int
    tax_amount: int
    stripe_fee_amount: int


def totals_of_figures(entries: Iterable[EntryFigures]) -> ReportTotals:
    """Return the totals of ledger entries, the same as the totals of their rows."""
    count = gross = rev_share = retained = net = tax = fee = 0
    for entry in entries:
        count += 1
        gross += entry.gross_amount
        rev_share += entry.rev_share_amount
        retained += entry.stripe_fee_retained_amount
        net += entry.net_amount
        tax += entry.tax_amount
        fee += entry.stripe_fee_amount
    return ReportTotals(count, -gross, rev_share, retained, net, -tax, -fee)


def row_of_entry(entry: LedgerEntry) -> ReportRow:
    """Return the row of a refund's or a dispute's ledger entry.

    Raises:
        ValueError: The entry is about something else.
    """
    if entry.settled_at is None or entry.order_id is None or entry.kind not in _ROW_STATUS:
        raise ValueError(f"entry {entry.seq} is not about a refund or a dispute")
    return ReportRow(
        place=f"{entry.settled_at}#{entry.seq}",
        refund_id=entry.refund_id,
        order_id=entry.order_id,
        type="dispute" if entry.dispute_id else entry.refund_type,
        reason=entry.reason,
        status=_ROW_STATUS[entry.kind],
        currency=entry.currency,
        refunded_amount=-entry.gross_amount,
        rev_share_adjustment_amount=entry.rev_share_amount,
        stripe_fee_retained_amount=entry.stripe_fee_retained_amount,
        net_deduction_amount=entry.net_amount,
        tax_refunded_amount=-entry.tax_amount,
        processed_by=entry.processed_by,
        stripe_refund_id=entry.stripe_refund_id,
        source=entry.source,
        settled_at=entry.settled_at,
        dispute_id=entry.dispute_id,
        dispute_fee_amount=-entry.stripe_fee_amount,
        balance_transaction_id=entry.balance_transaction_id,
        tax_parts=text_of_parts(negated(parts_of_text(entry.tax_parts))),
    )


_ROW_STATUS: dict[EntryKind, str] = {
    EntryKind.REFUND: RefundStatus.SETTLED.value,
    EntryKind.REFUND_FAILED: RefundStatus.FAILED.value,
    EntryKind.DISPUTE: "disputed",
    EntryKind.DISPUTE_REVERSED: "dispute_reversed",
}


def open_row(refund: Refund, state: OrderState) -> ReportRow:
    """Return the row of a refund in flight.

    Its effects are estimates, the same as the refund's own view shows, as if this refund settles
    after all others in flight. The tax is an estimate as if it settles next.
    """
    effect = effect_of_open(state, refund)
    tax = refunded_tax(state, refund)
    return _row_of_refund(
        refund,
        refund.requested_at,
        rev_share=effect.rev_share_reversed_amount,
        retained=effect.stripe_fee_retained_amount,
        net=effect.net_deduction_amount,
        tax=tax,
        tax_parts=refunded_tax_parts(state, refund, tax),
    )


def failed_row(refund: Refund, failed_at: str) -> ReportRow:
    """Return the row of a refund that failed or was canceled.

    Its amount did not reach the parent. It has no effect on the studio any more, so its effects
    are 0.
    """
    return _row_of_refund(refund, failed_at, rev_share=0, retained=0, net=0, tax=0)


def _row_of_refund(  # noqa: PLR0913  # each figure of a row has its name
    refund: Refund,
    at: str,
    *,
    rev_share: int,
    retained: int,
    net: int,
    tax: int,
    tax_parts: TaxParts = (),
) -> ReportRow:
    return ReportRow(
        place=f"{at}#{refund.refund_id}",
        refund_id=refund.refund_id,
        order_id=refund.order_id,
        type=refund.type,
        reason=refund.reason,
        status=refund.status,
        currency=refund.currency,
        refunded_amount=refund.amount,
        rev_share_adjustment_amount=rev_share,
        stripe_fee_retained_amount=retained,
        net_deduction_amount=net,
        tax_refunded_amount=tax,
        processed_by=refund.requested_by,
        stripe_refund_id=refund.stripe_refund_id,
        source=refund.source,
        requested_at=refund.requested_at,
        failed_at=refund.failed_at,
        pending_reason=refund.pending_reason,
        failure_reason=refund.failure_reason,
        resolution=refund.resolution,
        balance_transaction_id=refund.balance_transaction_id,
        failure_balance_transaction_id=refund.failure_balance_transaction_id,
        tax_parts=text_of_parts(tax_parts),
    )
