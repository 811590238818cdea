"""Invokes functions as Lambda does."""

from dataclasses import dataclass
from typing import Any

from shared.edge.sqs import TRIES, BatchFailedError
from tests.faults.one_process import template
from tests.faults.one_process.execution_environments import ExecutionEnvironments
from tests.faults.one_process.failed_calls import FunctionCrash
from tests.faults.one_process.outside_calls import Invocation, OutsideCalls
from tests.faults.one_process.virtual_clock import VirtualClock
from tests.lambda_context import LambdaContext


@dataclass(kw_only=True)
class TimedContext(LambdaContext):
    """Lambda's context with a deadline in virtual time."""

    clock: VirtualClock
    deadline: float

    def get_remaining_time_in_millis(self) -> int:
        """Return how many milliseconds the function has left."""
        return int((self.deadline - self.clock.now) * 1000)


class FunctionRuntime:
    """Invokes functions.

    Attributes:
        errors: The errors that no code of the product expected. Without faults there are none.
    """

    def __init__(
        self,
        outside_calls: OutsideCalls,
        environments: ExecutionEnvironments,
        clock: VirtualClock,
    ) -> None:
        self._outside_calls = outside_calls
        self._environments = environments
        self._clock = clock
        self.errors: list[str] = []

    def invoke(self, function: str, event: object) -> Any:  # noqa: ANN401  # depends on the function
        """Return a function's answer, or None if it crashed or raised an error."""
        deadline = self._clock.now + template.functions()[function].timeout_seconds
        context = TimedContext(clock=self._clock, deadline=deadline)
        invocation = Invocation(function, _is_last_try(event))
        token = self._outside_calls.invocation.set(invocation)
        try:
            with self._environments.acquire(function) as environment:
                return environment.handle(event, context)
        except FunctionCrash:
            return None
        except BatchFailedError:
            # All messages of the batch failed. They come back, like each one of a part of a batch,
            # and one that fails for good is parked.
            return None
        except Exception as error:  # noqa: BLE001  # Lambda survives any error of a function
            self.report_error(function, repr(error))
            return None
        finally:
            self._outside_calls.invocation.reset(token)

    def report_error(self, function: str, error: str) -> None:
        """Record an error that no code of the product expected."""
        self.errors.append(f"{function}: {error}")


def _is_last_try(event: object) -> bool:
    """Return whether an event has a message that was delivered as often as it may be."""
    records = event.get("Records", []) if isinstance(event, dict) else []
    received = [each["attributes"].get("ApproximateReceiveCount", "1") for each in records]
    return any(int(times) >= TRIES for times in received)
