"""What Stripe and banks do by themselves in bad weather: they decide, and events arrive."""

from dataclasses import dataclass, field
from functools import partial

from infra.stripe_standin.records.refunds import StripeRefundStatus
from infra.stripe_standin.records.webhooks import EventRecord
from tests.faults.weather.aws_activity import AwsActivity
from tests.faults.weather.climate import Climate
from tests.faults.weather.simulation import Simulation

_MINUTE, _DAY = 60.0, 86_400.0

_BANK_DECISIONS: tuple[StripeRefundStatus, ...] = ("succeeded", "succeeded", "failed")
_DELIVERY_COUNTS = (1, 1, 1, 2, 3)
_DELIVERY_DELAY_SECONDS = (0.0, 0.1, 2.0, 5 * _MINUTE, 2 * _DAY)
# The storm is over long before Stripe stops trying, after three days.
_DELIVERY_RETRIES = 5


@dataclass
class StripeActivity:
    """Moves refunds and delivers events."""

    simulation: Simulation
    climate: Climate
    aws: AwsActivity
    _decided: set[str] = field(default_factory=set)

    def send_events(self) -> None:
        """Send new events: soon or late, once or more often, in any order, or never."""
        self._plan_bank_decisions()
        dice = self.simulation.dice
        for event in self.simulation.world.stripe.new_events():
            if dice.random() < self.climate.drop:
                self.simulation.note(f"{event.id} {event.type} will never arrive")
                continue
            for _ in range(dice.choice(_DELIVERY_COUNTS)):
                delay = dice.choice(_DELIVERY_DELAY_SECONDS)
                self.simulation.within(delay, partial(self._deliver, event, tries=0))

    def fail_any_refund(self) -> None:
        """Let a bank return the money of some refund, even of one that succeeded."""
        able = [
            each.id
            for each in self.simulation.world.stripe.standin.store.refunds
            if each.status in {"pending", "succeeded"}
            and each.charge.startswith("ch_")
            and not each.is_release
        ]
        if able:
            chosen = self.simulation.dice.choice(able)
            self.simulation.note(f"the bank fails {chosen}")
            self.simulation.world.stripe.move_refund(chosen, "failed")
            self.send_events()

    def _plan_bank_decisions(self) -> None:
        """Let a bank decide within two days about each pending refund."""
        for each in self.simulation.world.stripe.standin.store.refunds:
            if each.status == "pending" and each.id not in self._decided:
                self._decided.add(each.id)
                decision = self.simulation.dice.choice(_BANK_DECISIONS)
                self.simulation.within(2 * _DAY, partial(self._decide, each.id, decision))

    def _decide(self, stripe_refund_id: str, decision: StripeRefundStatus) -> None:
        stripe = self.simulation.world.stripe
        if stripe.standin.store.refunds[stripe_refund_id].status == "pending":
            self.simulation.note(f"{stripe_refund_id} {decision}")
            stripe.move_refund(stripe_refund_id, decision)
            self.send_events()

    def _deliver(self, event: EventRecord, tries: int) -> None:
        """Deliver an event, and plan the next try if it is not accepted."""
        events = self.simulation.world.events

        def call() -> None:
            is_accepted = events.deliver_once(event)
            answer = "accepted" if is_accepted else "not accepted"
            self.simulation.note(f"{event.id} {event.type}: {answer}")
            if is_accepted:
                return
            if tries < _DELIVERY_RETRIES:
                retry = partial(self._deliver, event, tries=tries + 1)
                self.simulation.within(_MINUTE * 4**tries, retry)
            else:
                events.retry_later(event)

        self.aws.start("stripe_webhook", call)
