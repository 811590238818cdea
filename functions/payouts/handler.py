"""Lambda behind API Gateway: the studio's payouts."""

from collections.abc import Callable
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.payouts.list_payouts import ListPayouts
from functions.payouts.read_lines import LinesQuery, ReadLines
from functions.payouts.show_payout import PrintedStatement, ShowNextPayout, ShowPayout
from functions.payouts.statement_file import StatementFile
from functions.payouts.views import (
    NextPayoutView,
    PayoutList,
    PayoutView,
    next_payout_view,
    payout_list,
    payout_view,
)
from shared.domain.export import CsvFile, DecimalMark
from shared.domain.statement import LineKinds
from shared.edge.auth import Action, Caller
from shared.edge.fair_share import Share
from shared.edge.http import Cursor, NamedStudio, api_handler, api_resolver, caller, described
from shared.edge.observability import logger
from shared.edge.settings import setting
from shared.gateways import aws
from shared.gateways.attention import Attention
from shared.gateways.exports import ExportFiles, ExportQueue
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.order_lists import OrderLists
from shared.gateways.payout_holds import PayoutHolds
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.running_sums import StoredSums
from shared.gateways.studios import Studios
from shared.views import spreadsheet
from shared.views.export import ExportView, export_view
from shared.workflow.start_export import StartExport
from shared.workflow.statement_rows import StatementRows

dynamodb = aws.client("dynamodb")
ledger = LedgerStore(dynamodb, setting("ORDERS_TABLE"), setting("LEDGER_TABLE"))
studios = Studios(dynamodb, setting("ORDERS_TABLE"))
payouts = PayoutsTable(dynamodb, setting("ORDERS_TABLE"))
entries = LedgerEntries(dynamodb, setting("LEDGER_TABLE"))
orders = OrderLists(dynamodb, setting("ORDERS_TABLE"))
read_lines = ReadLines(
    entries,
    orders,
    StoredSums(dynamodb, setting("ORDERS_TABLE")),
)
show_next_payout = ShowNextPayout(
    ledger,
    studios,
    payouts,
    PayoutHolds(dynamodb, setting("ORDERS_TABLE")),
    Attention(dynamodb, setting("ORDERS_TABLE")).held_amount,
    read_lines,
)
show_payout = ShowPayout(payouts, studios, read_lines)
statement_file = StatementFile(
    show_payout,
    StatementRows(entries, orders),
    StartExport(
        ExportFiles(aws.files_client(), setting("EXPORT_BUCKET")),
        ExportQueue(aws.client("sqs"), setting("EXPORT_QUEUE_URL")),
    ),
)
list_payouts = ListPayouts(payouts)

_HTML = "text/html; charset=utf-8"
# The printout loads nothing and runs nothing. https://www.w3.org/TR/CSP3/
_PRINTOUT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


def printout() -> Callable[[PrintedStatement], str]:
    """Return what makes the page to print. Few requests need it, and it imports slowly."""
    from functions.payouts.statement_html import statement_html  # noqa: PLC0415  # rarely needed

    return statement_html


app = api_resolver()

# A page of a payout, an export that writes a large file, or the file.
PayoutAnswer = Response[PayoutView | ExportView | str]

Limit = Annotated[int, Query(description="How many at most.", ge=1, le=1000)]
Lines = Annotated[
    LineKinds,
    Query(
        description="Which lines to list. `deductions` are refunds and disputes, with what came "
        "back of them. The sums always cover all lines. A cursor is valid for the same `lines`."
    ),
]


@app.get(
    "/payouts/next",
    summary="Show the next payout",
    operation_id="next_payout",
    description=(
        "What the next payout would be if it were made now: every sale, refund and correction "
        "since the last payout, and the balance that the last payout left. Every page has the sums "
        "of all lines."
    ),
    responses=described(200, NextPayoutView, "The next payout as it is now"),
)
def next_payout(
    lines: Lines = LineKinds.ALL,
    limit: Limit = 100,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> NextPayoutView:
    """Show what the next payout would be now."""
    who = caller(app)
    who.require(Action.READ_PAYOUTS)
    wanted = LinesQuery(limit, cursor, lines)
    return next_payout_view(show_next_payout(who.studio_id, wanted))


@app.get(
    "/payouts",
    summary="List payouts",
    operation_id="list_payouts",
    responses=described(200, PayoutList, "Payouts, the newest first"),
)
def list_all(
    limit: Limit = 50,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> PayoutList:
    """List the payouts that were made."""
    who = caller(app)
    who.require(Action.READ_PAYOUTS)
    return payout_list(list_payouts(who.studio_id, limit, cursor))


def _statement_answers() -> dict[int, OpenAPIResponse]:
    answers = described(200, PayoutView, "The payout with a page of its lines, or a whole file")
    for media_type in (spreadsheet.MEDIA_TYPE, _HTML):
        answers[200]["content"][media_type] = {"schema": {"type": "string"}}
    return answers | {202: described(202, ExportView, "A large file that is being written")[202]}


@app.get(
    "/payouts/<payout_id>",
    summary="Read a payout",
    operation_id="read_payout",
    description=(
        "The payout as JSON, page by page, with the sums of all its lines. Or the whole statement: "
        "as CSV (amounts in major units, times in the studio's time zone), or as HTML to print. "
        "The CSV file of a payout with more than 10,000 lines takes a while: the answer is then "
        "202, with the URL to poll. The HTML of such a payout has the sums of its lines alone."
    ),
    responses=_statement_answers(),
)
def read(  # noqa: PLR0913  # a page's parameters
    payout_id: Annotated[str, Path(max_length=128)],
    *,
    form: Annotated[Literal["json", "csv", "html"], Query(alias="format")] = "json",
    decimal_mark: Annotated[
        DecimalMark,
        Query(description="The decimal mark in CSV. With a comma, semicolons separate columns."),
    ] = DecimalMark.POINT,
    lines: Lines = LineKinds.ALL,
    limit: Limit = 100,
    cursor: Cursor = None,
    studio_id: NamedStudio = None,  # noqa: ARG001  # read by caller()
) -> PayoutAnswer:
    """Show a payout that was made."""
    who = caller(app, Share.READS if form == "json" else Share.REPORTS)
    who.require(Action.READ_PAYOUTS)
    if form == "csv":
        return _csv(who, payout_id, decimal_mark)
    if form == "html":
        return _html(who.studio_id, payout_id)
    payout, page = show_payout.page(who.studio_id, payout_id, LinesQuery(limit, cursor, lines))
    return Response(200, content_type="application/json", body=payout_view(payout, page))


def _csv(who: Caller, payout_id: str, mark: DecimalMark) -> PayoutAnswer:
    made = statement_file(who.studio_id, payout_id, mark, logger.get_correlation_id() or "")
    if isinstance(made, CsvFile):
        return Response(
            200,
            content_type=spreadsheet.MEDIA_TYPE,
            headers={"Content-Disposition": f'attachment; filename="{made.name}"'},
            body=made.content,
        )
    body = export_view(made, who.named_studio_id)
    return Response(202, content_type="application/json", body=body)


def _html(studio_id: str, payout_id: str) -> PayoutAnswer:
    return Response(
        200,
        content_type=_HTML,
        headers={"Content-Security-Policy": _PRINTOUT_POLICY},
        body=printout()(show_payout.printed(studio_id, payout_id)),
    )


lambda_handler = api_handler(app, prepare=[printout])
