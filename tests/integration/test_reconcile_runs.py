"""When accounts are reconciled, what that asks of Stripe, and what it survives."""

import itertools
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from functions.reconcile.findings import FindingKind
from functions.reconcile.reconcile_account import UnknownAccountError
from shared.clock import rfc3339
from shared.domain.reconciliation import (
    GRACE,
    LONGEST_WINDOW,
    LOOK_BACK,
    AskedBy,
    ReconciliationWork,
)
from shared.gateways.records.keys import STATE_SK, order_pk, primary_key
from shared.gateways.stripe import pace
from tests.integration.backend import Backend, MakeBackend
from tests.integration.reconcile_desk import Reconciled, ReconcileDesk, late
from tests.local_http import HTTP

pytestmark = pytest.mark.stack

BALANCE = {"path_prefix": "/v1/balance_transactions"}


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "_FIRST_PAUSE_SECONDS", 0.001)
    monkeypatch.setattr(pace, "_LONGEST_PAUSE_SECONDS", 0.002)


def end_faults(backend: Backend) -> None:
    HTTP.delete(f"{backend.stripe_url}/_standin/faults").raise_for_status()


def asked_of_stripe(desk: ReconcileDesk) -> list[str]:
    """Return what was asked since the last call, and forget it."""
    requests = f"{desk.backend.stripe_url}/_standin/requests"
    asked = HTTP.get(requests).json()["requests"]
    HTTP.delete(requests).raise_for_status()
    return [f"{each['method']} {each['path']}" for each in asked]


def test_each_account_is_reconciled_once_a_day(direct_desk: ReconcileDesk) -> None:
    assert direct_desk.reconcile(due_only=True).reconciled == 2
    assert direct_desk.reconcile(due_only=True).outcomes == {}
    direct_desk.pass_time(timedelta(hours=21))
    assert direct_desk.reconcile(due_only=True).reconciled == 2


def test_a_message_that_comes_twice_finds_the_account_done(direct_desk: ReconcileDesk) -> None:
    direct_desk.reconcile(due_only=True)
    direct_desk.pass_time(timedelta(days=1))
    direct_desk.dispatch(time_is_up=lambda: False)
    direct_desk.backend.clock.ahead += timedelta(minutes=1)  # another hour's run
    direct_desk.dispatch(time_is_up=lambda: False)
    done = Reconciled()
    direct_desk.work(done)
    assert done.outcomes == {"AccountReconciled": 2, "AccountNotDue": 2}


def test_a_failing_account_backs_off_alone_and_alarms_the_third_time(
    direct_desk: ReconcileDesk,
) -> None:
    backend = direct_desk.backend
    account = str(backend.account_id)
    match = {"account": account, "path_prefix": "/v1/events"}
    backend.control("faults", fault="html_502_before_effect", times=1000, match=match)
    outcomes: Counter[str] = Counter()
    for _ in range(24):
        done = direct_desk.reconcile(due_only=True)
        assert done.outcomes["AccountReconciled"] <= 1
        outcomes += done.outcomes
        direct_desk.pass_time(timedelta(hours=1))
    # The platform's account, twice in a day; the other one hourly, then slower and slower.
    assert outcomes["AccountReconciled"] == 2
    assert outcomes["AccountReconcileDeferred"] == 2
    assert 4 <= outcomes["AccountReconcileFailed"] <= 7
    assert done.oldest_seconds >= 24 * 3600
    end_faults(backend)
    direct_desk.pass_time(timedelta(hours=6))
    assert direct_desk.reconcile(due_only=True).outcomes["AccountReconciled"] >= 1
    assert direct_desk.watermark().failures == 0


def test_an_operator_does_not_wait_for_an_account_to_stop_backing_off(
    direct_desk: ReconcileDesk,
) -> None:
    backend = direct_desk.backend
    match = {"account": backend.account_id, "path_prefix": "/v1/events"}
    backend.control("faults", fault="html_502_before_effect", times=1000, match=match)
    assert direct_desk.reconcile(due_only=True).failed == [backend.account_id]
    end_faults(backend)
    assert direct_desk.reconcile(due_only=True).outcomes == {"AccountNotDue": 1}
    assert direct_desk.reconcile().reconciled == 2


def test_too_many_requests_slow_a_worker_and_lose_nothing(reconcile_desk: ReconcileDesk) -> None:
    backend = reconcile_desk.backend
    asked = backend.refund(backend.sell())  # its webhook gets lost
    late(reconcile_desk)
    backend.control("faults", fault="status_429", times=25)
    done = reconcile_desk.reconcile(due_only=True)
    assert done.failed == []
    assert [each.refund_id for each in done.findings] == [asked.refund_id]
    assert [each.kind for each in done.findings] == [FindingKind.REFUND_NOT_CONFIRMED]


def test_a_worker_that_is_slowed_down_to_the_end_of_its_time_goes_on_in_its_place(
    platform_desk: ReconcileDesk,
) -> None:
    backend = platform_desk.backend
    asked = itertools.count()

    def is_slowed_down_in_the_second_window() -> bool:
        if platform_desk.known(None).under_way is None:
            return False
        if next(asked) == 0:
            backend.control("faults", fault="status_429", times=1000, match=BALANCE)
        return next(asked) > 30

    platform_desk.dispatch(time_is_up=lambda: False)
    at = rfc3339(backend.clock())
    work = ReconciliationWork(None, AskedBy.SCHEDULE, at, at)
    outcome = platform_desk.reconcile_account(work, time_is_up=is_slowed_down_in_the_second_window)
    assert outcome == "AccountReconcileContinued"
    stopped = platform_desk.known(None)
    assert stopped.under_way is not None
    assert stopped.clean_until == stopped.under_way.position  # the first window is done
    end_faults(backend)
    done = Reconciled()
    platform_desk.work(done)
    assert done.outcomes == {"AccountReconciled": 1, "AccountNotDue": 1}
    assert platform_desk.known(None).under_way is None


def test_an_account_whose_429s_leave_no_time_for_a_window_backs_off_and_frees_its_worker(
    direct_desk: ReconcileDesk,
) -> None:
    backend = direct_desk.backend
    direct_desk.reconcile(due_only=True)
    direct_desk.pass_time(timedelta(days=1))
    match = {"account": str(backend.account_id), "path_prefix": "/v1/events"}
    backend.control("faults", fault="status_429", times=1000, match=match)
    at = rfc3339(backend.clock())
    work = ReconciliationWork(backend.account_id, AskedBy.SCHEDULE, at, at)
    stopped = direct_desk.reconcile_account(work, time_is_up=stops_after(12))
    assert stopped == "AccountReconcileDeferred"
    assert direct_desk.watermark().retry_at is not None
    assert direct_desk.reconcile_account(work, time_is_up=lambda: False) == "AccountNotDue"
    end_faults(backend)
    direct_desk.pass_time(timedelta(hours=1))
    direct_desk.reconcile(due_only=True)
    assert direct_desk.watermark().failures == 0


def test_a_refund_is_read_in_pages_and_not_by_itself(
    platform_desk: ReconcileDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = platform_desk.backend
    late(platform_desk)
    assert platform_desk.kinds() == {}

    def calls_of_a_day(refunds: int) -> int:
        for _ in range(refunds):
            platform_desk.settled()
        platform_desk.pass_time(timedelta(days=1))
        called = itertools.count()
        for name in ("query", "get_item"):
            plain = getattr(backend.dynamodb, name)

            def counted(plain: Callable[..., object] = plain, **options: object) -> object:
                next(called)
                return plain(**options)

            monkeypatch.setattr(backend.dynamodb, name, counted)
        assert platform_desk.kinds() == {}
        monkeypatch.undo()
        return next(called)

    assert calls_of_a_day(4) == calls_of_a_day(1)


def stops_after(calls: int) -> Callable[[], bool]:
    """Return a clock of a worker that has time for so many calls."""
    asked = itertools.count()
    return lambda: next(asked) >= calls


@pytest.mark.parametrize("calls", [0, 1, 5, 13, 14, 20])
def test_a_worker_without_time_goes_on_in_the_next_one_wherever_it_stops(
    reconcile_desk: ReconcileDesk, calls: int
) -> None:
    backend = reconcile_desk.backend
    changed = reconcile_desk.settled()
    reconcile_desk.change_refund(changed, amount=9999)
    lost = backend.refund(backend.sell())  # its webhook gets lost
    late(reconcile_desk)
    reconcile_desk.dispatch(time_is_up=lambda: False)
    done = Reconciled()
    reconcile_desk.work(done, stops_after(calls), stops_after(calls + 5))
    assert done.failed == []
    found = {each.kind for each in done.findings}
    assert found == {
        FindingKind.REFUND_NOT_CONFIRMED,
        FindingKind.REFUND_AMOUNT_DIFFERS,
        FindingKind.LEDGER_DIFFERS,
    }
    backend.drain()
    assert backend.current(lost).settled_seq is not None
    # A difference was found, wherever that was: the next pass begins before it.
    assert str(reconcile_desk.watermark().clean_until) < rfc3339(backend.clock() - GRACE)


def test_a_window_that_takes_a_workers_whole_time_is_shorter_the_next_time(
    platform_desk: ReconcileDesk,
) -> None:
    platform_desk.dispatch(time_is_up=lambda: False)
    done = Reconciled()
    seconds = []

    def stops() -> bool:
        seconds.append(platform_desk.known(None).window_seconds)
        return len(seconds) > 4

    platform_desk.work(done, stops)
    assert done.outcomes == {"AccountReconcileContinued": 1, "AccountReconciled": 1}
    # Quick windows made it as long as before.
    assert platform_desk.known(None).window_seconds == LONGEST_WINDOW.total_seconds()


def test_what_a_day_without_events_asks_of_stripe(reconcile_desk: ReconcileDesk) -> None:
    for _ in range(3):
        reconcile_desk.settled()
    late(reconcile_desk)
    assert reconcile_desk.kinds() == {}
    # Each comparison begins a little before the last one ended, so the next day sees them again.
    reconcile_desk.pass_time(timedelta(days=1))
    assert reconcile_desk.reconcile(due_only=True).findings == []
    reconcile_desk.pass_time(timedelta(days=1))
    asked_of_stripe(reconcile_desk)
    assert reconcile_desk.reconcile(due_only=True).findings == []
    asked = Counter(asked_of_stripe(reconcile_desk))
    # Of a connected account whether anything happened. Of the platform's its refunds, disputes,
    # fee refunds and transfers, and how they moved its balance: nothing for each refund.
    connected = 0 if reconcile_desk.backend.account_id is None else 1
    assert asked.pop("GET /v1/events", 0) == connected
    assert asked.total() == 11
    assert all(each.startswith("GET ") for each in asked)


def test_a_day_with_a_refund_is_compared_whole(direct_desk: ReconcileDesk) -> None:
    late(direct_desk)
    assert direct_desk.kinds() == {}
    direct_desk.pass_time(timedelta(days=1))
    refund = direct_desk.settled()
    direct_desk.change_refund(refund, amount=9999)
    late(direct_desk)
    assert set(direct_desk.kinds()) == {
        FindingKind.REFUND_AMOUNT_DIFFERS,
        FindingKind.LEDGER_DIFFERS,
    }


def test_a_refund_that_only_the_ledger_has_is_found_on_a_day_without_events(
    direct_desk: ReconcileDesk,
) -> None:
    refund = direct_desk.settled()
    late(direct_desk)
    assert direct_desk.kinds() == {}
    direct_desk.pass_time(timedelta(days=5))
    assert direct_desk.kinds() == {}
    now = direct_desk.backend.clock() - timedelta(hours=1)
    direct_desk.change_entry(refund.settled_seq or 0, settled_at=rfc3339(now), gross_amount=-1)
    assert set(direct_desk.kinds()) == {FindingKind.LEDGER_DIFFERS}


def test_idle_studios_cost_the_platform_no_read(
    platform_desk: ReconcileDesk, make_backend: MakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten more studios do not add one call to DynamoDB."""
    backend = platform_desk.backend
    late(platform_desk)
    platform_desk.reconcile()

    def calls_of_a_day() -> int:
        platform_desk.pass_time(timedelta(days=1))
        called = itertools.count()
        dynamodb = backend.dynamodb
        for name in ("query", "get_item", "batch_get_item"):
            plain = getattr(dynamodb, name)

            def counted(plain: Callable[..., object] = plain, **options: object) -> object:
                next(called)
                return plain(**options)

            monkeypatch.setattr(dynamodb, name, counted)
        assert platform_desk.reconcile(due_only=True).reconciled == 1
        monkeypatch.undo()
        return next(called)

    alone = calls_of_a_day()
    for _ in range(10):
        make_backend(neighbor=backend)
    assert calls_of_a_day() == alone


def test_an_earlier_time_can_be_asked_for(reconcile_desk: ReconcileDesk) -> None:
    refund = reconcile_desk.settled(amount=4000)
    late(reconcile_desk)
    assert reconcile_desk.kinds() == {}
    reconcile_desk.pass_time(LOOK_BACK + timedelta(days=5))
    assert reconcile_desk.kinds() == {}
    reconcile_desk.change_refund(refund, amount=9999)
    assert reconcile_desk.kinds() == {}
    done = reconcile_desk.reconcile(since=reconcile_desk.backend.clock() - timedelta(days=60))
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


def test_two_workers_with_one_account_do_not_undo_each_other(direct_desk: ReconcileDesk) -> None:
    backend = direct_desk.backend
    late(direct_desk)
    at = rfc3339(backend.clock())
    work = ReconciliationWork(backend.account_id, AskedBy.SCHEDULE, at, at)
    outcomes: list[str] = []

    def the_other_one_is_quicker() -> bool:
        if not outcomes:
            outcomes.append("")
            outcomes.append(direct_desk.reconcile_account(work, time_is_up=lambda: False))
        return False

    mine = direct_desk.reconcile_account(work, time_is_up=the_other_one_is_quicker)
    assert (mine, outcomes[1:]) == ("AccountReconcileOvertaken", ["AccountReconciled"])
    assert direct_desk.watermark().under_way is None


def test_an_account_that_nobody_imported_is_an_error(direct_desk: ReconcileDesk) -> None:
    at = rfc3339(direct_desk.backend.clock())
    work = ReconciliationWork("acct_of_nobody", AskedBy.SCHEDULE, at, at)
    with pytest.raises(UnknownAccountError):
        direct_desk.reconcile_account(work, time_is_up=lambda: False)


def test_studios_that_share_an_account_are_reconciled_together(make_backend: MakeBackend) -> None:
    first = make_backend(direct=True)
    second = make_backend(neighbor=first, studio={"stripe_account_id": first.account_id})
    desk = ReconcileDesk(first)
    known = desk.reconciliations.load(first.account_id)
    assert known is not None
    assert sorted(known.studio_ids) == sorted([first.studio_id, second.studio_id])
    assert desk.reconcile(due_only=True).reconciled == 2


def test_a_dispatcher_without_time_leaves_the_rest_to_the_next_run(
    direct_desk: ReconcileDesk,
) -> None:
    direct_desk.dispatch(time_is_up=lambda: False)
    direct_desk.work(Reconciled())
    direct_desk.pass_time(timedelta(days=1))
    stopped = direct_desk.dispatch(time_is_up=stops_after(1))
    assert (stopped.announced, stopped.is_complete) == (1, False)
    assert direct_desk.dispatch(time_is_up=lambda: False).announced == 2


def test_an_operator_pages_through_all_accounts(
    direct_desk: ReconcileDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = direct_desk.backend
    others = {f"acct_more_{number}" for number in range(4)}
    for each in others:
        direct_desk.reconciliations.connect(each, backend.studio_id, rfc3339(backend.clock()))
    monkeypatch.setattr("functions.reconcile.dispatch_accounts._ACCOUNTS_PER_PAGE", 2)
    asked = direct_desk.operator.ask({})
    found = list(asked["accounts"])
    while asked["after"] is not None:
        asked = direct_desk.operator.ask({"after": asked["after"], "asked_at": asked["asked_at"]})
        found += asked["accounts"]
    assert sorted(found) == sorted(others | {"platform", str(backend.account_id)})
    wanted = {"accounts": found, "asked_at": asked["asked_at"]}
    assert direct_desk.operator.results(wanted) == {"ended": {}}
    direct_desk.work(Reconciled())
    ended = direct_desk.operator.results(wanted)["ended"]
    assert sorted(ended) == sorted(found)
    assert {each["failure"] for each in ended.values()} == {None}
    assert datetime.fromisoformat(asked["asked_at"]).tzinfo is not None
