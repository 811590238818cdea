"""Lambda behind API Gateway: the reports."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.refund_report.add_up_taxes import AddUpTaxes
from functions.refund_report.answer_patterns import MOST_READ, AnswerPatterns, ReadPatterns
from functions.refund_report.export_ledger import ExportLedger, LedgerQuery
from functions.refund_report.export_refunds import ExportRefunds, FindExport
from functions.refund_report.report_refunds import ReportQuery, ReportRefunds, SelectRefunds
from functions.refund_report.summarize_refunds import SummarizeRefunds
from functions.refund_report.views import (
    ReportView,
    SummaryView,
    TaxesView,
    report_view,
    summary_view,
    taxes_view,
)
from shared.clock import utc_now
from shared.domain.attribution import By
from shared.domain.export import ANSWER_TYPE, CsvFile, DecimalMark, Export, ExportForm
from shared.domain.report import ReportState
from shared.domain.report_filter import ReportFilter
from shared.domain.report_summary import BucketSize
from shared.edge.auth import Action, Caller
from shared.edge.fair_share import Share
from shared.edge.http import (
    Cursor,
    NamedStudio,
    api_handler,
    api_resolver,
    caller,
    day_query,
    described,
)
from shared.edge.observability import logger
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.exports import ExportFiles, ExportQueue
from shared.gateways.item_parsing import skip_botocore_item_parsing
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.people import People
from shared.gateways.refund_lists import RefundLists
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.studios import Studios
from shared.views import spreadsheet
from shared.views.export import ExportView, export_view
from shared.views.patterns import PatternsView, patterns_view
from shared.workflow.find_patterns import FindPatterns
from shared.workflow.refund_rows import RefundRows
from shared.workflow.start_export import StartExport

dynamodb = aws.client("dynamodb")
skip_botocore_item_parsing(dynamodb)
settled = SettledRefunds(dynamodb, setting("LEDGER_TABLE"))
lists = OrderLists(dynamodb, setting("ORDERS_TABLE"))
people = People(dynamodb, setting("ORDERS_TABLE"))
studios = Studios(dynamodb, setting("ORDERS_TABLE"))
files = ExportFiles(aws.files_client(), setting("EXPORT_BUCKET"))
orders = OrdersTable(dynamodb, setting("ORDERS_TABLE"))
rows = RefundRows(settled, RefundLists(dynamodb, setting("ORDERS_TABLE")), lists, orders, people)
ledger = LedgerStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
select_refunds = SelectRefunds(studios, ledger, utc_now)
report_refunds = ReportRefunds(select_refunds, rows)
start_export = StartExport(files, ExportQueue(aws.client("sqs"), setting("EXPORT_QUEUE_URL")))
export_refunds = ExportRefunds(select_refunds, rows, start_export)
export_ledger = ExportLedger(studios, ledger, start_export, utc_now)
summarize_refunds = SummarizeRefunds(select_refunds, rows)
add_up_taxes = AddUpTaxes(select_refunds, rows)
find_export = FindExport(files)
find_patterns = FindPatterns(lists, orders, settled, people)
answer_patterns = AnswerPatterns(studios, find_patterns, start_export, utc_now)
read_patterns = ReadPatterns(files)

app = api_resolver()

FirstDay = Annotated[
    str | None,
    day_query("from", "The first day, YYYY-MM-DD in the studio's time zone."),
]
LastDay = Annotated[str | None, day_query("to", "The last day, included. Today if it is left out.")]
WhichState = Annotated[ReportState, Query(description="Which refunds.")]
WhichMark = Annotated[
    DecimalMark,
    Query(description="The decimal mark in CSV. With a comma, semicolons separate the columns."),
]


def _only(by: By, what: str) -> Any:  # noqa: ANN401  # a parameter of FastAPI's kind
    return Query(
        alias=by.value,
        description=f"Only refunds {what}. Empty: only those that belong to none.",
        max_length=200,
    )


OnlySubject = Annotated[str | None, _only(By.SUBJECT, "of this subject's photos")]
OnlyProduct = Annotated[str | None, _only(By.PRODUCT, "of this product, by SKU")]
OnlyPhotoDay = Annotated[str | None, _only(By.PHOTO_DAY, "of this photo day's orders")]
OnlyReason = Annotated[str | None, _only(By.REASON, "for this reason")]
OnlyProcessedBy = Annotated[str | None, _only(By.PROCESSED_BY, "made by this person")]
OnlyEffective = Annotated[
    bool,
    Query(
        description="Leave out disputes, late failures and the refunds that failed. "
        "With the key of a pattern, the rows are exactly the refunds that the pattern counts."
    ),
]

ExportId = Annotated[str, Path(description="The export's id.", pattern=r"^[0-9a-f]{32}$")]

# A page, an export that writes a large file, or the file.
ReportAnswer = Response[ReportView | ExportView | str]


def _or_an_export(answers: dict[int, OpenAPIResponse], what: str) -> dict[int, OpenAPIResponse]:
    """Return a route's responses, and that of an export."""
    return answers | {202: described(202, ExportView, what)[202]}


def _report_answers() -> dict[int, OpenAPIResponse]:
    answers = described(200, ReportView, "A page of the report, or all of it as CSV")
    answers[200]["content"][spreadsheet.MEDIA_TYPE] = {"schema": {"type": "string"}}
    return _or_an_export(answers, "A large report that is being written")


@app.get(
    "/reports/refunds",
    summary="Report refunds",
    operation_id="report_refunds",
    description=(
        "The refunds that settled on these days, the earliest first, or the newest first with "
        "`order=newest`. A CSV file always has the earliest first. A late failure is a row of "
        "its own with all signs reversed. `state=open` lists refunds requested on these days that "
        "are on their way, with estimates. `state=failed` lists refunds that failed or were "
        "canceled on these days. Without `from`, the report begins 30 days before `to`, and "
        "`state=open` begins with the oldest refund. Totals cover the whole selection, as it was "
        "when the first page was read. They are null if these days have more than 50,000 "
        "refunds. If the rows of all pages do not add up to them, because "
        "refunds settled just before, the last page answers 400 `cursor_invalid`: read the report "
        "again. In CSV, amounts are in major units and times in the "
        "studio's time zone. A large CSV file or a workbook (`xlsx`) takes a while: the answer is "
        "then 202, with the URL to poll."
    ),
    responses=_report_answers(),
)
def report(  # noqa: PLR0913  # a report's parameters
    *,
    first: FirstDay = None,
    last: LastDay = None,
    state: WhichState = ReportState.SETTLED,
    order: Annotated[
        Literal["oldest", "newest"], Query(description="Which rows come first.")
    ] = "oldest",
    subject: OnlySubject = None,
    product: OnlyProduct = None,
    photo_day: OnlyPhotoDay = None,
    reason: OnlyReason = None,
    processed_by: OnlyProcessedBy = None,
    effective: OnlyEffective = False,
    form: Annotated[Literal["json", "csv", "xlsx"], Query(alias="format")] = "json",
    decimal_mark: WhichMark = DecimalMark.POINT,
    limit: Annotated[int, Query(description="How many rows at most.", ge=1, le=1000)] = 100,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> ReportAnswer:
    """Report the studio's refunds, page by page or as a file."""
    who = caller(app, Share.REPORTS)
    who.require(Action.READ_REPORTS)
    only = ReportFilter(subject, product, photo_day, reason, processed_by, effective)
    query = ReportQuery(who.studio_id, state, first, last, only=only)
    if form != "json":
        return _as_file(who, query, ExportForm(form), decimal_mark)
    query = replace(query, newest_first=order == "newest")
    page = report_refunds(query, limit, cursor)
    resolved_by = (row.resolution.by for row in page.rows if row.resolution)
    names = people.names(who.studio_id, resolved_by)
    return Response(200, content_type="application/json", body=report_view(page, names))


def _as_file(who: Caller, query: ReportQuery, form: ExportForm, mark: DecimalMark) -> ReportAnswer:
    made = export_refunds(query, logger.get_correlation_id() or "", form, mark)
    if isinstance(made, CsvFile):
        return Response(
            200,
            content_type=spreadsheet.MEDIA_TYPE,
            headers={"Content-Disposition": f'attachment; filename="{made.name}"'},
            body=made.content,
        )
    return _requested(made, who)


def _requested(export: Export, who: Caller) -> Response[Any]:
    body = export_view(export, who.named_studio_id)
    return Response(202, content_type="application/json", body=body)


@app.get(
    "/reports/ledger",
    summary="Export the ledger",
    operation_id="export_ledger",
    description=(
        "Every entry of the studio's ledger that was recorded on these days, as a file for a "
        "bookkeeper: a table (`csv`, `xlsx`) with Stripe's ids, or the double-entry lines of a "
        "journal (`hledger`, `beancount`, `quickbooks`, `xero`). The file takes a while: the "
        "answer is the URL to poll. Without `from`, the file begins 30 days before `to`."
    ),
    responses=described(202, ExportView, "The file is being written"),
)
def ledger_file(  # noqa: PLR0913  # the parameters of a file
    *,
    first: FirstDay = None,
    last: LastDay = None,
    form: Annotated[
        ExportForm, Query(alias="format", description="The form of the file.")
    ] = ExportForm.CSV,
    decimal_mark: WhichMark = DecimalMark.POINT,
    totals: Annotated[
        Literal["entry", "day"],
        Query(description="A journal's transactions: one for each entry, or for each day."),
    ] = "entry",
    openings: Annotated[
        bool,
        Query(description="Whether a journal has what was paid out before the ledger started."),
    ] = False,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> Response[ExportView]:
    """Have the studio's ledger written to a file."""
    who = caller(app, Share.REPORTS)
    who.require(Action.READ_REPORTS)
    query = LedgerQuery(who.studio_id, first, last, form, decimal_mark, totals == "day", openings)
    return _requested(export_ledger(query, logger.get_correlation_id() or ""), who)


@app.get(
    "/reports/refunds/exports/<export_id>",
    summary="Read an export",
    operation_id="read_export",
    responses=described(200, ExportView, "The export's status, and its URL once it is ready"),
)
def read_export(
    export_id: ExportId,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> ExportView:
    """Return the status of a large report. The link to its file is valid for five minutes."""
    who = caller(app)
    who.require(Action.READ_REPORTS)
    return export_view(find_export(who.studio_id, export_id), who.named_studio_id)


@app.get(
    "/reports/refunds/summary",
    summary="Add up refunds for charts",
    operation_id="summarize_refunds",
    description=(
        "The sums of the report's rows by day or week in the studio's time zone, and by reason. "
        "It takes the report's filters and has the same totals. A week begins on Monday."
    ),
    responses=described(200, SummaryView, "Sums by day or week, and by reason"),
)
def summary(  # noqa: PLR0913  # the report's filters
    *,
    first: FirstDay = None,
    last: LastDay = None,
    state: WhichState = ReportState.SETTLED,
    size: Annotated[BucketSize, Query(description="What a bar covers.")] = BucketSize.DAY,
    subject: OnlySubject = None,
    product: OnlyProduct = None,
    photo_day: OnlyPhotoDay = None,
    reason: OnlyReason = None,
    processed_by: OnlyProcessedBy = None,
    effective: OnlyEffective = False,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> SummaryView:
    """Add up the studio's refunds by day or week, and by reason."""
    who = caller(app, Share.REPORTS)
    who.require(Action.READ_REPORTS)
    only = ReportFilter(subject, product, photo_day, reason, processed_by, effective)
    query = ReportQuery(who.studio_id, state, first, last, only=only)
    return summary_view(summarize_refunds(query, size))


@app.get(
    "/reports/refunds/taxes",
    summary="Add up refunded tax",
    operation_id="add_up_refunded_tax",
    description=(
        "The refunded tax of the report's rows by jurisdiction and rate, for tax returns. It takes "
        "the report's filters, and the amounts add up to `tax_refunded_amount` of its totals. Tax "
        "of orders whose import did not give its parts has the jurisdiction null."
    ),
    responses=described(200, TaxesView, "Refunded tax by jurisdiction and rate"),
)
def taxes(  # noqa: PLR0913  # the report's filters
    *,
    first: FirstDay = None,
    last: LastDay = None,
    state: WhichState = ReportState.SETTLED,
    subject: OnlySubject = None,
    product: OnlyProduct = None,
    photo_day: OnlyPhotoDay = None,
    reason: OnlyReason = None,
    processed_by: OnlyProcessedBy = None,
    effective: OnlyEffective = False,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> TaxesView:
    """Add up the studio's refunded tax by jurisdiction and rate."""
    who = caller(app, Share.REPORTS)
    who.require(Action.READ_REPORTS)
    only = ReportFilter(subject, product, photo_day, reason, processed_by, effective)
    query = ReportQuery(who.studio_id, state, first, last, only=only)
    return taxes_view(add_up_taxes(query))


@app.get(
    "/reports/refunds/patterns",
    summary="Find patterns among refunds",
    operation_id="find_refund_patterns",
    description=(
        "Counts the refunds that settled on these days and have not failed since, with their "
        "orders: by subject, product, photo day, reason or operator. The amounts of all keys add "
        "up. A line-item refund belongs to its lines. Any other refund belongs to all lines of its "
        "order, in proportion to their prices. Money that belongs to no key has the key null. "
        "Without `from`, the range is the 90 days up to `to`. `standing_out` lists the outliers: "
        "keys that are refunded more often than chance explains. A subject, product or photo day "
        "is compared with the studio's other orders of these days. A reason or operator is "
        "compared with as many days before. If only chance is at work, the list is empty in at "
        "least 99 of 100 reports. More than "
        f"{MOST_READ:,} orders and refunds are counted in the background: the answer is then 202, "
        "with the URL to poll. Once the export is `ready`, its URL is a file with the patterns, "
        "and `read_refund_patterns` answers with them. The same question gets the same export "
        "until the clock's next hour, so its figures are up to an hour old."
    ),
    responses=_or_an_export(
        described(200, PatternsView, "Counts, amounts and rates, and the outliers"),
        "Patterns of many orders, which are being counted",
    ),
)
def patterns(
    *,
    by: Annotated[By, Query(description="What to count by.")] = By.SUBJECT,
    first: FirstDay = None,
    last: LastDay = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> Response[PatternsView | ExportView]:
    """Count the studio's refunds by what they have in common, and find the outliers."""
    who = caller(app, Share.REPORTS)
    who.require(Action.READ_REPORTS)
    found = answer_patterns(who.studio_id, by, first, last, logger.get_correlation_id() or "")
    if isinstance(found, Export):
        return _requested(found, who)
    return Response(200, content_type=ANSWER_TYPE, body=patterns_view(found))


@app.get(
    "/reports/refunds/patterns/<export_id>",
    summary="Read patterns that an export found",
    operation_id="read_refund_patterns",
    description="The patterns of many orders, once their export is `ready`.",
    responses=described(200, PatternsView, "Counts, amounts and rates, and the outliers"),
)
def patterns_of_export(
    export_id: ExportId,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> Response[PatternsView | str]:
    """Return the patterns that were counted in the background."""
    who = caller(app)
    who.require(Action.READ_REPORTS)
    found = read_patterns(who.studio_id, export_id)
    return Response(200, content_type=ANSWER_TYPE, body=found)


lambda_handler = api_handler(app)
