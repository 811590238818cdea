"""Charges, see https://stripe.com/docs/api/charges."""

from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import Text
from infra.stripe_standin.protocol.params import ListParams, Params, TimedListParams
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.charges import render_charge
from infra.stripe_standin.rendering.refunds import render_refund


class ListCharges(TimedListParams):
    """Parameters of GET /v1/charges."""

    unsupported = frozenset({"customer", "transfer_group"})
    filters = frozenset({"payment_intent"})

    payment_intent: Text | None = None


def _list(call: ApiCall[ListCharges]) -> JsonObject:
    store = call.standin.store
    return list_page(call, store.charges, lambda charge: render_charge(store, charge))


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    store = call.standin.store
    return render_charge(store, call.find(store.charges, "charge", param="id"))


def _list_refunds(call: ApiCall[ListParams]) -> JsonObject:
    store = call.standin.store
    charge = call.find(store.charges, "charge")
    return list_page(call, store.refunds, render_refund, timeline=store.refunds.of_group(charge.id))


OPERATIONS = [
    Operation("GET", "/v1/charges", ListCharges, "list of charge", _list),
    Operation("GET", "/v1/charges/{charge}", Params, "charge", _retrieve),
    Operation("GET", "/v1/charges/{charge}/refunds", ListParams, "list of refund", _list_refunds),
]
