"""Connected accounts, see https://stripe.com/docs/api/accounts."""

from infra.stripe_standin.changes.accounts import account_with_id
from infra.stripe_standin.protocol.errors import no_such_account
from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.params import Params
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.accounts import PLATFORM, render_account


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    id_ = call.ids["account"]
    if not call.standin.store.is_connected(id_):
        raise no_such_account(id_)
    return render_account(account_with_id(call.standin, id_))


def _retrieve_own(call: ApiCall[Params]) -> JsonObject:
    if call.account is not None:
        return render_account(account_with_id(call.standin, call.account))
    return render_account(PLATFORM)


OPERATIONS = [
    Operation("GET", "/v1/account", Params, "account", _retrieve_own),
    Operation("GET", "/v1/accounts/{account}", Params, "account", _retrieve),
]
