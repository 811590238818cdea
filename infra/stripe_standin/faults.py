"""Fault injection: what can go wrong between a client and Stripe, and inside Stripe."""

from itertools import count
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

# Between the client and Stripe. "Before" never reaches Stripe and saves nothing under the
# idempotency key. "After" executes the request and loses the response.
type NetworkFault = Literal[
    "timeout_before_effect",
    "timeout_after_effect",
    "reset_before_effect",
    "reset_after_effect",
    "status_429",
]
# Also between the client and Stripe: an answer comes, but nobody can read it.
type UnreadableFault = Literal[
    "html_200_before_effect",
    "html_200_after_effect",
    "html_403_before_effect",
    "html_403_after_effect",
    "html_502_before_effect",
    "html_502_after_effect",
    "cut_json_200_before_effect",
    "cut_json_200_after_effect",
    "empty_200_before_effect",
    "empty_200_after_effect",
    "empty_402_before_effect",
    "empty_402_after_effect",
    "text_400_before_effect",
    "text_400_after_effect",
    "other_json_400_before_effect",
    "other_json_400_after_effect",
    "oauth_error_400_before_effect",
    "oauth_error_400_after_effect",
    "wrong_content_type_before_effect",
    "wrong_content_type_after_effect",
]
# Inside Stripe, during execution. Stripe saves the response under the idempotency key.
type ServerFault = Literal["slow", "status_500_before_effect", "status_500_after_effect"]
# Stripe creates the refund or transfer, which then does not succeed.
type OutcomeFault = Literal["pending", "requires_action", "insufficient_funds", "fail_at_once"]
type FaultName = NetworkFault | UnreadableFault | ServerFault | OutcomeFault

NETWORK_FAULTS = frozenset(get_args(NetworkFault.__value__))
UNREADABLE_FAULTS = frozenset(get_args(UnreadableFault.__value__))
SERVER_FAULTS = frozenset(get_args(ServerFault.__value__))
OUTCOME_FAULTS = frozenset(get_args(OutcomeFault.__value__))
_TRANSFER_OUTCOMES = frozenset({"insufficient_funds", "fail_at_once"})
_REFUNDS_PATH = "/v1/refunds"
_TRANSFERS_PATH = "/v1/transfers"


class RequestMatcher(BaseModel):
    """Which requests a fault hits. None matches anything."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    method: Literal["GET", "POST", "DELETE"] | None = None
    path_prefix: str | None = None
    charge: str | None = None
    account: str | None = None


class FaultRule(BaseModel):
    """Which fault to inject, into which requests and how often.

    Attributes:
        times: How many requests the fault hits.
        seconds: How long a timeout holds the connection, or how slow `slow` is.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    fault: FaultName
    times: Annotated[int, Field(ge=1)] = 1
    match: RequestMatcher = RequestMatcher()
    seconds: Annotated[float, Field(ge=0, le=3600)] = 5.0

    @property
    def path_prefix(self) -> str:
        """The paths that the fault hits. An outcome fault hits refunds by default."""
        return self.match.path_prefix or (_REFUNDS_PATH if self.fault in OUTCOME_FAULTS else "")

    @model_validator(mode="after")
    def _outcome_must_exist(self) -> Self:
        if self.fault not in OUTCOME_FAULTS:
            return self
        outcomes = {_REFUNDS_PATH: OUTCOME_FAULTS, _TRANSFERS_PATH: _TRANSFER_OUTCOMES}
        if self.fault not in outcomes.get(self.path_prefix, frozenset()):
            message = f"{self.fault} cannot happen to {self.path_prefix}"
            raise ValueError(message)
        return self


class ActiveFault(BaseModel):
    """A fault that still waits for matching requests."""

    id: str
    rule: FaultRule
    times_left: int


class RequestTraits(BaseModel):
    """The parts of a request that faults are matched with.

    Attributes:
        charge: The charge that the request names, directly or through another object.
    """

    method: str
    path: str
    charge: str | None
    account: str | None


class FaultInjector:
    """The faults that wait for matching requests, oldest first."""

    def __init__(self) -> None:
        self._active: list[ActiveFault] = []
        self._numbers = count(1)

    def add(self, rule: FaultRule) -> ActiveFault:
        """Add a fault for future requests and return it."""
        fault = ActiveFault(id=f"fault_{next(self._numbers)}", rule=rule, times_left=rule.times)
        self._active.append(fault)
        return fault

    def active(self) -> list[ActiveFault]:
        """Return the faults that still wait for matching requests."""
        return list(self._active)

    def clear(self) -> None:
        """Remove all faults."""
        self._active.clear()

    def take(self, names: frozenset[str], request: RequestTraits) -> FaultRule | None:
        """Return the oldest matching fault of these names, and count it as used once."""
        for fault in self._active:
            if fault.rule.fault in names and _matches(fault.rule, request):
                fault.times_left -= 1
                if fault.times_left == 0:
                    self._active.remove(fault)
                return fault.rule
        return None


def _matches(rule: FaultRule, request: RequestTraits) -> bool:
    return (
        rule.match.method in {None, request.method}
        and request.path.startswith(rule.path_prefix)
        and rule.match.charge in {None, request.charge}
        and rule.match.account in {None, request.account}
    )
