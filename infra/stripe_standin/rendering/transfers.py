"""Transfers and their reversals as Stripe's JSON."""

from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.transfers import TransferRecord, TransferReversalRecord
from infra.stripe_standin.rendering.embedded import embedded_list
from infra.stripe_standin.store import Store


def render_transfer(store: Store, transfer: TransferRecord) -> JsonObject:
    """Render a transfer with its reversals."""
    amount_reversed = store.amount_reversed(transfer)
    reversals = store.transfer_reversals.of_group(transfer.id).newest_first()
    return {
        "id": transfer.id,
        "object": "transfer",
        "amount": transfer.amount,
        "amount_reversed": amount_reversed,
        "balance_transaction": transfer.balance_transaction,
        "created": transfer.created,
        "currency": transfer.currency,
        "description": transfer.description,
        "destination": transfer.destination,
        "destination_payment": transfer.destination_payment,
        "livemode": False,
        "metadata": transfer.metadata,
        "reversals": embedded_list(
            map(render_transfer_reversal, reversals), f"/v1/transfers/{transfer.id}/reversals"
        ),
        "reversed": amount_reversed == transfer.amount,
        "source_transaction": transfer.source_transaction,
        "source_type": transfer.source_type,
        "transfer_group": transfer.transfer_group,
    }


def render_transfer_reversal(reversal: TransferReversalRecord) -> JsonObject:
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
