"""Charges are verified at Stripe: a sale is entered when Stripe says that the money is there."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import rfc3339
from shared.domain.errors import OrderNotPaidError, StripeRefusedError
from shared.domain.payment_status import PAYMENT_WORDS, PaymentStatus
from shared.domain.refund import RefundStatus
from tests.integration.backend import Backend, MakeBackend
from tests.integration.reconcile_desk import ReconcileDesk

pytestmark = pytest.mark.stack


def charged(backend: Backend, record: dict[str, Any], **changes: object) -> None:
    """Make an order's charge at Stripe otherwise than the import says."""
    backend.charge(record, **changes)


def imported(backend: Backend, record: dict[str, Any]) -> PaymentStatus:
    """Import an order, read its charge, and return the status of its payment."""
    report = backend.import_orders([json.dumps(record)])
    assert report.refused == [], report.refused
    return backend.record(record["order_id"]).state.payment_status


def kinds(backend: Backend) -> list[str]:
    return [str(entry["kind"]) for entry in backend.entries()]


def move(backend: Backend, record: dict[str, Any], **body: object) -> None:
    """Let the bank or the shop move a charge, and deliver the events."""
    backend.control(f"charges/{record['stripe']['charge_id']}", **body)
    backend.deliver()


@pytest.mark.parametrize("direct", [False, True])
def test_the_sale_carries_the_fee_that_stripe_really_took(
    make_backend: MakeBackend, *, direct: bool
) -> None:
    backend = make_backend(direct=direct)
    record = backend.order()
    charged(backend, record, fee=447)
    assert imported(backend, record) is PaymentStatus.PAID
    (sale,) = backend.entries()
    assert (sale["kind"], sale["stripe_fee_amount"]) == ("sale", -447)
    assert sale["payable_amount"] == (0 if direct else 10_000 - 447 - 1500)
    assert backend.record(record["order_id"]).state.stripe_fee_amount == 447


def test_an_imported_order_is_no_sale_before_its_charge_is_read(backend: Backend) -> None:
    record = backend.order()
    backend.record_orders([json.dumps(record)])
    state = backend.record(record["order_id"]).state
    assert (state.payment_status, state.must_be_checked) == (PaymentStatus.UNVERIFIED, True)
    assert backend.entries() == []
    charged(backend, record)
    backend.read_charges()
    backend.verify_charge(backend.key(record["order_id"]))  # once more changes nothing
    assert kinds(backend) == ["sale"]
    assert not backend.record(record["order_id"]).state.must_be_checked


def test_a_lost_message_is_sent_again_by_the_schedule(backend: Backend) -> None:
    record = backend.order()
    charged(backend, record)
    backend.record_orders([json.dumps(record)])
    backend.sqs.purge_queue(QueueUrl=backend.charge_url)
    assert backend.resume(due_only=True) == {}
    backend.clock.ahead = timedelta(minutes=11)
    assert backend.resume(due_only=True) == {"ChargeAnnouncedAgain": 1}
    backend.read_charges()
    assert kinds(backend) == ["sale"]


@pytest.mark.parametrize("silent", [False, True])
def test_a_pending_charge_is_a_sale_when_the_bank_has_paid(
    backend: Backend, *, silent: bool
) -> None:
    record = backend.order()
    charged(backend, record, state="pending")
    assert imported(backend, record) is PaymentStatus.PENDING
    with pytest.raises(OrderNotPaidError) as refused:
        backend.refund(record["order_id"])
    assert refused.value.detail == PAYMENT_WORDS[PaymentStatus.PENDING]
    assert backend.entries() == []
    move(backend, record, state="paid", silent=silent)
    if silent:
        backend.resume()
        backend.read_charges()
    assert kinds(backend) == ["sale"]
    assert backend.refund(record["order_id"]).status is RefundStatus.PENDING


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        ("pending", "failed", PaymentStatus.FAILED),
        ("uncaptured", "expired", PaymentStatus.EXPIRED),
        ("uncaptured", "canceled", PaymentStatus.EXPIRED),
        ("failed", None, PaymentStatus.FAILED),
        ("expired", None, PaymentStatus.EXPIRED),
    ],
)
@pytest.mark.parametrize("direct", [False, True])
def test_money_that_never_came_is_no_sale_and_its_release_no_refund(
    make_backend: MakeBackend, first: str, then: str | None, status: PaymentStatus, *, direct: bool
) -> None:
    backend = make_backend(direct=direct)
    desk = ReconcileDesk(backend)
    record = backend.order()
    charged(backend, record, state=first)
    imported(backend, record)
    if then:
        move(backend, record, state=then)
    backend.drain()
    state = backend.record(record["order_id"]).state
    assert (state.payment_status, state.committed_amount) == (status, 0)
    assert backend.entries() == []
    with pytest.raises(OrderNotPaidError) as refused:
        backend.refund(record["order_id"])
    assert refused.value.detail == PAYMENT_WORDS[status]
    desk.pass_time(timedelta(hours=1))
    assert desk.findings() == []
    assert backend.open_work() == []


@pytest.mark.parametrize("direct", [False, True])
def test_the_part_that_was_not_captured_is_no_refund(
    make_backend: MakeBackend, *, direct: bool
) -> None:
    backend = make_backend(direct=direct)
    desk = ReconcileDesk(backend)
    record = backend.order()
    charged(backend, record, amount=12_000, amount_captured=10_000)
    assert imported(backend, record) is PaymentStatus.PAID
    assert set(backend.deliver()) <= {"ChargeAnnounced"}  # the release of the rest
    state = backend.record(record["order_id"]).state
    assert (state.refundable_amount, state.committed_amount) == (10_000, 0)
    refund = backend.refund(record["order_id"])
    backend.settle_all()
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert kinds(backend) == ["sale", "refund"]
    desk.pass_time(timedelta(hours=1))
    assert desk.findings() == []


@pytest.mark.parametrize(
    ("changes", "problem", "amount"),
    [
        ({"amount": 9_000}, "amount_differs", 9_000),
        ({"amount": 10_000, "amount_captured": 8_000}, "amount_differs", 8_000),
        ({"currency": "eur"}, "currency_differs", 10_000),
    ],
)
def test_a_charge_that_differs_from_the_import_is_a_finding_until_the_order_is_corrected(
    backend: Backend, changes: dict[str, Any], problem: str, amount: int
) -> None:
    desk = ReconcileDesk(backend)
    record = backend.order()
    charged(backend, record, **changes)
    assert imported(backend, record) is PaymentStatus.DIFFERS
    state = backend.record(record["order_id"]).state
    assert (state.payment_problem, state.charged_amount) == (problem, amount)
    assert backend.entries() == []
    with pytest.raises(OrderNotPaidError):
        backend.refund(record["order_id"])
    desk.pass_time(timedelta(hours=1))
    (finding,) = desk.findings()
    assert (finding.kind, finding.healed, finding.order_id) == (
        "charge_differs",
        False,
        record["order_id"],
    )
    assert (finding.amount, finding.stripe_amount) == (10_000, amount)
    if problem == "amount_differs":
        line = record["line_items"][0]
        line["discount_amount"] = 10_000 - amount
        record |= {"total_amount": amount, "rev_share_amount": 0}
        assert imported(backend, record) is PaymentStatus.PAID
        assert [entry["gross_amount"] for entry in backend.entries()] == [amount]
        desk.pass_time(timedelta(days=1))
        assert desk.findings() == []


def test_a_direct_charge_with_another_application_fee_is_a_finding(
    make_backend: MakeBackend,
) -> None:
    backend = make_backend(direct=True)
    record = backend.order()
    charged(backend, record, application_fee_amount=1499)
    assert imported(backend, record) is PaymentStatus.DIFFERS
    state = backend.record(record["order_id"]).state
    assert state.payment_problem == "application_fee_differs"


def test_a_charge_that_stripe_does_not_know_is_a_finding_until_it_appears(
    backend: Backend,
) -> None:
    desk = ReconcileDesk(backend)
    record = backend.order()
    backend.record_orders([json.dumps(record)])
    backend.read_charges()
    state = backend.record(record["order_id"]).state
    assert state.payment_status is PaymentStatus.NOT_FOUND
    with pytest.raises(OrderNotPaidError):
        backend.refund(record["order_id"])
    desk.pass_time(timedelta(hours=1))
    assert desk.kinds() == {"charge_not_at_stripe": 1}
    charged(backend, record)
    backend.resume()
    backend.read_charges()
    assert kinds(backend) == ["sale"]


def test_an_order_imported_unpaid_and_again_with_its_charge_becomes_paid(
    backend: Backend,
) -> None:
    record = backend.order()
    charge = record["stripe"]
    unpaid = record | {"stripe": {"charge_id": None}}
    assert imported(backend, unpaid) is PaymentStatus.NOT_CHARGED
    charged(backend, record)
    report = backend.import_orders([json.dumps(record | {"stripe": charge})])
    assert (report.imported, report.updated, report.unchanged) == (0, 1, 0)
    assert backend.record(record["order_id"]).state.payment_status is PaymentStatus.PAID
    assert kinds(backend) == ["sale"]
    # A sale is not corrected any more.
    report = backend.import_orders([json.dumps(unpaid)])
    assert "other content" in report.refused[0]["reason"]


@pytest.mark.parametrize("direct", [False, True])
def test_refunds_and_disputes_from_before_the_import_are_taken_in(
    make_backend: MakeBackend, *, direct: bool
) -> None:
    backend = make_backend(direct=direct)
    record = backend.order()
    charged(backend, record)
    charge_id = record["stripe"]["charge_id"]
    backend.stripe_call("POST", "refunds", charge=charge_id, amount=2000)
    dispute = backend.control("disputes", charge=charge_id, amount=3000)
    backend.control(f"disputes/{dispute['id']}", status="lost")
    backend.events()  # all of them lost
    assert imported(backend, record) is PaymentStatus.PAID
    backend.drain()
    state = backend.record(record["order_id"]).state
    assert (state.settled_amount, state.withdrawn_amount) == (2000, 3000)
    assert state.rev_share_reversed_amount == 750
    assert state.refundable_amount == 5000
    assert sorted(kinds(backend)) == ["dispute", "refund", "sale"]
    assert kinds(backend)[0] == "sale"
    assert backend.verify() is None


def test_what_was_paid_out_before_the_ledger_starts_moves_no_balance(
    make_backend: MakeBackend,
) -> None:
    backend = make_backend(studio={"ledger_starts_at": "2026-11-01T00:00:00+01:00"})
    old = backend.order()
    charged(backend, old, created=1_788_000_000)  # 2026-08-29
    assert imported(backend, old) is PaymentStatus.PAID
    assert [(e["kind"], e["elsewhere_amount"]) for e in backend.entries()] == [
        ("opening_sale", 10_000 - 320 - 1500)
    ]
    assert backend.head().payable_balance_amount == 0
    # A refund from now on is the studio's, whenever the sale was.
    backend.refund(old["order_id"], 2000)
    backend.settle_all()
    assert kinds(backend) == ["opening_sale", "refund"]
    assert backend.head().payable_balance_amount == -1700
    new = backend.sell()
    assert new in backend.order_ids()
    assert backend.head().payable_balance_amount == -1700 + 8180
    assert backend.verify() is None


@pytest.mark.parametrize("state", ["pending", "uncaptured"])
def test_money_that_comes_after_the_ledger_starts_is_a_sale_of_this_ledger(
    make_backend: MakeBackend, state: str
) -> None:
    """The charge is older than the ledger, but the earlier books never had its money."""
    starts_at = make_backend().clock() - timedelta(hours=1)
    backend = make_backend(studio={"ledger_starts_at": rfc3339(starts_at)})
    record = backend.order()
    made_at = int((starts_at - timedelta(days=2)).timestamp())
    charged(backend, record, state=state, created=made_at)
    imported(backend, record)
    move(backend, record, state="paid")
    assert kinds(backend) == ["sale"]
    assert backend.head().payable_balance_amount == 10_000 - 320 - 1500


@pytest.mark.parametrize("amount", [10_000, 6_000])
def test_a_refusal_that_says_the_books_are_behind_brings_them_level_at_once(
    backend: Backend, amount: int
) -> None:
    order_id = backend.sell()
    backend.stripe_refund(order_id, amount)
    backend.events()  # lost
    with pytest.raises(StripeRefusedError):
        backend.refund(order_id, 10_000)
    assert backend.record(order_id).state.committed_amount == amount
    backend.drain()
    assert backend.record(order_id).state.settled_amount == amount


def test_a_refund_request_verifies_an_unverified_order_on_the_spot(backend: Backend) -> None:
    record = backend.order()
    charged(backend, record)
    backend.record_orders([json.dumps(record)])
    refund = backend.refund(record["order_id"], 2500)
    assert refund.status is RefundStatus.PENDING
    backend.settle_all()
    assert kinds(backend) == ["sale", "refund"]
    assert backend.verify() is None


def test_an_event_about_a_refund_that_comes_before_the_sale_waits_for_it(
    backend: Backend,
) -> None:
    record = backend.order()
    charged(backend, record)
    backend.record_orders([json.dumps(record)])
    backend.sqs.purge_queue(QueueUrl=backend.charge_url)
    charge_id = record["stripe"]["charge_id"]
    backend.stripe_call("POST", "refunds", charge=charge_id, amount=2000)
    assert set(backend.deliver()) == {"ChargeAnnounced"}
    backend.drain()
    assert kinds(backend) == ["sale", "refund"]
