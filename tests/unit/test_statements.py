"""How a payout's statement reads, as CSV and as a page."""

import csv
import io
import re
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from functions.payouts.show_payout import PrintedStatement
from functions.payouts.statement_html import money, statement_html
from shared.domain.adjustment import approve
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, append
from shared.domain.payout import PayoutStatus
from shared.domain.payout_booking import close
from shared.domain.statement import (
    LineRange,
    Statement,
    StatementRange,
    StatementSection,
    section_of,
    statement_of,
)
from shared.domain.statement_file import StatementRow, total_rows
from shared.domain.sums import StatementError
from shared.views.columns import csv_header, csv_lines
from shared.views.statement_columns import COLUMNS

from .adjustments import decision, proposed
from .orders import AT
from .payout_ledgers import CHICAGO, ledger, paid_out, week_before, whole

MINUS = "\N{MINUS SIGN}"


def test_a_statement_with_a_missing_entry_is_an_error() -> None:
    entries, head = ledger(1, 2, 3)
    for gone in range(3):
        left = [entry for entry in entries if entry.seq != gone + 1]
        with pytest.raises(StatementError):
            statement_of(left, StatementRange("st_1", 1, head.seq, 0, 6), LineRange())
    with pytest.raises(StatementError, match="add up to 6"):
        statement_of(entries, StatementRange("st_1", 1, head.seq, 0, 7), LineRange())


def whole_statement(*, currency: str = "usd", name: str = "Lakeside") -> PrintedStatement:
    """Return the statement of a payout with three sales and a refund, after -8500 was carried."""
    head = LedgerHead("st_1", currency)
    entry, head = append(
        head,
        EntryFacts(EntryKind.REFUND, "ord_0", AT, refund_id="rf_0"),
        EntryAmounts(-10000, 0, 1500, -8500, 0),
    )
    entries = [entry]
    first = paid_out(head)
    entries.append(first.entry)
    head = first.head
    for kind, order, refund, amounts in (
        (EntryKind.SALE, "-ord_1", None, EntryAmounts(10000, -320, -1500, 8180, 0)),
        (EntryKind.SALE, "ord_2", None, EntryAmounts(10000, -320, -1500, 0, 8180)),
        (EntryKind.REFUND, "-ord_1", "rf_1", EntryAmounts(-2500, 0, 375, -2125, 0)),
        (EntryKind.SALE, "ord_3", None, EntryAmounts(10001, -320, -1500, 8181, 0)),
    ):
        facts = EntryFacts(kind, order, AT, refund_id=refund)
        if refund:
            facts = replace(facts, refund_type="partial", reason="wrong_print")
        entry, head = append(head, facts, amounts)
        entries.append(entry)
    closing = whole(head, week_before("2026-10-19"), first.payout)
    closed = close(head, closing, "acct_1", AT).payout.with_new_attempt(AT)
    payout = closed.paid("tr_1", AT)
    of = StatementRange(
        "st_1",
        payout.first_seq,
        payout.last_seq,
        payout.carried_in_amount,
        payout.total_amount,
    )
    statement: Statement = statement_of(entries[payout.first_seq - 1 :], of, LineRange())
    named = [
        replace(line, parent_name="=Dana" if line.is_deduction else None)
        for line in statement.lines
    ]
    return PrintedStatement(payout, replace(statement, lines=named), name, CHICAGO)


def statement_csv(made: PrintedStatement) -> str:
    """Return a statement as a file, with the lines that it has."""
    lines = (
        StatementRow(made.payout, line.kind, line)
        for section in StatementSection
        for line in made.statement.lines
        if section_of(line.kind) is section
    )
    rows = [*total_rows(made.payout), *lines]
    return csv_header(COLUMNS) + csv_lines(COLUMNS, rows, made.zone)


def statement_of_adjustment(reason: str) -> PrintedStatement:
    """Return the statement of a payout with a sale and an adjustment of -$12.50."""
    head = LedgerHead("st_1", "usd")
    sale, head = append(
        head, EntryFacts(EntryKind.SALE, "ord_1", AT), EntryAmounts(10000, -320, -1500, 8180, 0)
    )
    approval = approve(proposed(reason=reason), decision("ben"), head)
    assert approval is not None
    entries, head = [sale, approval.posting.entry], approval.posting.after
    payout = close(head, whole(head, week_before("2026-10-19"), None), "acct_1", AT).payout
    of = StatementRange("st_1", 1, 2, 0, payout.total_amount)
    return PrintedStatement(payout, statement_of(entries, of, LineRange()), "Lakeside", CHICAGO)


def test_an_adjustment_stands_in_the_statement_with_its_reason_and_no_persons_id() -> None:
    made = statement_of_adjustment("=2+2 <b>INV_7 billed twice</b>")
    page, text = statement_html(made), statement_csv(made)
    rows = re.findall(r"<tr>.*?</tr>", page, re.DOTALL)
    (line,) = (row for row in rows if "adj_1" in row)
    assert "Adjustment by PPS" in line
    assert "=2+2 &lt;b&gt;INV_7 billed twice&lt;/b&gt;" in line
    assert f"{MINUS}$12.50" in line
    assert any("Adjustments by PPS" in row and f"{MINUS}$12.50" in row for row in rows)
    assert "$69.30" in page
    *_, adjustment, sale = csv.DictReader(io.StringIO(text[1:]))
    assert (adjustment["kind"], adjustment["payable_amount"]) == ("adjustment", "-12.50")
    assert adjustment["adjustment_id"] == "adj_1"
    assert adjustment["reason"] == "'=2+2 <b>INV_7 billed twice</b>"
    assert sale["adjustment_id"] == sale["reason"] == ""
    assert not {"ana", "ben"} & set(re.findall(r"\w+", page + text))


def test_the_csv_adds_up_column_by_column() -> None:
    text = statement_csv(whole_statement())
    widths = {len(row) for row in csv.reader(io.StringIO(text[1:], newline=""), strict=True)}
    assert widths == {len(COLUMNS)}
    assert text.startswith("\ufeff")
    assert text.count("\r\n") == text.count("\n")
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    lines = [row for row in rows if row["kind"] not in {"total", "paid", "carried_forward"}]
    paid, carried, total = rows[: -len(lines)]
    assert [row["kind"] for row in lines] == ["refund", "carried", "sale", "sale", "sale"]
    # Whoever adds up a whole column gets the payout, because totals stand in their own column.
    assert sum(Decimal(row["payable_amount"] or 0) for row in rows) == Decimal("57.36")
    for row in lines:
        assert Decimal(row["net_amount"]) == sum(
            Decimal(row[f"{part}_amount"]) for part in ("payable", "direct", "elsewhere")
        )
    assert {row["total_amount"] for row in lines} == {""}
    assert (total["total_amount"], paid["total_amount"]) == ("57.36", "57.36")
    assert carried["total_amount"] == "0.00"
    assert {row["in_payout_id"] for row in rows} == {paid["payout_id"]}
    assert [row["transfer_id"] for row in rows if row["transfer_id"]] == [paid["transfer_id"]]
    assert paid["transfer_id"] == "tr_1"
    assert lines[0]["net_amount"] == "-21.25"
    assert (lines[0]["parent_name"], lines[0]["refund_type"]) == ("'=Dana", "partial")
    assert lines[2]["recorded_at"] == "2026-10-14 12:04:00"
    assert lines[2]["order_id"] == "'-ord_1"  # an id that begins like a formula is quoted


def test_the_page_has_every_line_and_sum_and_escapes_names() -> None:
    page = statement_html(whole_statement(name="<script>alert(1)</script> & Sons"))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in page
    for shown in ("$21.25", "$57.36", "rf_1", "ord_2", "$85.00", "Oct 12, 2026", "tr_1"):
        assert shown in page
    amounts = re.findall(r'class="amount">([^<]+)</td>', page)
    assert len(amounts) > 20
    assert not any("-" in each for each in amounts)  # a hyphen is not a minus
    assert "None" not in page


def test_a_payout_with_too_many_lines_prints_their_sums_and_says_where_the_lines_are() -> None:
    made = whole_statement()
    page = statement_html(replace(made, statement=replace(made.statement, lines=[])))
    assert "This payout has 5 lines, too many to print." in page
    assert "The CSV file of this payout has each line." in page
    headings, sales, total = table(page, "Sales")
    assert headings == [
        *("What", "Lines", "Gross", "Stripe fee", "Rev share", "Net", "Settled by Stripe"),
        "Payable",
    ]
    assert sales[:3] == ["Sales", "3", "$300.01"]
    assert total == [
        *("Sales together", "3", "$300.01", f"{MINUS}$9.60", f"{MINUS}$45.00"),
        *("$245.41", "$81.80", "$163.61"),
    ]
    assert table(page, "Deductions")[-1][-1] == f"{MINUS}$21.25"
    assert "ord_2" not in page
    assert "rf_1" not in page
    assert "too many to print" not in statement_html(made)


def test_each_printed_page_names_the_studio_and_the_payout() -> None:
    page = statement_html(whole_statement())
    header = page[page.index("<thead>") : page.index("</thead>")]
    assert "Lakeside · po_st_1_2026-10-18 · Deductions" in header
    assert "size: landscape" in page
    assert "ledger entries 2 to 6" in page


def table(page: str, title: str) -> list[list[str]]:
    """Return a section's rows as the texts of their cells, its headings first."""
    section = page.split(f"<h2>{title}</h2>")[1].split("</table>", maxsplit=1)[0]
    rows = re.findall(r"<tr>.*?</tr>", section, re.DOTALL)
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    return [[re.sub(r"<[^>]+>", " ", cell).strip() for cell in row] for row in cells]


def test_the_statement_leads_with_what_was_paid_and_how_it_adds_up() -> None:
    page = statement_html(whole_statement())
    assert page.index("Paid out") < page.index("<h2>Deductions</h2>") < page.index("<h2>Sales</h2>")
    summary = page.split('<div class="facts">')[1].split("</table>")[0]
    rows = re.findall(r"<tr.*?<td[^>]*>(.*?)</td><td class=\"amount\">(.*?)</td></tr>", summary)
    assert rows == [
        ("Sales", "$163.61"),
        ("Refunds", f"{MINUS}$21.25"),
        ("Carried over from the previous payout", f"{MINUS}$85.00"),
        ("Total", "$57.36"),
        ("Paid out", "$57.36"),
        ("Carried into the next payout", "$0.00"),
    ]


def test_deductions_stand_together_and_name_the_parent_and_the_reason() -> None:
    page = statement_html(whole_statement())
    repeated, headings, refund, total = table(page, "Deductions")
    assert repeated[0].endswith(f"Deductions, 1 in all: {MINUS}$21.25")
    # No Stripe fee, and nothing that Stripe settled: columns of zeros are left out.
    assert headings == [
        *("Entry", "Date", "What", "Order, refund", "Parent", "Reason"),
        *("Gross", "Rev share", "Payable"),
    ]
    assert refund[2] == "Refund, partial"
    assert refund[4:] == ["=Dana", "Wrong print", f"{MINUS}$25.00", "$3.75", f"{MINUS}$21.25"]
    assert total == ["Deductions together: 1", f"{MINUS}$25.00", "$3.75", f"{MINUS}$21.25"]


def test_what_stripe_settled_has_its_columns_only_where_it_did() -> None:
    page = statement_html(whole_statement())
    _, headings, *sales, total = table(page, "Sales")
    assert headings[3:] == [
        *("Gross", "Stripe fee", "Rev share", "Net", "Settled by Stripe", "Payable"),
    ]
    assert len(sales) == 3
    assert total[-3:] == ["$245.41", "$81.80", "$163.61"]
    assert table(page, "Other entries")[-1] == ["Other entries together: 1", f"{MINUS}$85.00"]
    assert "Settled by Stripe" not in statement_html(statement_of_adjustment("billed twice"))


def test_the_statement_says_from_when_to_when() -> None:
    whole_payout = whole_statement()
    page = statement_html(whole_payout)
    assert "from Oct 12, 2026, 12:00:00 AM on" in page.replace("\u202f", " ")
    assert "before Oct 19, 2026, 12:00:00 AM (America/Chicago)" in page.replace("\u202f", " ")
    rows = list(csv.DictReader(io.StringIO(statement_csv(whole_payout)[1:])))
    assert (rows[0]["period_started_at"], rows[0]["period_ended_at"]) == (
        "2026-10-12 00:00:00",
        "2026-10-19 00:00:00",
    )


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"status": "transferring", "reason": "insufficient_balance"}, "We will keep trying"),
        ({"status": "carried", "reason": "disputed_amount_held"}, "open disputes"),
        ({"status": "failed", "reason": "account_invalid"}, "could not pay your account"),
        ({"reversed_amount": 1000}, "$10.00 of the transfer"),
    ],
)
def test_the_statement_shows_the_state_of_the_transfer(changes: dict[str, Any], shown: str) -> None:
    made = whole_statement()
    status = PayoutStatus(changes.get("status", made.payout.status))
    payout = replace(made.payout, **changes | {"status": status})
    assert shown in statement_html(replace(made, payout=payout))


def test_a_payout_of_only_a_carried_amount_names_no_entries() -> None:
    carried = whole_statement()
    payout = replace(carried.payout, first_seq=7, last_seq=6)
    assert "ledger entries" not in statement_html(replace(carried, payout=payout))


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (-8500, "usd", f"{MINUS}$85.00"),
        (1234567, "usd", "$12,345.67"),
        (0, "usd", "$0.00"),
        (8500, "jpy", "¥8,500"),
        (1050, "eur", "€10.50"),
        (1050, "all", "ALL10.50"),  # people write no decimals, but Stripe counts hundredths
    ],
)
def test_money_is_shown_with_the_decimals_of_its_currency(
    amount: int, currency: str, shown: str
) -> None:
    assert money(amount, currency).replace("\xa0", "") == shown
