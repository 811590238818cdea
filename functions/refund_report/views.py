"""From the report to the API's bodies."""

from dataclasses import asdict
from urllib.parse import urlencode

from functions.refund_report.export_refunds import Export
from functions.refund_report.models import ExportView, ReportView, RowView, TotalsView
from functions.refund_report.report_refunds import Report
from shared.domain.report import ReportRow
from shared.edge.auth import Caller
from shared.gateways.exports import ExportStatus


def report_view(report: Report) -> ReportView:
    """Return a page of the report."""
    days = report.asked.days
    return ReportView(
        from_day=days.first.isoformat(),
        to_day=days.last.isoformat(),
        items=[_row_view(row) for row in report.rows],
        next_cursor=report.next_cursor,
        totals=TotalsView(currency=report.asked.currency, **asdict(report.totals)),
    )


def export_view(export: Export, who: Caller) -> ExportView:
    """Return an export, with where the caller looks next."""
    url = export.url
    if export.status is ExportStatus.RUNNING:
        url = f"/reports/refunds/exports/{export.export_id}"
        if who.of_pps:
            url += f"?{urlencode({'studio_id': who.studio_id})}"
    return ExportView(export_id=export.export_id, status=export.status, url=url)


def _row_view(row: ReportRow) -> RowView:
    values = asdict(row)
    del values["place"]
    return RowView(**values | {"subject_names": list(row.subject_names)})
