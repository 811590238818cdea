"""What goes wrong with outside calls in bad weather."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from infra.stripe_standin.faults import UNREADABLE_FAULTS, FaultName
from shared.gateways.stripe.connection import TRY_SECONDS
from tests.faults.one_process.answer import Answer
from tests.faults.one_process.failed_calls import (
    FunctionCrash,
    LostAnswerError,
    aws_error,
    stripe_error,
)
from tests.faults.one_process.outside_calls import STRIPE, OutsideCall, Perform
from tests.faults.weather.climate import Climate
from tests.faults.weather.simulation import Simulation

_MEAN_LATENCY_SECONDS = 0.02
_LATEST_EFFECT_SECONDS = 30 * 60.0

_REFUNDS, _TRANSFERS = "POST /v1/refunds", "POST /v1/transfers"
_CONDITIONAL_WRITES = {"PutItem", "TransactWriteItems"}


class CallFault(StrEnum):
    """What can go wrong with an outside call."""

    CRASH = "crash"
    OUT_OF_TIME = "out of time"
    RESET_BEFORE = "connection reset before the effect"
    RESET_AFTER = "connection reset after the effect"
    TIMEOUT_BEFORE = "time-out before the effect"
    TIMEOUT_AFTER = "time-out after the effect"
    TIMEOUT_THEN_EFFECT = "time-out, then the effect"
    THROTTLED = "throttled"
    UNAVAILABLE = "unavailable"
    WRITE_CONFLICT = "write conflict"
    KEY_REFUSED = "API key refused"
    UNREADABLE_BEFORE = "unreadable answer before the effect"
    UNREADABLE_AFTER = "unreadable answer after the effect"
    SLOW = "slow"
    SAVED_500_BEFORE = "saved 500 before the effect"
    SAVED_500_AFTER = "saved 500 after the effect"
    PENDING = "pending"
    INSUFFICIENT_FUNDS = "insufficient funds"
    FAILS_AT_ONCE = "fails at once"


# Several times in a list means more likely.
_CRASHES = (CallFault.CRASH, CallFault.CRASH, CallFault.OUT_OF_TIME)
_FAULTS = (
    *(CallFault.RESET_BEFORE, CallFault.RESET_AFTER),
    *(CallFault.THROTTLED, CallFault.UNAVAILABLE),
)
_WRITE_FAULTS = (*_FAULTS, *(CallFault.WRITE_CONFLICT,) * 3)
_STRIPE_READ_FAULTS = (
    *_FAULTS,
    *(CallFault.UNREADABLE_BEFORE, CallFault.UNREADABLE_AFTER) * 2,
    *(CallFault.KEY_REFUSED, CallFault.SLOW),
    *(CallFault.TIMEOUT_BEFORE, CallFault.TIMEOUT_AFTER, CallFault.TIMEOUT_THEN_EFFECT),
)
_STRIPE_WRITE_FAULTS = (
    *_STRIPE_READ_FAULTS,
    *(CallFault.SAVED_500_BEFORE, CallFault.SAVED_500_AFTER),
)

# How a refund or a transfer ends at Stripe.
_OUTCOMES = {
    _REFUNDS: (CallFault.PENDING, CallFault.INSUFFICIENT_FUNDS, CallFault.FAILS_AT_ONCE),
    _TRANSFERS: (CallFault.INSUFFICIENT_FUNDS, CallFault.FAILS_AT_ONCE),
}

# The stand-in's names of the faults inside Stripe, and of answers that are not Stripe's.
_STANDIN_FAULTS: dict[CallFault, Sequence[FaultName]] = {
    CallFault.SAVED_500_BEFORE: ["status_500_before_effect"],
    CallFault.SAVED_500_AFTER: ["status_500_after_effect"],
    CallFault.UNREADABLE_BEFORE: [
        each for each in sorted(UNREADABLE_FAULTS) if each.endswith("_before_effect")
    ],
    CallFault.UNREADABLE_AFTER: [
        each for each in sorted(UNREADABLE_FAULTS) if each.endswith("_after_effect")
    ],
}
_OUTCOME_NAMES: dict[CallFault, FaultName] = {
    CallFault.PENDING: "pending",
    CallFault.INSUFFICIENT_FUNDS: "insufficient_funds",
    CallFault.FAILS_AT_ONCE: "fail_at_once",
}


@dataclass
class StormInterceptor:
    """Makes outside calls late, repeated, half done or lost."""

    simulation: Simulation
    climate: Climate

    def intercept(self, call: OutsideCall, perform: Perform, /) -> Answer:
        """Answer a call after the network's delays, and with a fault if one is drawn."""
        fault = self._draw_fault(call)
        self.simulation.note(f"{call}{f'  ✱ {fault}' if fault else ''}")
        self._delay()
        answer = self._answer(fault, call, lambda: self._perform_without_skew(perform))
        self._delay()
        return answer

    def _draw_fault(self, call: OutsideCall) -> CallFault | None:
        # A message that fails each of its tries is parked, as it should be. Five tries in a row may
        # fail by chance. So the last one meets no fault, and what is parked is the product's error.
        if call.is_last_try:
            return None
        dice, climate = self.simulation.dice, self.climate
        if dice.random() < climate.crash:
            return dice.choice(_CRASHES)
        is_stripe = call.service == STRIPE
        if dice.random() < (climate.stripe if is_stripe else climate.aws):
            return dice.choice(_possible_faults(call))
        has_outcome = dice.random() < climate.outcome and call.operation in _OUTCOMES
        return dice.choice(_OUTCOMES[call.operation]) if has_outcome else None

    def _answer(self, fault: CallFault | None, call: OutsideCall, perform: Perform) -> Answer:
        if fault is None:
            return perform()
        if fault in _CRASHES:
            self._crash(fault, perform)
        if refusal := _refusal(fault, call):
            return refusal
        if fault in _STANDIN_FAULTS:
            name = self.simulation.dice.choice(_STANDIN_FAULTS[fault])
            with self.simulation.world.stripe.with_fault(name):
                return perform()
        if fault in _OUTCOME_NAMES:
            # The stand-in asks whether the call makes a refund or a transfer.
            path = call.operation.split()[1]
            with self.simulation.world.stripe.with_fault(_OUTCOME_NAMES[fault], path):
                return perform()
        if fault is CallFault.SLOW:
            self.simulation.wait(self.simulation.dice.uniform(1, TRY_SECONDS - 1))
            return perform()
        return self._lose_answer(fault, perform)

    def _crash(self, fault: CallFault, perform: Perform) -> None:
        """Crash the function, before or after the call's effect."""
        if self.simulation.dice.random() < 0.5:
            perform()
        if fault is CallFault.OUT_OF_TIME:
            seconds_left = self.simulation.current_task.deadline - self.simulation.world.clock.now
            self.simulation.wait(seconds_left)
        raise FunctionCrash

    def _lose_answer(self, fault: CallFault, perform: Perform) -> Answer:
        """Lose a call's answer: before the effect, after it, or with the effect still to come."""
        if fault in {CallFault.RESET_AFTER, CallFault.TIMEOUT_AFTER}:
            perform()
        if fault is CallFault.TIMEOUT_THEN_EFFECT:
            delay = self.simulation.dice.uniform(1, _LATEST_EFFECT_SECONDS)
            self.simulation.after(delay, lambda: _perform_unheard(perform))
        if fault not in {CallFault.RESET_BEFORE, CallFault.RESET_AFTER}:
            self.simulation.wait(TRY_SECONDS)
        raise LostAnswerError

    def _perform_without_skew(self, perform: Perform) -> Answer:
        """Perform a call at AWS or Stripe, where the clock is right."""
        skew = self.simulation.world.clock.skew
        token = skew.set(0.0)
        try:
            return perform()
        finally:
            skew.reset(token)

    def _delay(self) -> None:
        """Wait for the network, and crash the function if its time is up."""
        self.simulation.wait(self.simulation.dice.expovariate(1 / _MEAN_LATENCY_SECONDS))
        if self.simulation.world.clock.now > self.simulation.current_task.deadline:
            self.simulation.note("  ✱ out of time")
            raise FunctionCrash


def _possible_faults(call: OutsideCall) -> tuple[CallFault, ...]:
    if call.service == STRIPE:
        return _STRIPE_WRITE_FAULTS if "POST" in call.operation else _STRIPE_READ_FAULTS
    return _WRITE_FAULTS if call.operation in _CONDITIONAL_WRITES else _FAULTS


def _refusal(fault: CallFault, call: OutsideCall) -> Answer | None:
    """Return the error that a fault answers with, or None if it is no error."""
    is_stripe = call.service == STRIPE
    match fault:
        case CallFault.THROTTLED:
            return stripe_error(429) if is_stripe else aws_error("ThrottlingException")
        case CallFault.UNAVAILABLE:
            return stripe_error(503) if is_stripe else aws_error("InternalServerError")
        case CallFault.KEY_REFUSED:
            return stripe_error(401)
        case CallFault.WRITE_CONFLICT if call.operation == "PutItem":
            return aws_error("TransactionConflictException")
        case CallFault.WRITE_CONFLICT:
            reasons = '"CancellationReasons":[{"Code":"TransactionConflict"}]'
            return aws_error("TransactionCanceledException", reasons)
    return None


def _perform_unheard(perform: Perform) -> None:
    perform()
