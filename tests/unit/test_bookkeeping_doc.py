"""The examples in docs/bookkeeping.md are what the product writes."""

import re
from dataclasses import replace

import pytest

from infra.paths import ROOT
from shared.domain.export import ExportForm
from shared.domain.journal import JournalRole, JournalTransaction, journal_of
from shared.domain.journal_accounts import DEFAULT_ACCOUNTS
from shared.domain.journal_totals import daily_totals
from shared.domain.ledger import LedgerEntry
from shared.domain.order import OrderLine
from shared.domain.refund import RefundStatus
from shared.domain.refund_quote import RefundQuote
from shared.views.journal.files import FILES

from .journals import CHICAGO, balances, written
from .orders import hundred_dollars, renamed, sold
from .studio_books import StudioBooks

DOCUMENT = (ROOT / "docs/bookkeeping.md").read_text("utf-8")

# The day of each entry of the example.
DAYS = ("2026-10-05", "2026-10-14", "2026-10-16", "2026-10-19")


def example() -> list[JournalTransaction]:
    """Return the journal of a sale, its full refund, another sale, and a payout."""
    books = StudioBooks("usd")
    books.sell(renamed(hundred_dollars(), "ord_100", "usd"))
    sale = books.sales["ord_100"]
    books.reserve(sale, RefundQuote("ch_1", 10_000))
    books.move(sale, sale.refunds["rf_0"], RefundStatus.SUCCEEDED)
    books.settle(sale, sale.refunds["rf_0"])
    forty = sold(OrderLine("li_1", 1, 4_000, 280), rev_share=600, stripe_fee=146)
    books.sell(renamed(forty, "ord_101", "usd"))
    books.pay_out("acct_1", 7, books.head.seq, 0)
    dated = [_dated(*each) for each in zip(books.entries, DAYS, strict=True)]
    return list(journal_of(dated, CHICAGO))


def _dated(entry: LedgerEntry, day: str) -> LedgerEntry:
    return replace(
        entry,
        studio_id="st_lakeside",
        recorded_at=f"{day}T17:04:00.000Z",
        refund_id=entry.refund_id and "rf_7f3a",
        reason=entry.refund_id and "wrong_print",
        payout_id=entry.payout_id and "po_st_lakeside_2026-10-18",
    )


def blocks() -> str:
    return "\n".join(re.findall(r"```(?:text|csv)\n(.*?)```", DOCUMENT, re.DOTALL))


def test_the_worked_example_is_what_the_product_writes() -> None:
    _, _, transactions = written(ExportForm.HLEDGER, example(), "usd").partition("\n\n")
    assert transactions in blocks()


def test_after_the_example_pps_owes_nothing_and_the_payout_is_in_transit() -> None:
    left = balances(example())
    assert "receivable" not in left
    assert left["payout_clearing"] == 2_934
    assert "$29.34" in DOCUMENT


@pytest.mark.parametrize("form", [ExportForm.QUICKBOOKS, ExportForm.XERO])
def test_the_rows_of_the_example_are_what_the_product_writes(form: ExportForm) -> None:
    rows = written(form, example()[:1], "usd").replace("\r\n", "\n")
    assert rows in blocks()


def test_the_daily_total_of_the_example_is_what_the_product_writes() -> None:
    (first, *_) = daily_totals(example())
    assert f"`{first.reference}`" in DOCUMENT


@pytest.mark.parametrize("form", FILES)
def test_the_table_names_every_account_of_every_format(form: ExportForm) -> None:
    for role in JournalRole:
        assert f"`{DEFAULT_ACCOUNTS[form].name_of(role)}`" in DOCUMENT
