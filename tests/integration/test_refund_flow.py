"""From request to ledger entry, one step at a time."""

from datetime import timedelta

import pytest

from shared.domain.errors import (
    ChargeDisputedError,
    IdempotencyKeyReusedError,
    NothingRefundableError,
    RefundLimitError,
    StripeOutcomeUnknownError,
    StripeRefusedError,
)
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_quote import ChosenLine
from shared.edge.auth import Caller, Role
from tests.integration.backend import Backend, MakeBackend
from tests.records import line_record

pytestmark = pytest.mark.stack


def test_a_full_refund_of_100_dollars_costs_the_studio_the_stripe_fee(backend: Backend) -> None:
    order_id = backend.sell()

    refund = backend.refund(order_id)
    assert (refund.status, refund.amount) == (RefundStatus.PENDING, 10000)
    assert "RefundConfirmed" in backend.deliver()
    backend.drain()

    settled = backend.current(refund)
    assert settled.status is RefundStatus.SETTLED
    sale, entry = backend.entries()
    assert (sale["kind"], sale["net_amount"]) == ("sale", 8180)
    assert entry["kind"] == "refund"
    assert entry["gross_amount"] == -10000
    assert entry["rev_share_amount"] == 1500
    assert entry["stripe_fee_retained_amount"] == 320
    assert entry["net_amount"] == -8500
    assert entry["payable_balance_amount"] == -320
    assert entry["correlation_id"] == f"corr-{backend.run}"
    assert backend.verify() is None


def test_a_repeated_key_answers_with_the_same_refund(backend: Backend) -> None:
    order_id = backend.sell()
    first = backend.refund(order_id, 2500, key="k")
    again = backend.refund(order_id, 2500, key="k")
    assert again.refund_id == first.refund_id
    assert len(backend.stripe_refunds(order_id)) == 1
    with pytest.raises(IdempotencyKeyReusedError):
        backend.refund(order_id, 2600, key="k")


def test_a_refusal_releases_the_reservation_and_is_answered_again_for_the_same_key(
    backend: Backend,
) -> None:
    order_id = backend.sell()
    backend.stripe_refund(order_id, 10000)
    for _ in range(2):
        with pytest.raises(StripeRefusedError) as refused:
            backend.refund(order_id, 2500, key="k")
        assert refused.value.reason == "charge_already_refunded"
    # The refusal said that the books were behind, so the charge was read at once.
    record = backend.record(order_id)
    assert record.state.committed_amount == 10000
    assert sorted((each.source, each.status) for each in record.refunds.values()) == [
        ("api", RefundStatus.FAILED),
        ("stripe", RefundStatus.SUCCEEDED),
    ]

    backend.settle_all()
    assert backend.record(order_id).state.settled_amount == 10000
    with pytest.raises(NothingRefundableError):
        backend.refund(order_id, 2500)


def test_an_external_refund_against_reserved_money_is_recorded(backend: Backend) -> None:
    order_id = backend.sell()
    backend.control(
        "faults", fault="reset_before_effect", times=2, match={"path_prefix": "/v1/refunds"}
    )
    ours = backend.refund(order_id, 8000)
    assert ours.status is RefundStatus.REQUESTED
    backend.stripe_refund(order_id, 5000)

    backend.deliver()
    assert backend.record(order_id).state.refundable_amount == 0
    backend.come_to_rest()

    record = backend.record(order_id)
    assert record.refunds[ours.refund_id].status is RefundStatus.FAILED
    assert record.refunds[ours.refund_id].failure_reason == "amount_exceeds_charge"
    assert (record.state.committed_amount, record.state.settled_amount) == (5000, 5000)
    assert backend.verify() is None


@pytest.mark.parametrize(
    "fault",
    [
        "reset_before_effect",
        "reset_after_effect",
        "status_429",
        "status_500_before_effect",
        "status_500_after_effect",
    ],
)
@pytest.mark.parametrize("direct", [False, True])
def test_an_unknown_outcome_ends_in_one_refund(
    make_backend: MakeBackend, fault: str, *, direct: bool
) -> None:
    backend = make_backend(direct=direct)
    order_id = backend.sell()
    backend.control("faults", fault=fault, times=2, match={"path_prefix": "/v1/refunds"})

    refund = backend.refund(order_id)
    backend.come_to_rest()

    assert backend.current(refund).status is RefundStatus.SETTLED
    assert [each["amount"] for each in backend.stripe_refunds(order_id)] == [10000]
    assert backend.record(order_id).state.settled_amount == 10000
    assert [entry["kind"] for entry in backend.entries()] == ["sale", "refund"]


def resumed_after_30_hours(backend: Backend, fault: str) -> tuple[str, Refund]:
    """Refund an order while Stripe's connection fails; resume after Stripe forgot the key."""
    order_id = backend.sell()
    backend.control("faults", fault=fault, times=2, match={"path_prefix": "/v1/refunds"})
    refund = backend.refund(order_id)
    backend.clock.ahead = timedelta(hours=30)
    backend.control("clock", advance_s=30 * 3600)
    backend.come_to_rest()
    return order_id, refund


def test_a_key_that_stripe_has_forgotten_is_not_used_again(backend: Backend) -> None:
    order_id, refund = resumed_after_30_hours(backend, "reset_after_effect")

    assert len(backend.stripe_refunds(order_id)) == 1
    assert backend.current(refund).attempt == 1


def test_a_refund_never_sent_is_sent_under_a_new_key_a_day_later(backend: Backend) -> None:
    order_id, refund = resumed_after_30_hours(backend, "reset_before_effect")

    settled = backend.current(refund)
    assert (settled.status, settled.attempt) == (RefundStatus.SETTLED, 2)
    assert len(backend.stripe_refunds(order_id)) == 1


def test_an_unsettled_failure_releases_money_and_units_and_leaves_no_entry(
    backend: Backend,
) -> None:
    order_id = backend.sell()
    refund = backend.refund(order_id, lines=(ChosenLine("li_1", 2),))
    assert refund.amount == 5000
    backend.control(f"refunds/{refund.stripe_refund_id}", status="failed")
    backend.deliver(backend.events()[-1:])
    record = backend.record(order_id)
    assert record.refunds[refund.refund_id].status is RefundStatus.FAILED
    assert record.state.committed_amount == 0
    assert record.state.lines_committed == {}
    assert backend.drain() == 0


@pytest.mark.parametrize("direct", [False, True])
def test_a_late_failure_is_compensated_and_can_be_refunded_again(
    make_backend: MakeBackend, *, direct: bool
) -> None:
    backend = make_backend(direct=direct)
    order_id = backend.sell()
    refund = backend.refund(order_id)
    backend.settle_all()
    before = backend.head()

    backend.control(
        f"refunds/{refund.stripe_refund_id}", status="failed", failure_reason="lost_or_stolen_card"
    )
    backend.settle_all()

    failed = backend.current(refund)
    assert (failed.status, failed.failure_reason) == (RefundStatus.FAILED, "lost_or_stolen_card")
    state = backend.record(order_id).state
    assert (state.committed_amount, state.settled_amount, state.rev_share_reversed_amount) == (
        0,
        0,
        0,
    )
    entry = backend.entries()[-1]
    assert (entry["kind"], entry["gross_amount"], entry["rev_share_amount"]) == (
        "refund_failed",
        10000,
        -1500,
    )
    head = backend.head()
    if direct:
        assert before.payable_balance_amount == 0
        assert head.payable_balance_amount == -1500
    else:
        assert head.payable_balance_amount == 8180

    backend.refund(order_id)
    backend.settle_all()
    assert backend.head() == before.__class__(
        before.studio_id,
        before.currency,
        4,
        before.payable_balance_amount,
        before.direct_balance_amount,
        backend.head().hash,
    )
    assert backend.verify() is None
    if direct:
        fee = backend.record(order_id).order.application_fee_id
        assert backend.stripe_call("GET", f"application_fees/{fee}")["amount_refunded"] == 1500


def test_the_application_fee_is_refunded_with_a_direct_charge(make_backend: MakeBackend) -> None:
    backend = make_backend(direct=True)
    order_id = backend.sell()
    for amount in (3333, 3333, 3334):
        backend.refund(order_id, amount)
        backend.settle_all()
    fee = backend.record(order_id).order.application_fee_id
    assert backend.stripe_call("GET", f"application_fees/{fee}")["amount_refunded"] == 1500
    assert [e["payable_amount"] for e in backend.entries()] == [0, 0, 0, 0]
    assert backend.head().direct_balance_amount == -320


@pytest.mark.parametrize(
    "fault", ["reset_before_effect", "reset_after_effect", "status_500_after_effect"]
)
def test_a_fee_refund_whose_answer_is_lost_is_made_once(
    make_backend: MakeBackend, fault: str
) -> None:
    backend = make_backend(direct=True)
    order_id = backend.sell()
    backend.refund(order_id)
    backend.deliver()
    backend.control(
        "faults",
        fault=fault,
        times=2,
        match={"path_prefix": "/v1/application_fees", "method": "POST"},
    )
    with pytest.raises(StripeOutcomeUnknownError):
        backend.drain()
    backend.come_to_rest()
    fee = backend.record(order_id).order.application_fee_id
    assert backend.stripe_call("GET", f"application_fees/{fee}")["amount_refunded"] == 1500


def test_a_dispute_stops_refunds_until_it_is_won(backend: Backend) -> None:
    order_id = backend.sell()
    charge_id = backend.record(order_id).order.charge_id
    dispute = backend.control("disputes", charge=charge_id)
    backend.deliver()
    with pytest.raises(ChargeDisputedError):
        backend.refund(order_id)
    backend.control(f"disputes/{dispute['id']}/close", status="won")
    events = backend.events()
    backend.deliver(events)
    backend.deliver(list(reversed(events)))
    assert backend.refund(order_id).status is RefundStatus.PENDING


@pytest.mark.parametrize("status", ["pending", "settled"])
@pytest.mark.parametrize(
    "metadata",
    [{"metadata": ""}, {"metadata[refund_id]": "re_other", "metadata[order_id]": "ord_other"}],
    ids=["cleared", "edited"],
)
def test_metadata_changed_at_stripe_books_nothing_twice(
    backend: Backend, metadata: dict[str, str], status: str
) -> None:
    order_id = backend.sell()
    refund = backend.refund(order_id, 4000)
    if status == "settled":
        backend.settle_all()
    backend.stripe_call("POST", f"refunds/{refund.stripe_refund_id}", **metadata)
    changed = [event for event in backend.events() if event["type"] == "refund.updated"][-1]
    assert changed["data"]["object"]["metadata"].get("refund_id") != refund.refund_id

    outcomes = backend.deliver([changed])
    backend.come_to_rest()

    record = backend.record(order_id)
    assert list(record.refunds) == [refund.refund_id]
    assert record.refunds[refund.refund_id].status is RefundStatus.SETTLED
    assert record.state.settled_amount == 4000
    assert outcomes == [{"pending": "RefundConfirmed", "settled": "RefundReportRepeated"}[status]]


def test_staff_refund_up_to_their_limit_of_an_order_and_an_owner_beyond(backend: Backend) -> None:
    order_id = backend.sell(
        line_items=[line_record("li_1", 1, 150_000)], total_amount=150_000, rev_share_amount=0
    )
    owner = backend.caller
    backend.caller = Caller("sam", backend.studio_id, frozenset({Role.STAFF}))
    with pytest.raises(RefundLimitError):
        backend.refund(order_id)
    backend.refund(order_id, 60_000)
    with pytest.raises(RefundLimitError):  # a second one of the same order counts as well
        backend.refund(order_id, 40_001)
    backend.refund(order_id, 40_000)
    backend.caller = owner
    assert backend.refund(order_id).amount == 50_000
