"""Stripe's report "Balance change from activity", itemized, as its dashboard exports it.

https://docs.stripe.com/reports/report-types/balance
"""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shared.views.spreadsheet import major_units

_COLUMNS = (
    *("balance_transaction_id", "created_utc", "currency", "gross", "fee", "net"),
    *("reporting_category", "source_id"),
)
_AMOUNTS = {"gross": "amount", "fee": "fee", "net": "net"}


def stripe_report(transactions: Iterable[dict[str, Any]]) -> str:
    """Return the report of balance transactions as CSV, with amounts in major units.

    Args:
        transactions: As Stripe's API lists them.
    """
    written = io.StringIO()
    rows = csv.DictWriter(written, _COLUMNS)
    rows.writeheader()
    for each in transactions:
        currency = each["currency"]
        row = {name: major_units(each[field], currency) for name, field in _AMOUNTS.items()}
        row |= {name: each[name] for name in ("currency", "reporting_category")}
        created = datetime.fromtimestamp(each["created"], UTC)
        row["created_utc"] = created.strftime("%Y-%m-%d %H:%M:%S")
        row |= {"balance_transaction_id": each["id"], "source_id": each["source"]}
        rows.writerow(row)
    return written.getvalue()
