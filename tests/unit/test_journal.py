"""A ledger's entries as double-entry transactions of the studio's books."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import pytest

from shared.domain.journal import RULES, JournalLine, JournalRole, JournalTransaction, journal_of
from shared.domain.journal_totals import daily_totals
from shared.domain.ledger import (
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
)

from .journals import (
    CHICAGO,
    DECIMALS,
    balances,
    expected_balances,
    ledger_of_every_kind,
    whole_journal,
)
from .orders import AT

currency_of_the_ledger = pytest.mark.parametrize("currency", DECIMALS)

SALE = EntryAmounts(10_000, -320, -1_500, 8_180, 0, tax_amount=700)


def entry_of(facts: EntryFacts, amounts: EntryAmounts) -> LedgerEntry:
    return append(LedgerHead("st_lakeside", "usd", seq=19), facts, amounts)[0]


def only(entries: Iterable[LedgerEntry]) -> JournalTransaction:
    (transaction,) = journal_of(entries, CHICAGO, with_openings=True)
    return transaction


def lines(transaction: JournalTransaction) -> dict[str, int]:
    return {line.role.value: line.amount for line in transaction.lines}


# Rules.


def test_every_kind_of_entry_has_a_rule() -> None:
    assert set(RULES) == set(EntryKind)


def test_the_ledger_of_these_tests_has_every_kind() -> None:
    assert {entry.kind for entry in ledger_of_every_kind("usd")} == set(EntryKind)


@currency_of_the_ledger
def test_the_accounts_change_as_the_ledgers_columns_say(currency: str) -> None:
    entries = ledger_of_every_kind(currency)
    assert balances(whole_journal(entries)) == expected_balances(entries)


@currency_of_the_ledger
def test_after_each_entry_both_balances_are_those_of_the_entry(currency: str) -> None:
    payable = direct = 0
    for entry in ledger_of_every_kind(currency):
        change = balances(whole_journal([entry]))
        payable += change.get("receivable", 0)
        direct += change.get("stripe_balance", 0)
        assert payable == entry.payable_balance_amount
        assert direct == entry.direct_balance_amount


def test_a_sale_has_its_tax_apart_and_its_fees_as_costs() -> None:
    sale = only([entry_of(EntryFacts(EntryKind.SALE, "ord_100", AT), SALE)])
    assert lines(sale) == {
        "receivable": 8_180,
        "sales_tax": -700,
        "sales": -9_300,
        "stripe_fees": 320,
        "rev_share": 1_500,
    }


def test_a_full_refund_takes_back_all_but_stripes_fee() -> None:
    refund = EntryAmounts(-10_000, 0, 1_500, -8_500, 0, 320, tax_amount=-700)
    booked = only([entry_of(EntryFacts(EntryKind.REFUND, "ord_100", AT), refund)])
    assert lines(booked) == {
        "receivable": -8_500,
        "sales_tax": 700,
        "refunds": 9_300,
        "rev_share": -1_500,
    }


def test_a_direct_sale_is_in_the_studios_own_stripe_balance() -> None:
    direct = replace(SALE, payable_amount=0, direct_amount=8_180)
    booked = only([entry_of(EntryFacts(EntryKind.SALE, "ord_100", AT), direct)])
    assert lines(booked)["stripe_balance"] == 8_180
    assert "receivable" not in lines(booked)


def test_a_dispute_has_accounts_of_its_own_for_the_money_and_stripes_fee() -> None:
    dispute = EntryAmounts(-10_000, -1_500, 1_500, -10_000, 0)
    booked = only([entry_of(EntryFacts(EntryKind.DISPUTE, "ord_100", AT), dispute)])
    assert lines(booked) == {
        "receivable": -10_000,
        "disputes": 10_000,
        "dispute_fees": 1_500,
        "rev_share": -1_500,
    }


@pytest.mark.parametrize(
    ("kind", "amount"),
    [
        (EntryKind.PAYOUT_CLOSED, -8_180),
        (EntryKind.PAYOUT_FAILED, 8_180),
        (EntryKind.PAYOUT_REVERSED, 8_180),
    ],
)
def test_a_payout_moves_what_pps_owes_to_the_clearing_account(kind: EntryKind, amount: int) -> None:
    moved = EntryAmounts(amount, 0, 0, amount, 0)
    booked = only([entry_of(EntryFacts(kind, None, AT, payout_id="po_1"), moved)])
    assert lines(booked) == {"receivable": amount, "payout_clearing": -amount}


def test_a_payout_that_pays_nothing_has_no_transaction() -> None:
    nothing = entry_of(
        EntryFacts(EntryKind.PAYOUT_CLOSED, None, AT, payout_id="po_1"), EntryAmounts(0, 0, 0, 0, 0)
    )
    assert list(journal_of([nothing], CHICAGO)) == []


# What was paid out before the ledger started.


def test_what_was_paid_out_before_the_ledger_is_left_out_unless_asked_for() -> None:
    entries = ledger_of_every_kind("usd")
    before = {"opening_sale", "opening_refund"}
    later = [each for each in entries if each.kind not in before and not each.elsewhere_amount]
    assert len(entries) - len(later) == 3
    booked = list(journal_of(entries, CHICAGO))
    assert balances(booked) == expected_balances(later)
    assert "opening_equity" not in balances(booked)


def test_what_was_paid_out_before_the_ledger_is_booked_against_opening_equity() -> None:
    opening = replace(SALE, payable_amount=0, elsewhere_amount=8_180)
    booked = only([entry_of(EntryFacts(EntryKind.OPENING_SALE, "ord_1", AT), opening)])
    assert lines(booked)["opening_equity"] == 8_180
    assert lines(booked)["sales"] == -9_300


# Identity, days and words.


def test_a_transaction_is_identified_by_the_studio_and_the_number_of_the_entry() -> None:
    assert only([entry_of(EntryFacts(EntryKind.SALE, "ord_100", AT), SALE)]).reference == (
        "st_lakeside-20"
    )


def test_no_two_transactions_of_a_ledger_have_the_same_reference() -> None:
    references = [each.reference for each in whole_journal(ledger_of_every_kind("usd"))]
    assert len(set(references)) == len(references)


def test_the_day_is_the_studios_own() -> None:
    facts = EntryFacts(EntryKind.SALE, "ord_100", "2026-11-01T04:59:59.999Z")
    assert only([entry_of(facts, SALE)]).day == date(2026, 10, 31)
    later = replace(facts, recorded_at="2026-11-01T05:00:00.000Z")
    assert only([entry_of(later, SALE)]).day == date(2026, 11, 1)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (EntryFacts(EntryKind.SALE, "ord_100", AT), "Sale of order ord_100"),
        (
            EntryFacts(EntryKind.REFUND, "ord_1", AT, refund_id="rf_1", reason="wrong_print"),
            "Settled refund rf_1 of order ord_1: Wrong print",
        ),
        (
            EntryFacts(EntryKind.DISPUTE, "ord_1", AT, dispute_id="dp_1", reason="fraudulent"),
            "Money taken by dispute dp_1 of order ord_1: Fraudulent",
        ),
        (
            EntryFacts(EntryKind.PAYOUT_CLOSED, None, AT, payout_id="po_1"),
            "Payout po_1",
        ),
        (
            EntryFacts(
                EntryKind.ADJUSTMENT,
                None,
                AT,
                adjustment_id="adj_1",
                reason="Two\r\n\u2028 prints_a",
            ),
            "Adjustment adj_1: Two prints_a",
        ),
    ],
)
def test_the_description_has_the_ids_and_the_reason_in_words(facts: EntryFacts, words: str) -> None:
    assert only([entry_of(facts, SALE)]).description == words


def test_the_description_names_no_person() -> None:
    facts = EntryFacts(
        EntryKind.ADJUSTMENT, None, AT, reason="Late", processed_by="ana", approved_by="ben"
    )
    described = only([entry_of(facts, SALE)]).description
    assert "ana" not in described
    assert "ben" not in described


# Refused.


def test_an_entry_whose_amounts_do_not_add_up_is_not_exported() -> None:
    off = replace(entry_of(EntryFacts(EntryKind.SALE, "ord_1", AT), SALE), payable_amount=8_181)
    with pytest.raises(ValueError, match="st_lakeside-20 is off by 1"):
        only([off])


def test_a_transaction_has_lines() -> None:
    day = date(2026, 10, 14)
    with pytest.raises(ValueError, match="st_1-1 has no line"):
        JournalTransaction("st_1", "1", day, "Sale", "usd", ())
    one_sided = (JournalLine(JournalRole.SALES, 5),)
    with pytest.raises(ValueError, match="off by 5"):
        JournalTransaction("st_1", "1", day, "Sale", "usd", one_sided)


# Totals by day.


def test_daily_totals_change_each_account_as_the_transactions_do() -> None:
    entries = [
        replace(entry, recorded_at=f"2026-10-{20 - entry.seq % 3}T17:04:00.000Z")
        for entry in ledger_of_every_kind("usd")
    ]
    journal = whole_journal(entries)
    totals = list(daily_totals(journal))
    assert [each.day.day for each in totals] == [18, 19, 20]
    assert [each.reference for each in totals] == [f"st_1-2026-10-{day}" for day in (18, 19, 20)]
    assert balances(totals) == balances(journal)
    for total in totals:
        assert balances([total]) == balances(each for each in journal if each.day == total.day)


def test_a_daily_total_says_how_many_entries_it_has() -> None:
    facts = EntryFacts(EntryKind.SALE, "ord_100", AT)
    sale = only([entry_of(facts, SALE)])
    (one,) = daily_totals([sale])
    (two,) = daily_totals([sale, sale])
    assert one.description == "Total of 2026-10-14, 1 entry of the ledger"
    assert two.description == "Total of 2026-10-14, 2 entries of the ledger"


def test_a_day_on_which_no_account_has_changed_has_no_total() -> None:
    payout = EntryAmounts(-500, 0, 0, -500, 0)
    failed = EntryAmounts(500, 0, 0, 500, 0)
    both = [
        only([entry_of(EntryFacts(EntryKind.PAYOUT_CLOSED, None, AT), payout)]),
        only([entry_of(EntryFacts(EntryKind.PAYOUT_FAILED, None, AT), failed)]),
    ]
    assert list(daily_totals(both)) == []
