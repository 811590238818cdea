"""Faults on demand: what can go wrong between the product and Stripe, and inside Stripe."""

from itertools import count
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Between the product and Stripe. "Before" never reaches Stripe, so it leaves no trace under
# an idempotency key; "after" loses the answer to a request that was carried out.
type WireFault = Literal[
    "timeout_before_effect",
    "timeout_after_effect",
    "reset_before_effect",
    "reset_after_effect",
    "status_429",
]
# Inside Stripe, once execution began: its answer is kept under the idempotency key.
type ExecutionFault = Literal["slow", "status_500_before_effect", "status_500_after_effect"]
# A refund or transfer that is made and does not end well.
type RefundBehavior = Literal["pending", "requires_action", "insufficient_funds", "fail_at_once"]
type FaultName = WireFault | ExecutionFault | RefundBehavior

WIRE = frozenset(get_args(WireFault.__value__))
EXECUTION = frozenset(get_args(ExecutionFault.__value__))
OUTCOME = frozenset(get_args(RefundBehavior.__value__))
_TRANSFER_OUTCOMES = frozenset({"insufficient_funds", "fail_at_once"})
_REFUNDS = "/v1/refunds"
_TRANSFERS = "/v1/transfers"


class FaultMatch(BaseModel):
    """Which requests a fault waits for; what is null matches anything."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    method: Literal["GET", "POST", "DELETE"] | None = None
    path_prefix: str | None = None
    charge: str | None = None
    account: str | None = None


class FaultOrder(BaseModel):
    """A fault to inject.

    Attributes:
        times: How many requests it will hit.
        seconds: How long a time-out holds the connection, or how slow `slow` is.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    fault: FaultName
    times: Annotated[int, Field(ge=1)] = 1
    match: FaultMatch = FaultMatch()
    seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0

    @property
    def path_prefix(self) -> str:
        """Where the fault strikes: outcomes hit refunds unless they are told otherwise."""
        return self.match.path_prefix or (_REFUNDS if self.fault in OUTCOME else "")

    @model_validator(mode="after")
    def _outcome_must_exist(self) -> Self:
        possible = _TRANSFER_OUTCOMES if self.path_prefix == _TRANSFERS else OUTCOME
        if self.fault in OUTCOME and (
            self.path_prefix not in {_REFUNDS, _TRANSFERS} or self.fault not in possible
        ):
            message = f"{self.fault} cannot happen to {self.path_prefix}"
            raise ValueError(message)
        return self


class ActiveFault(BaseModel):
    """A fault that still waits for requests."""

    id: str
    order: FaultOrder
    times_left: int


class Target(BaseModel):
    """What of a request a fault is matched with.

    Attributes:
        charge: The charge it is about, directly or through another object.
    """

    method: str
    path: str
    charge: str | None
    account: str | None


class Faults:
    """The faults waiting, oldest first."""

    def __init__(self) -> None:
        self._active: list[ActiveFault] = []
        self._numbers = count(1)

    def add(self, order: FaultOrder) -> ActiveFault:
        """Let a fault wait for requests."""
        fault = ActiveFault(id=f"fault_{next(self._numbers)}", order=order, times_left=order.times)
        self._active.append(fault)
        return fault

    def active(self) -> list[ActiveFault]:
        """Return the faults that still wait."""
        return list(self._active)

    def clear(self) -> None:
        """Take all faults back."""
        self._active.clear()

    def take(self, names: frozenset[str], target: Target) -> FaultOrder | None:
        """Use up the oldest fault of these names that matches, if there is one."""
        for fault in self._active:
            if fault.order.fault in names and _matches(fault.order, target):
                fault.times_left -= 1
                if fault.times_left == 0:
                    self._active.remove(fault)
                return fault.order
        return None


def _matches(order: FaultOrder, target: Target) -> bool:
    match = order.match
    return (
        match.method in {None, target.method}
        and target.path.startswith(order.path_prefix)
        and match.charge in {None, target.charge}
        and match.account in {None, target.account}
    )
