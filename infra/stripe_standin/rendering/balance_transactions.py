"""Balance transactions as Stripe's JSON."""

from infra.stripe_standin.clock import SimulatedClock
from infra.stripe_standin.records.balance_transactions import BalanceTransactionRecord
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.embedded import APPLICATION

_FUNDS_AVAILABLE_AFTER_S = 2 * 24 * 3600


def render_balance_transaction(
    transaction: BalanceTransactionRecord, clock: SimulatedClock
) -> JsonObject:
    """Render a balance transaction.

    The `fee` of a direct charge includes the application fee. `fee_details` lists both parts.
    """
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
        "exchange_rate": None
        if transaction.exchange_rate is None
        else float(transaction.exchange_rate),
        "fee": fee,
        "fee_details": _fee_details(transaction),
        "net": transaction.amount - fee,
        "reporting_category": transaction.reporting_category,
        "source": transaction.source,
        "status": "available" if available_on <= clock.now() else "pending",
        "type": transaction.type,
    }


def _fee_details(transaction: BalanceTransactionRecord) -> list[JsonObject]:
    is_dispute = transaction.reporting_category.startswith("dispute")
    application_fee = {
        "amount": transaction.application_fee,
        "application": APPLICATION,
        "currency": transaction.currency,
        "description": "application fee",
        "type": "application_fee",
    }
    stripe_fee = {
        "amount": transaction.stripe_fee,
        "application": None,
        "currency": transaction.currency,
        "description": "Dispute fee" if is_dispute else "Stripe processing fees",
        "type": "stripe_fee",
    }
    return [fee for fee in (application_fee, stripe_fee) if fee["amount"]]
