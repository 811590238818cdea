"""Responses of the refund report. Amounts in minor units, times RFC 3339 in UTC."""

from dataclasses import asdict
from urllib.parse import urlencode

from pydantic import BaseModel, Field

from functions.refund_report.export_refunds import Export
from functions.refund_report.report_refunds import Report
from shared.domain.report import ReportRow
from shared.edge.auth import Caller
from shared.gateways.exports import ExportStatus


class RowView(BaseModel):
    """A refund or a dispute. A late failure is a row of its own with all signs reversed.

    `refunded_amount` went to the parent. `rev_share_adjustment_amount` is the share that came back
    to the studio. `net_deduction_amount` is negative: it is what the studio bears. For an open
    refund these effects are estimates. For a failed refund `refunded_amount` did not reach the
    parent, and the effects are 0. A dispute has no `refund_id`; `dispute_fee_amount` is Stripe's
    fee for it, and money that came back is negative. Erased names are null or missing.
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
    status: str
    currency: str
    original_amount: int | None
    refunded_amount: int
    rev_share_adjustment_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_refunded_amount: int
    processed_by: str | None
    stripe_refund_id: str | None
    source: str | None
    dispute_id: str | None
    dispute_fee_amount: int


class TotalsView(BaseModel):
    """The sums of all rows, on this page or not."""

    count: int
    currency: str
    refunded_amount: int
    rev_share_adjustment_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_refunded_amount: int
    dispute_fee_amount: int


class ReportView(BaseModel):
    """A page of the report, with the totals of all pages.

    `from` and `to` are days in the studio's time zone, both included.
    """

    from_day: str = Field(serialization_alias="from")
    to_day: str = Field(serialization_alias="to")
    items: list[RowView]
    next_cursor: str | None
    totals: TotalsView


class ExportView(BaseModel):
    """A report that is written to a file.

    While it is `running`, `url` is the path to poll. Once it is `ready`, `url` is where the file
    can be downloaded for five minutes. If it `failed`, `url` is null.
    """

    export_id: str
    status: ExportStatus
    url: str | None


def report_view(report: Report) -> ReportView:
    """Return a page of the report."""
    days = report.chosen.days
    return ReportView(
        from_day=days.first.isoformat(),
        to_day=days.last.isoformat(),
        items=[_row_view(row) for row in report.rows],
        next_cursor=report.next_cursor,
        totals=TotalsView(currency=report.chosen.currency, **asdict(report.totals)),
    )


def export_view(export: Export, who: Caller) -> ExportView:
    """Return an export, with the URL that the caller reads next."""
    url = export.url
    if export.status is ExportStatus.RUNNING:
        url = f"/reports/refunds/exports/{export.export_id}"
        if who.is_pps_admin:
            url += f"?{urlencode({'studio_id': who.studio_id})}"
    return ExportView(export_id=export.export_id, status=export.status, url=url)


def _row_view(row: ReportRow) -> RowView:
    values = asdict(row)
    del values["place"]
    return RowView(**values | {"subject_names": list(row.subject_names)})
