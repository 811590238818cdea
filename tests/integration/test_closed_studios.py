"""A closed studio gets no new orders and no payouts by schedule. Its history works on."""

import json

import pytest

from shared.domain.errors import OrderNotFoundError
from shared.domain.payout import PayoutStatus
from tests.integration.backend import Backend, MakeBackend
from tests.integration.studio_payouts import ACCOUNT, NET, StudioPayouts, assert_nothing_is_lost
from tests.records import order_record

pytestmark = pytest.mark.stack


def set_status(backend: Backend, status: str) -> None:
    backend.studio["status"] = status
    report = backend.import_studio(update=True)
    assert (report.updated, report.refused) == (1, [])


def test_a_closed_studio_gets_no_new_orders_and_the_other_lines_are_imported(
    backend: Backend, make_backend: MakeBackend
) -> None:
    known, new = backend.order(), backend.order()
    unpaid = backend.order()
    unpaid["stripe"] = dict.fromkeys(unpaid["stripe"])
    backend.import_orders([json.dumps(known), json.dumps(unpaid)])
    neighbor = make_backend(neighbor=backend)
    set_status(backend, "closed")
    paid_since = backend.order(order_id=unpaid["order_id"])
    lines = [known, new, neighbor.order(), paid_since]
    report = backend.record_orders([json.dumps(each) for each in lines])
    (refused,) = report.refused
    assert refused["line"] == 2
    assert f"studio {backend.studio_id} is closed" in refused["reason"]
    assert "`status`: active" in refused["reason"]
    # A charge of an order that was there before is money that the parent paid.
    assert (report.imported, report.unchanged, report.updated) == (1, 1, 1)
    with pytest.raises(OrderNotFoundError):
        backend.refund(new["order_id"])

    set_status(backend, "active")
    assert backend.import_orders([json.dumps(new)]).imported == 1


def test_old_orders_of_a_closed_studio_are_refunded(backend: Backend) -> None:
    order_id = backend.sell()
    open_order = backend.sell()
    waiting = backend.refund(open_order, 2500)
    set_status(backend, "closed")
    backend.refund_and_settle(order_id, 4000)
    assert backend.record(order_id).state.settled_amount == 4000
    backend.come_to_rest()
    assert backend.current(waiting).settled_at is not None
    assert backend.verify() is None


def test_a_closed_studio_is_paid_only_on_request(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    first = payouts.last()
    backend.sell()
    set_status(backend, "closed")
    for _ in range(2):
        assert payouts.pay_day() == {"PayoutStudioClosed": 1}
    assert [each.payout_id for each in payouts.all()] == [first.payout_id]
    shown = payouts.next()
    assert (shown.paid_amount, shown.carried_amount, shown.reason) == (0, NET, "studio_closed")

    outcome, payout_id = payouts.runner().pay_now(backend.studio_id, "ops: the studio closed")
    assert outcome == "PayoutPaid"
    last = payouts.last()
    assert (last.payout_id, last.paid_amount, last.status) == (payout_id, NET, PayoutStatus.PAID)
    assert last.period_started_at == first.period_ended_at
    assert backend.head().payable_balance_amount == 0
    assert_nothing_is_lost(payouts)


def test_a_reopened_studio_is_paid_everything_since_its_last_payout(
    payouts: StudioPayouts,
) -> None:
    backend = payouts.backend
    backend.sell()
    set_status(backend, "closed")
    assert payouts.pay_day() == {"PayoutStudioClosed": 1}
    set_status(backend, "active")
    backend.sell()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == 2 * NET
    assert_nothing_is_lost(payouts)


def test_a_payout_that_was_under_way_when_the_studio_closed_is_paid(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    backend.sell()
    match = {"method": "POST", "path_prefix": "/v1/transfers"}
    backend.control("faults", fault="reset_before_effect", times=2, match=match)
    assert payouts.pay_day() == {"PayoutDeferred": 1}
    set_status(backend, "closed")
    assert payouts.later() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == NET


def test_an_old_file_does_not_reopen_a_studio(make_backend: MakeBackend) -> None:
    backend = make_backend(studio={"payout_account_id": ACCOUNT})
    set_status(backend, "closed")
    del backend.studio["status"]
    (refused,) = backend.import_studio().refused
    assert "exists with other content" in refused["reason"]
    studio = backend.studios.get(backend.studio_id)
    assert studio is not None
    assert studio.is_closed
    record = order_record("ord_new", backend.studio_id)
    assert backend.record_orders([json.dumps(record)]).imported == 0
