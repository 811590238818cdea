"""The stand-in's parts, and the one act they share: telling the world of a change."""

from dataclasses import dataclass, field

from infra.stripe_standin.clock import Clock
from infra.stripe_standin.faults import Faults
from infra.stripe_standin.idempotency import IdempotencyKeys
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records import Event, Json
from infra.stripe_standin.request_log import RequestLog
from infra.stripe_standin.store import Store
from infra.stripe_standin.webhooks import Webhooks


@dataclass(frozen=True)
class Cause:
    """What an event says about its origin.

    Attributes:
        request_id: The API request; None for what happens outside (a bank, a dashboard).
    """

    request_id: str | None = None
    idempotency_key: str | None = None


OUTSIDE = Cause()


@dataclass
class Standin:
    """All state of one stand-in.

    Everything that changes it runs on one event loop and does not await in between, so every
    change is atomic to every other request.

    Attributes:
        api_key: The secret key that requests must carry.
        api_version: The version that events have unless their endpoint pins another.
    """

    api_key: str
    api_version: str
    clock: Clock = field(default_factory=Clock)
    store: Store = field(default_factory=Store)
    faults: Faults = field(default_factory=Faults)
    requests: RequestLog = field(default_factory=RequestLog)

    def __post_init__(self) -> None:
        self.keys = IdempotencyKeys(self.store, self.clock)
        self.webhooks = Webhooks(self.store, self.clock)

    def forget_everything(self) -> None:
        """Start over: no objects, keys, faults, settings or log, and the clock shows real time."""
        self.store.forget_everything()
        self.clock.offset_s = 0
        self.faults.clear()
        self.requests.clear()
        self.webhooks.reset()

    def emit(
        self,
        type_: str,
        rendered: Json,
        *,
        account: str | None,
        cause: Cause,
        before: Json | None = None,
    ) -> None:
        """Record an event and hand it to the webhooks.

        Args:
            type_: Such as `refund.created`.
            rendered: The changed object, as Stripe shows it after the change.
            account: Whose event it is.
            cause: What made the change.
            before: The object before the change, if the event tells what it was.
        """
        event = Event(
            id=new_id("evt"),
            account=account,
            created=self.clock.now(),
            type=type_,
            api_version=self.api_version,
            object=rendered,
            previous_attributes=None if before is None else changed_from(before, rendered),
            request_id=cause.request_id,
            idempotency_key=cause.idempotency_key,
        )
        self.store.events.add(event)
        self.webhooks.publish(event)


def changed_from(before: Json, after: Json) -> Json:
    """Return the old values of what changed; what was not there before is null."""
    previous: Json = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        nested = isinstance(old, dict) and isinstance(new, dict) and old.get("object") != "list"
        previous[name] = changed_from(old, new) if nested else old  # type: ignore[arg-type] # nested says both are dicts
    return previous
