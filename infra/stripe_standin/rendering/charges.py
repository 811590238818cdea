"""Charges as Stripe's JSON."""

from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.charges import ChargeRecord, PaymentMethod
from infra.stripe_standin.rendering.embedded import APPLICATION, embedded_list
from infra.stripe_standin.rendering.refunds import render_refund
from infra.stripe_standin.store import Store

METHOD_IDS: dict[PaymentMethod, str] = {
    "card": "pm_card_visa",
    "us_bank_account": "pm_usBankAccount",
    "sepa_debit": "pm_sepaDebit",
}


def render_charge(store: Store, charge: ChargeRecord) -> JsonObject:
    """Render a charge without its refunds, which Stripe shows only when expanded.

    Stripe leaves them out since API version 2022-11-15.
    """
    return {
        "id": charge.id,
        "object": "charge",
        "amount": charge.amount,
        "balance_transaction": charge.balance_transaction,
        "calculated_statement_descriptor": None,
        "created": charge.created,
        "currency": charge.currency,
        "customer": None,
        "description": charge.description,
        "disputed": any(store.disputes_of(charge)),
        "fraud_details": {},
        "livemode": False,
        "metadata": charge.metadata,
        "on_behalf_of": None,
        "payment_intent": charge.payment_intent,
        "receipt_email": None,
        "receipt_number": None,
        "receipt_url": None,
        "review": None,
        "shipping": None,
        "source_transfer": charge.source_transfer,
        "statement_descriptor": None,
        "statement_descriptor_suffix": None,
        "transfer_data": None,
        "transfer_group": None,
        **_outcome(charge),
        **_amounts(store, charge),
        **_application_fee(charge),
        **_payment_method(charge),
    }


def _outcome(charge: ChargeRecord) -> JsonObject:
    """Return whether the payment went through and why.

    An authorization is `paid` although nothing was captured. A bank debit under way is `captured`
    although it is not paid.
    """
    return {
        "captured": charge.state in {"paid", "pending"},
        "failure_balance_transaction": None,
        "failure_code": charge.failure_code,
        "failure_message": charge.failure_message,
        "outcome": None if _is_arrived_transfer(charge) else _bank_answer(charge),
        "paid": charge.status == "succeeded",
        "status": charge.status,
    }


def _bank_answer(charge: ChargeRecord) -> JsonObject:
    is_declined = charge.state == "failed"
    return {
        "network_status": "declined_by_network" if is_declined else "approved_by_network",
        "reason": "generic_decline" if is_declined else None,
        "risk_level": "normal",
        "risk_score": 12,
        "seller_message": "The bank did not return any further details with this decline."
        if is_declined
        else "Payment complete.",
        "type": "issuer_declined" if is_declined else "authorized",
    }


def _amounts(store: Store, charge: ChargeRecord) -> JsonObject:
    """Return how much was captured and how much went back.

    What went back includes the released part of an authorization.
    """
    refunded = store.amount_refunded(charge)
    return {
        "amount_captured": charge.amount if charge.state == "pending" else charge.amount_captured,
        "amount_refunded": refunded,
        "refunded": refunded == charge.amount,
    }


def _application_fee(charge: ChargeRecord) -> JsonObject:
    return {
        "application": APPLICATION if charge.application_fee else None,
        "application_fee": charge.application_fee,
        "application_fee_amount": charge.application_fee_amount,
    }


def _payment_method(charge: ChargeRecord) -> JsonObject:
    address_parts = ("city", "country", "line1", "line2", "postal_code", "state")
    billing_details = {
        "address": dict.fromkeys(address_parts),
        "email": None,
        "name": None,
        "phone": None,
    }
    if _is_arrived_transfer(charge):
        method, details = None, {"type": "stripe_account"}
    else:
        method, details = METHOD_IDS[charge.payment_method], _method_details(charge)
    return {
        "billing_details": billing_details,
        "payment_method": method,
        "payment_method_details": details,
    }


def _is_arrived_transfer(charge: ChargeRecord) -> bool:
    return charge.source_transfer is not None


def _method_details(charge: ChargeRecord) -> JsonObject:
    details: dict[PaymentMethod, JsonObject] = {
        "card": _visa_details(),
        "us_bank_account": {
            "us_bank_account": {
                "account_holder_type": "individual",
                "account_type": "checking",
                "bank_name": "STRIPE TEST BANK",
                "fingerprint": "standinstandin43",
                "last4": "6789",
                "routing_number": "110000000",
            },
            "type": "us_bank_account",
        },
        "sepa_debit": {
            "sepa_debit": {
                "bank_code": "37040044",
                "branch_code": None,
                "country": "DE",
                "fingerprint": "standinstandin44",
                "last4": "3000",
                "mandate": "mandate_standin",
            },
            "type": "sepa_debit",
        },
    }
    return details[charge.payment_method]


def _visa_details() -> JsonObject:
    checks = ("address_line1_check", "address_postal_code_check", "cvc_check")
    return {
        "card": {
            "brand": "visa",
            "checks": dict.fromkeys(checks),
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


def render_refunds_of_charge(store: Store, charge: ChargeRecord) -> JsonObject:
    """Render the list that `expand[]=refunds` puts into a charge."""
    refunds = store.refunds.of_group(charge.id).newest_first()
    return embedded_list(map(render_refund, refunds), f"/v1/charges/{charge.id}/refunds")
