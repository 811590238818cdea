"""An order of a whole school: 1,000 lines and 1,000 subjects, from the import to the panel."""

import json

import pytest

from functions.find_orders.panel_views import OrderPanelView, panel_view
from functions.refund_request.preview_refund import PreviewRefund
from shared.domain.order import LineCommitted
from shared.domain.refund import RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice
from tests.integration.backend import Backend, MakeBackend
from tests.integration.order_search import show_order
from tests.records import (
    SCHOOL_LINE_IDS,
    SCHOOL_TOTAL,
    line_record,
    school_order_changes,
)

pytestmark = pytest.mark.stack

LINES = len(SCHOOL_LINE_IDS)


def chosen(line_ids: list[str]) -> tuple[ChosenLine, ...]:
    return tuple(ChosenLine(line_id, 1) for line_id in line_ids)


def panel_of(backend: Backend, order_id: str) -> OrderPanelView:
    return panel_view(show_order(backend)(backend.caller, order_id), backend.clock())


def test_all_lines_of_a_large_order_are_previewed_refunded_and_settled(backend: Backend) -> None:
    record = backend.order(**school_order_changes())
    order_id = record["order_id"]
    assert backend.import_orders([json.dumps(record)]).imported == 1
    assert backend.import_orders([json.dumps(record)]).unchanged == 1
    backend.charge(record)

    shown = PreviewRefund(backend.payout_impact(), backend.charge_reader, backend.stops)
    choice = RefundChoice(RefundType.LINE_ITEMS, lines=chosen(SCHOOL_LINE_IDS))
    preview = shown(backend.caller, order_id, choice)
    assert (preview.quote.amount, len(preview.quote.items)) == (SCHOOL_TOTAL, LINES)

    refund = backend.refund_and_settle(order_id, lines=chosen(SCHOOL_LINE_IDS))
    assert (refund.amount, len(refund.items)) == (SCHOOL_TOTAL, LINES)
    assert refund.rev_share_reversed_amount == record["rev_share_amount"]
    assert [each["amount"] for each in backend.stripe_refunds(order_id)] == [SCHOOL_TOTAL]
    state = backend.record(order_id).state
    assert state.lines_committed == dict.fromkeys(SCHOOL_LINE_IDS, LineCommitted(1, 2_500))
    assert state.refundable_amount == 0
    assert backend.verify() is None

    panel = panel_of(backend, order_id)
    assert len(panel.line_items) == len(panel.subjects) == LINES
    assert {line.refundable_amount for line in panel.line_items} == {0}
    assert {line.print_quantity for line in panel.line_items} == {0}
    assert len(panel.refunds[0].items) == LINES
    # API Gateway answers with 10 MB at most, and Lambda with 6 MB.
    assert len(panel.model_dump_json()) < 2_000_000


def test_a_large_order_is_refunded_in_parts(backend: Backend) -> None:
    record = backend.order(**school_order_changes())
    order_id = record["order_id"]
    assert backend.import_orders([json.dumps(record)]).imported == 1
    backend.charge(record)
    for first in range(0, LINES, 100):
        backend.refund(order_id, lines=chosen(SCHOOL_LINE_IDS[first : first + 100]))
    backend.settle_all()

    state = backend.record(order_id).state
    assert (state.settled_amount, len(state.lines_committed)) == (SCHOOL_TOTAL, LINES)
    assert state.rev_share_reversed_amount == record["rev_share_amount"]
    assert state.tax_refunded_amount == state.tax_amount == 200 * LINES
    assert len(panel_of(backend, order_id).refunds) == 10


def test_many_large_orders_are_imported_in_transactions_that_fit(backend: Backend) -> None:
    records = [backend.order(**school_order_changes()) for _ in range(14)]
    report = backend.import_orders([json.dumps(record) for record in records])
    assert (report.imported, report.refused) == (14, [])
    assert len(backend.entries()) == 14
    assert backend.verify() is None


def test_an_order_that_the_table_cannot_hold_is_refused_and_says_why(backend: Backend) -> None:
    large = backend.order(**school_order_changes())
    for line in large["line_items"]:
        line["product"] = "x" * 200
    good = backend.order()
    report = backend.import_orders([json.dumps(large), json.dumps(good)])
    assert report.imported == 1
    (refused,) = report.refused
    assert refused["line"] == 1
    assert "bytes, and the table holds 409600; shorten its names" in refused["reason"]


def test_an_order_in_rupiah_is_imported_and_refunded_in_full(make_backend: MakeBackend) -> None:
    backend = make_backend(currency="idr")
    order_id = backend.sell(
        line_items=[line_record("li_1", 1, 150_000_000)],
        total_amount=150_000_000,
        rev_share_amount=0,
    )
    assert backend.refund_and_settle(order_id).amount == 150_000_000
    assert backend.record(order_id).state.refundable_amount == 0
