"""The state of one stand-in, and how a change of it becomes an event."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from infra.stripe_standin.clock import SimulatedClock
from infra.stripe_standin.faults import FaultInjector
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.protocol.idempotency import IdempotencyKeys
from infra.stripe_standin.protocol.permissions import RestrictedKey
from infra.stripe_standin.protocol.request_log import RequestLog
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.webhooks import EventRecord
from infra.stripe_standin.store import Store
from infra.stripe_standin.webhooks.delivery_queue import DeliveryQueue

DEAUTHORIZED = "account.application.deauthorized"


@dataclass(frozen=True)
class EventCause:
    """The API request that an event names as its cause.

    Attributes:
        request_id: None if no request caused the event, but a bank or the dashboard.
    """

    request_id: str | None = None
    idempotency_key: str | None = None


NO_REQUEST = EventCause()


@dataclass
class StandinState:
    """The whole state of one stand-in: objects, clock, faults, webhooks and logs.

    Every change runs on one event loop and does not await, so it is atomic to other requests.

    Attributes:
        api_key: The secret key that requests must carry.
        api_version: The version of events whose endpoint pins none.
        restricted_keys: Keys that may do less than `api_key`. A reset keeps them.
    """

    api_key: str
    api_version: str
    clock: SimulatedClock = field(default_factory=SimulatedClock)
    store: Store = field(default_factory=Store)
    faults: FaultInjector = field(default_factory=FaultInjector)
    request_log: RequestLog = field(default_factory=RequestLog)
    restricted_keys: dict[str, RestrictedKey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.idempotency_keys = IdempotencyKeys(self.store, self.clock)
        self.webhooks = DeliveryQueue(self.store, self.clock)
        self._is_silent = False

    def reset(self) -> None:
        """Delete all objects, keys, faults, settings and log entries, and show real time."""
        self.store.clear()
        self.clock.offset_s = 0
        self.faults.clear()
        self.request_log.clear()
        self.webhooks.reset()

    @contextmanager
    def maybe_silent(self, *, silent: bool) -> Iterator[None]:
        """Make a change. A silent one has no events, as if Stripe had lost all of them."""
        self._is_silent = silent
        try:
            yield
        finally:
            self._is_silent = False

    def emit(
        self,
        event_type: str,
        rendered: JsonObject,
        *,
        account: str | None,
        cause: EventCause,
        before: JsonObject | None = None,
    ) -> None:
        """Record an event and queue its deliveries.

        Args:
            event_type: Such as `refund.created`.
            rendered: The changed object as Stripe's JSON after the change.
            account: The account that owns the event.
            cause: The request that made the change.
            before: The object before the change; None leaves out `previous_attributes`.
        """
        if self._is_silent:
            return
        event = EventRecord(
            id=new_id("evt"),
            account=account,
            created=self.clock.now(),
            type=event_type,
            api_version=self.api_version,
            object=rendered,
            previous_attributes=None if before is None else _previous(before, rendered),
            request_id=cause.request_id,
            idempotency_key=cause.idempotency_key,
        )
        self.store.events.add(event)
        # An account that left tells the platform only that it left.
        is_heard = self.store.is_connected(account) or event_type == DEAUTHORIZED
        if is_heard:
            self.webhooks.publish(event)


def _previous(before: JsonObject, after: JsonObject) -> JsonObject:
    """Return the old values of the changed attributes. A new attribute was null before."""
    previous: JsonObject = {}
    for name in before.keys() | after.keys():
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        both_objects = isinstance(old, dict) and isinstance(new, dict)
        if both_objects and old.get("object") != "list":  # type: ignore[union-attr] # old is a dict
            previous[name] = _previous(old, new)  # type: ignore[arg-type] # both are dicts
        else:
            previous[name] = old
    return previous
