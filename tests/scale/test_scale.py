"""What scheduled work costs does not grow with the number of studios. Counts of calls, no times."""

import threading
import time
from collections import Counter

import pytest

from tests.faults.one_process import in_process_engine
from tests.faults.one_process.outside_calls import STRIPE
from tests.scale import assumptions
from tests.scale.books_page import is_free_of_idle_studios
from tests.scale.measure import calls_of_a_refund, idle_studio_a_week, measure
from tests.scale.measure_books import measure_books
from tests.scale.measure_reconcile import AccountCost, ReconcileCost, measure_reconcile
from tests.scale.meter import Call, Invocation
from tests.scale.pairs import PAIRS, PAYOUTS, RESUME, Pair
from tests.scale.reconcile_page import is_linear
from tests.scale.scenarios import TROUBLE, measure_pair, simulate, tasks
from tests.scale.simulate import Simulation, Task
from tests.scale.simulate_books import simulate_proof
from tests.scale.simulate_reconcile import (
    SimulatedAccount,
    Trouble,
    accounts_of,
    simulate_day,
)

pytestmark = pytest.mark.skipif(
    not in_process_engine.is_installed(), reason="the local engine is not installed"
)

_FEW, _MANY = 3, 12
_HOUR = 3600

# The most calls to DynamoDB and to Stripe for one payout, one anchor and one refund.
_MOST_CALLS = {"payouts": (13, 2), "anchors": (4, 0), "resume": (5, 1)}
_MOST_READS_OF_AN_IDLE_STUDIO_A_DAY = 3


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
def test_a_piece_of_work_costs_the_same_among_few_and_many_studios(pair: Pair) -> None:
    measured = measure_pair(pair, (_FEW, _MANY))
    assert measured.is_constant
    work = measured.largest.work
    most_dynamodb, most_stripe = _MOST_CALLS[pair.title]
    assert work.count("dynamodb") <= most_dynamodb
    assert work.count(STRIPE) <= most_stripe
    # A run reads a page of what is due and sends ten messages in a call.
    few, many = (sample.dispatch for sample in measured.samples)
    assert few.count("dynamodb") == many.count("dynamodb")
    assert (few.count("sqs"), many.count("sqs")) == (1, 2)
    # Ten thousand payouts, anchors or refunds fit into an hour, within Stripe's limits.
    outcome = simulate(measured, tasks(measured, 10_000))
    assert len(outcome.done_at) == 10_000
    assert outcome.seconds() <= _HOUR
    busiest = outcome.busiest
    assert busiest.pop("reads", 0) <= assumptions.STRIPE_READS_A_SECOND
    assert busiest.pop("writes", 0) <= assumptions.STRIPE_WRITES_A_SECOND
    assert all(
        calls <= assumptions.STRIPE_CALLS_A_SECOND_ON_ONE_ENDPOINT for calls in busiest.values()
    )


def test_a_message_about_work_that_is_done_costs_one_read() -> None:
    for pair in (PAYOUTS, RESUME):
        assert [call.operation for call in measure(pair, 1).repeated.calls] == ["GetItem"]


def test_a_payout_costs_the_same_with_few_and_many_lines() -> None:
    few, many = (measure(PAYOUTS, 1, orders=orders).work for orders in (1, 20))
    assert few.by_operation() == many.by_operation()


def test_a_refund_costs_the_same_among_few_and_many_studios() -> None:
    assert calls_of_a_refund(_FEW) == calls_of_a_refund(_MANY)


def test_an_idle_studio_costs_next_to_nothing() -> None:
    a_week = idle_studio_a_week(1, 4)
    reads = sum(calls for name, calls in a_week.items() if name.endswith("reads"))
    assert reads / 7 <= _MOST_READS_OF_AN_IDLE_STUDIO_A_DAY
    assert not [name for name in a_week if name.startswith(("anchor_ledger", "resume_pending"))]


_WORK = Invocation("f", (Call("dynamodb", "GetItem"), Call(STRIPE, "GET /v1/refunds/{id}")))


def simulated(*due: Task, pair: Pair = RESUME) -> Simulation:
    return Simulation(pair, due, Invocation("f", (Call("dynamodb", "GetItem"),)), 100)


def test_a_studio_whose_worker_always_dies_delays_no_other_for_long() -> None:
    others = [Task(f"st_{number}", _WORK, _WORK.seconds) for number in range(1_000)]
    alone = simulated(*others).run()
    broken = Task(TROUBLE, _WORK, float(RESUME.timeout_seconds), is_hopeless=True)
    outcome = simulated(broken, *others).run()
    assert len(outcome.done_at) == 1_000
    # One worker of some is lost for a time.
    share = RESUME.workers / (RESUME.workers - 1)
    assert outcome.seconds() <= alone.seconds() * share * 1.01


def test_a_huge_studio_takes_one_worker_and_its_own_time() -> None:
    others = [Task(f"st_{number}", _WORK, _WORK.seconds) for number in range(500)]
    huge = [Task(TROUBLE, _WORK, _WORK.seconds)] * 5_000
    outcome = simulated(*huge, *others).run()
    alone = simulated(*others).run().seconds()
    assert outcome.seconds(without=[TROUBLE]) <= 2 * alone
    assert outcome.done_at[TROUBLE] >= 5_000 * _WORK.seconds
    assert outcome.calls[f"{STRIPE} GET /v1/refunds/{{id}}"] == 5_500


def test_a_studios_messages_are_done_one_after_the_other() -> None:
    tasks_of_one = [Task("st_1", _WORK, _WORK.seconds)] * 40
    outcome = simulated(*tasks_of_one).run()
    assert outcome.done_at["st_1"] >= 40 * _WORK.seconds
    assert outcome.busiest["reads"] <= 1 / assumptions.STRIPE_SECONDS


def test_reconciling_a_refund_costs_the_same_for_few_and_many_and_an_idle_account_three_reads() -> (
    None
):
    cost = measure_reconcile((3, 6, 9), page=3)
    assert is_linear(cost.platform, cost.own)
    for page in (cost.platform.page, cost.own.page):
        # A page of refunds costs pages, and no refund costs a call of its own.
        assert Counter(call.service for call in page)[STRIPE] <= 3
        assert len(page) <= 10
        assert all(call.is_read for call in page)
    reads = [call for call in cost.idle.calls if call.is_read]
    assert len(reads) <= _MOST_READS_OF_AN_IDLE_STUDIO_A_DAY
    assert [call.operation for call in cost.not_due.calls] == ["Query"]


def test_a_proof_of_the_books_costs_what_changed_and_no_idle_studio() -> None:
    cost = measure_books()
    assert is_free_of_idle_studios(cost)
    assert cost.is_linear
    # Of each changed ledger its newest entries. All else is read in pages.
    assert cost.calls_of_a_ledger == 1
    few, many = (simulate_proof(ledgers, 50 * ledgers, cost) for ledgers in (100, 10_000))
    assert few.invocations == 1
    assert many.seconds <= 2 * _HOUR


_PLATFORM = AccountCost(
    [Call(STRIPE, "GET /v1/refunds")] * 10, [_WORK.calls[1]] * 3, is_linear=True
)
_COST = ReconcileCost(_PLATFORM, _PLATFORM, _WORK, _WORK, _WORK)


def test_a_days_reconciliation_of_ten_thousand_studios_takes_two_hours_at_most() -> None:
    outcome = simulate_day(accounts_of(10_000), _COST)
    assert len(outcome.done_at) == 1_001
    assert outcome.seconds() <= 2 * _HOUR
    background = 0.8
    busiest = outcome.busiest
    assert busiest.pop("reads") <= background * assumptions.STRIPE_READS_A_SECOND
    assert all(
        calls <= background * assumptions.STRIPE_CALLS_A_SECOND_ON_ONE_ENDPOINT
        for calls in busiest.values()
    )


def test_a_thread_that_sleeps_meanwhile_passes_no_simulated_time() -> None:
    """The engine's own thread does, for a minute each time, if the harness ran in this process."""
    ended = threading.Event()

    def sleep_often() -> None:
        while not ended.is_set():
            time.sleep(0.001)

    sleeper = threading.Thread(target=sleep_often)
    alone = simulate_day(accounts_of(2_000), _COST)
    sleeper.start()
    beside_it = simulate_day(accounts_of(2_000), _COST)
    ended.set()
    sleeper.join()
    assert beside_it.done_at == alone.done_at


def test_calls_for_a_refund_do_not_grow_from_a_thousand_to_a_hundred_thousand() -> None:
    few, many = (
        simulate_day([SimulatedAccount(None, refunds)], _COST).calls[STRIPE] / refunds
        for refunds in (1_000, 100_000)
    )
    assert many <= 2 * few


@pytest.mark.parametrize("trouble", Trouble)
def test_an_account_that_cannot_be_reconciled_backs_off_and_delays_no_other_for_long(
    trouble: Trouble,
) -> None:
    others = accounts_of(1_000)
    alone = simulate_day(others, _COST)
    outcome = simulate_day([SimulatedAccount(TROUBLE, 0, trouble), *others], _COST)
    assert len(outcome.done_at.keys() - {TROUBLE}) == len(alone.done_at)
    # It takes one worker once, at most until the worker's time is up.
    assert outcome.seconds([TROUBLE]) <= alone.seconds() + RESUME.timeout_seconds
    assert outcome.invocations <= alone.invocations + 2
