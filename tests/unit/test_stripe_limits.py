"""Background work leaves room at Stripe for the refunds of people.

https://docs.stripe.com/rate-limits: 100 reads and 100 writes a second in live mode, 25 calls a
second on one endpoint.
"""

from collections import defaultdict

import pytest

from shared.edge.fair_share import LIMITS, Share
from tests.faults.one_process import template

_A_SECOND = 100
_A_SECOND_ON_ONE_ENDPOINT = 25
# Background work may take this part of each limit.
_PART = 0.8

# A worker makes one call after the other, and Stripe needs about a quarter of a second for each.
_CALLS_OF_A_WORKER = 4

# The calls for one piece of work of each kind, in the order in which a worker makes them.
WORK = {
    "verify_charge": [
        ["GET charge", "GET disputes"],
        ["GET charge", "GET disputes", "GET refunds"],
    ],
    "run_payouts": [["GET transfers", "POST transfers"], ["GET transfer"]],
    "resume_pending": [["GET refund"], ["GET refunds", "POST refunds"]],
    "fee_refund": [["GET fee refunds", "POST fee refunds"]],
    # It reads lists of an account, one after the other. An idle account is one call.
    "reconcile": [
        ["GET events"],
        ["GET refunds"],
        ["GET disputes"],
        ["GET transfers"],
        ["GET fee refunds"],
        ["GET balance transactions"],
    ],
}
# What people and Stripe wait for.
_FOR_OTHERS = {"refund_request", "stripe_webhook"}


def workers(function: str) -> int:
    """Return how many of a function work at the same time at most."""
    deployed = template.functions()[function]
    return deployed.maximum_concurrency or 1


def test_every_queue_reader_has_a_limit() -> None:
    unlimited = [
        name
        for name in template.queue_readers()
        if template.functions()[name].maximum_concurrency is None
    ]
    assert unlimited == []


def test_every_function_that_calls_stripe_is_counted() -> None:
    calling = {
        each.name for each in template.functions().values() if "STRIPE_API_BASE" in each.environment
    }
    assert calling - _FOR_OTHERS == WORK.keys()


def test_all_workers_together_leave_room_for_people() -> None:
    """Even if all that they do is read, or write."""
    assert sum(map(workers, WORK)) * _CALLS_OF_A_WORKER <= _PART * _A_SECOND


def calls_a_second() -> dict[str, float]:
    """Return how often each endpoint is called at most, if each worker does its worst kind."""
    found: defaultdict[str, float] = defaultdict(float)
    for function, kinds in WORK.items():
        for endpoint in {each for kind in kinds for each in kind}:
            share = max(kind.count(endpoint) / len(kind) for kind in kinds)
            found[endpoint] += workers(function) * _CALLS_OF_A_WORKER * share
    return found


@pytest.mark.parametrize("endpoint", sorted(calls_a_second()))
def test_an_endpoint_is_not_used_up_by_background_work(endpoint: str) -> None:
    limit = _A_SECOND_ON_ONE_ENDPOINT
    if endpoint == "POST refunds":  # the one that people need
        limit = limit // 2
    assert calls_a_second()[endpoint] <= limit


def test_the_refunds_of_one_studio_do_not_fill_stripe_s_endpoint() -> None:
    assert LIMITS[Share.WRITES].a_minute / 60 < _A_SECOND_ON_ONE_ENDPOINT
