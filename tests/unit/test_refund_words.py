"""A refund's reason, and why it waits or failed, are said in plain words."""

from dataclasses import replace

import pytest

from shared.domain.refund import PaidBy, Refund, RefundStatus, Resolution
from shared.domain.refund_reason import REASON_NAMES, RefundReason, reason_name
from shared.domain.refund_words import failure_words, pending_words
from shared.domain.refusal import Refusal
from shared.views.people import shown_name
from tests.unit.orders import AT, hundred_dollars, refund_of

REQUESTED = refund_of(hundred_dollars(), "rf_1", 100)


def test_each_reason_that_staff_can_choose_has_one_name() -> None:
    assert set(REASON_NAMES) == set(RefundReason)
    assert reason_name("quality_issue") == "Poor quality"


def test_a_reason_that_nobody_could_choose_is_shown_in_words() -> None:
    assert reason_name("requested_by_customer") == "Requested by customer"


def failed(reason: str | None, refusal: Refusal | None = None) -> Refund:
    refund = REQUESTED.with_status(RefundStatus.FAILED, AT, "stripe_webhook")
    return replace(refund, failure_reason=reason, refusal=refusal)


def test_a_refund_that_waits_says_why_and_one_that_does_not_says_nothing() -> None:
    assert "balance is too low" in (
        pending_words(replace(REQUESTED, pending_reason="insufficient_funds")) or ""
    )
    assert pending_words(REQUESTED) == pending_words(replace(REQUESTED, pending_reason="new_word"))
    succeeded = REQUESTED.with_status(RefundStatus.SUCCEEDED, AT, "stripe_webhook")
    assert pending_words(succeeded) is None
    assert failure_words(REQUESTED) is None


@pytest.mark.parametrize("reason", ["lost_or_stolen_card", "declined", "unknown", "new_word", None])
def test_a_failed_refund_says_what_to_do_until_it_is_resolved(reason: str | None) -> None:
    refund = failed(reason)
    assert (failure_words(refund) or "").endswith("pay the parent another way and record how.")
    resolution = Resolution(PaidBy.CHECK, None, AT, "ana")
    resolved = failure_words(replace(refund, resolution=resolution))
    assert resolved
    assert "another way" not in resolved


def test_a_refusal_by_stripe_keeps_its_own_words() -> None:
    refusal = Refusal("charge_disputed", "Answer the dispute.", answered=True)
    assert failure_words(failed("charge_disputed", refusal)) == "Answer the dispute."


@pytest.mark.parametrize(
    ("by", "shown"),
    [("ana", "Ana Ruiz"), ("ben", "ben"), ("stripe_webhook", "Stripe"), ("payout_adjust", "PPS")],
)
def test_whoever_did_something_is_shown_by_name_or_else_by_id(by: str, shown: str) -> None:
    assert shown_name({"ana": "Ana Ruiz"}, by) == shown
