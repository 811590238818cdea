"""Large orders, in money and in lines: to the cent, and within what DynamoDB takes at once."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.import_orders.bodies import OrderBody
from shared.domain.order import LineCommitted, OrderLine, OrderState
from shared.domain.refund import RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice, quote_refund
from shared.domain.settlement import settle
from shared.gateways.order_import_store import MAX_ITEM_BYTES, MAX_TRANSACTION_BYTES
from shared.gateways.records.attributes import item_bytes, marshal
from shared.gateways.records.order_state import state_to_item
from shared.gateways.records.refund import refund_to_item

from .orders import AT, Sold, reserved, sold, succeeded
from .test_import_formats import order, refusals, refused_order
from .test_import_records import Importer, InMemoryTables, importer_of

# As long as an id may be.
LINE_IDS = [f"li_{number:061d}" for number in range(1_000)]


@pytest.fixture(scope="module")
def large() -> Sold:
    lines = [OrderLine(line_id, 10_000, 99_999_999_99, 7_777) for line_id in LINE_IDS]
    return sold(*lines, rev_share=1_234_567_890, stripe_fee=1_000_007)


def chosen(*line_ids: str) -> RefundChoice:
    lines = tuple(ChosenLine(line_id, 10_000) for line_id in line_ids)
    return RefundChoice(RefundType.LINE_ITEMS, lines=lines)


@pytest.mark.slow
def test_a_thousand_lines_refunded_one_by_one_return_exactly_the_order(large: Sold) -> None:
    state: OrderState = large.state
    for number, line_id in enumerate(LINE_IDS):
        quote = quote_refund(large.order, state, chosen(line_id))
        state, refund = reserved(large, state, f"rf_{number}", quote)
        state = settle(state, succeeded(refund), AT, "payout_adjust").state
    assert state.settled_amount == state.committed_amount == large.order.total_amount
    assert state.rev_share_reversed_amount == large.order.rev_share_amount
    assert state.tax_refunded_amount == large.order.tax_amount
    assert state.lines_committed == dict.fromkeys(LINE_IDS, LineCommitted(10_000, 99_999_999_99))
    assert state.refundable_amount == 0


def test_the_state_and_a_refund_of_all_lines_fit_into_their_items(large: Sold) -> None:
    quote = quote_refund(large.order, large.state, chosen(*LINE_IDS))
    state, refund = reserved(large, large.state, "rf_1", quote)
    off = dict.fromkeys(LINE_IDS, 10_000)
    state_bytes = item_bytes(state_to_item(state)) + item_bytes(marshal({"print_units_off": off}))
    assert state_bytes < MAX_ITEM_BYTES
    waiting = replace(refund, next_poll_at=AT)
    assert item_bytes(refund_to_item(waiting)) < MAX_ITEM_BYTES


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ({"PK": "STUDIO#1"}, 2 + 8),
        ({"name": "Zoë"}, 4 + 4),
        ({"n": 12345}, 1 + 4),
        ({"flag": True}, 4 + 1),
        ({"list": ["a", "bc"]}, 4 + 3 + 2 + 3),
        ({"map": {"a": "bc"}}, 3 + 3 + 1 + 3),
        ({"empty": []}, 5 + 3),
    ],
)
def test_bytes_are_counted_as_dynamodb_documents(values: dict[str, Any], size: int) -> None:
    assert item_bytes(marshal(values)) == size


def in_one_line(currency: str, amount: int) -> dict[str, Any]:
    """Return an order of one line."""
    one = order() | {"currency": currency, "total_amount": amount}
    one |= {"shipping_amount": 0, "shipping_tax_amount": 0}
    one["line_items"] = [one["line_items"][1] | {"unit_amount": amount}]
    return one


@pytest.mark.parametrize(
    ("currency", "most"),
    [("usd", 99_999_999), ("jpy", 99_999_999), ("idr", 10**12 - 1), ("lbp", 10**12 - 1)],
)
def test_an_amount_may_be_as_large_as_its_currency_needs(currency: str, most: int) -> None:
    assert not refusals(json.dumps(in_one_line(currency, most)), OrderBody)
    assert "total_amount" in refused_order(in_one_line(currency, most + 1))


def with_lines(count: int) -> dict[str, Any]:
    """Return an order of as many lines and subjects."""
    many = order() | {"total_amount": 1_050 + 2_000 * count}
    many["subjects"] = [{"subject_id": f"sub_{n}", "name": f"Kim {n}"} for n in range(count)]
    many["line_items"] = [
        many["line_items"][1] | {"line_id": f"li_{n}", "subject_id": f"sub_{n}"}
        for n in range(count)
    ]
    return many


def test_an_order_may_have_a_thousand_lines_and_subjects() -> None:
    assert not refusals(json.dumps(with_lines(1_000)), OrderBody)
    reason = refused_order(with_lines(1_001))
    assert "subjects" in reason
    assert "line_items" in reason


class MeasuredTables(InMemoryTables):
    """Tables that keep how large each transaction was."""

    def __init__(self) -> None:
        super().__init__()
        self.transactions: list[tuple[int, int]] = []

    def transact_write_items(self, **asked: Any) -> None:  # noqa: ANN401  # boto3's own looseness
        items = [step["Put"]["Item"] for step in asked["TransactItems"]]
        self.transactions.append((len(items), sum(map(item_bytes, items))))
        super().transact_write_items(**asked)


@pytest.mark.slow
def test_large_orders_are_split_into_transactions_that_dynamodb_takes() -> None:
    tables = MeasuredTables()
    importer: Importer = importer_of(tables)
    lines = []
    for number in range(20):
        record = with_lines(1_000)
        record |= {"order_id": f"ord_{number}"}
        record["stripe"] = {"charge_id": f"ch_{number}", "payment_intent_id": f"pi_{number}"}
        lines.append(json.dumps(record))
    report = importer.import_orders(lines)
    assert (report.imported, report.refused) == (20, [])
    assert len(tables.transactions) > 1
    for steps, size in tables.transactions:
        assert steps <= 100
        assert size <= MAX_TRANSACTION_BYTES
