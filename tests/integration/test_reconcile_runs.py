"""When the daily reconciliation runs, what it asks of Stripe, and what it survives."""

import itertools
from datetime import timedelta

import httpx
import pytest

from functions.reconcile.findings import FindingKind
from functions.reconcile.reconcile_accounts import LOOK_BACK
from shared.gateways.records.keys import (
    STATE_SK,
    order_pk,
    primary_key,
)
from tests.integration.reconcile_desk import ReconcileDesk, late

pytestmark = pytest.mark.stack


def test_each_account_is_looked_at_once_a_day_and_one_failing_keeps_none_waiting(
    direct_desk: ReconcileDesk,
) -> None:
    backend = direct_desk.backend
    backend.control(
        "faults", fault="status_429", times=50, match={"path_prefix": "/v1/balance_transactions"}
    )
    done = direct_desk.reconcile(due_only=True)
    assert (done.reconciled, sorted(done.failed)) == (
        0,
        sorted([str(backend.account_id), "platform"]),
    )
    assert direct_desk.watermarks.get(None) is None
    httpx.delete(f"{backend.stripe_url}/_standin/faults", timeout=10).raise_for_status()
    assert direct_desk.reconcile(due_only=True).reconciled == 2
    assert direct_desk.reconcile(due_only=True).reconciled == 0
    direct_desk.pass_time(timedelta(hours=21))
    stopped = direct_desk.reconcile_accounts(due_only=True, time_is_up=lambda: True)
    assert (stopped.reconciled, stopped.complete) == (0, False)
    assert direct_desk.reconcile(due_only=True).reconciled == 2


def test_a_run_without_time_goes_on_where_it_stopped(direct_desk: ReconcileDesk) -> None:
    backend = direct_desk.backend
    asked = itertools.count()
    stopped = direct_desk.reconcile_accounts(due_only=True, time_is_up=lambda: next(asked) >= 3)
    assert (stopped.reconciled, stopped.complete) == (0, False)
    # Of the first account's five weeks two are left and an overlap, then the other's five.
    asked = itertools.count()
    done = direct_desk.reconcile_accounts(due_only=True, time_is_up=lambda: next(asked) < 0)
    assert (done.reconciled, done.complete, done.oldest_seconds) == (2, True, 0)
    assert next(asked) == 3 + 5
    direct_desk.pass_time(timedelta(days=3))
    backend.control("faults", fault="status_429", times=2, match={"account": backend.account_id})
    late = direct_desk.reconcile()
    assert (late.reconciled, late.failed) == (1, [backend.account_id])
    assert late.oldest_seconds >= 3 * 86400


def test_what_a_daily_run_asks_of_stripe(reconcile_desk: ReconcileDesk) -> None:
    for _ in range(3):
        reconcile_desk.settled()
    late(reconcile_desk)
    assert reconcile_desk.kinds() == {}
    reconcile_desk.pass_time(timedelta(days=1))
    requests = f"{reconcile_desk.backend.stripe_url}/_standin/requests"
    httpx.delete(requests).raise_for_status()
    assert reconcile_desk.kinds() == {}
    asked = httpx.get(requests).json()["requests"]
    # Of each account its refunds and disputes and how they moved its balance, of the platform's
    # also fee refunds and transfers: nothing for each refund.
    connected = 0 if reconcile_desk.backend.account_id is None else 6
    assert len(asked) == connected + 11
    assert {each["method"] for each in asked} == {"GET"}


def test_an_earlier_time_can_be_asked_for(reconcile_desk: ReconcileDesk) -> None:
    refund = reconcile_desk.settled(amount=4000)
    late(reconcile_desk)
    assert reconcile_desk.kinds() == {}
    reconcile_desk.pass_time(LOOK_BACK + timedelta(days=5))
    assert reconcile_desk.kinds() == {}
    reconcile_desk.change_refund(refund, amount=9999)
    assert reconcile_desk.kinds() == {}
    done = reconcile_desk.reconcile_accounts(
        due_only=False,
        time_is_up=lambda: False,
        since=reconcile_desk.backend.clock() - timedelta(days=60),
    )
    assert {each.kind for each in done.findings} == {
        FindingKind.REFUND_AMOUNT_DIFFERS,
        FindingKind.LEDGER_DIFFERS,
    }


def test_a_refund_that_cannot_be_recorded_does_not_hide_the_others(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    torn = backend.sell()
    for order_id in (torn, backend.sell(), backend.sell()):
        backend.stripe_refund(order_id, 700)
    key = primary_key(order_pk(backend.key(torn)), STATE_SK)
    backend.dynamodb.delete_item(TableName=backend.orders_table, Key=key)
    late(platform_desk)

    done = platform_desk.reconcile()
    assert (done.reconciled, done.failed) == (0, ["platform"])
    assert [each.kind for each in done.findings] == [FindingKind.REFUND_UNKNOWN_HERE] * 2
    backend.drain()
    again = platform_desk.reconcile()
    assert (again.reconciled, again.failed, again.findings) == (0, ["platform"], [])
