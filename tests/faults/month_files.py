"""The files of a world's month, matched with Stripe's balance by the program in the docs."""

import io
import runpy
import tempfile
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from zoneinfo import ZoneInfo

from functions.export_report import ledger_columns
from functions.export_report.ledger_rows import LedgerRows
from functions.export_report.write_export import csv_chunks
from infra.local.stripe_report import stripe_report
from infra.paths import ROOT
from infra.stripe_standin.rendering.balance_transactions import render_balance_transaction
from infra.stripe_standin.state import StandinState
from shared.domain.export import LedgerSelection
from shared.domain.report import ReportState, Selection
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.people import People
from shared.gateways.refund_lists import RefundLists
from shared.gateways.settled_refunds import SettledRefunds
from shared.views import report_columns
from shared.workflow.refund_rows import RefundRows
from tests.faults.world.import_records import ACCOUNT, STUDIO
from tests.faults.world.world import LEDGER_TABLE, ORDERS_TABLE, FaultWorld

_PROGRAM = ROOT / "docs" / "bookkeeping" / "reconcile_month.py"
_ZONE = ZoneInfo("America/Chicago")
_FROM, _TO = "2000-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z"


def month_differences(world: FaultWorld) -> list[str]:
    """Return what the program in the docs finds between our files and Stripe's."""
    with tempfile.TemporaryDirectory() as folder:
        ledger, failed = Path(folder) / "ledger.csv", Path(folder) / "failed.csv"
        ledger.write_bytes(b"".join(_ledger_file(world)))
        failed.write_bytes(b"".join(_failed_refunds_file(world)))
        standin = world.stripe.standin
        platform = _stripe_file(standin, None, Path(folder) / "platform.csv")
        account = _stripe_file(standin, ACCOUNT, Path(folder) / "account.csv")
        printed = io.StringIO()
        with redirect_stdout(printed):
            ended = runpy.run_path(str(_PROGRAM))["main"](
                [
                    *("--stripe", str(platform), "--account", ACCOUNT, str(account)),
                    *(str(ledger), str(failed)),
                ]
            )
    *differences, _ = printed.getvalue().splitlines()
    assert (ended == 0) == (not differences)
    return [f"the files differ from Stripe: {each}" for each in differences]


def _ledger_file(world: FaultWorld) -> Iterator[bytes]:
    head = world.ledger.load_head(STUDIO)
    assert head is not None
    orders = OrderLists(world.dynamodb, ORDERS_TABLE)
    rows = LedgerRows(
        LedgerEntries(world.dynamodb, LEDGER_TABLE),
        PayoutsTable(world.dynamodb, ORDERS_TABLE),
        orders,
        People(world.dynamodb, ORDERS_TABLE),
    ).rows(LedgerSelection(STUDIO, _FROM, _TO, head.seq))
    return csv_chunks(ledger_columns.COLUMNS, rows, _ZONE)


def _failed_refunds_file(world: FaultWorld) -> Iterator[bytes]:
    rows = RefundRows(
        SettledRefunds(world.dynamodb, LEDGER_TABLE),
        RefundLists(world.dynamodb, ORDERS_TABLE),
        OrderLists(world.dynamodb, ORDERS_TABLE),
        OrdersTable(world.dynamodb, ORDERS_TABLE),
        People(world.dynamodb, ORDERS_TABLE),
    )
    found = rows.rows(Selection(STUDIO, ReportState.FAILED, _FROM, _TO, 0), None)
    return csv_chunks(report_columns.COLUMNS, rows.with_names(STUDIO, found), _ZONE)


def _stripe_file(standin: StandinState, account: str | None, path: Path) -> Path:
    transactions = (
        render_balance_transaction(each, standin.clock)
        for each in standin.store.balance_transactions
        if each.account == account
    )
    path.write_text(stripe_report(transactions), encoding="utf-8")
    return path
