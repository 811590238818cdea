"""The report of refunds: its rows and its state, from the ledger's entries and from refunds."""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import NamedTuple, Self

from shared.domain.ledger import EntryKind, LedgerEntry, RecordSource
from shared.domain.order import OrderState
from shared.domain.refund import Refund, RefundStatus
from shared.domain.settlement import effect_of, refunded_tax


class ReportState(StrEnum):
    """Which refunds a report is about: those in the ledger, on their way, or failed."""

    SETTLED = "settled"
    OPEN = "open"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a report is about, so pinned down that later pages and files hold just the same.

    Attributes:
        studio_id: Whose refunds.
        state: Which of them.
        start: When the time begins, RFC 3339 in UTC with milliseconds.
        end: When it is over: the first moment that is not in it.
        upto_seq: The ledger's last entry when the report was asked for; later ones are left out.
    """

    studio_id: str
    state: ReportState
    start: str
    end: str
    upto_seq: int


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A refund in the report, or its late failure as a row of its own with all signs reversed.

    Amounts in minor units. ``refunded_amount`` is what went to the parent, and
    ``rev_share_adjustment_amount`` the share that came back to the studio for it, both positive for
    a refund; ``net_deduction_amount`` is what the studio bears, as a negative number. The names and
    ``original_amount`` are the order's, joined later; None where they were erased. ``place`` is
    where the row stands: the time it is in order of, and what tells it from others of that time.
    """

    place: str
    refund_id: str
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


@dataclass(frozen=True, slots=True)
class ReportTotals:
    """The sums of rows; minor units, with the rows' signs. A late failure counts as a row."""

    count: int = 0
    refunded_amount: int = 0
    rev_share_adjustment_amount: int = 0
    stripe_fee_retained_amount: int = 0
    net_deduction_amount: int = 0
    tax_refunded_amount: int = 0

    def plus(self, rows: "Iterable[ReportRow | ReportTotals]") -> Self:
        """Return the state with these rows, or other state, counted in."""
        sums = [getattr(self, name) for name in _SUMMED]
        count = self.count
        for row in rows:
            count += row.count if isinstance(row, ReportTotals) else 1
            for place, name in enumerate(_SUMMED):
                sums[place] += getattr(row, name)
        return replace(self, count=count, **dict(zip(_SUMMED, sums, strict=True)))


_SUMMED = tuple(field.name for field in fields(ReportTotals) if field.name != "count")


class EntryFigures(NamedTuple):
    """The amounts of a refund's ledger entry, in minor units, with the ledger's signs.

    A tuple, because a report adds up a hundred thousand of them.
    """

    seq: int
    gross_amount: int
    rev_share_amount: int
    stripe_fee_retained_amount: int
    net_amount: int
    tax_amount: int


def totals_of_figures(entries: Iterable[EntryFigures]) -> ReportTotals:
    """Return the totals of ledger entries: the same as making rows and adding them up."""
    count = gross = rev_share = retained = net = tax = 0
    for entry in entries:
        count += 1
        gross += entry.gross_amount
        rev_share += entry.rev_share_amount
        retained += entry.stripe_fee_retained_amount
        net += entry.net_amount
        tax += entry.tax_amount
    return ReportTotals(count, -gross, rev_share, retained, net, -tax)


def row_of_entry(entry: LedgerEntry) -> ReportRow:
    """Return the row of a refund's ledger entry; the ledger sees its money from the studio.

    Raises:
        ValueError: The entry is of no refund.
    """
    if entry.settled_at is None or entry.refund_id is None or entry.order_id is None:
        raise ValueError(f"entry {entry.seq} is of no refund")
    failed = entry.kind is EntryKind.REFUND_FAILED
    return ReportRow(
        place=f"{entry.settled_at}#{entry.seq}",
        refund_id=entry.refund_id,
        order_id=entry.order_id,
        type=entry.refund_type,
        reason=entry.reason,
        status=RefundStatus.FAILED if failed else RefundStatus.SETTLED,
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
    )


def open_row(refund: Refund, state: OrderState) -> ReportRow:
    """Return the row of a refund that is on its way.

    Its effects are estimates, the same as the refund itself shows: what it will do if all that is
    on its way settles, this one last. The tax is estimated as if it settled next.
    """
    effect = effect_of(state, state.committed_amount - refund.amount, state.committed_amount)
    return _row_of_refund(
        refund,
        refund.requested_at,
        rev_share=effect.rev_share_reversed_amount,
        retained=effect.stripe_fee_retained_amount,
        net=effect.net_deduction_amount,
        tax=refunded_tax(state, refund),
    )


def failed_row(refund: Refund, failed_at: str) -> ReportRow:
    """Return the row of a refund that failed or was canceled.

    Its amount is what did not reach the parent. It does nothing to the studio, or nothing any more,
    so its effects are 0.
    """
    return _row_of_refund(refund, failed_at, rev_share=0, retained=0, net=0, tax=0)


def _row_of_refund(  # noqa: PLR0913  # a row's figures
    refund: Refund, at: str, *, rev_share: int, retained: int, net: int, tax: int
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
    )
