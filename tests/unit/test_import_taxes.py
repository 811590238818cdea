"""An order's line may give the parts of its taxes, and they must fit."""

import json
from typing import Any

import pytest

from functions.import_orders.bodies import OrderBody
from functions.import_orders.import_lines import ImportReport, parse

from .test_import_formats import order, put, refusals, refused_order

ILLINOIS = {"jurisdiction": "US-IL", "rate": "6.25", "amount": 400}
COOK = {"jurisdiction": "US-IL Cook", "rate": "1.750", "amount": 50}


def taxed_order() -> dict[str, Any]:
    of_lines = put(order(), ("line_items", 0, "taxes"), [ILLINOIS, COOK])
    return of_lines | {"shipping_taxes": [dict(COOK)]}


def test_an_order_may_give_the_parts_of_its_tax() -> None:
    (line,) = parse([json.dumps(taxed_order())], 1, OrderBody, ImportReport())
    imported = line.content.imported_order()
    assert imported.products[0].taxes == (("US-IL", "6.25", 400), ("US-IL Cook", "1.75", 50))
    assert imported.products[1].taxes == ()
    assert imported.order.tax_parts == (("US-IL", "6.25", 400, 0), ("US-IL Cook", "1.75", 100, 0))


@pytest.mark.parametrize(
    ("rate", "kept"),
    [
        *(("19", "19"), ("19.00", "19"), ("0", "0"), ("0.000000", "0"), ("100", "100")),
        *(("07", "7"), ("8.125", "8.125"), ("0.000001", "0.000001"), ("10", "10")),
    ],
)
def test_a_tax_rate_is_kept_without_needless_zeros(rate: str, kept: str) -> None:
    record = put(taxed_order(), ("shipping_taxes", 0, "rate"), rate)
    (line,) = parse([json.dumps(record)], 1, OrderBody, ImportReport())
    assert line.content.shipping_taxes[0].rate == kept


@pytest.mark.parametrize(
    "rate",
    [
        *(None, 6.25, "", "6.25%", "6,25", "-1", "100.000001", "625", "1e1", ".5", "5."),
        *("0.1234567", "٣", " 7", "NaN"),
    ],
)
def test_a_tax_rate_is_a_percentage_in_decimals(rate: object) -> None:
    reason = refused_order(put(taxed_order(), ("shipping_taxes", 0, "rate"), rate))
    assert "shipping_taxes.0.rate" in reason


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (put(taxed_order(), ("line_items", 0, "taxes", 0, "amount"), 399), "0.taxes do not add up"),
        (put(taxed_order(), ("shipping_taxes", 0, "amount"), 51), "shipping_taxes do not add up"),
        (put(taxed_order(), ("line_items", 1, "taxes"), [COOK]), "1.taxes do not add up"),
        (put(taxed_order(), ("shipping_taxes",), []), "shipping_taxes is missing"),
        (put(taxed_order(), ("line_items", 0, "taxes"), []), "line_items.0.taxes is missing"),
        (put(taxed_order(), ("shipping_taxes",), [COOK | {"amount": 5}] * 11), "shipping_taxes"),
        (put(taxed_order(), ("shipping_taxes", 0, "jurisdiction"), " "), "jurisdiction"),
        (put(taxed_order(), ("shipping_taxes", 0, "jurisdiction"), "x" * 41), "jurisdiction"),
        (put(taxed_order(), ("shipping_taxes", 0, "amount"), -50), "amount"),
    ],
)
def test_parts_of_tax_that_do_not_fit_are_refused(changed: dict[str, Any], reason: str) -> None:
    assert reason in refused_order(changed)


def test_an_order_has_at_most_twenty_different_taxes() -> None:
    def line(number: int, count: int) -> dict[str, Any]:
        taxes = [
            {"jurisdiction": f"{number}-{each}", "rate": "1", "amount": 1} for each in range(10)
        ]
        changes = {"line_id": f"li_{number}", "tax_amount": count, "taxes": taxes[:count]}
        return {**order()["line_items"][1], **changes}

    lines = [line(1, 10), line(2, 10)]
    free = {"shipping_amount": 0, "shipping_tax_amount": 0, "total_amount": 4_020}
    assert not refusals(json.dumps(order() | free | {"line_items": lines}), OrderBody)
    lines.append(line(3, 1))
    record = order() | free | {"line_items": lines, "total_amount": 6_021}
    assert "more than 20 different taxes" in refused_order(record)
