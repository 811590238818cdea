"""Errors that bad weather once found, each as a short test."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.final_state import read_final_state
from tests.faults.money_oracle import MoneyOracle
from tests.faults.one_process.answer import Answer
from tests.faults.one_process.failed_calls import LostAnswerError, stripe_error
from tests.faults.one_process.outside_calls import OutsideCall, Perform
from tests.faults.world.new_world import new_world
from tests.faults.world.world import FaultWorld

REFUND = "POST /v1/refunds"
FEE_REFUND = "POST /v1/application_fees/{id}/refunds"


class ScriptedInterceptor:
    """Injects scripted faults into the first calls of an operation.

    Args:
        operation: The operation.
        faults: The fault of each call: ``lost`` loses its answer, ``late`` keeps the call in
            ``late_calls``, and ``key refused`` answers 401.

    Attributes:
        late_calls: The calls that have not reached Stripe yet.
    """

    def __init__(self, operation: str, *faults: str) -> None:
        self._operation = operation
        self._faults = iter(faults)
        self.late_calls: list[Perform] = []

    def intercept(self, call: OutsideCall, perform: Perform, /) -> Answer:
        """Answer a call, with the next fault of the script."""
        fault = next(self._faults, None) if call.operation == self._operation else None
        if fault == "key refused":
            return stripe_error(401)
        if fault == "late":
            self.late_calls.append(perform)
            raise LostAnswerError
        answer = perform()
        if fault == "lost":
            raise LostAnswerError
        return answer


@contextmanager
def sold_order(*, direct: bool = False) -> Iterator[FaultWorld]:
    with new_world() as world:
        world.operator.import_studio()
        world.sell("ord_1", direct=direct)
        yield world


def violations(world: FaultWorld) -> list[str]:
    return MoneyOracle(read_final_state(world)).violations()


@pytest.mark.parametrize("direct", [False, True])
def test_a_refused_key_does_not_fail_a_refund_that_was_sent_before(*, direct: bool) -> None:
    """The refund took effect, its answer was lost, and the key was revoked before the retry."""
    with sold_order(direct=direct) as world:
        world.outside_calls.interceptor = ScriptedInterceptor(REFUND, "lost", "key refused")
        status, refund = world.client.request_refund("ord_1", "key-1", type="partial", amount=2500)
        world.stripe.new_events()  # the events are lost too
        assert (status, refund["display_status"]) == (201, "Pending")
        world.run_until_idle()
        assert violations(world) == []


def test_a_key_refused_on_the_first_send_fails_the_refund() -> None:
    """The studio gets the answer at once, and its money is free again."""
    with sold_order() as world:
        world.outside_calls.interceptor = ScriptedInterceptor(REFUND, "key refused")
        status, problem = world.client.request_refund("ord_1", "key-1", type="partial", amount=2500)
        assert (status, problem["code"]) == (502, "stripe_refused")
        assert world.open_work() == []


def test_a_refused_key_does_not_fail_a_fee_refund_that_was_sent_before() -> None:
    """The fee refund reaches Stripe only after the retry."""
    with sold_order(direct=True) as world:
        world.client.request_refund("ord_1", "key-1", type="partial", amount=2500)
        script = ScriptedInterceptor(FEE_REFUND, "late", "key refused")
        world.outside_calls.interceptor = script
        world.run_until_idle()
        for perform in script.late_calls:
            perform()
        assert violations(world) == []
