"""The balance of an account, see https://stripe.com/docs/api/balance."""

from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.params import Params
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.balance import render_balance


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    return render_balance(call.standin.store, call.account, call.standin.clock)


OPERATIONS = [Operation("GET", "/v1/balance", Params, "balance", _retrieve)]
