"""Payment intents as Stripe's JSON."""

from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.payment_intents import PaymentIntentRecord
from infra.stripe_standin.rendering.embedded import APPLICATION


def render_payment_intent(intent: PaymentIntentRecord) -> JsonObject:
    """Render a payment intent that has succeeded."""
    return {
        "id": intent.id,
        "object": "payment_intent",
        "amount": intent.amount,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": intent.amount,
        "application": APPLICATION if intent.application_fee_amount else None,
        "application_fee_amount": intent.application_fee_amount,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent.id}_secret_standin",
        "confirmation_method": "automatic",
        "created": intent.created,
        "currency": intent.currency,
        "customer": None,
        "description": intent.description,
        "last_payment_error": None,
        "latest_charge": intent.latest_charge,
        "livemode": False,
        "metadata": intent.metadata,
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": "pm_card_visa",
        "payment_method_options": {},
        "payment_method_types": ["card"],
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "shipping": None,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }
