"""The columns of the ledger as a file. They have the names of the ledger's fields."""

from collections.abc import Callable

from functions.export_report.ledger_rows import LedgerRow
from shared.views.columns import CellKind, Column, ColumnsOf, Value

_entry = ColumnsOf[LedgerRow](lambda row: row.entry)
_charge = ColumnsOf[LedgerRow](lambda row: row.order.charge if row.order else None)


def _account_id(row: LedgerRow) -> str | None:
    """Return the studio's Stripe account: of the charge, or to which the payout went."""
    if row.order is not None:
        return row.order.charge.account_id
    return row.payout.account_id if row.payout else None


def _text(name: str, read: Callable[[LedgerRow], Value]) -> Column[LedgerRow]:
    return Column(name, CellKind.TEXT, read)


def _recorded_at(row: LedgerRow) -> str:
    return row.entry.recorded_at


def _placed_at(row: LedgerRow) -> str | None:
    return row.order.placed_at if row.order else None


COLUMNS: tuple[Column[LedgerRow], ...] = (
    _entry("seq", CellKind.COUNT),
    Column("recorded_at", CellKind.LOCAL_TIME, _recorded_at),
    _entry("kind"),
    _entry("order_id"),
    Column("placed_at", CellKind.LOCAL_TIME, _placed_at),
    _text("parent_name", lambda row: row.order.parent.name if row.order else None),
    *map(_entry, ("refund_id", "refund_type", "reason", "currency")),
    *(
        _entry(name, CellKind.AMOUNT)
        for name in (
            *("gross_amount", "tax_amount", "stripe_fee_amount", "rev_share_amount", "net_amount"),
            *("payable_amount", "direct_amount", "elsewhere_amount", "stripe_fee_retained_amount"),
            *("payable_balance_amount", "direct_balance_amount"),
        )
    ),
    _text("account_id", _account_id),
    *map(_charge, ("charge_id", "payment_intent_id", "application_fee_id")),
    _entry("stripe_refund_id"),
    _text("balance_transaction_id", lambda row: row.balance_transaction_id),
    *map(_entry, ("dispute_id", "payout_id")),
    _text("transfer_id", lambda row: row.payout.transfer_id if row.payout else None),
    _text("in_payout_id", lambda row: row.in_payout_id),
    _entry("adjustment_id"),
    _text("processed_by_name", lambda row: row.processed_by_name),
    *map(_entry, ("processed_by", "source")),
    Column("recorded_at_utc", CellKind.UTC_TIME, _recorded_at),
    Column("placed_at_utc", CellKind.UTC_TIME, _placed_at),
    Column("utc_offset", CellKind.UTC_OFFSET, _recorded_at),
    _entry("tax_parts", CellKind.TAX_PARTS),
)
