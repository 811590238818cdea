"""Expands ids into objects, see https://stripe.com/docs/expand."""

from infra.stripe_standin.errors import StripeError
from infra.stripe_standin.records import Json
from infra.stripe_standin.rendering.connect import (
    render_application_fee,
    render_fee_refund,
    render_transfer,
    render_transfer_reversal,
)
from infra.stripe_standin.rendering.payments import (
    refunds_of_charge,
    render_balance_transaction,
    render_charge,
    render_dispute,
    render_payment_intent,
    render_refund,
)
from infra.stripe_standin.standin import Standin

_MAX_DEPTH = 4
_LIST_OF = "list of "
_ANYTHING = "anything"
# What each kind of object can have expanded, and what kind of object is found there.
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
    """Refuse what cannot be expanded, before anything is executed.

    Args:
        kind: What the endpoint returns, such as `refund` or `list of refund`.
        paths: Such as `data.charge.balance_transaction`.

    Raises:
        StripeError: If a path leads nowhere or too deep.
    """
    for path in paths:
        names = path.split(".")
        if len(names) > _MAX_DEPTH:
            raise StripeError(
                400,
                f"You cannot expand more than 4 levels of a property. Property: {path}",
                code="property_expansion_max_depth",
            )
        if not _leads_somewhere(kind, names):
            raise StripeError(400, f"This property cannot be expanded ({path}).", param="expand")


def _leads_somewhere(kind: str, names: list[str]) -> bool:
    name, *rest = names
    if kind.startswith(_LIST_OF):
        item = kind.removeprefix(_LIST_OF)
        return name == "data" and bool(rest) and _leads_somewhere(item, rest)
    found = _EXPANDABLE.get(kind, {}).get(name)
    if found is None:
        return False
    return not rest or found == _ANYTHING or _leads_somewhere(found, rest)


def expand(standin: Standin, body: Json, paths: list[str]) -> Json:
    """Return `body` with the properties at `paths` expanded, in place."""
    for path in paths:
        _expand_along(standin, body, path.split("."))
    return body


def _expand_along(standin: Standin, node: Json, names: list[str]) -> None:
    name, *rest = names
    if name == "data" and node.get("object") == "list":
        for item in node["data"]:
            _expand_along(standin, item, rest)
        return
    value = node.get(name)
    if not isinstance(value, dict):
        value = _object_at(standin, node, name)
        if value is None:
            return
        node[name] = value
    if rest:
        _expand_along(standin, value, rest)


def _object_at(standin: Standin, node: Json, name: str) -> Json | None:
    if name == "refunds":
        return refunds_of_charge(standin.store, standin.store.charges[node["id"]])
    id_ = node.get(name)
    return None if id_ is None else _object(standin, id_)


def _object(standin: Standin, id_: str) -> Json | None:  # noqa: PLR0911 - one line per kind of id
    """Return the object with an id, whosever account it is on: Stripe expands across accounts."""
    store, clock = standin.store, standin.clock
    match id_.split("_", maxsplit=1)[0]:
        case "txn":
            return render_balance_transaction(store.balance_transactions[id_], clock)
        case "ch" | "py":
            return render_charge(store, store.charges[id_])
        case "pi":
            return render_payment_intent(store.payment_intents[id_])
        case "re" | "pyr":
            return render_refund(store.refunds[id_])
        case "fee":
            return render_application_fee(store, store.application_fees[id_])
        case "fr":
            return render_fee_refund(store.fee_refunds[id_])
        case "tr":
            return render_transfer(store, store.transfers[id_])
        case "trr":
            return render_transfer_reversal(store.transfer_reversals[id_])
        case "dp":
            return render_dispute(store, store.disputes[id_], clock)
        case _:
            return None
