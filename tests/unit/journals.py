"""Ledgers to export as journals, and an oracle that adds up accounts in another way."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from shared.domain.dispute import Dispute, DisputeStatus
from shared.domain.export import ExportForm
from shared.domain.journal import JournalTransaction, journal_of
from shared.domain.journal_accounts import DEFAULT_ACCOUNTS
from shared.domain.ledger import LedgerEntry
from shared.domain.order import OrderLine
from shared.domain.refund import RefundStatus
from shared.domain.refund_quote import RefundQuote
from shared.views.journal.book import JournalBook
from shared.views.journal.files import FILES

from .order_books import OrderBooks
from .orders import renamed, sold
from .studio_books import DISPUTED_AT, LEDGER_STARTS, StudioBooks

CHICAGO = ZoneInfo("America/Chicago")

# How many decimals people write, by hand, so that the tests do not ask the code under test.
DECIMALS = {"usd": 2, "jpy": 0, "kwd": 3}

BEFORE_THE_LEDGER = "2026-10-15T00:00:00.000Z"
assert BEFORE_THE_LEDGER < LEDGER_STARTS < DISPUTED_AT


def book(form: ExportForm, currency: str) -> JournalBook:
    """Return the general ledger of a studio, with the format's own account names."""
    return JournalBook('Müller & "Söhne"', currency, DEFAULT_ACCOUNTS[form])


def written(form: ExportForm, transactions: Iterable[JournalTransaction], currency: str) -> str:
    """Return the whole file of a format."""
    return "".join(FILES[form].write(book(form, currency), transactions))


def whole_journal(entries: Iterable[LedgerEntry]) -> list[JournalTransaction]:
    """Return the transactions of a ledger, those from before it started among them."""
    return list(journal_of(entries, CHICAGO, with_openings=True))


def ledger_of_every_kind(currency: str) -> list[LedgerEntry]:
    """Return a ledger with entries of every kind, made by the domain's own functions."""
    books = StudioBooks(currency)
    for number, (direct, before_ledger) in enumerate(
        [(False, False), (True, False), (False, True)]
    ):
        order = sold(
            *(OrderLine("li_1", 3, 7_531, 431), OrderLine("li_2", 1, 2_469, 169)),
            rev_share=1_499,
            stripe_fee=321,
            direct=direct,
        )
        books.sell(renamed(order, f"ord_{number}", currency), before_ledger=before_ledger)
    platform, direct_charge, old = books.sales.values()
    for sale in (platform, direct_charge):
        _refund(books, sale, 1_001)
        _refund(books, sale, 777, fails=True)
        for taken, fee in ((4_444, 1_500), (0, 1_500)):
            _dispute(books, sale, taken, fee, DISPUTED_AT)
    _refund(books, old, 333, before_ledger=True)
    _dispute(books, old, 2_000, 1_500, BEFORE_THE_LEDGER)
    books.adjust(50_000)
    books.adjust(-1_234)
    paid = books.begin_transfer(books.pay_out("acct_1", 7, books.head.seq, 0))
    books.end_transfer(paid)
    books.reverse_transfer(books.payouts[paid.payout_id], 4_321)
    books.fail_transfer(books.begin_transfer(books.pay_out("acct_1", 7, books.head.seq, 0)))
    # A payout that holds everything back, and so pays nothing.
    books.pay_out("acct_1", 7, books.head.seq, 10**9)
    return books.entries


def _refund(
    books: StudioBooks,
    sale: OrderBooks,
    amount: int,
    *,
    fails: bool = False,
    before_ledger: bool = False,
) -> None:
    books.reserve(sale, RefundQuote("ch_1", amount))
    refund_id = list(sale.refunds)[-1]
    sale.refunds[refund_id] = replace(sale.refunds[refund_id], before_ledger=before_ledger)
    books.move(sale, sale.refunds[refund_id], RefundStatus.SUCCEEDED)
    books.settle(sale, sale.refunds[refund_id])
    if fails:
        books.move(sale, sale.refunds[refund_id], RefundStatus.FAILED)
        books.settle(sale, sale.refunds[refund_id])


def _dispute(books: StudioBooks, sale: OrderBooks, taken: int, fee: int, created_at: str) -> None:
    report = Dispute(
        "dp_1",
        DisputeStatus.LOST,
        sale.order.total_amount,
        is_charge_refundable=False,
        created_at=created_at,
        withdrawn_amount=taken,
        fee_amount=fee,
    )
    before_ledger = created_at == BEFORE_THE_LEDGER
    books.report_dispute(sale, report, before_ledger=before_ledger)
    books.book_disputes(sale)


def expected_balances(entries: Iterable[LedgerEntry]) -> dict[str, int]:
    """Return what each role's account must change by, in minor units; a debit is positive.

    It is written from the ledger's columns, and knows nothing of the journal.
    """
    total: Counter[str] = Counter()
    for entry in entries:
        total["receivable"] += entry.payable_amount
        total["stripe_balance"] += entry.direct_amount
        total["opening_equity"] += entry.elsewhere_amount or 0
        total["rev_share"] -= entry.rev_share_amount
        total["sales_tax"] -= entry.tax_amount
        without_tax = entry.gross_amount - entry.tax_amount
        total[_account_of_gross(entry.kind)] -= without_tax
        about_dispute = entry.kind.startswith("dispute")
        total["dispute_fees" if about_dispute else "stripe_fees"] -= entry.stripe_fee_amount
    return {role: amount for role, amount in total.items() if amount}


def _account_of_gross(kind: str) -> str:
    if kind in {"sale", "opening_sale"}:
        return "sales"
    if kind in {"refund", "refund_failed", "opening_refund"}:
        return "refunds"
    if kind.startswith("dispute"):
        return "disputes"
    return "payout_clearing" if kind.startswith("payout") else "adjustments"


def balances(transactions: Iterable[JournalTransaction]) -> dict[str, int]:
    """Return what the transactions change each role's account by."""
    total: Counter[str] = Counter()
    for each in transactions:
        for line in each.lines:
            total[line.role.value] += line.amount
    return {role: amount for role, amount in total.items() if amount}
