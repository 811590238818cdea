"""What the ledger accepts of payouts, and payouts that are adopted from Stripe's transfers."""

from dataclasses import replace
from datetime import datetime

import pytest

from shared.domain.ledger import LedgerEntry, LedgerHead, entry_hash
from shared.domain.ledger_chain import verify_chain
from shared.domain.payout import (
    MOST_PER_DAY,
    Payout,
    PayoutStatus,
    TooManyPayoutsError,
    last_day_of_payout,
    payout_id_of,
    studio_of_payout,
)
from shared.domain.payout_booking import (
    Booking,
    close,
    fail,
    is_worth_closing,
    restore_payout,
    reverse,
)
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.domain.stripe_transfer import stripe_transfer_from
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.payout import payout_from_values, payout_to_item
from shared.workflow.stripe_attempt import is_key_expired

from .orders import AT
from .payout_ledgers import DUE, PERIOD, closed, ledger, paid_out, transfer, week_before, whole

# The schedule.


def test_a_payout_is_named_by_studio_and_last_day() -> None:
    assert payout_id_of("st_1", PERIOD, None) == "po_st_1_2026-10-11"


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
        **{
            name: last[name]
            for name in ("closed_seq", "carried_amount")
            if type(last.get(name)) is int
        },  # type: ignore[arg-type]  # the head's own fields
    )
    _, fault = verify_chain(contents, at)
    return fault.problem if fault else ""


def test_an_unchanged_payout_verifies() -> None:
    assert fault_of(*closed(1000, -200)) == ""
    assert fault_of(*closed(-200)) == ""


def test_a_head_that_names_another_last_payout_is_found() -> None:
    entries, head = closed(1000)
    contents = [entry.content() for entry in entries]
    for other in (replace(head, closed_seq=0), replace(head, carried_amount=1)):
        _, fault = verify_chain(contents, other)
        assert fault is not None


@pytest.mark.parametrize(
    ("forged", "problem"),
    [
        (
            {"gross_amount": -900, "net_amount": -900, "payable_amount": -900}
            | {"payable_balance_amount": -100, "carried_amount": -100},
            "not what PPS owed",
        ),
        (
            {"gross_amount": 100, "net_amount": 100, "payable_amount": 100}
            | {"payable_balance_amount": 900, "carried_amount": 900},
            "not what PPS owed",
        ),
        ({"carried_amount": 1}, "not the rest of what PPS owed"),
        ({"closed_seq": 3}, "does not follow the payout before"),
        ({"closed_seq": -1}, "does not follow the payout before"),
        ({"closed_seq": "two"}, "not integers"),
        ({"closed_seq": ""}, "closed_seq"),
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
    booking = paid_out(head)
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
    again = paid_out(head)
    assert "already entered" in fault_of([*entries, again.entry], again.head)


@pytest.mark.parametrize(
    ("payable", "account", "status", "reason"),
    [
        ((1000,), "acct_1", PayoutStatus.CLOSING, None),
        ((1000,), None, PayoutStatus.CARRIED, "no_payout_account"),
        ((-1,), "acct_1", PayoutStatus.CARRIED, "negative_balance"),
        ((-1,), None, PayoutStatus.CARRIED, "negative_balance"),
        ((5, -5), "acct_1", PayoutStatus.CARRIED, "nothing_owed"),
    ],
)
def test_the_total_and_the_account_decide_how_a_payout_begins(
    payable: tuple[int, ...], account: str | None, status: PayoutStatus, reason: str | None
) -> None:
    payout = paid_out(ledger(*payable)[1], account).payout
    assert (payout.status, payout.reason) == (status, reason)
    assert payout.paid_amount == (sum(payable) if status is PayoutStatus.CLOSING else 0)
    assert (payout.next_poll_at is not None) == payout.is_open


def test_a_payout_without_news_is_not_made() -> None:
    def is_made(booked: Booking | None, head: LedgerHead) -> bool:
        return is_worth_closing(head, whole(head), booked.payout if booked else None)

    assert not is_made(None, LedgerHead("st_1", "usd"))
    assert is_made(None, ledger(-5)[1])
    carried = paid_out(ledger(-5)[1])
    assert not is_made(carried, carried.head)
    held = close(ledger(5)[1], whole(ledger(5)[1]), "acct_1", AT, held_amount=5)
    assert is_made(held, held.head)
    assert not is_worth_closing(held.head, whole(held.head), held.payout, held_amount=5)
    before = replace(whole(held.head), last_seq=held.payout.last_seq)
    assert not is_worth_closing(held.head, before, held.payout)  # it ends before the last one


@pytest.mark.parametrize("account", ["acct_1", None])
def test_a_payout_comes_back_as_it_was_stored(account: str | None) -> None:
    payout = paid_out(ledger(1000)[1], account).payout
    states = [payout]
    if account:
        sent = payout.with_new_attempt(AT)
        paid = sent.paid("tr_1", AT)
        # The last one is marked for the payout run, because money came back of it.
        states += [sent, sent.waiting_for_balance(DUE), paid, replace(paid, next_poll_at=DUE)]
    for stored in states:
        item = payout_to_item(stored)
        assert payout_from_values(unmarshal(item)) == stored
        is_due = stored.next_poll_at is not None
        assert ("open_pk" in item) == ("open_due" in item) == is_due >= stored.is_open


def test_a_payout_that_waits_for_balance_is_paid_by_a_new_attempt() -> None:
    sent = paid_out(ledger(1000)[1]).payout.with_new_attempt(AT)
    waiting = sent.waiting_for_balance(DUE)
    assert (waiting.status, waiting.reason) == (PayoutStatus.TRANSFERRING, "insufficient_balance")
    assert is_key_expired(waiting.attempt_at, datetime.fromisoformat(AT))
    again = waiting.with_new_attempt(DUE)
    assert again.idempotency_key != sent.idempotency_key
    assert again.paid("tr_1", DUE).reason is None
    with pytest.raises(ValueError, match="paid"):
        again.paid("tr_1", DUE).waiting_for_balance(DUE)


def test_what_came_after_the_period_is_in_the_next_payout() -> None:
    entries, head = ledger(1000, -200, 500)
    first = close(head, replace(whole(head), last_seq=2, total_amount=800), "acct_1", AT)
    assert (first.payout.paid_amount, first.head.payable_balance_amount) == (800, 500)
    assert (first.head.closed_seq, first.head.carried_amount) == (2, 0)
    entries.append(first.entry)

    later = whole(first.head, week_before("2026-10-19"), first.payout)
    second = close(first.head, later, "acct_1", AT)
    assert (second.payout.first_seq, second.payout.last_seq) == (3, 4)
    assert (second.payout.carried_in_amount, second.payout.paid_amount) == (0, 500)
    contents = [each.content() for each in (*entries, second.entry)]
    assert verify_chain(contents, second.head) == (5, None)
    # From an anchor on, what is closed before the anchor is not known, and is not a fault.
    for since in (ledger(1000, -200, 500)[1], first.head):
        assert verify_chain(contents[since.seq :], second.head, since) == (5, None)


def test_a_payout_that_closes_less_than_the_one_before_is_found() -> None:
    entries, head = ledger(1000)
    first = paid_out(head)
    back = replace(whole(first.head, week_before("2026-10-19")), last_seq=1, total_amount=1000)
    second = close(first.head, back, "acct_1", AT)
    assert "does not follow" in fault_of([*entries, first.entry, second.entry], second.head)


def test_a_payout_holds_back_what_disputes_may_take() -> None:
    head = ledger(1000)[1]
    for held, paid, reason in ((300, 700, None), (1000, 0, "disputed_amount_held"), (5000, 0, "")):
        payout = close(head, whole(head), "acct_1", AT, held).payout
        assert (payout.paid_amount, payout.carried_amount) == (paid, 1000 - paid)
        assert payout.disputed_held_amount == min(held, 1000)
        assert reason in {"", payout.reason}
    owing = close(ledger(-5)[1], whole(ledger(-5)[1]), "acct_1", AT, 300).payout
    assert (owing.reason, owing.disputed_held_amount) == ("negative_balance", 0)


def test_money_that_comes_back_of_a_transfer_is_entered_once_and_never_more_than_was_paid() -> None:
    entries, head, payout = failing()
    paid = payout.paid("tr_1", AT)
    for reversed_amount, came_back in ((300, 300), (300, None), (1000, 700), (200, None)):
        made = stripe_transfer_from(transfer(amount=1000, amount_reversed=reversed_amount))
        booking = reverse(paid, head, made, AT)
        assert (booking.entry.payable_amount if booking else None) == came_back
        if booking:
            paid, head = booking.payout, booking.head
            entries.append(booking.entry)
    assert (paid.reversed_amount, paid.paid_amount) == (1000, 1000)
    assert fault_of(entries, head) == ""
    more = reverse(paid, head, stripe_transfer_from(transfer(amount_reversed=1001)), AT)
    assert more
    assert "reverses more" in fault_of([*entries, more.entry], more.head)


def test_payouts_that_end_on_one_day_are_numbered_and_sort_in_order() -> None:
    ids: list[str] = []
    payout: Payout | None = None
    for _ in range(MOST_PER_DAY):
        ids.append(payout_id_of("st_1", PERIOD, payout))
        payout = replace(paid_out(ledger(1)[1]).payout, payout_id=ids[-1])
    assert ids == sorted(set(ids))
    assert ids[:2] == ["po_st_1_2026-10-11", "po_st_1_2026-10-11_2"]
    with pytest.raises(TooManyPayoutsError):
        payout_id_of("st_1", PERIOD, payout)
    assert payout_id_of("st_1", week_before("2026-10-19"), payout) == "po_st_1_2026-10-18"


# Stripe's transfers.


@pytest.mark.parametrize("paid", [1, 999, 1000, 5000])
def test_a_lost_payout_is_adopted_for_the_amount_of_its_transfer(paid: int) -> None:
    entries, head = ledger(1000)
    made = stripe_transfer_from(transfer(amount=paid))
    booking = restore_payout(head, whole(head), made, AT)
    assert booking.payout.payout_id == payout_id_of(head.studio_id, PERIOD, None)
    assert (booking.payout.status, booking.payout.transfer_id) == (PayoutStatus.PAID, "tr_1")
    assert (booking.payout.total_amount, booking.payout.paid_amount) == (1000, paid)
    assert booking.payout.carried_amount == booking.head.payable_balance_amount == 1000 - paid
    assert booking.head.closed_seq == booking.entry.closed_seq == 1
    chain = [each.content() for each in (*entries, booking.entry)]
    assert verify_chain(chain, booking.head) == (2, None)
    assert payout_from_values(unmarshal(payout_to_item(booking.payout))) == booking.payout


def test_only_an_adopted_payout_may_pay_another_amount_than_was_owed() -> None:
    entries, head = ledger(1000)
    made = stripe_transfer_from(transfer(amount=1001))
    booking = restore_payout(head, whole(head), made, AT)
    content = booking.entry.content()
    del content["source"]
    forged = content | {"hash": entry_hash(content)}
    after = replace(booking.head, hash=str(forged["hash"]))
    _, fault = verify_chain([entries[0].content(), forged], after)
    assert fault is not None
    assert fault.problem == "its amount is not what PPS owed"


@pytest.mark.parametrize("text", ["", "po_st_1", "group of somebody", "po_st_1_2026-10-1"])
def test_a_transfer_group_of_no_payout_names_no_studio(text: str) -> None:
    assert studio_of_payout(text) is None


def test_a_payouts_id_names_studio_and_last_day() -> None:
    payout_id = payout_id_of("st_my_studio", PERIOD, None)
    assert studio_of_payout(payout_id) == "st_my_studio"
    assert last_day_of_payout(payout_id) == PERIOD.last
    assert studio_of_payout(f"{payout_id}_2") == "st_my_studio"
    assert last_day_of_payout(f"{payout_id}_2") == PERIOD.last


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
