"""Disputes as Stripe's JSON."""

from infra.stripe_standin.clock import SimulatedClock
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.disputes import DisputeRecord
from infra.stripe_standin.rendering.balance_transactions import render_balance_transaction
from infra.stripe_standin.store import Store

_EVIDENCE_FIELDS = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
)


def render_dispute(store: Store, dispute: DisputeRecord, clock: SimulatedClock) -> JsonObject:
    """Render a dispute with its balance transactions."""
    is_submitted = dispute.status.endswith("under_review")
    transactions = (store.balance_transactions[id_] for id_ in dispute.balance_transactions)
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [render_balance_transaction(each, clock) for each in transactions],
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE_FIELDS),
        "evidence_details": {
            "due_by": dispute.evidence_due_by,
            "has_evidence": is_submitted,
            "past_due": clock.now() > dispute.evidence_due_by,
            "submission_count": int(is_submitted),
        },
        "is_charge_refundable": dispute.is_charge_refundable,
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.payment_intent,
        "payment_method_details": {
            "card": {
                "brand": "visa",
                "case_type": "inquiry" if dispute.is_inquiry else "chargeback",
                "network_reason_code": "10.4",
            },
            "type": "card",
        },
        "reason": dispute.reason,
        "status": dispute.status,
    }
