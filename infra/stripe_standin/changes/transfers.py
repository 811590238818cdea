"""Reversals of transfers, see https://stripe.com/docs/api/transfer_reversals."""

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.changes.impossible import ImpossibleChangeError
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records.base import Metadata
from infra.stripe_standin.records.refunds import RefundRecord
from infra.stripe_standin.records.transfers import TransferRecord, TransferReversalRecord
from infra.stripe_standin.rendering.transfers import render_transfer
from infra.stripe_standin.state import EventCause, StandinState


class TransferReversalError(ImpossibleChangeError):
    """The transfer has not so much left to reverse."""


def reverse_transfer(  # noqa: PLR0913 - a reversal has these parts
    standin: StandinState,
    transfer: TransferRecord,
    amount: int,
    *,
    transaction_type: str,
    cause: EventCause,
    metadata: Metadata | None = None,
) -> TransferReversalRecord:
    """Move a part of a transfer back to the platform.

    Args:
        standin: The stand-in.
        transfer: The transfer.
        amount: In minor units.
        transaction_type: The type of the platform's balance transaction.
        cause: The request that reverses the transfer.
        metadata: Of the reversal.
    """
    before = render_transfer(standin.store, transfer)
    id_ = new_id("trr")
    credit = move_balance(
        standin,
        transaction_type,
        amount,
        currency=transfer.currency,
        source=id_,
        account=transfer.account,
    )
    reversal = TransferReversalRecord(
        id=id_,
        account=transfer.account,
        created=standin.clock.now(),
        transfer=transfer.id,
        amount=amount,
        currency=transfer.currency,
        balance_transaction=credit,
        destination_payment_refund=_debit_destination(standin, transfer, amount),
        metadata=metadata or {},
    )
    standin.store.transfer_reversals.add(reversal)
    after = render_transfer(standin.store, transfer)
    standin.emit("transfer.reversed", after, account=transfer.account, cause=cause, before=before)
    return reversal


def _debit_destination(standin: StandinState, transfer: TransferRecord, amount: int) -> str:
    """Refund a part of the destination's payment and return the refund's id."""
    id_ = new_id("pyr")
    debit = move_balance(
        standin,
        "payment_refund",
        -amount,
        currency=transfer.currency,
        source=id_,
        account=transfer.destination,
    )
    refund = RefundRecord(
        id=id_,
        account=transfer.destination,
        created=standin.clock.now(),
        charge=transfer.destination_payment,
        payment_intent=None,
        amount=amount,
        currency=transfer.currency,
        status="succeeded",
        balance_transaction=debit,
    )
    return standin.store.refunds.add(refund).id
