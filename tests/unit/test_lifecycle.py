"""A refund's states: the whole table, the settlement that it owes, and its history."""

from dataclasses import replace
from itertools import product

import pytest

from shared.domain.refund import DISPLAY_STATUS, TRANSITIONS, HistoryEntry, Refund, RefundStatus

from .orders import hundred_dollars, refund_of

# The table of transitions, repeated here on purpose.
ALLOWED = {
    ("requested", "pending"),
    ("requested", "succeeded"),
    ("requested", "failed"),
    ("requested", "canceled"),
    ("pending", "succeeded"),
    ("pending", "failed"),
    ("pending", "canceled"),
    ("succeeded", "settled"),
    ("succeeded", "failed"),
    ("succeeded", "canceled"),
    ("settled", "failed"),
}


def a_refund(status: str = "requested") -> Refund:
    return replace(refund_of(hundred_dollars(), "rf_1", 100), status=RefundStatus(status))


def test_the_table_names_every_state() -> None:
    assert TRANSITIONS.keys() == set(RefundStatus) == DISPLAY_STATUS.keys()


@pytest.mark.parametrize(("before", "after"), list(product(RefundStatus, repeat=2)))
def test_a_refund_goes_where_the_table_says_and_nowhere_else(
    before: RefundStatus, after: RefundStatus
) -> None:
    refund = a_refund(before)
    if (before, after) in ALLOWED:
        moved = refund.with_status(after, "2026-10-14T17:05:00.000Z", "somebody")
        assert moved.status is after
    else:
        with pytest.raises(ValueError, match=f"a {before} refund does not become {after}"):
            refund.with_status(after, "2026-10-14T17:05:00.000Z", "somebody")


def test_a_move_adds_to_the_history_and_changes_nothing_else() -> None:
    first = HistoryEntry(RefundStatus.REQUESTED, "2026-10-14T17:04:00.000Z", "ana")
    refund = replace(a_refund(), history=(first,))
    moved = refund.with_status(RefundStatus.PENDING, "2026-10-14T17:05:00.000Z", "refund_request")
    second = HistoryEntry(RefundStatus.PENDING, "2026-10-14T17:05:00.000Z", "refund_request")
    assert moved == replace(refund, status=RefundStatus.PENDING, history=(first, second))
    assert refund.history == (first,)


@pytest.mark.parametrize(
    ("status", "settled_seq", "failed_seq", "owed"),
    [
        ("requested", None, None, False),
        ("pending", None, None, False),
        ("succeeded", None, None, True),
        ("settled", 7, None, False),
        ("failed", None, None, False),
        ("failed", 7, None, True),
        ("failed", 7, 8, False),
        ("canceled", None, None, False),
    ],
)
def test_a_success_and_a_late_failure_owe_the_ledger_an_entry(
    status: str, settled_seq: int | None, failed_seq: int | None, *, owed: bool
) -> None:
    refund = replace(a_refund(status), settled_seq=settled_seq, failed_seq=failed_seq)
    assert refund.settlement_owed is owed
    assert refund.is_open is (owed or status in {"requested", "pending"})


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        ("requested", "Pending"),
        ("pending", "Pending"),
        ("succeeded", "Refunded"),
        ("settled", "Refunded"),
        ("failed", "Failed"),
        ("canceled", "Canceled"),
    ],
)
def test_the_shown_status_is_pending_until_stripe_confirms(status: str, shown: str) -> None:
    assert DISPLAY_STATUS[RefundStatus(status)] == shown


def test_the_idempotency_key_is_the_refund_and_its_attempt() -> None:
    assert replace(a_refund(), attempt=3).idempotency_key == "rf_1:3"
