"""Disputes, see https://stripe.com/docs/api/disputes."""

from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import Text
from infra.stripe_standin.protocol.params import Params, TimedListParams
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.disputes import render_dispute


class ListDisputes(TimedListParams):
    """Parameters of GET /v1/disputes."""

    filters = frozenset({"charge", "payment_intent"})

    charge: Text | None = None
    payment_intent: Text | None = None


def _list(call: ApiCall[ListDisputes]) -> JsonObject:
    params, store, clock = call.params, call.standin.store, call.standin.clock
    timeline = None
    if params.charge is not None:
        charge = store.charges.find(params.charge, call.account, param="charge")
        timeline = store.disputes.of_group(charge.id)
    elif params.payment_intent is not None:
        intent = store.payment_intents.find(
            params.payment_intent, call.account, param="payment_intent"
        )
        timeline = store.disputes.of_group(intent.latest_charge)
    return list_page(
        call,
        store.disputes,
        lambda dispute: render_dispute(store, dispute, clock),
        timeline=timeline,
    )


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    store = call.standin.store
    return render_dispute(store, call.find(store.disputes, "dispute"), call.standin.clock)


OPERATIONS = [
    Operation("GET", "/v1/disputes", ListDisputes, "list of dispute", _list),
    Operation("GET", "/v1/disputes/{dispute}", Params, "dispute", _retrieve),
]
