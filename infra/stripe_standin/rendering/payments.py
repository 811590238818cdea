"""Charges, payment intents, refunds, disputes and balance transactions as Stripe's JSON."""

from collections.abc import Iterator
from itertools import islice

from infra.stripe_standin.clock import Clock
from infra.stripe_standin.records import (
    BalanceTransaction,
    Charge,
    Dispute,
    Json,
    PaymentIntent,
    Refund,
)
from infra.stripe_standin.store import Store

APPLICATION = "ca_standin"
_EMBEDDED = 10
_DAY_S = 24 * 3600
_FUNDS_AVAILABLE_AFTER_S = 2 * _DAY_S
_EVIDENCE_DUE_AFTER_S = 14 * _DAY_S
_EVIDENCE = (
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


def embedded_list(items: Iterator[Json], url: str) -> Json:
    """Return the first page of a list that is part of another object."""
    page = list(islice(items, _EMBEDDED + 1))
    return {
        "object": "list",
        "data": page[:_EMBEDDED],
        "has_more": len(page) > _EMBEDDED,
        "url": url,
    }


def render_charge(store: Store, charge: Charge) -> Json:
    """Render a charge; since version 2022-11-15 its refunds are left out unless expanded."""
    refunded = store.amount_refunded(charge)
    arrived = charge.source_transfer is not None
    return {
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "amount_captured": charge.amount,
        "amount_refunded": refunded,
        "application": APPLICATION if charge.application_fee else None,
        "application_fee": charge.application_fee,
        "application_fee_amount": charge.application_fee_amount,
        "balance_transaction": charge.balance_transaction,
        "billing_details": {
            "address": {
                "city": None,
                "country": None,
                "line1": None,
                "line2": None,
                "postal_code": None,
                "state": None,
            },
            "email": None,
            "name": None,
            "phone": None,
        },
        "calculated_statement_descriptor": None,
        "captured": True,
        "created": charge.created,
        "currency": charge.currency,
        "customer": None,
        "description": charge.description,
        "disputed": charge.dispute is not None,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "fraud_details": {},
        "livemode": False,
        "metadata": charge.metadata,
        "on_behalf_of": None,
        "outcome": None
        if arrived
        else {
            "network_status": "approved_by_network",
            "reason": None,
            "risk_level": "normal",
            "risk_score": 12,
            "seller_message": "Payment complete.",
            "type": "authorized",
        },
        "paid": True,
        "payment_intent": charge.payment_intent,
        "payment_method": None if arrived else "pm_card_visa",
        "payment_method_details": {"type": "stripe_account"} if arrived else _visa(),
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "refunded": refunded == charge.amount,
        "review": None,
        "shipping": None,
        "source_transfer": charge.source_transfer,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "status": "succeeded",
        "transfer_data": None,
        "transfer_group": None,
    }


def _visa() -> Json:
    return {
        "card": {
            "brand": "visa",
            "checks": {
                "address_line1_check": None,
                "address_postal_code_check": None,
                "cvc_check": None,
            },
            "country": "US",
            "exp_month": 12,
            "exp_year": 2034,
            "fingerprint": "standinstandin42",
            "funding": "credit",
            "installments": None,
            "last4": "4242",
            "mandate": None,
            "network": "visa",
            "network_token": {"used": False},
            "three_d_secure": None,
            "wallet": None,
        },
        "type": "card",
    }


def refunds_of_charge(store: Store, charge: Charge) -> Json:
    """Return what `expand[]=refunds` puts into a charge."""
    refunds = store.refunds.of_group(charge.id).newest_first()
    items = (render_refund(refund) for refund in refunds)
    return embedded_list(items, f"/v1/charges/{charge.id}/refunds")


def render_payment_intent(intent: PaymentIntent) -> Json:
    """Render a payment intent, which has always succeeded."""
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


def render_refund(refund: Refund) -> Json:
    """Render a refund; reasons of failure or waiting appear only while there is one."""
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
    passing = {
        "failure_balance_transaction": refund.failure_balance_transaction,
        "failure_reason": refund.failure_reason,
        "instructions_email": refund.instructions_email,
        "next_action": _next_action(refund),
        "pending_reason": refund.pending_reason,
    }
    return fields | {name: value for name, value in passing.items() if value is not None}


def _next_action(refund: Refund) -> Json | None:
    if refund.status != "requires_action":
        return None
    return {
        "display_details": {
            "email_sent": {
                "email_sent_at": refund.created,
                "email_sent_to": refund.instructions_email or "customer@example.com",
            },
            "expires_at": refund.created + 30 * _DAY_S,
        },
        "type": "display_details",
    }


def render_dispute(store: Store, dispute: Dispute, clock: Clock) -> Json:
    """Render a dispute with its balance transactions."""
    due_by = dispute.created + _EVIDENCE_DUE_AFTER_S
    transactions = (store.balance_transactions[id_] for id_ in dispute.balance_transactions)
    return {
        "id": dispute.id,
        "object": "dispute",
        "amount": dispute.amount,
        "balance_transactions": [render_balance_transaction(txn, clock) for txn in transactions],
        "charge": dispute.charge,
        "created": dispute.created,
        "currency": dispute.currency,
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(_EVIDENCE),
        "evidence_details": {
            "due_by": due_by,
            "has_evidence": False,
            "past_due": clock.now() > due_by,
            "submission_count": 0,
        },
        "is_charge_refundable": dispute.status == "won",
        "livemode": False,
        "metadata": {},
        "payment_intent": dispute.payment_intent,
        "payment_method_details": {
            "card": {"brand": "visa", "case_type": "chargeback", "network_reason_code": "10.4"},
            "type": "card",
        },
        "reason": "fraudulent",
        "status": dispute.status,
    }


def render_balance_transaction(transaction: BalanceTransaction, clock: Clock) -> Json:
    """Render a balance transaction.

    The `fee` of a direct charge includes the application fee; `fee_details` tells them apart.
    """
    fees = [
        {
            "amount": amount,
            "application": application,
            "currency": transaction.currency,
            "description": description,
            "type": type_,
        }
        for amount, application, description, type_ in (
            (transaction.application_fee, APPLICATION, "application fee", "application_fee"),
            (transaction.stripe_fee, None, "Stripe processing fees", "stripe_fee"),
        )
        if amount
    ]
    fee = transaction.application_fee + transaction.stripe_fee
    available_on = transaction.created + _FUNDS_AVAILABLE_AFTER_S
    return {
        "id": transaction.id,
        "object": "balance_transaction",
        "amount": transaction.amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": transaction.created,
        "currency": transaction.currency,
        "description": transaction.description,
        "exchange_rate": None,
        "fee": fee,
        "fee_details": fees,
        "net": transaction.amount - fee,
        "reporting_category": transaction.category,
        "source": transaction.source,
        "status": "available" if available_on <= clock.now() else "pending",
        "type": transaction.type,
    }
