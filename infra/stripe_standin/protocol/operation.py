"""One operation of Stripe's API, and one call of it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.stripe_standin.faults import OutcomeFault
from infra.stripe_standin.protocol.params import Params
from infra.stripe_standin.records.base import JsonObject, StripeRecord
from infra.stripe_standin.state import EventCause, StandinState
from infra.stripe_standin.store import Collection


@dataclass(frozen=True)
class ApiCall[P: Params]:
    """A call of an operation with checked parameters.

    Attributes:
        account: The `Stripe-Account`; None is the platform.
        path: The path of the URL.
        ids: The ids in the path, by their placeholders.
        cause: The request, as its events name it.
        take_outcome_fault: Returns the fault that keeps the result from succeeding, if one waits
            for this call, and uses it up. Call it only after all checks have passed.
    """

    standin: StandinState
    account: str | None
    path: str
    ids: dict[str, str]
    params: P
    cause: EventCause
    take_outcome_fault: Callable[[], OutcomeFault | None]

    def find[R: StripeRecord](
        self, collection: Collection[R], placeholder: str, *, param: str | None = None
    ) -> R:
        """Return the account's record that the path names.

        Args:
            collection: The collection to search.
            placeholder: The placeholder of the id in the operation's path.
            param: What the error calls the id; None is the placeholder.

        Raises:
            StripeError: If the account has no such record.
        """
        return collection.find(self.ids[placeholder], self.account, param=param or placeholder)

    def emit(
        self, event_type: str, rendered: JsonObject, *, before: JsonObject | None = None
    ) -> None:
        """Emit an event of the call's account that names this call as its cause."""
        self.standin.emit(
            event_type, rendered, account=self.account, cause=self.cause, before=before
        )


@dataclass(frozen=True)
class Operation:
    """One method and path of Stripe's API.

    Attributes:
        path: With placeholders, as in Stripe's OpenAPI description.
        params_type: The type of the parameters.
        returns: The kind of object in the response, such as `refund` or `list of refund`.
        run: Executes a call and returns the body of the 200 response.
    """

    method: str
    path: str
    params_type: type[Params]
    returns: str
    run: Callable[[ApiCall[Any]], JsonObject]
