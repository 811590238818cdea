"""Application fees and transfers as Stripe's JSON."""

from infra.stripe_standin.records import (
    ApplicationFee,
    FeeRefund,
    Json,
    Transfer,
    TransferReversal,
)
from infra.stripe_standin.rendering.payments import APPLICATION, embedded_list
from infra.stripe_standin.store import Store


def render_application_fee(store: Store, fee: ApplicationFee) -> Json:
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
            (render_fee_refund(refund) for refund in refunds),
            f"/v1/application_fees/{fee.id}/refunds",
        ),
    }


def render_fee_refund(refund: FeeRefund) -> Json:
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


def render_transfer(store: Store, transfer: Transfer) -> Json:
    """Render a transfer with its reversals."""
    returned = store.amount_reversed(transfer)
    reversals = store.transfer_reversals.of_group(transfer.id).newest_first()
    return {
        "id": transfer.id,
        "object": "transfer",
        "amount": transfer.amount,
        "amount_reversed": returned,
        "balance_transaction": transfer.balance_transaction,
        "created": transfer.created,
        "currency": transfer.currency,
        "description": transfer.description,
        "destination": transfer.destination,
        "destination_payment": transfer.destination_payment,
        "livemode": False,
        "metadata": transfer.metadata,
        "reversals": embedded_list(
            (render_transfer_reversal(reversal) for reversal in reversals),
            f"/v1/transfers/{transfer.id}/reversals",
        ),
        "reversed": returned == transfer.amount,
        "source_transaction": transfer.source_transaction,
        "source_type": transfer.source_type,
        "transfer_group": transfer.transfer_group,
    }


def render_transfer_reversal(reversal: TransferReversal) -> Json:
    """Render a reversal of a transfer."""
    return {
        "id": reversal.id,
        "object": "transfer_reversal",
        "amount": reversal.amount,
        "balance_transaction": reversal.balance_transaction,
        "created": reversal.created,
        "currency": reversal.currency,
        "destination_payment_refund": reversal.destination_payment_refund,
        "metadata": reversal.metadata,
        "source_refund": None,
        "transfer": reversal.transfer,
    }
