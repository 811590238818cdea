"""Expands ids into objects, see https://stripe.com/docs/expand."""

from infra.stripe_standin.protocol.errors import StripeError
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.application_fees import (
    render_application_fee,
    render_fee_refund,
)
from infra.stripe_standin.rendering.balance_transactions import render_balance_transaction
from infra.stripe_standin.rendering.charges import render_charge, render_refunds_of_charge
from infra.stripe_standin.rendering.disputes import render_dispute
from infra.stripe_standin.rendering.payment_intents import render_payment_intent
from infra.stripe_standin.rendering.refunds import render_refund
from infra.stripe_standin.rendering.transfers import render_transfer, render_transfer_reversal
from infra.stripe_standin.state import StandinState

_MAX_DEPTH = 4
_LIST_OF = "list of "
_ANYTHING = "anything"
# For each kind of object: its expandable properties, and the kind of object behind each.
_EXPANDABLE: dict[str, dict[str, str]] = {
    "application_fee": {
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "refunds": "list of fee_refund",
    },
    "balance_transaction": {"source": _ANYTHING},
    "charge": {
        "application_fee": "application_fee",
        "balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
        "refunds": "list of refund",
        "source_transfer": "transfer",
    },
    "dispute": {"charge": "charge", "payment_intent": "payment_intent"},
    "fee_refund": {"balance_transaction": "balance_transaction", "fee": "application_fee"},
    "payment_intent": {"latest_charge": "charge"},
    "refund": {
        "balance_transaction": "balance_transaction",
        "charge": "charge",
        "failure_balance_transaction": "balance_transaction",
        "payment_intent": "payment_intent",
    },
    "transfer": {
        "balance_transaction": "balance_transaction",
        "destination_payment": "charge",
        "reversals": "list of transfer_reversal",
        "source_transaction": "charge",
    },
    "transfer_reversal": {
        "balance_transaction": "balance_transaction",
        "destination_payment_refund": "refund",
        "transfer": "transfer",
    },
}


def check_expansions(kind: str, paths: list[str]) -> None:
    """Check that every path can be expanded, before the operation executes.

    Args:
        kind: What the operation returns, such as `refund` or `list of refund`.
        paths: Such as `data.charge.balance_transaction`.

    Raises:
        StripeError: If a path is too deep or names something that cannot be expanded.
    """
    for path in paths:
        names = path.split(".")
        if len(names) > _MAX_DEPTH:
            raise StripeError(
                400,
                f"You cannot expand more than 4 levels of a property. Property: {path}",
                code="property_expansion_max_depth",
            )
        if not _can_expand(kind, names):
            raise StripeError(400, f"This property cannot be expanded ({path}).", param="expand")


def _can_expand(kind: str, names: list[str]) -> bool:
    name, *rest = names
    if kind.startswith(_LIST_OF):
        item = kind.removeprefix(_LIST_OF)
        return name == "data" and bool(rest) and _can_expand(item, rest)
    found = _EXPANDABLE.get(kind, {}).get(name)
    if found is None:
        return False
    return not rest or found == _ANYTHING or _can_expand(found, rest)


def expand(standin: StandinState, body: JsonObject, paths: list[str]) -> JsonObject:
    """Expand the properties at `paths` in place, and return `body`."""
    for path in paths:
        _expand_path(standin, body, path.split("."))
    return body


def _expand_path(standin: StandinState, node: JsonObject, names: list[str]) -> None:
    name, *rest = names
    if name == "data" and node.get("object") == "list":
        for item in node["data"]:
            _expand_path(standin, item, rest)
        return
    value = node.get(name)
    if not isinstance(value, dict):
        value = _object_at(standin, node, name)
        if value is None:
            return
        node[name] = value
    if rest:
        _expand_path(standin, value, rest)


def _object_at(standin: StandinState, node: JsonObject, name: str) -> JsonObject | None:
    if name == "refunds":
        return render_refunds_of_charge(standin.store, standin.store.charges[node["id"]])
    id_ = node.get(name)
    return None if id_ is None else _object_with_id(standin, id_)


def _object_with_id(standin: StandinState, id_: str) -> JsonObject | None:
    """Return any account's object with this id: Stripe expands across accounts."""
    store, clock = standin.store, standin.clock
    render_by_prefix = {
        "txn": lambda: render_balance_transaction(store.balance_transactions[id_], clock),
        "ch": lambda: render_charge(store, store.charges[id_]),
        "py": lambda: render_charge(store, store.charges[id_]),
        "pi": lambda: render_payment_intent(store, store.payment_intents[id_]),
        "re": lambda: render_refund(store.refunds[id_]),
        "pyr": lambda: render_refund(store.refunds[id_]),
        "fee": lambda: render_application_fee(store, store.application_fees[id_]),
        "fr": lambda: render_fee_refund(store.fee_refunds[id_]),
        "tr": lambda: render_transfer(store, store.transfers[id_]),
        "trr": lambda: render_transfer_reversal(store.transfer_reversals[id_]),
        "dp": lambda: render_dispute(store, store.disputes[id_], clock),
    }
    render = render_by_prefix.get(id_.split("_", maxsplit=1)[0])
    return None if render is None else render()
