"""An imported order in OrdersTable, with its search entries."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from shared.domain.imported_order import (
    ChargeIds,
    ImportedOrder,
    OrderContents,
    Parent,
    PhotoDay,
    Product,
    Subject,
)
from shared.domain.order import FulfillmentStatus, OrderKey
from shared.domain.tax import TaxPart, TaxParts
from shared.gateways.records.attributes import Item, Values, marshal
from shared.gateways.records.keys import (
    ORDER_SK,
    order_pk,
    placed_sk,
    primary_key,
    search_pk,
    search_sk,
)

# The attributes that refund patterns read.
CONTENT_ATTRIBUTES = (
    *("order_id", "subjects", "photo_day", "products"),
    *("shipping_amount", "shipping_tax_amount", "charge"),
)


def imported_order_to_item(imported: ImportedOrder, placed_at: str) -> Item:
    """Return the item of an imported order.

    Args:
        imported: The order.
        placed_at: When it was placed, RFC 3339 in UTC. Lists sort by it.
    """
    values: Values = {name: _without_none(value) for name, value in asdict(imported).items()}
    values["products"] = [_product_to_values(each) for each in values["products"]]
    values["shipping_taxes"] = values["shipping_taxes"] or None
    # Not `placed_sk`, which the state has: only imported orders belong in DateIndex.
    values["date_sk"] = placed_sk(placed_at, imported.order_id)
    return primary_key(order_pk(imported.key), ORDER_SK) | marshal(values)


def imported_order_from_values(values: Values) -> ImportedOrder:
    """Return the imported order of an item's values."""
    return ImportedOrder(
        **_contents(values),
        studio_id=values["studio_id"],
        placed_at=values["placed_at"],
        currency=values["currency"],
        parent=Parent(values["parent"].get("name"), values["parent"].get("email")),
        total_amount=values["total_amount"],
        rev_share_amount=values["rev_share_amount"],
        stripe_fee_amount=values["stripe_fee_amount"],
        fulfillment_status=FulfillmentStatus(values["fulfillment_status"]),
        fulfillment_claimed_by=values.get("fulfillment_claimed_by"),
    )


def contents_from_values(values: Values) -> OrderContents:
    """Return an order's contents from an item's ``CONTENT_ATTRIBUTES``.

    Attributes that were not read are empty.
    """
    return OrderContents(**_contents(values))


def search_items(order: OrderKey, tokens: list[str]) -> Iterator[Item]:
    """Yield an order's search entries: one for each token, each with all of the order's tokens.

    So a search can check the other words of a query without reading the order.
    """
    values = marshal({"order_id": order.order_id, "tokens": " ".join(tokens)})
    for token in tokens:
        yield (primary_key(search_pk(order.studio_id), search_sk(token, order.order_id)) | values)


def _contents(values: Values) -> dict[str, Any]:
    day = values.get("photo_day")
    return {
        "order_id": values["order_id"],
        "subjects": tuple(
            Subject(each["subject_id"], each.get("name")) for each in values.get("subjects", ())
        ),
        "photo_day": PhotoDay(day["photo_day_id"], day.get("name")) if day else None,
        "products": tuple(
            Product(**each | {"taxes": _taxes(each)}) for each in values.get("products", ())
        ),
        "shipping_amount": values.get("shipping_amount", 0),
        "shipping_tax_amount": values.get("shipping_tax_amount", 0),
        "shipping_taxes": _taxes(values, "shipping_taxes"),
        "charge": ChargeIds(**{"charge_id": None, **values.get("charge", {})}),
    }


def _product_to_values(product: Values) -> Values:
    """Return a line's values. Most lines have no parts of their tax, and store none."""
    return {name: value for name, value in product.items() if name != "taxes" or value}


def _taxes(values: Values, name: str = "taxes") -> TaxParts:
    return tuple(TaxPart(*part) for part in values.get(name, ()))


def _without_none(value: Any) -> Any:  # noqa: ANN401  # a field of any kind
    """Return the value without nested None values. ``marshal`` leaves out the outer ones."""
    match value:
        case dict():
            return {
                name: _without_none(inner) for name, inner in value.items() if inner is not None
            }
        case tuple():
            return [_without_none(inner) for inner in value]
        case _:
            return value
