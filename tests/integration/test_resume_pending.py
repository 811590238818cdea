"""Open refunds are resumed when they are due, at growing intervals, until they end."""

import itertools
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.due_work import DueWork
from shared.domain.order import OrderKey
from shared.domain.refund import HistoryEntry, Refund, RefundStatus
from shared.domain.stripe_refund import StripeRefund
from shared.gateways.queues import ResumeQueue
from shared.gateways.records.keys import order_pk, primary_key, refund_sk
from shared.gateways.records.refund import refund_to_item
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.record_stripe_refund import RecordStripeRefund
from tests.at_once import at_once
from tests.integration.backend import Backend, MakeBackend
from tests.integration.crash import CrashError
from tests.integration.own_resources import drain, make_queue

pytestmark = pytest.mark.stack

AT = "2020-01-01T00:00:00.000Z"


def due_round(backend: Backend) -> dict[str, int]:
    return backend.resume(due_only=True)


def test_only_what_is_due_is_polled_at_growing_intervals(backend: Backend) -> None:
    order_id = backend.sell()
    backend.control("faults", fault="pending")
    refund = backend.refund(order_id)

    assert due_round(backend) == {}
    polled = []
    for minutes in range(1, 330):
        backend.clock.ahead = timedelta(minutes=minutes)
        if due_round(backend):
            polled.append(minutes)
    pauses = [later - earlier for earlier, later in itertools.pairwise(polled)]
    assert polled[0] == 2
    assert pauses == [5, 10, 20, 40, 80, 160]
    assert backend.current(refund).status is RefundStatus.PENDING

    backend.control(f"refunds/{refund.stripe_refund_id}", status="succeeded")
    backend.clock.ahead += timedelta(hours=7)
    assert due_round(backend) == {"RefundConfirmed": 1}
    backend.drain()
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert backend.open_work() == []


class CrashingQueue:
    """A queue whose caller stops before the message is sent."""

    def announce(self, _: Refund) -> None:
        raise CrashError


def test_a_settlement_is_announced_after_a_crash_before_its_announcement(backend: Backend) -> None:
    order_id = backend.sell()
    refund = backend.refund(order_id)
    record = RecordStripeRefund(
        backend.orders, backend.charges, CrashingQueue(), backend.clock, "stripe_webhook"
    )
    with pytest.raises(CrashError):
        record(backend.refunds_at_stripe.get(str(refund.stripe_refund_id), None), None)
    assert backend.current(refund).status is RefundStatus.SUCCEEDED
    assert backend.drain() == 0

    assert backend.resume() == {"SettlementAnnouncedAgain": 1}
    backend.drain()
    assert backend.current(refund).status is RefundStatus.SETTLED


def test_one_refund_that_cannot_be_resumed_does_not_stop_the_others(backend: Backend) -> None:
    stuck, fine = backend.sell(), backend.sell()
    first, second = backend.refund(stuck), backend.refund(fine)
    backend.control(
        "faults",
        fault="status_429",
        times=2,
        match={"path_prefix": f"/v1/refunds/{first.stripe_refund_id}"},
    )
    assert backend.resume() == {"ResumeDeferred": 1, "RefundConfirmed": 1}
    backend.drain()
    assert backend.current(second).status is RefundStatus.SETTLED
    assert backend.current(first).status is RefundStatus.PENDING


def test_what_is_due_of_all_studios_comes_in_order_of_time(backend: Backend) -> None:
    """Refunds in flight are sorted by studio, and late failures are in another index."""
    refund = backend.refund(backend.sell())
    late: dict[str, Any] = {
        "settled_seq": 2,
        "history": (HistoryEntry(RefundStatus.FAILED, AT, "stripe"),),
    }
    for minute, studio_id, status in (
        (4, "st_a", RefundStatus.REQUESTED),
        (1, "st_z", RefundStatus.PENDING),
        (3, "st_b", RefundStatus.FAILED),
        (2, "st_a", RefundStatus.SUCCEEDED),
        (0, "st_z", RefundStatus.FAILED),
        (9, "st_a", RefundStatus.PENDING),
    ):
        made = replace(
            refund,
            refund_id=f"rf_{minute}",
            studio_id=studio_id,
            status=status,
            next_poll_at=f"2020-01-01T00:0{minute}:00.000Z",
            **(late if status is RefundStatus.FAILED else {}),
        )
        backend.dynamodb.put_item(TableName=backend.orders_table, Item=refund_to_item(made))
    due = list(backend.open_index.refunds("2020-01-01T00:04:00.000Z"))
    assert [each.task for each in due] == ["rf_0", "rf_1", "rf_2", "rf_3", "rf_4"]
    assert [each.order.studio_id for each in due] == ["st_z", "st_z", "st_a", "st_b", "st_a"]
    assert [each.task for each in backend.open_index.refunds(None)] == [
        *(each.task for each in due),
        "rf_9",
        refund.refund_id,
    ]


def test_a_piece_of_work_is_done_once_however_often_it_is_announced(backend: Backend) -> None:
    for _ in range(3):
        backend.refund(backend.sell())
    works = list(backend.open_index.due(None))
    assert [backend.resume_pending(work) for work in works] == ["RefundConfirmed"] * 3
    assert [backend.resume_pending(work) for work in works] == ["ResumeNothingOpen"] * 3
    backend.come_to_rest()
    assert backend.open_work() == []


def test_pieces_of_one_refund_at_the_same_time_poll_it_once(backend: Backend) -> None:
    order_id = backend.sell()
    backend.control("faults", fault="pending")
    refund = backend.refund(order_id)
    (work,) = backend.open_index.due(None)
    at_once(6, lambda _: backend.resume_pending(work))
    assert backend.current(refund).poll_count == 1


def test_a_refund_on_which_a_worker_dies_comes_again_later_and_alone(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison, fine = backend.refund(backend.sell()), backend.refund(backend.sell())
    backend.clock.ahead = timedelta(minutes=3)
    get = StripeRefunds.get

    def die(stripe: StripeRefunds, stripe_refund_id: str, account_id: str | None) -> StripeRefund:
        if stripe_refund_id == poison.stripe_refund_id:
            raise CrashError
        return get(stripe, stripe_refund_id, account_id)

    monkeypatch.setattr(StripeRefunds, "get", die)
    deadly, other = sorted(
        backend.open_index.due(None), key=lambda work: work.task != poison.refund_id
    )
    with pytest.raises(CrashError):
        backend.resume_pending(deadly)
    assert backend.resume_pending(deadly) == "ResumeNothingOpen"  # SQS delivers it again
    assert backend.resume_pending(other) == "RefundConfirmed"
    backend.drain()
    assert backend.current(fine).status is RefundStatus.SETTLED
    assert due_round(backend) == {}
    assert [work.task for work in backend.open_work()] == [poison.refund_id]


def test_an_unreadable_record_costs_only_itself(backend: Backend) -> None:
    broken, fine = backend.refund(backend.sell()), backend.refund(backend.sell())
    backend.dynamodb.update_item(
        TableName=backend.orders_table,
        Key=primary_key(order_pk(broken.order_key), refund_sk(broken.refund_id)),
        UpdateExpression="REMOVE requested_at",
    )
    assert backend.resume() == {"ResumeFailed": 1, "RefundConfirmed": 1}
    backend.drain()
    assert backend.current(fine).status is RefundStatus.SETTLED


def test_the_queue_has_a_message_for_each_kind_of_work(make_backend: MakeBackend) -> None:
    backend = make_backend(direct=True)
    settled = backend.refund(backend.sell())
    backend.deliver()
    backend.refund(backend.sell())
    backend.settle_refund(settled.order_key, settled.refund_id)
    unread = backend.order()
    backend.record_orders([json.dumps(unread)])
    url = make_queue(backend.sqs, f"resume-{backend.run}")
    assert ResumeQueue(backend.sqs, url).announce(backend.open_index.due(None)) == 3
    outcomes: list[str] = []

    def do_work(message: dict[str, str]) -> None:
        order = OrderKey(message["studio_id"], message["order_id"])
        outcomes.append(backend.resume_pending(DueWork(message["due_at"], order, message["task"])))

    drain(backend.sqs, url, do_work)
    assert set(outcomes) == {"ChargeAnnouncedAgain", "FeeRefundAnnouncedAgain", "RefundConfirmed"}
