"""Stripe's events on their way to the webhook."""

from dataclasses import dataclass

from infra.stripe_standin.records.webhooks import EventRecord
from tests.faults.one_process.outside_calls import OutsideCalls
from tests.faults.one_process.virtual_clock import VirtualClock
from tests.faults.world.functions import FunctionRuntime


@dataclass
class UndeliveredEvent:
    """An event that the webhook has not accepted yet.

    Attributes:
        next_try_at: The time of the next try, in seconds since the Unix epoch.
    """

    event: EventRecord
    next_try_at: float
    tries: int = 0


class EventDeliveries:
    """Delivers Stripe's events to the webhook.

    Attributes:
        undelivered: The events that are tried again.
    """

    def __init__(
        self, outside_calls: OutsideCalls, functions: FunctionRuntime, clock: VirtualClock
    ) -> None:
        self._outside_calls = outside_calls
        self._functions = functions
        self._clock = clock
        self.undelivered: list[UndeliveredEvent] = []

    def deliver_once(self, event: EventRecord) -> bool:
        """Send an event to the webhook once, and return whether it was accepted."""
        body, signature = self._outside_calls.stripe.signed_event(event, int(self._clock.now))
        request = {
            "httpMethod": "POST",
            "path": "/webhooks/stripe",
            "headers": {"Stripe-Signature": signature},
            "body": body,
            "isBase64Encoded": False,
            "requestContext": {"requestId": event.id},
        }
        answer = self._functions.invoke("stripe_webhook", request)
        return bool(answer is not None and answer["statusCode"] == 200)  # OK

    def retry_later(self, event: EventRecord) -> None:
        """Try an event again with the next delivery."""
        self.undelivered.append(UndeliveredEvent(event, self._clock.now))

    def deliver_due(self) -> None:
        """Deliver new events and those due for another try, as Stripe does: with growing delays."""
        for event in self._outside_calls.stripe.new_events():
            self.retry_later(event)
        for each in [each for each in self.undelivered if each.next_try_at <= self._clock.now]:
            if self.deliver_once(each.event):
                self.undelivered.remove(each)
            else:
                each.tries += 1
                each.next_try_at = self._clock.now + 60 * 4**each.tries
