"""Disputes, see https://stripe.com/docs/api/disputes."""

from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.params import Params
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.disputes import render_dispute


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    store = call.standin.store
    return render_dispute(store, call.find(store.disputes, "dispute"), call.standin.clock)


OPERATIONS = [Operation("GET", "/v1/disputes/{dispute}", Params, "dispute", _retrieve)]
