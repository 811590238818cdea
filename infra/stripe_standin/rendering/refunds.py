"""Refunds as Stripe's JSON."""

from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.refunds import RefundRecord

_ACTION_EXPIRES_AFTER_S = 30 * 24 * 3600


def render_refund(refund: RefundRecord) -> JsonObject:
    """Render a refund. It has the fields about failing or waiting only while they apply."""
    fields = {
        "id": refund.id,
        "object": "refund",
        "amount": refund.amount,
        "balance_transaction": refund.balance_transaction,
        "charge": refund.charge,
        "created": refund.created,
        "currency": refund.currency,
        "destination_details": {
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
            "type": "card",
        },
        "metadata": refund.metadata,
        "payment_intent": refund.payment_intent,
        "reason": refund.reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": refund.status,
        "transfer_reversal": None,
    }
    temporary = {
        "failure_balance_transaction": refund.failure_balance_transaction,
        "failure_reason": refund.failure_reason,
        "instructions_email": refund.instructions_email,
        "next_action": _next_action(refund),
        "pending_reason": refund.pending_reason,
    }
    return fields | {name: value for name, value in temporary.items() if value is not None}


def _next_action(refund: RefundRecord) -> JsonObject | None:
    if refund.status != "requires_action":
        return None
    return {
        "display_details": {
            "email_sent": {
                "email_sent_at": refund.created,
                "email_sent_to": refund.instructions_email or "customer@example.com",
            },
            "expires_at": refund.created + _ACTION_EXPIRES_AFTER_S,
        },
        "type": "display_details",
    }
