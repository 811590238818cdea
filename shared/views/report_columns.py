"""The columns of the refund report as a file. They have the API's names."""

from collections.abc import Callable

from shared.domain.report import ReportRow
from shared.views.columns import CellKind, Column, ColumnsOf, Value

_field = ColumnsOf[ReportRow](lambda row: row)


def _fields(kind: CellKind, *names: str) -> tuple[Column[ReportRow], ...]:
    return tuple(_field(name, kind) for name in names)


def _text(name: str, read: Callable[[ReportRow], Value]) -> Column[ReportRow]:
    return Column(name, CellKind.TEXT, read)


def _resolution(row: ReportRow) -> str | None:
    if row.resolution is None:
        return None
    return " ".join(filter(None, (row.resolution.paid_by, row.resolution.reference)))


# The most important columns come first. Later ones were added at the end, because people's
# formulas find columns by their position.
COLUMNS: tuple[Column[ReportRow], ...] = (
    *_fields(CellKind.LOCAL_TIME, "settled_at", "requested_at", "failed_at"),
    *_fields(CellKind.TEXT, "order_id", "parent_name"),
    _text("subject_names", lambda row: "; ".join(row.subject_names)),
    _field("currency"),
    *_fields(CellKind.AMOUNT, "original_amount", "refunded_amount", "rev_share_adjustment_amount"),
    *_fields(CellKind.AMOUNT, "stripe_fee_retained_amount", "net_deduction_amount"),
    _field("tax_refunded_amount", CellKind.AMOUNT),
    *_fields(CellKind.TEXT, "processed_by_name", "processed_by", "type", "reason", "status"),
    *_fields(CellKind.TEXT, "source", "refund_id", "stripe_refund_id", "dispute_id"),
    _field("dispute_fee_amount", CellKind.AMOUNT),
    *_fields(CellKind.TEXT, "pending_reason", "failure_reason"),
    _text("resolution", _resolution),
    *_fields(CellKind.TEXT, "pending_detail", "failure_detail"),
    *_fields(CellKind.TEXT, "account_id", "charge_id", "payment_intent_id"),
    *_fields(CellKind.TEXT, "balance_transaction_id", "failure_balance_transaction_id"),
    _field("placed_at", CellKind.LOCAL_TIME),
    *(
        Column(f"{name}_utc", CellKind.UTC_TIME, _field(name).read)
        for name in ("settled_at", "requested_at", "failed_at", "placed_at")
    ),
    Column("utc_offset", CellKind.UTC_OFFSET, lambda row: row.at),
    _field("tax_parts", CellKind.TAX_PARTS),
)
