"""A Stripe that never answers does not outlive a function, and queues wait until it has ended."""

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import stripe

from functions.refund_request import request_refund
from infra.paths import FUNCTIONS
from shared.domain.errors import StripeOutcomeUnknownError
from shared.gateways.stripe import connection as stripe_connection
from shared.gateways.stripe import pace
from shared.gateways.stripe.connection import (
    CALL_SECONDS,
    RETRY_PAUSE_SECONDS,
    TRY_SECONDS,
    StripeConnection,
)
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow import record_stripe_refund, release_refused, verify_charge
from tests.faults.one_process import template

# What a function does between calls to Stripe: a few reads and writes of DynamoDB.
_OWN_SECONDS = 1.0

# A list, a send, a second list and a send under the next key: see shared/workflow/stripe_attempt.
_ATTEMPT_CALLS = 4
# After a call that was denied: asking whether its account has left.
_ACCOUNT_CALLS = 1

# API Gateway waits no longer: https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
_API_SECONDS = 29


@dataclass(frozen=True)
class LongestWork:
    """The longest piece of work that a function begins, if Stripe takes its whole time.

    Attributes:
        calls: How many calls to Stripe it makes, each with its retry.
        other_seconds: How long it may try anything else.
    """

    calls: int
    other_seconds: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it takes at most."""
        return self.calls * CALL_SECONDS + self.other_seconds + _OWN_SECONDS


_RELEASE_SECONDS = release_refused._CONTENTION_SECONDS  # noqa: SLF001  # the arithmetic is here
_RECORD_SECONDS = record_stripe_refund._CONTENTION_SECONDS  # noqa: SLF001  # the same

# For each function that calls Stripe. A list of several pages ends at the first that fails.
LONGEST_WORK = {
    # If it has waited for others, there is no second try: see below.
    "refund_request": LongestWork(1, request_refund._NO_RETRY_AFTER_SECONDS + _RELEASE_SECONDS),  # noqa: SLF001  # the same
    "stripe_webhook": LongestWork(1, _RECORD_SECONDS),
    # A whole batch; each charge ends at its first call without an answer.
    "verify_charge": LongestWork(5, 5 * verify_charge._CONTENTION_SECONDS),  # noqa: SLF001  # the same
    "fee_refund": LongestWork(2),
    "resume_pending": LongestWork(
        _ATTEMPT_CALLS + _ACCOUNT_CALLS, _RECORD_SECONDS + _RELEASE_SECONDS
    ),
    # Asking about the account of a hold, closing the payout, then its transfer, then returning the
    # money of one that was refused and asking about its account.
    "run_payouts": LongestWork(_ATTEMPT_CALLS + 2 * _ACCOUNT_CALLS, 15.0 + 15.0),
    # One call without an answer ends the account. One that is denied asks about the account. A
    # 429 is waited for once more, before the worker sees that its time is up.
    "reconcile": LongestWork(
        1 + _ACCOUNT_CALLS,
        _RECORD_SECONDS + pace._LONGEST_PAUSE_SECONDS,  # noqa: SLF001  # the same
    ),
}


def seconds_for_one_piece(function: str) -> float:
    """Return how long a function has when it begins a piece of work."""
    source = (FUNCTIONS / function / "handler.py").read_text()
    stops = re.search(r"^_STOP_WHEN_LEFT_MS = ([\d_]+)$", source, re.MULTILINE)
    limit = template.functions()[function].timeout_seconds
    return int(stops[1]) / 1000 if stops else limit


def test_every_function_that_calls_stripe_has_its_arithmetic() -> None:
    calling = {
        each.name for each in template.functions().values() if "STRIPE_API_BASE" in each.environment
    }
    assert calling == LONGEST_WORK.keys()


@pytest.mark.parametrize("function", LONGEST_WORK)
def test_a_function_ends_before_its_time_although_stripe_never_answers(function: str) -> None:
    assert LONGEST_WORK[function].seconds <= seconds_for_one_piece(function)
    assert seconds_for_one_piece(function) <= template.functions()[function].timeout_seconds


def test_a_refund_that_waited_for_others_still_has_time_for_one_try() -> None:
    waited = request_refund._CONTENTION_SECONDS + TRY_SECONDS + _RELEASE_SECONDS  # noqa: SLF001  # the arithmetic is here
    assert waited + _OWN_SECONDS <= template.functions()["refund_request"].timeout_seconds


def test_every_function_behind_the_api_ends_before_the_api_gives_up() -> None:
    for each in template.functions().values():
        if each.routes:
            assert each.timeout_seconds < _API_SECONDS, each.name


def test_a_queue_waits_six_times_as_long_as_its_function_may_run() -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html."""
    queues = template.of_type("AWS::SQS::Queue")
    for function, queue in template.queue_readers().items():
        visible_after = template.parameter(queues[queue]["VisibilityTimeout"])
        limit = template.functions()[function].timeout_seconds
        assert int(str(visible_after)) >= 6 * limit, function


def test_a_fee_refund_has_its_function_to_itself() -> None:
    (function,) = (
        each
        for each in template.of_type("AWS::Serverless::Function").values()
        if each["CodeUri"] == "build/fee_refund/"
    )
    (event,) = function["Events"].values()
    assert event["Properties"]["BatchSize"] == 1


def test_the_pause_before_a_retry_is_the_sdks_first_one() -> None:
    assert stripe.HTTPClient.INITIAL_DELAY == RETRY_PAUSE_SECONDS


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Return the URL of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def black_hole() -> Iterator[str]:
    """Return the URL of an address that accepts no further connection, as a black hole does."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as server:
        address = server.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)  # noqa: FBT003  # socket's own
            each.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for each in waiting:
            each.close()


def seconds_until_unknown(url: str) -> float:
    connection: Any = StripeConnection(url, lambda: "sk_test")
    began = time.monotonic()
    with pytest.raises(StripeOutcomeUnknownError):
        StripeRefunds(connection).get("re_1", None)
    return time.monotonic() - began


def test_connecting_and_answering_have_limits_of_their_own(
    silent_server: str, black_hole: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stripe_connection, "_CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(stripe_connection, "TRY_SECONDS", 0.6)
    pause = RETRY_PAUSE_SECONDS
    assert 2 * 0.6 + pause <= seconds_until_unknown(silent_server) < 2 * 0.6 + pause + 0.5
    assert 2 * 0.2 + pause <= seconds_until_unknown(black_hole) < 2 * 0.2 + pause + 0.5
