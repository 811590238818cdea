"""Payment intents as Stripe's JSON."""

from typing import Literal

from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.charges import ChargeRecord, ChargeState
from infra.stripe_standin.records.payment_intents import PaymentIntentRecord
from infra.stripe_standin.rendering.charges import METHOD_IDS
from infra.stripe_standin.rendering.embedded import APPLICATION
from infra.stripe_standin.store import Store

type _IntentStatus = Literal[
    "succeeded", "processing", "requires_capture", "requires_payment_method", "canceled"
]
_STATUSES: dict[ChargeState, _IntentStatus] = {
    "paid": "succeeded",
    "pending": "processing",
    "uncaptured": "requires_capture",
    "failed": "requires_payment_method",
    "expired": "canceled",
    "canceled": "canceled",
}


def render_payment_intent(store: Store, intent: PaymentIntentRecord) -> JsonObject:
    """Render a payment intent. Its status follows its charge."""
    charge = store.charges[intent.latest_charge]
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": charge.amount if charge.state == "uncaptured" else 0,
        "amount_details": {"tip": {}},
        "amount_received": charge.amount_captured,
        "application": APPLICATION if charge.application_fee_amount else None,
        "application_fee_amount": charge.application_fee_amount,
        "automatic_payment_methods": None,
        "capture_method": "manual" if charge.manual_capture else "automatic",
        "client_secret": f"{intent.id}_secret_standin",
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": None,
        "description": intent.description,
        "last_payment_error": _last_error(charge),
        "latest_charge": intent.latest_charge,
        "livemode": False,
        "metadata": intent.metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None if charge.state == "failed" else METHOD_IDS[charge.payment_method],
        "payment_method_options": {},
        "payment_method_types": [charge.payment_method],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": _STATUSES[charge.state],
        "transfer_data": None,
        "transfer_group": None,
        **_cancellation(store, charge),
    }


def _cancellation(store: Store, charge: ChargeRecord) -> JsonObject:
    if _STATUSES[charge.state] != "canceled":
        return {"canceled_at": None, "cancellation_reason": None}
    release = next(store.refunds.of_group(charge.id).newest_first())
    reason = "automatic" if charge.state == "expired" else "requested_by_customer"
    return {"canceled_at": release.created, "cancellation_reason": reason}


def _last_error(charge: ChargeRecord) -> JsonObject | None:
    if charge.state != "failed":
        return None
    return {
        "charge": charge.id,
        "code": charge.failure_code,
        "message": charge.failure_message,
        "type": "card_error" if charge.payment_method == "card" else "invalid_request_error",
    }
