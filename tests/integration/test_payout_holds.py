"""A payout that Stripe refuses: it waits for balance, or the studio's payouts are put on hold."""

from datetime import timedelta

import pytest

from functions.attention.list_attention import AttentionKind, ListAttention
from functions.attention.views import AttentionView, attention_list
from shared.domain.payout import PayoutStatus
from shared.edge.auth import Role
from shared.gateways.attention import Attention
from tests.integration.backend import MakeBackend
from tests.integration.studio_payouts import (
    ACCOUNT,
    NET,
    TRANSFERS,
    StudioPayouts,
    assert_nothing_is_lost,
)

pytestmark = pytest.mark.stack

# Stripe refuses a destination that is no account, each time.
CLOSED = "closed_account"
DAY = timedelta(days=1)


def attention(payouts: StudioPayouts) -> list[AttentionView]:
    backend = payouts.backend
    lists = Attention(backend.dynamodb, backend.orders_table)
    found = ListAttention(lists, backend.clock)(backend.studio_id)
    return attention_list(found, frozenset({Role.OWNER}), backend.clock()).items


def test_a_transfer_refused_for_balance_is_tried_every_hour_with_the_same_statement(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    backend.control("faults", fault="insufficient_funds", times=26, match=TRANSFERS)
    assert payouts.pay_day() == {"PayoutWaitsForBalance": 1}
    waiting = payouts.last()
    assert (waiting.status, waiting.reason) == (PayoutStatus.TRANSFERRING, "insufficient_balance")
    lines = payouts.lines_of(waiting)
    assert payouts.run().done == {}  # not yet
    for _ in range(25):
        backend.sell()
        backend.clock.ahead += timedelta(hours=1)
        assert dict(payouts.run().done) == {"PayoutWaitsForBalance": 1}
    backend.clock.ahead += timedelta(hours=1)
    assert dict(payouts.run().done) == {"PayoutPaid": 1}

    paid = payouts.last()
    assert (paid.payout_id, paid.status, paid.reason) == (
        waiting.payout_id,
        PayoutStatus.PAID,
        None,
    )
    assert (paid.paid_amount, paid.attempt) == (NET, 27)
    assert payouts.lines_of(paid) == lines
    assert paid.period_ended_at == waiting.period_ended_at
    assert [each["amount"] for each in payouts.transfers()] == [NET]
    assert attention(payouts) == []
    assert_nothing_is_lost(payouts)


def test_an_account_that_cannot_be_paid_gets_one_attention_item_and_no_more_statements(
    make_backend: MakeBackend,
) -> None:
    studio = {"payout_account_id": CLOSED, "payout_schedule": "daily"}
    payouts = StudioPayouts(make_backend(studio=studio))
    backend = payouts.backend
    outcomes = []
    for _ in range(4):
        backend.sell()
        backend.clock.ahead += DAY
        outcomes.append(dict(payouts.run().done))
    assert outcomes == [{"PayoutFailed": 1}, *[{"PayoutOnHold": 1}] * 3]

    (failed,) = payouts.all()
    assert (failed.status, failed.reason) == (PayoutStatus.FAILED, "resource_missing")
    assert (failed.paid_amount, failed.carried_amount) == (0, NET)
    assert backend.head().payable_balance_amount == 4 * NET
    (item,) = attention(payouts)
    assert (item.kind, item.payout_id) == (AttentionKind.PAYOUTS_ON_HOLD, failed.payout_id)
    assert (item.amount, item.currency) == (NET, "usd")
    assert "resource_missing" in item.detail
    shown = payouts.next()
    assert (shown.paid_amount, shown.carried_amount) == (0, 4 * NET)
    assert shown.reason == "payouts_on_hold"
    assert_nothing_is_lost(payouts)


def test_another_payout_account_releases_the_payouts(make_backend: MakeBackend) -> None:
    payouts = StudioPayouts(make_backend(studio={"payout_account_id": CLOSED}))
    backend = payouts.backend
    backend.sell()
    assert payouts.pay_day() == {"PayoutFailed": 1}
    backend.studio = {"payout_account_id": CLOSED, "negative_balance_limit": 7}
    backend.import_studio(update=True)
    assert payouts.pay_day() == {"PayoutOnHold": 1}  # another setting releases nothing
    backend.studio["payout_account_id"] = ACCOUNT
    backend.import_studio(update=True)
    assert attention(payouts) == []
    assert dict(payouts.run().done) == {"PayoutPaid": 1}
    assert (payouts.last().paid_amount, payouts.last().account_id) == (NET, ACCOUNT)
    assert_nothing_is_lost(payouts)


def test_a_payout_to_an_account_that_was_replaced_puts_nothing_on_hold(
    make_backend: MakeBackend,
) -> None:
    payouts = StudioPayouts(make_backend(studio={"payout_account_id": CLOSED}))
    backend = payouts.backend
    backend.sell()
    backend.control("faults", fault="reset_before_effect", times=2, match=TRANSFERS)
    assert payouts.pay_day() == {"PayoutDeferred": 1}
    backend.studio = {"payout_account_id": ACCOUNT}
    backend.import_studio(update=True)
    assert payouts.later() == {"PayoutFailed": 1}
    assert attention(payouts) == []
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == NET
    assert_nothing_is_lost(payouts)


def test_a_released_hold_comes_back_if_the_account_still_cannot_be_paid(
    make_backend: MakeBackend,
) -> None:
    payouts = StudioPayouts(make_backend(studio={"payout_account_id": CLOSED}))
    backend = payouts.backend
    studio_id = backend.studio_id
    assert payouts.release(studio_id, "ops: nothing is wrong") == "PayoutsNotOnHold"
    backend.sell()
    assert payouts.pay_day() == {"PayoutFailed": 1}
    backend.clock.ahead += timedelta(days=7)
    for _ in range(2):
        assert payouts.release(studio_id, "ops: repaired, they say") == "PayoutsReleased"
        assert attention(payouts) == []
        assert dict(payouts.run().done) == {"PayoutFailed": 1}
        assert len(attention(payouts)) == 1
        backend.clock.ahead += timedelta(days=7)
    assert payouts.runner().pay_now(studio_id, "ops: now") == ("PayoutOnHold", None)
    assert backend.head().payable_balance_amount == NET
    assert [each.carried_amount for each in payouts.all()] == [NET] * 3
    assert_nothing_is_lost(payouts)


def test_a_hold_of_one_studio_costs_its_neighbor_nothing(make_backend: MakeBackend) -> None:
    held = StudioPayouts(make_backend(studio={"payout_account_id": CLOSED}))
    studio = {"payout_account_id": ACCOUNT}
    other = make_backend(studio=studio, neighbor=held.backend, clock=held.backend.clock)
    for _ in range(2):
        held.backend.sell()
        other.sell()
        held.pay_day()
    paid = StudioPayouts(other)
    assert paid.transferred() == 2 * NET
    assert len(held.all()) == 1
    assert_nothing_is_lost(paid)
    assert_nothing_is_lost(held)
