"""Responses of the refund report. Amounts in minor units, times RFC 3339 in UTC."""

from dataclasses import asdict, fields

from pydantic import Field

from functions.refund_report.add_up_taxes import ReportTaxes
from functions.refund_report.report_refunds import Report
from functions.refund_report.summarize_refunds import ReportSummary
from shared.domain.attribution import By
from shared.domain.refund_reason import reason_name
from shared.domain.report import ReportRow
from shared.domain.report_summary import BucketSize, ReasonTotals
from shared.views.patterns import rate
from shared.views.people import Names, optional_name, shown_name
from shared.views.refund import ResolutionView, resolution_view
from shared.views.view import View


class RowView(View):
    """A refund or a dispute. A late failure is a row of its own with all signs reversed.

    `refunded_amount` went to the parent. `rev_share_adjustment_amount` is the share that came back
    to the studio. `net_deduction_amount` is negative: it is what the studio bears. For an open
    refund these effects are estimates. For a failed refund `refunded_amount` did not reach the
    parent, and the effects are 0. A dispute has no `refund_id`; `dispute_fee_amount` is Stripe's
    fee for it, and money that came back is negative. Erased names are null or missing.
    `pending_reason` says what an open refund waits for, and `failure_reason` why one failed. The
    details say so in words, and what to do.
    `resolution` is how the parent was paid after that. `account_id` is the studio's own Stripe
    account if the charge is there. `balance_transaction_id` is the movement of Stripe's balance,
    and `failure_balance_transaction_id` the one back of a refund that failed before it settled.
    """

    settled_at: str | None
    requested_at: str | None
    failed_at: str | None
    refund_id: str | None
    order_id: str
    parent_name: str | None
    subject_names: list[str]
    type: str | None
    reason: str | None
    reason_name: str | None
    status: str
    currency: str
    original_amount: int | None
    refunded_amount: int
    rev_share_adjustment_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_refunded_amount: int
    processed_by: str | None
    processed_by_name: str | None
    stripe_refund_id: str | None
    source: str | None
    dispute_id: str | None
    dispute_fee_amount: int
    pending_reason: str | None
    pending_detail: str | None
    failure_reason: str | None
    failure_detail: str | None
    resolution: ResolutionView | None
    account_id: str | None
    charge_id: str | None
    payment_intent_id: str | None
    placed_at: str | None
    balance_transaction_id: str | None
    failure_balance_transaction_id: str | None


class SumsView(View):
    """The sums of some rows, with their signs. A late failure counts as a row."""

    count: int
    refunded_amount: int
    rev_share_adjustment_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_refunded_amount: int
    dispute_fee_amount: int


class TotalsView(SumsView):
    """The sums of all rows, on this page or not."""

    currency: str


class BucketView(SumsView):
    """A bar of the chart: the sums of a day or a week, both ends included."""

    from_day: str = Field(serialization_alias="from")
    to_day: str = Field(serialization_alias="to")


class ReasonView(SumsView):
    """The sums of one reason. `share` is its part of the refunded amount, as a decimal string.

    `reason` is null for refunds without a reason and for disputes, which are `is_dispute`.
    """

    reason: str | None
    name: str
    is_dispute: bool
    share: str | None


class SummaryView(View):
    """The figures of the report's charts. They are the sums of the report's rows.

    `buckets` cover the days without gaps, in order. `from` and `to` are days in the studio's time
    zone, both included; the first and the last week may be cut. `reasons` come the largest amount
    first.
    """

    from_day: str = Field(serialization_alias="from")
    to_day: str = Field(serialization_alias="to")
    size: BucketSize
    buckets: list[BucketView]
    reasons: list[ReasonView]
    totals: TotalsView


class TaxView(View):
    """The refunded tax of one jurisdiction at one rate. `rate` is in percent.

    `count` is the number of rows with it. A late failure counts as a row, with a negative amount.
    Both names are null for the tax of orders whose import did not give its parts.
    """

    jurisdiction: str | None
    rate: str | None
    count: int
    amount: int


class TaxesView(View):
    """The refunded tax of the report's rows, by jurisdiction and rate.

    The amounts add up to `tax_refunded_amount`, which is that of the report's totals. `from` and
    `to` are days in the studio's time zone, both included.
    """

    from_day: str = Field(serialization_alias="from")
    to_day: str = Field(serialization_alias="to")
    currency: str
    items: list[TaxView]
    tax_refunded_amount: int


class FilterView(View):
    """What all rows have in common. `name` is what people call it.

    It is null if it was erased, or if the page has no rows to read it from.
    """

    kind: By
    key: str
    name: str | None


class ReportView(View):
    """A page of the report, with the totals of all pages.

    `totals` is null if there are more than 50,000 refunds in these days, or more than 10,000 and
    a filter by subject, product or photo day. The export has all rows.
    A filter that finds few of many refunds may leave a page short, or empty, before a next one.
    `from` and `to` are days in the studio's time zone, both included. `filters` are the keys that
    the report was filtered by.
    """

    from_day: str = Field(serialization_alias="from")
    to_day: str = Field(serialization_alias="to")
    items: list[RowView]
    next_cursor: str | None
    totals: TotalsView | None
    filters: list[FilterView]


def report_view(report: Report, names: Names) -> ReportView:
    """Return a page of the report."""
    days, totals = report.chosen.days, report.totals
    return ReportView(
        from_day=days.first.isoformat(),
        to_day=days.last.isoformat(),
        items=[_row_view(row, names) for row in report.rows],
        next_cursor=report.next_cursor,
        totals=totals and TotalsView(currency=report.chosen.currency, **asdict(totals)),
        filters=[
            FilterView(kind=by, key=key, name=_filter_name(report, by, key))
            for by, key in report.chosen.selection.only.wanted()
        ],
    )


def _filter_name(report: Report, by: By, key: str) -> str | None:
    match by:
        case By.REASON:
            return _reason_name(key)
        case By.PROCESSED_BY:
            return report.filter_names.get(by) or shown_name({}, key)
        case _:
            return report.filter_names.get(by)


def summary_view(found: ReportSummary) -> SummaryView:
    """Return the figures of the report's charts."""
    days, all_refunded = found.chosen.days, found.totals.refunded_amount
    first = found.buckets[0].first if found.buckets else days.first
    return SummaryView(
        from_day=first.isoformat(),
        to_day=days.last.isoformat(),
        size=found.size,
        buckets=[
            BucketView(
                from_day=each.first.isoformat(),
                to_day=each.last.isoformat(),
                **asdict(each.totals),
            )
            for each in found.buckets
        ],
        reasons=[_reason_view(each, all_refunded) for each in found.reasons],
        totals=TotalsView(currency=found.chosen.currency, **asdict(found.totals)),
    )


def taxes_view(found: ReportTaxes) -> TaxesView:
    """Return the refunded tax by jurisdiction and rate."""
    days = found.chosen.days
    return TaxesView(
        from_day=days.first.isoformat(),
        to_day=days.last.isoformat(),
        currency=found.chosen.currency,
        items=[TaxView(**asdict(each)) for each in found.taxes],
        tax_refunded_amount=sum(each.amount for each in found.taxes),
    )


def _reason_view(found: ReasonTotals, all_refunded: int) -> ReasonView:
    amount = found.totals.refunded_amount
    name = "Disputes" if found.is_dispute else _reason_name(found.reason)
    # Late failures count negative: a part of such a whole says nothing.
    has_share = 0 <= amount <= all_refunded
    return ReasonView(
        reason=None if found.is_dispute else found.reason,
        name=name,
        is_dispute=found.is_dispute,
        share=rate(amount, all_refunded) if has_share else None,
        **asdict(found.totals),
    )


def _reason_name(reason: str | None) -> str:
    return reason_name(reason) if reason else "No reason given"


def _row_view(row: ReportRow, names: Names) -> RowView:
    # One level only: the resolution has a view of its own.
    values = {each.name: getattr(row, each.name) for each in fields(row)}
    del values["place"]
    if row.resolution:
        values["resolution"] = resolution_view(row.resolution, names)
    values["processed_by_name"] = row.processed_by_name or optional_name({}, row.processed_by)
    values["reason_name"] = reason_name(row.reason) if row.reason else None
    return RowView(**values | {"subject_names": list(row.subject_names)})
