"""The shapes in which Stripe reports refunds: by payment intent, by old names, and with no list."""

import json
from typing import Any

import pytest

from shared.domain.refund import Refund, RefundStatus
from tests.integration.backend import Backend, MakeBackend

pytestmark = pytest.mark.stack


def event_of(backend: Backend, order_id: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # a refund's fields
    """Return the event of a bank refund that names no charge."""
    charge = backend.record(order_id).imported.charge
    refund: dict[str, Any] = {
        "object": "refund",
        "id": f"pyr_{order_id}",
        "charge": None,
        "payment_intent": charge.payment_intent_id,
        "status": "succeeded",
        "amount": 700,
        "currency": backend.currency,
        "metadata": {},
        "balance_transaction": f"txn_{order_id}",
    }
    return {
        "object": "event",
        "id": "evt_1",
        "type": "refund.created",
        "livemode": False,
        "account": backend.account_id,
        "data": {"object": refund | changes},
    }


def without_charge(event: dict[str, Any]) -> dict[str, Any]:
    """Return the same event with a refund that names only its payment intent."""
    about = event["data"]["object"] | {"charge": None}
    assert about["payment_intent"]
    return event | {"data": {"object": about}}


@pytest.mark.parametrize("direct", [False, True])
def test_an_external_refund_that_names_only_a_payment_intent_is_settled(
    make_backend: MakeBackend, *, direct: bool
) -> None:
    backend = make_backend(direct=direct)
    order_id = backend.sell()
    event = event_of(backend, order_id)
    assert backend.deliver([event]) == ["RefundExternal"]
    assert backend.deliver([event]) == ["RefundReportRepeated"]
    backend.drain()
    record = backend.record(order_id)
    (refund,) = record.refunds.values()
    assert (refund.status, refund.stripe_refund_id) == (RefundStatus.SETTLED, f"pyr_{order_id}")
    assert refund.charge_id == record.order.charge_id
    assert record.state.settled_amount == 700
    # The same refund with its charge is no second one.
    named = event_of(backend, order_id, charge=record.order.charge_id)
    assert backend.deliver([named]) == ["RefundReportRepeated"]
    assert backend.verify() is None


def test_our_own_refund_is_confirmed_by_a_report_without_a_charge(backend: Backend) -> None:
    refund = backend.refund(backend.sell(), 4000)
    created = next(each for each in backend.events() if each["type"] == "refund.created")
    assert backend.deliver([without_charge(created)]) == ["RefundConfirmed"]
    backend.drain()
    assert backend.current(refund).status is RefundStatus.SETTLED


def test_a_lost_answer_is_found_by_a_report_without_a_charge(backend: Backend) -> None:
    order_id = backend.sell()
    lost = {"fault": "reset_after_effect", "times": 2, "match": {"path_prefix": "/v1/refunds"}}
    backend.control("faults", **lost)
    refund = backend.refund(order_id, 4000)
    created = next(each for each in backend.events() if each["type"] == "refund.created")
    assert backend.deliver([without_charge(created)]) == ["RefundConfirmed"]
    assert list(backend.record(order_id).refunds) == [refund.refund_id]


def test_an_unknown_payment_intent_or_one_of_another_account_changes_nothing(
    backend: Backend,
) -> None:
    order_id = backend.sell()
    unknown = event_of(backend, order_id, payment_intent="pi_of_nobody")
    neither = event_of(backend, order_id, payment_intent=None)
    elsewhere = event_of(backend, order_id) | {"account": "acct_other"}
    assert backend.deliver([unknown, neither, elsewhere]) == [
        "UnknownCharge",
        "UnknownCharge",
        "AccountMismatch",
    ]
    assert backend.record(order_id).refunds == {}


def test_a_refund_in_another_currency_than_its_order_changes_nothing(backend: Backend) -> None:
    order_id = backend.sell()
    assert backend.deliver([event_of(backend, order_id, currency="eur")]) == ["CurrencyMismatch"]
    assert backend.record(order_id).refunds == {}


def test_an_order_charged_by_bank_has_other_ids(backend: Backend) -> None:
    record = backend.order()
    bank = {"charge_id": f"py_{backend.run}", "payment_intent_id": f"pi_bank_{backend.run}"}
    record["stripe"] |= bank
    assert backend.import_orders([json.dumps(record)]).imported == 1
    event = event_of(backend, record["order_id"], charge=bank["charge_id"], payment_intent=None)
    assert backend.deliver([event]) == ["RefundExternal"]


def test_the_old_name_of_refund_updated_is_handled(backend: Backend) -> None:
    refund: Refund = backend.refund(backend.sell())
    updated = next(each for each in backend.events() if each["type"] == "refund.created")
    assert backend.deliver([updated | {"type": "charge.refund.updated"}]) == ["RefundConfirmed"]
    assert backend.current(refund).status is RefundStatus.SUCCEEDED


def test_a_charge_refunded_without_a_refund_at_stripe_has_an_outcome(backend: Backend) -> None:
    order_id = backend.sell()
    event = event_of(backend, order_id) | {"type": "charge.refunded"}
    charge_id = backend.record(order_id).order.charge_id
    event["data"] = {"object": {"id": charge_id, "object": "charge", "currency": "usd"}}
    assert backend.deliver([event]) == ["RefundListEmpty"]
    assert backend.record(order_id).refunds == {}


def test_two_orders_cannot_have_the_same_payment_intent(backend: Backend) -> None:
    first, second, unpaid = backend.order(), backend.order(), backend.order()
    shared_id = first["stripe"]["payment_intent_id"]
    second["stripe"]["payment_intent_id"] = shared_id
    unpaid["stripe"] |= {"charge_id": None, "payment_intent_id": shared_id}
    for _ in range(2):  # in the same file, and when it is stored
        report = backend.import_orders([json.dumps(each) for each in (first, second, unpaid)])
        assert [each["reason"] for each in report.refused] == [
            f"payment intent {shared_id} is used already"
        ]
    assert report.unchanged == 2
    assert len(backend.entries()) == 1


@pytest.mark.parametrize("reason", [None, "expired_uncaptured_charge"])
def test_the_part_of_an_authorization_that_is_released_is_no_refund(
    backend: Backend, reason: str | None
) -> None:
    """Stripe writes it as a refund that moved no money."""
    order_id = backend.sell()
    charge_id = backend.record(order_id).order.charge_id
    released = event_of(
        backend,
        order_id,
        id=f"re_{order_id}",
        charge=charge_id,
        amount=2000,
        balance_transaction=None,
        reason=reason,
    )
    assert backend.deliver([released, released]) == ["ChargeAnnounced"] * 2
    backend.drain()
    record = backend.record(order_id)
    assert (record.refunds, record.state.refundable_amount) == ({}, 10_000)
    assert [entry["kind"] for entry in backend.entries()] == ["sale"]
    assert backend.refund_and_settle(order_id).amount == 10_000
