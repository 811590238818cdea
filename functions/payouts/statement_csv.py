"""A payout as CSV, for spreadsheets.

Spreadsheets calculate with it, so minus signs are hyphens, and no column is ever left out. The
first rows have the payout's totals in a column of their own, so that each amount's column adds up
to what its lines add up to.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from functions.payouts.show_payout import WholeStatement
from functions.payouts.statement_sections import sections_of
from shared.domain.export import DecimalMark
from shared.domain.imported_order import ImportedOrder
from shared.domain.statement import StatementLine
from shared.views.columns import CellKind, Column, ColumnsOf, csv_header, csv_lines


@dataclass(frozen=True, slots=True)
class _Row:
    """A line with its order, or a total of the payout, in minor units."""

    whole: WholeStatement
    kind: str
    line: StatementLine | None = None
    order: ImportedOrder | None = None
    total_amount: int | None = None
    transfer_id: str | None = None

    @property
    def currency(self) -> str:
        return self.whole.payout.currency


_line = ColumnsOf[_Row](lambda row: row.line)
_charge = ColumnsOf[_Row](lambda row: row.order.charge if row.order else None)
_period = ColumnsOf[_Row](lambda row: None if row.line else row.whole.payout)


def _amounts(*names: str) -> Iterator[Column[_Row]]:
    return (_line(name, CellKind.AMOUNT) for name in names)


def _payout_id(row: _Row) -> str | None:
    return row.line.payout_id if row.line else row.whole.payout.payout_id


def _recorded_at(row: _Row) -> str | None:
    return row.line.recorded_at if row.line else None


def _placed_at(row: _Row) -> str | None:
    return row.order.placed_at if row.order else None


# Later columns were added at the end: people's formulas find columns by their position.
COLUMNS: tuple[Column[_Row], ...] = (
    Column("kind", CellKind.TEXT, lambda row: row.kind),
    _line("seq", CellKind.COUNT),
    Column("recorded_at", CellKind.LOCAL_TIME, _recorded_at),
    *map(_line, ("order_id", "refund_id", "stripe_refund_id")),
    Column("payout_id", CellKind.TEXT, _payout_id),
    Column("currency", CellKind.TEXT, lambda row: row.currency),
    *_amounts("gross_amount", "stripe_fee_amount", "rev_share_amount", "net_amount"),
    *_amounts("payable_amount", "direct_amount"),
    Column("transfer_id", CellKind.TEXT, lambda row: row.transfer_id),
    _period("period_started_at", CellKind.LOCAL_TIME),
    _period("period_ended_at", CellKind.LOCAL_TIME),
    *map(_line, ("adjustment_id", "reason", "dispute_id", "refund_type", "parent_name")),
    Column("total_amount", CellKind.AMOUNT, lambda row: row.total_amount),
    Column("in_payout_id", CellKind.TEXT, lambda row: row.whole.payout.payout_id),
    *_amounts("elsewhere_amount", "tax_amount"),
    *map(_charge, ("account_id", "charge_id", "payment_intent_id")),
    _line("balance_transaction_id"),
    Column("placed_at", CellKind.LOCAL_TIME, _placed_at),
    Column("recorded_at_utc", CellKind.UTC_TIME, _recorded_at),
    Column("utc_offset", CellKind.UTC_OFFSET, _recorded_at),
    _line("tax_parts", CellKind.TAX_PARTS),
)


def statement_csv(whole: WholeStatement, mark: DecimalMark = DecimalMark.POINT) -> str:
    """Return the statement: what was paid and carried, the total, then a row for each line.

    Deductions stand together before sales. The first rows say from when on and before when the
    lines were recorded.
    """
    return csv_header(COLUMNS, mark) + csv_lines(COLUMNS, _rows(whole), whole.zone, mark)


def _rows(whole: WholeStatement) -> Iterator[_Row]:
    payout = whole.payout
    # A bookkeeper finds the payout on the account's own statement by its transfer.
    paid, transfer_id = payout.paid_amount, payout.transfer_id
    yield _Row(whole, "paid", total_amount=paid, transfer_id=transfer_id)
    yield _Row(whole, "carried_forward", total_amount=payout.carried_amount)
    yield _Row(whole, "total", total_amount=whole.statement.total_amount)
    for section in sections_of(whole.statement):
        for line in section.lines:
            yield _Row(whole, line.kind, line, whole.orders.get(line.order_id or ""))
