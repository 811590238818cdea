"""A bookkeeper who reads a studio's refund reports, in this process."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from functions.export_report.ledger_rows import LedgerRows
from functions.export_report.write_export import WriteExport
from functions.refund_report.add_up_taxes import AddUpTaxes, ReportTaxes
from functions.refund_report.report_refunds import Report, ReportQuery, ReportRefunds, SelectRefunds
from functions.refund_report.summarize_refunds import ReportSummary, SummarizeRefunds
from shared.clock import rfc3339
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, append
from shared.domain.record_source import RecordSource
from shared.domain.report import ReportState, ReportTotals
from shared.domain.report_filter import ALL_REFUNDS, ReportFilter
from shared.domain.report_summary import BucketSize
from shared.gateways.exports import ExportFiles
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.order_lists import OrderLists
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.people import People
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk
from shared.gateways.records.ledger import head_to_item
from shared.gateways.refund_lists import RefundLists
from shared.gateways.settled_refunds import SettledRefunds
from shared.workflow.find_patterns import FindPatterns
from shared.workflow.refund_rows import RefundRows
from shared.workflow.statement_rows import StatementRows
from tests.integration.backend import Backend


@dataclass(frozen=True)
class Bookkeeper:
    """Reads the refund reports of a backend's studio."""

    backend: Backend

    @property
    def rows(self) -> RefundRows:
        """The rows of the report."""
        backend = self.backend
        return RefundRows(
            SettledRefunds(backend.dynamodb, backend.ledger_table),
            RefundLists(backend.dynamodb, backend.orders_table),
            OrderLists(backend.dynamodb, backend.orders_table),
            backend.orders,
            People(backend.dynamodb, backend.orders_table),
        )

    @property
    def find_patterns(self) -> FindPatterns:
        """What counts patterns."""
        rows = self.rows
        return FindPatterns(rows.order_lists, rows.orders, rows.settled, rows.people)

    @property
    def ledger_rows(self) -> LedgerRows:
        """The rows of the ledger's export."""
        backend = self.backend
        return LedgerRows(
            LedgerEntries(backend.dynamodb, backend.ledger_table),
            PayoutsTable(backend.dynamodb, backend.orders_table),
            OrderLists(backend.dynamodb, backend.orders_table),
            People(backend.dynamodb, backend.orders_table),
        )

    def exporter(self, files: ExportFiles) -> WriteExport:
        """Return what writes exports into a bucket."""
        of_ledger = self.ledger_rows
        return WriteExport(
            self.backend.studios,
            self.rows,
            of_ledger,
            of_ledger.payouts,
            StatementRows(of_ledger.ledger, of_ledger.orders),
            self.find_patterns,
            files,
        )

    @property
    def select(self) -> SelectRefunds:
        """The use case that turns a query into what to read."""
        return SelectRefunds(self.backend.studios, self.backend.books, self.backend.clock)

    def query(
        self,
        state: str = "settled",
        first: str | None = None,
        last: str | None = None,
        *,
        newest_first: bool = False,
        only: ReportFilter = ALL_REFUNDS,
    ) -> ReportQuery:
        """Return a query of this studio's report."""
        studio_id, which = self.backend.studio_id, ReportState(state)
        return ReportQuery(studio_id, which, first, last, newest_first, only)

    def summary(
        self,
        size: BucketSize = BucketSize.DAY,
        **query: Any,  # noqa: ANN401  # the parameters of query
    ) -> ReportSummary:
        """Return the figures of the report's charts."""
        return SummarizeRefunds(self.select, self.rows)(self.query(**query), size)

    def taxes(self, **query: Any) -> ReportTaxes:  # noqa: ANN401  # the parameters of query
        """Return the refunded tax of the report."""
        return AddUpTaxes(self.select, self.rows)(self.query(**query))

    def report(
        self,
        state: str = "settled",
        first: str | None = None,
        last: str | None = None,
        limit: int = 100,
        cursor: str | None = None,
        **more: Any,  # noqa: ANN401  # the other parameters of query
    ) -> Report:
        """Return a page of the report."""
        report = ReportRefunds(self.select, self.rows)
        return report(self.query(state, first, last, **more), limit, cursor)

    def pages(self, limit: int, **query: Any) -> Iterator[Report]:  # noqa: ANN401  # the parameters of report
        """Return the pages of the report, one after another."""
        cursor = None
        while True:
            page = self.report(limit=limit, cursor=cursor, **query)
            yield page
            cursor = page.next_cursor
            if cursor is None:
                return


def totals_of(report: Report) -> ReportTotals:
    """Return the totals of a report that is small enough to have them."""
    assert report.totals is not None
    return report.totals


def book(backend: Backend, *times: datetime, order_id: str = "ord_elsewhere") -> None:
    """Write ledger entries of refunds of $1.00, as if they had settled at these times."""
    head = backend.head()
    for number, at in enumerate(times):
        facts = EntryFacts(
            kind=EntryKind.REFUND,
            order_id=order_id,
            recorded_at=rfc3339(at),
            refund_id=f"rf_{head.seq}_{number}",
            refund_type="partial",
            reason="other",
            source=RecordSource.API,
            processed_by="tester",
            stripe_refund_id=f"re_{head.seq}_{number}",
            settled_at=rfc3339(at),
        )
        entry, head = append(head, facts, EntryAmounts(-100, 0, 15, -85, 0, 3))
        key = primary_key(studio_pk(entry.studio_id), entry_sk(entry.seq))
        item = key | marshal(entry.content())
        backend.dynamodb.put_item(TableName=backend.ledger_table, Item=item)
    backend.dynamodb.put_item(TableName=backend.orders_table, Item=head_to_item(head))
