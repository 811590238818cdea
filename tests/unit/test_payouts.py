"""When payouts are due, how they are named, what the ledger takes, and how statements read."""

import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.import_orders.bodies import StudioBody
from functions.payouts.show_payout import WholeStatement
from functions.payouts.statement_csv import COLUMNS, statement_csv
from functions.payouts.statement_html import money, statement_html
from shared.domain.ledger import (
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
    entry_hash,
    verify_chain,
)
from shared.domain.payout import (
    Payout,
    PayoutStatus,
    close,
    fail,
    is_worth_closing,
    last_day_of_payout,
    payout_id_of,
    restore_payout,
    studio_of_payout,
)
from shared.domain.payout_schedule import Interval, PayoutPeriod, PayoutSchedule
from shared.domain.statement import LineRange, Statement, StatementError, statement_of
from shared.domain.stripe_refund import MalformedStripeObjectError
from shared.domain.stripe_transfer import stripe_transfer_from
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.payout import payout_from_values, payout_to_item

from .orders import AT

DUE = "2026-10-14T17:09:00.000Z"
PERIOD = PayoutPeriod(date(2026, 10, 5), date(2026, 10, 11))
CHICAGO = ZoneInfo("America/Chicago")
STUDIO_LINE = {
    "studio_id": "st_1",
    "name": "Lakeside School Portraits",
    "timezone": "America/Chicago",
    "currency": "usd",
    "rev_share_bps": 1500,
    "from_address": "orders@lakeside.example",
    "negative_balance_limit": 0,
}

zones = st.sampled_from(
    # In the last two a day may begin at one.
    ["America/Chicago", "Europe/Oslo", "Asia/Kathmandu", "UTC", "America/Havana", "Asia/Beirut"]
).map(ZoneInfo)
schedules = st.builds(PayoutSchedule, st.sampled_from(Interval), st.integers(0, 6), zones)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # the zone is given beside it


# The schedule.


@given(schedules, moments)
def test_the_next_payout_is_the_first_that_is_due_after_now(
    schedule: PayoutSchedule, now: datetime
) -> None:
    latest = schedule.latest(now)
    due = schedule.next_due(now)
    assert schedule.begins(latest) <= now < due
    assert schedule.latest(due) == schedule.following(latest)
    assert schedule.latest(due - timedelta(seconds=1)) == latest


@given(schedules, moments)
def test_periods_follow_one_another_without_gap_or_overlap(
    schedule: PayoutSchedule, now: datetime
) -> None:
    day = schedule.latest(now)
    first = schedule.period(day, None)
    second = schedule.period(schedule.following(day), first.last)
    assert first.last == day - timedelta(days=1)
    assert second.first == first.last + timedelta(days=1) == day
    assert first.first <= first.last
    assert schedule.period(schedule.following(day), None) == second


@pytest.mark.parametrize(
    ("now", "due"),
    [
        # Sunday night in Chicago, summer and winter; the clocks change on 8 March and 1 November.
        ("2026-03-07T12:00:00Z", "2026-03-09T05:00:00Z"),
        ("2026-03-02T12:00:00Z", "2026-03-09T05:00:00Z"),
        ("2026-10-31T12:00:00Z", "2026-11-02T06:00:00Z"),
        ("2026-11-02T05:59:59Z", "2026-11-02T06:00:00Z"),
        ("2026-11-02T06:00:00Z", "2026-11-09T06:00:00Z"),
    ],
)
def test_a_week_ends_at_the_studios_midnight_also_when_the_clocks_change(
    now: str, due: str
) -> None:
    schedule = PayoutSchedule(Interval.WEEKLY, 0, CHICAGO)
    assert schedule.next_due(datetime.fromisoformat(now)) == datetime.fromisoformat(due)


@pytest.mark.parametrize(
    ("chosen", "due"),
    [
        (None, "2026-10-19T05:00:00+00:00"),
        ("weekly", "2026-10-19T05:00:00+00:00"),
        ("daily", "2026-10-15T05:00:00+00:00"),
        ("monthly", "2026-11-01T05:00:00+00:00"),
        ({"interval": "weekly", "weekday": 4}, "2026-10-16T05:00:00+00:00"),
        ({"interval": "weekly", "weekday": 2}, "2026-10-21T05:00:00+00:00"),
        ({"interval": "monthly", "weekday": 4}, "2026-11-01T05:00:00+00:00"),
    ],
)
def test_a_studio_is_due_as_it_asked(chosen: object, due: str) -> None:
    line = {**STUDIO_LINE, "payout_schedule": chosen}
    schedule = StudioBody.model_validate(line).studio().payout_schedule
    now = datetime(2026, 10, 14, 17, 4, tzinfo=UTC)  # a Wednesday
    assert schedule.next_due(now).isoformat() == due


def test_a_payout_is_named_by_studio_and_last_day() -> None:
    assert payout_id_of("st_1", PERIOD) == "po_st_1_2026-10-11"


# The ledger.


def ledger(*payable: int) -> tuple[list[LedgerEntry], LedgerHead]:
    head, entries = LedgerHead("st_1", "usd"), []
    for number, amount in enumerate(payable):
        facts = EntryFacts(EntryKind.SALE, f"ord_{number}", AT)
        entry, head = append(head, facts, EntryAmounts(amount, 0, 0, amount, 0))
        entries.append(entry)
    return entries, head


def closed(*payable: int, account: str | None = "acct_1") -> tuple[list[LedgerEntry], LedgerHead]:
    entries, head = ledger(*payable)
    booking = close(head, PERIOD, account, AT, DUE)
    return [*entries, booking.entry], booking.head


def fault_of(
    entries: list[LedgerEntry], head: LedgerHead, forged: dict[str, str | int] | None = None
) -> str:
    """Return what is said of a ledger whose last entry has other fields, its hash made right.

    A field that is forged to be empty is left out.
    """
    contents = [entry.content() for entry in entries]
    last = {name: each for name, each in (contents[-1] | (forged or {})).items() if each != ""}
    contents[-1] = last | {"hash": entry_hash(last)}
    at = replace(
        head,
        hash=str(contents[-1]["hash"]),
        payable_balance_amount=int(last["payable_balance_amount"]),
    )
    _, fault = verify_chain(contents, at)
    return fault.problem if fault else ""


def test_a_payout_as_made_verifies() -> None:
    assert fault_of(*closed(1000, -200)) == ""
    assert fault_of(*closed(-200)) == ""


def test_a_head_that_names_another_last_payout_does_not_go_unnoticed() -> None:
    entries, head = closed(1000)
    contents = [entry.content() for entry in entries]
    _, fault = verify_chain(contents, replace(head, closed_seq=0))
    assert fault is not None


@pytest.mark.parametrize(
    ("forged", "problem"),
    [
        (
            {"gross_amount": -700, "net_amount": -700, "payable_amount": -700}
            | {"payable_balance_amount": 100},
            "another amount",
        ),
        (
            {"gross_amount": -900, "net_amount": -900, "payable_amount": -900}
            | {"payable_balance_amount": -100},
            "another amount",
        ),
        ({"gross_amount": -801, "stripe_fee_amount": 1}, "moves no fee"),
        ({"tax_amount": 1}, "moves no fee"),
        ({"order_id": "ord_0"}, "payout_id"),
        ({"payout_id": ""}, "payout_id"),
        ({"kind": "sale"}, "order_id"),
        ({"kind": "gift"}, "unknown"),
    ],
)
def test_a_payout_that_was_forged_is_found(forged: dict[str, str | int], problem: str) -> None:
    assert problem in fault_of(*closed(1000, -200), forged)


def failing() -> tuple[list[LedgerEntry], LedgerHead, Payout]:
    entries, head = ledger(1000)
    booking = close(head, PERIOD, "acct_1", AT, DUE)
    return [*entries, booking.entry], booking.head, booking.payout.with_new_attempt(AT)


def test_what_a_payout_took_is_given_back_once_and_in_full() -> None:
    entries, head, payout = failing()
    failure = fail(payout, head, "account_closed", AT)
    entries.append(failure.entry)
    assert fault_of(entries, failure.head) == ""
    assert failure.head.payable_balance_amount == 1000
    assert failure.head.closed_seq == head.closed_seq

    again = fail(payout, failure.head, "account_closed", AT)
    assert "already" in fault_of([*entries, again.entry], again.head)
    more = fail(replace(payout, paid_amount=1001), head, "account_closed", AT)
    assert "give back" in fault_of([*entries[:-1], more.entry], more.head)
    other = fail(replace(payout, payout_id="po_other"), head, "account_closed", AT)
    assert "give back" in fault_of([*entries[:-1], other.entry], other.head)


def test_a_payout_is_entered_once() -> None:
    entries, head = closed(1000)
    again = close(head, PERIOD, "acct_1", AT, DUE)
    assert "entered already" in fault_of([*entries, again.entry], again.head)


@pytest.mark.parametrize(
    ("payable", "account", "status", "reason"),
    [
        ((1000,), "acct_1", PayoutStatus.CLOSING, None),
        ((1000,), None, PayoutStatus.HELD, "no_payout_account"),
        ((-1,), "acct_1", PayoutStatus.CARRIED, "negative_balance"),
        ((-1,), None, PayoutStatus.CARRIED, "negative_balance"),
        ((5, -5), "acct_1", PayoutStatus.CARRIED, "nothing_owed"),
    ],
)
def test_a_payout_begins_as_its_total_and_account_say(
    payable: tuple[int, ...], account: str | None, status: PayoutStatus, reason: str | None
) -> None:
    payout = close(ledger(*payable)[1], PERIOD, account, AT, DUE).payout
    assert (payout.status, payout.reason) == (status, reason)
    assert payout.paid_amount == (sum(payable) if status is PayoutStatus.CLOSING else 0)
    assert (payout.next_poll_at is not None) == payout.is_open


def test_a_payout_that_would_say_nothing_is_not_made() -> None:
    assert not is_worth_closing(LedgerHead("st_1", "usd"), "acct_1")
    assert is_worth_closing(ledger(5)[1], None)
    assert not is_worth_closing(closed(-5)[1], "acct_1")
    held = closed(5, account=None)[1]
    assert is_worth_closing(held, "acct_1")
    assert not is_worth_closing(held, None)


@pytest.mark.parametrize("account", ["acct_1", None])
def test_a_payout_comes_back_as_it_was_stored(account: str | None) -> None:
    payout = close(ledger(1000)[1], PERIOD, account, AT, DUE).payout
    for stored in (payout, payout.with_new_attempt(AT).paid("tr_1", AT) if account else payout):
        item = payout_to_item(stored)
        assert payout_from_values(unmarshal(item)) == stored
        assert ("open_pk" in item) == ("open_due" in item) == stored.is_open


# The statement.


def test_a_statement_with_an_entry_missing_is_none() -> None:
    entries, head = ledger(1, 2, 3)
    for gone in range(3):
        left = [entry for entry in entries if entry.seq != gone + 1]
        with pytest.raises(StatementError):
            statement_of(left, 1, head.seq, LineRange())


def whole(*, currency: str = "usd", name: str = "Lakeside") -> WholeStatement:
    """Return a payout after one that was carried at -8500, with two sales and a refund."""
    head = LedgerHead("st_1", currency)
    entry, head = append(
        head,
        EntryFacts(EntryKind.REFUND, "ord_0", AT, refund_id="rf_0"),
        EntryAmounts(-10000, 0, 1500, -8500, 0),
    )
    entries = [entry]
    first = close(head, PERIOD, "acct_1", AT, DUE)
    entries.append(first.entry)
    head = first.head
    for kind, order, refund, amounts in (
        (EntryKind.SALE, "-ord_1", None, EntryAmounts(10000, -320, -1500, 8180, 0)),
        (EntryKind.SALE, "ord_2", None, EntryAmounts(10000, -320, -1500, 0, 8180)),
        (EntryKind.REFUND, "-ord_1", "rf_1", EntryAmounts(-2500, 0, 375, -2125, 0)),
        (EntryKind.SALE, "ord_3", None, EntryAmounts(10001, -320, -1500, 8181, 0)),
    ):
        entry, head = append(head, EntryFacts(kind, order, AT, refund_id=refund), amounts)
        entries.append(entry)
    later = PayoutPeriod(date(2026, 10, 12), date(2026, 10, 18))
    payout = close(head, later, "acct_1", AT, DUE).payout.with_new_attempt(AT).paid("tr_1", AT)
    statement: Statement = statement_of(
        entries[payout.first_seq - 2 :], payout.first_seq, payout.last_seq, LineRange()
    )
    return WholeStatement(payout, statement, name, CHICAGO)


def test_the_csv_reconciles_column_by_column() -> None:
    text = statement_csv(whole())
    widths = {len(row) for row in csv.reader(io.StringIO(text[1:], newline=""), strict=True)}
    assert widths == {len(COLUMNS)}
    assert text.startswith("\ufeff")
    assert text.count("\r\n") == text.count("\n")
    rows = list(csv.DictReader(io.StringIO(text[1:])))
    lines = [row for row in rows if row["kind"] not in {"total", "paid", "carried_forward"}]
    total, paid, carried = rows[len(lines) :]
    assert [row["kind"] for row in lines] == ["carried", "sale", "sale", "refund", "sale"]
    for column in ("gross_amount", "net_amount", "payable_amount", "direct_amount"):
        assert sum(Decimal(row[column]) for row in lines) == Decimal(total[column])
    assert (total["payable_amount"], paid["payable_amount"]) == ("57.36", "57.36")
    assert carried["payable_amount"] == "0.00"
    assert [row["transfer_id"] for row in rows if row["transfer_id"]] == [paid["transfer_id"]]
    assert paid["transfer_id"] == "tr_1"
    assert lines[3]["net_amount"] == "-21.25"
    assert lines[1]["recorded_at"] == "2026-10-14 12:04:00"
    assert lines[1]["order_id"] == "'-ord_1"  # an id may begin with what begins a formula


def test_the_page_has_every_line_and_the_sums_and_takes_no_markup_from_a_name() -> None:
    page = statement_html(whole(name="<script>alert(1)</script> & Sons"))
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; Sons" in page
    for shown in ("-$21.25", "$57.36", "rf_1", "ord_2", "-$85.00", "Oct 12, 2026", "tr_1"):
        assert shown in page
    assert "None" not in page


def test_each_printed_page_says_whose_statement_of_which_payout_it_is() -> None:
    page = statement_html(whole())
    header = page[page.index("<thead>") : page.index("</thead>")]
    assert "Lakeside · po_st_1_2026-10-18" in header
    assert "size: landscape" in page
    assert "ledger entries 3 to 6" in page


def test_what_is_carried_in_is_in_the_payable_sum_and_in_no_sum_of_sales() -> None:
    page = statement_html(whole())
    rows = re.findall(r"<tr>.*?</tr>", page[page.index('class="sums"') :], re.DOTALL)
    sums = {found[0]: found[1:] for row in rows if (found := re.findall(r">([^<>\n]+)</td>", row))}
    assert sums["Sales and refunds together"] == [
        *("$275.01", "-$9.60", "-$41.25", "$224.16", "$81.80", "$142.36")
    ]
    assert sums["Carried over from the previous payout"] == ["-$85.00"]
    assert sums["Total"] == sums["Paid out"] == ["$57.36"]
    assert sums["Carried into the next payout"] == ["$0.00"]


def test_a_payout_of_nothing_but_what_is_carried_names_no_entries() -> None:
    carried = whole()
    payout = replace(carried.payout, first_seq=7, last_seq=6)
    assert "ledger entries" not in statement_html(replace(carried, payout=payout))


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (-8500, "usd", "-$85.00"),
        (1234567, "usd", "$12,345.67"),
        (0, "usd", "$0.00"),
        (8500, "jpy", "¥8,500"),
        (1050, "eur", "€10.50"),
        (1050, "all", "ALL10.50"),  # people write none of its decimals, Stripe counts them
    ],
)
def test_money_is_shown_with_the_decimals_it_has(amount: int, currency: str, shown: str) -> None:
    assert money(amount, currency).replace("\xa0", "") == shown


# Stripe's transfers.


@pytest.mark.parametrize("paid", [1, 999, 1000, 5000])
def test_a_payout_that_was_lost_is_entered_for_what_was_transferred(paid: int) -> None:
    entries, head = ledger(1000)
    made = stripe_transfer_from(transfer(amount=paid))
    booking = restore_payout(head, PERIOD, made, AT)
    assert booking.payout.payout_id == payout_id_of(head.studio_id, PERIOD)
    assert (booking.payout.status, booking.payout.transfer_id) == (PayoutStatus.PAID, "tr_1")
    assert (booking.payout.total_amount, booking.payout.paid_amount) == (1000, paid)
    assert booking.payout.carried_amount == booking.head.payable_balance_amount == 1000 - paid
    assert booking.head.closed_seq == booking.entry.seq
    chain = [each.content() for each in (*entries, booking.entry)]
    assert verify_chain(chain, booking.head) == (2, None)
    assert payout_from_values(unmarshal(payout_to_item(booking.payout))) == booking.payout


def test_only_what_came_from_stripe_may_pay_another_amount_than_was_owed() -> None:
    entries, head = ledger(1000)
    entry = restore_payout(head, PERIOD, stripe_transfer_from(transfer(amount=999)), AT).entry
    content = entry.content()
    del content["source"]
    forged = content | {"hash": entry_hash(content)}
    after = replace(head, seq=2, payable_balance_amount=1, hash=str(forged["hash"]), closed_seq=2)
    _, fault = verify_chain([entries[0].content(), forged], after)
    assert fault is not None
    assert fault.problem == "it pays out another amount than was owed"


@pytest.mark.parametrize("text", ["", "po_st_1", "group of somebody", "po_st_1_2026-10-1"])
def test_a_group_that_is_no_payouts_names_no_studio(text: str) -> None:
    assert studio_of_payout(text) is None


def test_a_payouts_id_names_studio_and_last_day() -> None:
    payout_id = payout_id_of("st_my_studio", PERIOD)
    assert studio_of_payout(payout_id) == "st_my_studio"
    assert last_day_of_payout(payout_id) == PERIOD.last


def transfer(**changed: object) -> dict[str, object]:
    return {
        "object": "transfer",
        "id": "tr_1",
        "amount": 100,
        "amount_reversed": 0,
        "currency": "usd",
        "destination": "acct_1",
        "transfer_group": "po_st_1_2026-10-18",
    } | changed


def test_a_transfer_is_read() -> None:
    read = stripe_transfer_from(transfer())
    assert (read.transfer_id, read.amount) == ("tr_1", 100)
    assert (read.destination, read.group) == ("acct_1", "po_st_1_2026-10-18")
    assert not read.is_fully_reversed
    assert stripe_transfer_from(transfer(amount_reversed=100)).is_fully_reversed


@pytest.mark.parametrize(
    "changed",
    [
        {"object": "refund"},
        {"id": ""},
        {"amount": "100"},
        {"amount_reversed": None},
    ],
)
def test_what_is_no_transfer_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedStripeObjectError):
        stripe_transfer_from(transfer(**changed))
