"""Application fees and their refunds: https://stripe.com/docs/api/fee_refunds.

Both live on the platform's account, whatever account the charge is on.
"""

from infra.stripe_standin.call import Call, Operation
from infra.stripe_standin.errors import StripeError, money
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.listing import list_page
from infra.stripe_standin.params import (
    ListParams,
    MetadataChange,
    Params,
    Positive,
    merge_metadata,
)
from infra.stripe_standin.records import ApplicationFee, FeeRefund, Json, Metadata
from infra.stripe_standin.rendering.connect import render_application_fee, render_fee_refund
from infra.stripe_standin.resources.balance import move_balance
from infra.stripe_standin.standin import Cause, Standin


def refund_application_fee(
    standin: Standin,
    fee: ApplicationFee,
    amount: int,
    *,
    cause: Cause,
    metadata: Metadata | None = None,
) -> FeeRefund | None:
    """Give `amount` of an application fee back to the account that paid it.

    The platform is debited and the connected account credited. Nothing at all happens for an
    amount of 0, which a very small refund's share can be.
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
    # To the connected account it is an adjustment of the fees it paid.
    move_balance(
        standin,
        "adjustment",
        amount,
        currency=fee.currency,
        source=id_,
        account=fee.paid_by,
        category="fee",
    )
    refund = FeeRefund(
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


def _find[P: Params](call: Call[P]) -> ApplicationFee:
    return call.standin.store.application_fees.find(call.ids["id"], call.account, param="id")


def _retrieve(call: Call[Params]) -> Json:
    return render_application_fee(call.standin.store, _find(call))


class CreateFeeRefund(Params):
    """Parameters of POST /v1/application_fees/{id}/refunds."""

    amount: Positive | None = None
    metadata: MetadataChange | None = None


def _create_refund(call: Call[CreateFeeRefund]) -> Json:
    fee = _find(call)
    left = fee.amount - call.standin.store.fee_amount_refunded(fee)
    if left == 0:
        raise StripeError(400, f"Application fee {fee.id} has already been refunded.")
    amount = left if call.params.amount is None else call.params.amount
    if amount > left:
        raise StripeError(
            400,
            f"Refund amount ({money(amount, fee.currency)}) is greater than unrefunded amount on "
            f"fee ({money(left, fee.currency)})",
            param="amount",
        )
    refund = refund_application_fee(
        call.standin,
        fee,
        amount,
        cause=call.cause,
        metadata=merge_metadata({}, call.params.metadata),
    )
    return {} if refund is None else render_fee_refund(refund)


def _list_refunds(call: Call[ListParams]) -> Json:
    store, fee = call.standin.store, _find(call)
    return list_page(
        store.fee_refunds,
        store.fee_refunds.of_group(fee.id),
        call.params,
        account=call.account,
        url=f"/v1/application_fees/{fee.id}/refunds",
        keep=lambda _: True,
        render=render_fee_refund,
    )


OPERATIONS = [
    Operation("GET", "/v1/application_fees/{id}", Params, "application_fee", _retrieve),
    Operation(
        "POST", "/v1/application_fees/{id}/refunds", CreateFeeRefund, "fee_refund", _create_refund
    ),
    Operation(
        "GET",
        "/v1/application_fees/{id}/refunds",
        ListParams,
        "list of fee_refund",
        _list_refunds,
    ),
]
