"""A payout as CSV, for spreadsheets: RFC 4180, in UTF-8 with a byte order mark.

Spreadsheets calculate with it, so minus signs are hyphens, and no column is ever left out. People
read it, so amounts are in major units and times in the studio's time zone. Without the mark,
Excel would not read the file as UTF-8. https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import io
from collections.abc import Iterator

from functions.payouts.show_payout import WholeStatement
from functions.payouts.statement_sections import sections_of
from shared.domain.statement import StatementLine
from shared.views.spreadsheet import BYTE_ORDER_MARK, disarmed, local_time, major_units

_AMOUNTS = (
    *("gross_amount", "stripe_fee_amount", "rev_share_amount", "net_amount"),
    *("payable_amount", "direct_amount"),
)
_IDS = ("order_id", "refund_id", "stripe_refund_id", "payout_id")
# Added later, at the end: spreadsheets may read the columns before them by their position.
_PERIOD = ("period_started_at", "period_ended_at")
_MORE = ("adjustment_id", "reason", "dispute_id", "refund_type", "parent_name")
COLUMNS = (
    *("kind", "seq", "recorded_at", *_IDS, "currency", *_AMOUNTS, "transfer_id"),
    *(*_PERIOD, *_MORE),
)


def statement_csv(whole: WholeStatement) -> str:
    """Return the statement: what was paid and carried, the total, then a row for each line.

    Deductions stand together before sales. The first rows say from when on and before when the
    lines were recorded.
    """
    written = io.StringIO()
    written.write(BYTE_ORDER_MARK)
    rows = csv.DictWriter(written, COLUMNS, lineterminator="\r\n")
    rows.writeheader()
    rows.writerows(_sums(whole))
    for section in sections_of(whole.statement):
        rows.writerows(_line(line, whole) for line in section.lines)
    return written.getvalue()


def _line(line: StatementLine, whole: WholeStatement) -> dict[str, str]:
    cells = {name: disarmed(getattr(line, name) or "") for name in (*_IDS, *_MORE)}
    cells |= {name: _major(getattr(line, name), whole) for name in _AMOUNTS}
    cells |= {"kind": line.kind, "currency": whole.payout.currency}
    if line.seq is not None and line.recorded_at is not None:
        cells["recorded_at"] = local_time(line.recorded_at, whole.zone)
        cells["seq"] = str(line.seq)
    return cells


def _sums(whole: WholeStatement) -> Iterator[dict[str, str]]:
    payout, total = whole.payout, whole.statement.total
    about = {"currency": payout.currency, "payout_id": disarmed(payout.payout_id)}
    about |= {name: local_time(getattr(payout, name), whole.zone) for name in _PERIOD}
    amounts = {name: _major(getattr(total, name), whole) for name in _AMOUNTS}
    # A bookkeeper finds the payout on the account's own statement by its transfer.
    transfer = {"transfer_id": payout.transfer_id or ""}
    yield {"kind": "paid", **about, "payable_amount": _major(payout.paid_amount, whole), **transfer}
    carried = _major(payout.carried_amount, whole)
    yield {"kind": "carried_forward", **about, "payable_amount": carried}
    yield {"kind": "total", **about, **amounts}


def _major(amount: int, whole: WholeStatement) -> str:
    return major_units(amount, whole.payout.currency)
