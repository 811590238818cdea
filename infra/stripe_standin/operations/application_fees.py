"""Application fees and their refunds, see https://stripe.com/docs/api/application_fees.

Both belong to the platform, even when the charge belongs to a connected account.
"""

from infra.stripe_standin.changes.application_fees import refund_application_fee
from infra.stripe_standin.protocol.errors import StripeError, amount_too_large
from infra.stripe_standin.protocol.metadata import MetadataChange, merge_metadata
from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import PositiveInteger
from infra.stripe_standin.protocol.params import ListParams, Params
from infra.stripe_standin.records.application_fees import ApplicationFeeRecord
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.application_fees import (
    render_application_fee,
    render_fee_refund,
)


def _find[P: Params](call: ApiCall[P]) -> ApplicationFeeRecord:
    return call.find(call.standin.store.application_fees, "id")


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    return render_application_fee(call.standin.store, _find(call))


class CreateFeeRefund(Params):
    """Parameters of POST /v1/application_fees/{id}/refunds."""

    amount: PositiveInteger | None = None
    metadata: MetadataChange | None = None


def _create_refund(call: ApiCall[CreateFeeRefund]) -> JsonObject:
    fee = _find(call)
    left = fee.amount - call.standin.store.fee_amount_refunded(fee)
    if left == 0:
        raise StripeError(400, f"Application fee {fee.id} has already been refunded.")
    amount = left if call.params.amount is None else call.params.amount
    if amount > left:
        limit_name = "unrefunded amount on fee"
        raise amount_too_large("Refund amount", amount, limit_name, left, currency=fee.currency)
    metadata = merge_metadata({}, call.params.metadata)
    refund = refund_application_fee(call.standin, fee, amount, cause=call.cause, metadata=metadata)
    return {} if refund is None else render_fee_refund(refund)


def _list_refunds(call: ApiCall[ListParams]) -> JsonObject:
    fee_refunds = call.standin.store.fee_refunds
    timeline = fee_refunds.of_group(_find(call).id)
    return list_page(call, fee_refunds, render_fee_refund, timeline=timeline)


_REFUNDS_PATH = "/v1/application_fees/{id}/refunds"
OPERATIONS = [
    Operation("GET", "/v1/application_fees/{id}", Params, "application_fee", _retrieve),
    Operation("POST", _REFUNDS_PATH, CreateFeeRefund, "fee_refund", _create_refund),
    Operation("GET", _REFUNDS_PATH, ListParams, "list of fee_refund", _list_refunds),
]
