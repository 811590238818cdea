"""Reversals of transfers, see https://stripe.com/docs/api/transfer_reversals."""

from infra.stripe_standin.changes.transfers import reverse_transfer
from infra.stripe_standin.protocol.errors import StripeError, amount_too_large
from infra.stripe_standin.protocol.metadata import MetadataChange, merge_metadata
from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import Boolean, PositiveInteger, Text
from infra.stripe_standin.protocol.params import ListParams, Params
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.transfers import render_transfer_reversal


class CreateReversal(Params):
    """Parameters of POST /v1/transfers/{id}/reversals."""

    amount: PositiveInteger | None = None
    description: Text | None = None
    metadata: MetadataChange | None = None
    refund_application_fee: Boolean = False


def _create(call: ApiCall[CreateReversal]) -> JsonObject:
    store = call.standin.store
    transfer = call.find(store.transfers, "id")
    left = transfer.amount - store.amount_reversed(transfer)
    if left == 0:
        raise StripeError(400, f"Transfer {transfer.id} is already fully reversed.")
    amount = left if call.params.amount is None else call.params.amount
    if amount > left:
        limit_name = "unreversed amount on transfer"
        currency = transfer.currency
        raise amount_too_large("Reversal amount", amount, limit_name, left, currency=currency)
    reversal = reverse_transfer(
        call.standin,
        transfer,
        amount,
        transaction_type="transfer_refund",
        cause=call.cause,
        metadata=merge_metadata({}, call.params.metadata),
    )
    return render_transfer_reversal(reversal)


def _list(call: ApiCall[ListParams]) -> JsonObject:
    store = call.standin.store
    timeline = store.transfer_reversals.of_group(call.find(store.transfers, "id").id)
    reversals = store.transfer_reversals
    return list_page(call, reversals, render_transfer_reversal, timeline=timeline)


_PATH = "/v1/transfers/{id}/reversals"
OPERATIONS = [
    Operation("POST", _PATH, CreateReversal, "transfer_reversal", _create),
    Operation("GET", _PATH, ListParams, "list of transfer_reversal", _list),
]
