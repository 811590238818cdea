"""Application fees and their refunds as Stripe's JSON."""

from infra.stripe_standin.records.application_fees import ApplicationFeeRecord, FeeRefundRecord
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.embedded import APPLICATION, embedded_list
from infra.stripe_standin.store import Store


def render_application_fee(store: Store, fee: ApplicationFeeRecord) -> JsonObject:
    """Render an application fee with its refunds."""
    refunded = store.fee_amount_refunded(fee)
    refunds = store.fee_refunds.of_group(fee.id).newest_first()
    return {
        "id": fee.id,
        "object": "application_fee",
        "account": fee.paid_by,
        "amount": fee.amount,
        "amount_refunded": refunded,
        "application": APPLICATION,
        "balance_transaction": fee.balance_transaction,
        "charge": fee.charge,
        "created": fee.created,
        "currency": fee.currency,
        "fee_source": {"charge": fee.charge, "type": "charge"},
        "livemode": False,
        "originating_transaction": None,
        "refunded": refunded == fee.amount,
        "refunds": embedded_list(
            map(render_fee_refund, refunds), f"/v1/application_fees/{fee.id}/refunds"
        ),
    }


def render_fee_refund(refund: FeeRefundRecord) -> JsonObject:
    """Render a refund of an application fee."""
    return {
        "id": refund.id,
        "object": "fee_refund",
        "amount": refund.amount,
        "balance_transaction": refund.balance_transaction,
        "created": refund.created,
        "currency": refund.currency,
        "fee": refund.fee,
        "metadata": refund.metadata,
    }
