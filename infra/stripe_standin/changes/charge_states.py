"""Charges that move on, and what Stripe announces about it.

See https://stripe.com/docs/payments/place-a-hold-on-a-payment-method and
https://stripe.com/docs/payments/payment-methods#payment-notification
"""

from dataclasses import dataclass
from typing import Literal

from infra.stripe_standin.changes.charges import (
    collect_charge,
    expire_authorization,
    release_authorization,
)
from infra.stripe_standin.changes.impossible import ImpossibleChangeError
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.charges import ChargeRecord, ChargeState
from infra.stripe_standin.records.refunds import RefundRecord
from infra.stripe_standin.rendering.application_fees import render_application_fee
from infra.stripe_standin.rendering.charges import render_charge
from infra.stripe_standin.rendering.payment_intents import render_payment_intent
from infra.stripe_standin.rendering.refunds import render_refund
from infra.stripe_standin.state import NO_REQUEST, EventCause, StandinState

type NextChargeState = Literal["paid", "failed", "expired", "canceled"]

_NEXT_STATES: dict[ChargeState, frozenset[NextChargeState]] = {
    "pending": frozenset({"paid", "failed"}),
    "uncaptured": frozenset({"paid", "expired", "canceled"}),
}
# What Stripe announces about the payment intent of a charge that gets into a state.
_INTENT_EVENTS: dict[ChargeState, str] = {
    "paid": "payment_intent.succeeded",
    "pending": "payment_intent.processing",
    "uncaptured": "payment_intent.amount_capturable_updated",
    "failed": "payment_intent.payment_failed",
    "expired": "payment_intent.canceled",
    "canceled": "payment_intent.canceled",
}


class ChargeTransitionError(ImpossibleChangeError):
    """Stripe never moves a charge from its state to the requested one."""


@dataclass(frozen=True)
class ChargeTransition:
    """A change of a charge's state.

    Attributes:
        amount_captured: How much of an authorization to collect; None collects all.
        fee: What Stripe keeps; None keeps the fee of the seed.
        application_fee_amount: None keeps the amount of the seed.
        failure_code: Why it failed; used only by `failed`, like the message.
    """

    state: NextChargeState
    amount_captured: int | None = None
    fee: int | None = None
    application_fee_amount: int | None = None
    failure_code: str = "insufficient_funds"
    failure_message: str = "The customer's account has insufficient funds to cover this payment."


def apply_charge_transition(
    standin: StandinState, charge: ChargeRecord, transition: ChargeTransition
) -> None:
    """Move a charge to another state, with its money and its events.

    Raises:
        ChargeTransitionError: If Stripe never moves a charge that way, or cannot capture so much.
    """
    _check(charge, transition)
    before = render_charge(standin.store, charge)
    was_authorized = charge.state == "uncaptured"
    release = _move(standin, charge, transition)
    if release is not None:
        _emit_release(standin, release, NO_REQUEST)
    announcer = _Announcer(standin, charge, NO_REQUEST)
    if charge.state == "paid" and was_authorized:
        announcer.emit("charge.captured")
        announcer.emit("charge.updated", before)
    elif charge.state == "paid":
        announcer.emit("charge.succeeded")
    elif charge.state == "canceled":
        announcer.emit("charge.refunded", before)
    else:
        announcer.emit(f"charge.{charge.state}")
    announcer.emit_consequences()


def announce_seeded_charge(standin: StandinState, charge: ChargeRecord) -> None:
    """Emit the events that Stripe sent while a seeded charge came into its state."""
    announcer = _Announcer(standin, charge, NO_REQUEST)
    for refund in standin.store.refunds.of_group(charge.id).oldest_first():
        _emit_release(standin, refund, NO_REQUEST)
    match charge.state:
        case "paid" if charge.manual_capture:
            event_types = ["charge.captured", "charge.updated"]
        case "paid" | "uncaptured":
            # An authorization counts as a success, although no money has moved.
            event_types = ["charge.succeeded"]
        case "canceled":
            event_types = ["charge.refunded"]
        case state:
            event_types = [f"charge.{state}"]
    for event_type in event_types:
        announcer.emit(event_type)
    announcer.emit_consequences()


def announce_release(
    standin: StandinState,
    charge: ChargeRecord,
    release: RefundRecord,
    *,
    before: JsonObject,
    cause: EventCause,
) -> None:
    """Emit the events of an authorization that a refund request gave up."""
    announcer = _Announcer(standin, charge, cause)
    _emit_release(standin, release, cause)
    announcer.emit("charge.refunded", before)
    announcer.emit_consequences()


def _check(charge: ChargeRecord, transition: ChargeTransition) -> None:
    if transition.state not in _NEXT_STATES.get(charge.state, frozenset()):
        message = f"a charge that is {charge.state} does not become {transition.state}"
        raise ChargeTransitionError(message)
    if transition.amount_captured is None:
        return
    if charge.state != "uncaptured" or transition.state != "paid":
        message = "only an uncaptured charge that becomes paid has an amount_captured"
        raise ChargeTransitionError(message)
    if transition.amount_captured > charge.amount:
        message = f"amount_captured is more than the amount of {charge.id}, {charge.amount}"
        raise ChargeTransitionError(message)


def _move(
    standin: StandinState, charge: ChargeRecord, transition: ChargeTransition
) -> RefundRecord | None:
    """Move the charge and its money, and return the refund that released an authorization."""
    now = standin.clock.now()
    match transition.state:
        case "paid":
            if transition.fee is not None:
                charge.stripe_fee = transition.fee
            if transition.application_fee_amount is not None and charge.planned_application_fee:
                charge.application_fee_amount = transition.application_fee_amount
            amount = transition.amount_captured or charge.amount
            return collect_charge(standin, charge, amount, at=now)
        case "failed":
            charge.state = "failed"
            charge.failure_code = transition.failure_code
            charge.failure_message = transition.failure_message
            return None
        case "expired":
            return expire_authorization(standin, charge, at=now)
        case "canceled":
            return release_authorization(standin, charge, at=now)


def _emit_release(standin: StandinState, release: RefundRecord, cause: EventCause) -> None:
    rendered = render_refund(release)
    standin.emit("refund.created", rendered, account=release.account, cause=cause)


@dataclass(frozen=True)
class _Announcer:
    """Emits the events about one charge."""

    standin: StandinState
    charge: ChargeRecord
    cause: EventCause

    def emit(self, event_type: str, before: JsonObject | None = None) -> None:
        """Emit an event whose object is the charge."""
        rendered = render_charge(self.standin.store, self.charge)
        self._emit(event_type, rendered, before)

    def emit_consequences(self) -> None:
        """Emit the events of the charge's payment intent and of a new application fee."""
        store, charge = self.standin.store, self.charge
        if charge.payment_intent is not None:
            intent = store.payment_intents[charge.payment_intent]
            self._emit(_INTENT_EVENTS[charge.state], render_payment_intent(store, intent), None)
        if charge.application_fee is not None:
            fee = render_application_fee(store, store.application_fees[charge.application_fee])
            self.standin.emit("application_fee.created", fee, account=None, cause=self.cause)

    def _emit(self, event_type: str, rendered: JsonObject, before: JsonObject | None) -> None:
        account = self.charge.account
        self.standin.emit(event_type, rendered, account=account, cause=self.cause, before=before)
