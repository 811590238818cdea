"""Balance transactions, see https://stripe.com/docs/api/balance_transactions."""

from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import Text
from infra.stripe_standin.protocol.params import Params, TimedListParams
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.balance_transactions import render_balance_transaction


class ListBalanceTransactions(TimedListParams):
    """Parameters of GET /v1/balance_transactions."""

    unsupported = frozenset({"payout"})
    filters = frozenset({"currency", "source", "type"})

    currency: Text | None = None
    source: Text | None = None
    type: Text | None = None


def _list(call: ApiCall[ListBalanceTransactions]) -> JsonObject:
    transactions, source = call.standin.store.balance_transactions, call.params.source
    return list_page(
        call,
        transactions,
        lambda transaction: render_balance_transaction(transaction, call.standin.clock),
        timeline=None if source is None else transactions.of_group(source),
    )


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    transaction = call.find(call.standin.store.balance_transactions, "id")
    return render_balance_transaction(transaction, call.standin.clock)


OPERATIONS = [
    Operation(
        "GET",
        "/v1/balance_transactions",
        ListBalanceTransactions,
        "list of balance_transaction",
        _list,
    ),
    Operation("GET", "/v1/balance_transactions/{id}", Params, "balance_transaction", _retrieve),
]
