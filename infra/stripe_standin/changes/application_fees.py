"""Refunds of application fees, see https://stripe.com/docs/api/fee_refunds."""

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records.application_fees import ApplicationFeeRecord, FeeRefundRecord
from infra.stripe_standin.records.base import Metadata
from infra.stripe_standin.rendering.application_fees import render_application_fee
from infra.stripe_standin.state import EventCause, StandinState


def refund_application_fee(
    standin: StandinState,
    fee: ApplicationFeeRecord,
    amount: int,
    *,
    cause: EventCause,
    metadata: Metadata | None = None,
) -> FeeRefundRecord | None:
    """Return `amount` of an application fee to the account that paid it.

    The platform is debited and the connected account is credited. An amount of 0 changes nothing
    and returns None: the fee's share of a very small refund can be 0.
    """
    if amount == 0:
        return None
    before = render_application_fee(standin.store, fee)
    id_ = new_id("fr")
    transaction = move_balance(
        standin,
        "application_fee_refund",
        -amount,
        currency=fee.currency,
        source=id_,
        account=None,
    )
    # The connected account sees an adjustment of the fees it paid.
    move_balance(
        standin,
        "adjustment",
        amount,
        currency=fee.currency,
        source=id_,
        account=fee.paid_by,
        reporting_category="fee",
    )
    refund = FeeRefundRecord(
        id=id_,
        account=None,
        created=standin.clock.now(),
        fee=fee.id,
        amount=amount,
        currency=fee.currency,
        balance_transaction=transaction,
        metadata=metadata or {},
    )
    standin.store.fee_refunds.add(refund)
    after = render_application_fee(standin.store, fee)
    standin.emit("application_fee.refunded", after, account=None, cause=cause, before=before)
    return refund
