"""What the ledger accepts of payouts, and payouts that are adopted from Stripe's transfers."""

from dataclasses import replace

import pytest

from shared.domain.ledger import LedgerEntry, LedgerHead, entry_hash
from shared.domain.ledger_chain import verify_chain
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
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.domain.stripe_transfer import stripe_transfer_from
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.payout import payout_from_values, payout_to_item

from .orders import AT
from .payout_ledgers import DUE, PERIOD, closed, ledger, transfer

# The schedule.


def test_a_payout_is_named_by_studio_and_last_day() -> None:
    assert payout_id_of("st_1", PERIOD) == "po_st_1_2026-10-11"


# The ledger.


def fault_of(
    entries: list[LedgerEntry], head: LedgerHead, forged: dict[str, str | int] | None = None
) -> str:
    """Return the problem of a ledger whose last entry was forged, with a matching hash.

    A field that is forged to be empty is removed.
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


def test_an_unchanged_payout_verifies() -> None:
    assert fault_of(*closed(1000, -200)) == ""
    assert fault_of(*closed(-200)) == ""


def test_a_head_that_names_another_last_payout_is_found() -> None:
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
            "not what PPS owed",
        ),
        (
            {"gross_amount": -900, "net_amount": -900, "payable_amount": -900}
            | {"payable_balance_amount": -100},
            "not what PPS owed",
        ),
        ({"gross_amount": -801, "stripe_fee_amount": 1}, "must not move a fee"),
        ({"tax_amount": 1}, "must not move a fee"),
        ({"order_id": "ord_0"}, "payout_id"),
        ({"payout_id": ""}, "payout_id"),
        ({"kind": "sale"}, "order_id"),
        ({"kind": "gift"}, "unknown"),
    ],
)
def test_a_forged_payout_is_found(forged: dict[str, str | int], problem: str) -> None:
    assert problem in fault_of(*closed(1000, -200), forged)


def failing() -> tuple[list[LedgerEntry], LedgerHead, Payout]:
    entries, head = ledger(1000)
    booking = close(head, PERIOD, "acct_1", AT, DUE)
    return [*entries, booking.entry], booking.head, booking.payout.with_new_attempt(AT)


def test_a_failed_payout_returns_its_amount_once_and_in_full() -> None:
    entries, head, payout = failing()
    failure = fail(payout, head, "account_closed", AT)
    entries.append(failure.entry)
    assert fault_of(entries, failure.head) == ""
    assert failure.head.payable_balance_amount == 1000
    assert failure.head.closed_seq == head.closed_seq

    again = fail(payout, failure.head, "account_closed", AT)
    assert "reverses more" in fault_of([*entries, again.entry], again.head)
    more = fail(replace(payout, paid_amount=1001), head, "account_closed", AT)
    assert "reverses more" in fault_of([*entries[:-1], more.entry], more.head)
    other = fail(replace(payout, payout_id="po_other"), head, "account_closed", AT)
    assert "reverses more" in fault_of([*entries[:-1], other.entry], other.head)


def test_a_payout_that_is_entered_twice_is_found() -> None:
    entries, head = closed(1000)
    again = close(head, PERIOD, "acct_1", AT, DUE)
    assert "already entered" in fault_of([*entries, again.entry], again.head)


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
def test_the_total_and_the_account_decide_how_a_payout_begins(
    payable: tuple[int, ...], account: str | None, status: PayoutStatus, reason: str | None
) -> None:
    payout = close(ledger(*payable)[1], PERIOD, account, AT, DUE).payout
    assert (payout.status, payout.reason) == (status, reason)
    assert payout.paid_amount == (sum(payable) if status is PayoutStatus.CLOSING else 0)
    assert (payout.next_poll_at is not None) == payout.is_open


def test_a_payout_without_news_is_not_made() -> None:
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


# Stripe's transfers.


@pytest.mark.parametrize("paid", [1, 999, 1000, 5000])
def test_a_lost_payout_is_adopted_for_the_amount_of_its_transfer(paid: int) -> None:
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


def test_only_an_adopted_payout_may_pay_another_amount_than_was_owed() -> None:
    entries, head = ledger(1000)
    entry = restore_payout(head, PERIOD, stripe_transfer_from(transfer(amount=999)), AT).entry
    content = entry.content()
    del content["source"]
    forged = content | {"hash": entry_hash(content)}
    after = replace(head, seq=2, payable_balance_amount=1, hash=str(forged["hash"]), closed_seq=2)
    _, fault = verify_chain([entries[0].content(), forged], after)
    assert fault is not None
    assert fault.problem == "its amount is not what PPS owed"


@pytest.mark.parametrize("text", ["", "po_st_1", "group of somebody", "po_st_1_2026-10-1"])
def test_a_transfer_group_of_no_payout_names_no_studio(text: str) -> None:
    assert studio_of_payout(text) is None


def test_a_payouts_id_names_studio_and_last_day() -> None:
    payout_id = payout_id_of("st_my_studio", PERIOD)
    assert studio_of_payout(payout_id) == "st_my_studio"
    assert last_day_of_payout(payout_id) == PERIOD.last


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
def test_an_object_that_is_not_a_transfer_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedStripeObjectError):
        stripe_transfer_from(transfer(**changed))
