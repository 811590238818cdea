"""One request to Stripe's API, as the code behind an endpoint sees it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.stripe_standin.faults import RefundBehavior
from infra.stripe_standin.params import Params
from infra.stripe_standin.records import Json
from infra.stripe_standin.standin import Cause, Standin


@dataclass(frozen=True)
class Call[P: Params]:
    """A validated request.

    Attributes:
        account: The `Stripe-Account`; None is the platform.
        ids: The ids in the path, by placeholder.
        cause: What the request's events say about their origin.
        take_outcome: Uses up a fault that makes the request end otherwise than well, if one
            is waiting for it. Asked only once nothing else is against the request.
    """

    standin: Standin
    account: str | None
    ids: dict[str, str]
    params: P
    cause: Cause
    take_outcome: Callable[[], RefundBehavior | None]


@dataclass(frozen=True)
class Operation:
    """An endpoint of Stripe's API.

    Attributes:
        path: With placeholders, as in Stripe's OpenAPI description.
        params: The type of its parameters.
        returns: The kind of object it answers with, such as `refund` or `list of refund`.
        run: What it does; returns the body of the 200.
    """

    method: str
    path: str
    params: type[Params]
    returns: str
    run: Callable[[Call[Any]], Json]
