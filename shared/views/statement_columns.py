"""The columns of a payout statement as CSV, for spreadsheets.

Spreadsheets calculate with it, so minus signs are hyphens, and no column is ever left out. The
first rows have the payout's totals in a column of their own, so that each amount's column adds up
to what its lines add up to. They also say from when on and before when the lines were recorded.
"""

from collections.abc import Iterator

from shared.domain.statement_file import StatementRow
from shared.views.columns import CellKind, Column, ColumnsOf

_line = ColumnsOf[StatementRow](lambda row: row.line)
_charge = ColumnsOf[StatementRow](lambda row: row.order.charge if row.order else None)
_period = ColumnsOf[StatementRow](lambda row: None if row.line else row.payout)


def _amounts(*names: str) -> Iterator[Column[StatementRow]]:
    return (_line(name, CellKind.AMOUNT) for name in names)


def _payout_id(row: StatementRow) -> str | None:
    return row.line.payout_id if row.line else row.payout.payout_id


def _recorded_at(row: StatementRow) -> str | None:
    return row.line.recorded_at if row.line else None


def _placed_at(row: StatementRow) -> str | None:
    return row.order.placed_at if row.order else None


# Later columns were added at the end: people's formulas find columns by their position.
COLUMNS: tuple[Column[StatementRow], ...] = (
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
    Column("in_payout_id", CellKind.TEXT, lambda row: row.payout.payout_id),
    *_amounts("elsewhere_amount", "tax_amount"),
    *map(_charge, ("account_id", "charge_id", "payment_intent_id")),
    _line("balance_transaction_id"),
    Column("placed_at", CellKind.LOCAL_TIME, _placed_at),
    Column("recorded_at_utc", CellKind.UTC_TIME, _recorded_at),
    Column("utc_offset", CellKind.UTC_OFFSET, _recorded_at),
    _line("tax_parts", CellKind.TAX_PARTS),
)
