"""What bad weather has found, each told once more in few words."""

import pytest

from tests.faults.books import faults_of, read_books
from tests.faults.engine import Answer
from tests.faults.wire import Call, LostAnswerError, Perform, stripe_error
from tests.faults.world import new_world


class ScriptedLine:
    """A line on which the first calls of an operation meet what a script says.

    Args:
        operation: Which operation.
        script: For each call of it ``lost``, its answer; ``late``, when nobody waits any more; or
            ``key refused``.

    Attributes:
        late: The calls that are still on their way.
    """

    def __init__(self, operation: str, *script: str) -> None:
        self._operation = operation
        self._script = iter(script)
        self.late: list[Perform] = []

    def carry(self, call: Call, perform: Perform, /) -> Answer:
        """Carry a call."""
        fault = next(self._script, None) if call.operation == self._operation else None
        if fault == "key refused":
            return stripe_error(401)
        if fault == "late":
            self.late.append(perform)
            raise LostAnswerError
        answer = perform()
        if fault == "lost":
            raise LostAnswerError
        return answer


REFUND = "POST /v1/refunds"
FEE_REFUND = "POST /v1/application_fees/{id}/refunds"


@pytest.mark.parametrize("direct", [False, True])
def test_a_refused_key_says_nothing_of_the_try_before(*, direct: bool) -> None:
    """The refund took effect, its answer was lost, and the key was revoked before the next try."""
    with new_world() as world:
        world.studio()
        world.sell("ord_1", direct=direct)
        world.wire.line = ScriptedLine(REFUND, "lost", "key refused")
        status, refund = world.refund("ord_1", "key-1", type="partial", amount=2500)
        world.stripe.news()  # no event ever tells of it
        assert (status, refund["display_status"]) == (201, "Pending")
        world.calm_down()
        assert faults_of(read_books(world)) == []


def test_a_refused_key_alone_is_a_refusal() -> None:
    """Nothing was sent before: the studio is told at once, and its money is free again."""
    with new_world() as world:
        world.studio()
        world.sell("ord_1")
        world.wire.line = ScriptedLine(REFUND, "key refused")
        status, problem = world.refund("ord_1", "key-1", type="partial", amount=2500)
        assert (status, problem["code"]) == (502, "stripe_refused")
        assert world.open_work() == []


def test_a_refused_key_says_nothing_of_the_fee_refund_before() -> None:
    with new_world() as world:
        world.studio()
        world.sell("ord_1", direct=True)
        world.refund("ord_1", "key-1", type="partial", amount=2500)
        world.wire.line = line = ScriptedLine(FEE_REFUND, "late", "key refused")
        world.calm_down()
        for perform in line.late:
            perform()
        assert faults_of(read_books(world)) == []
