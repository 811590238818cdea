"""The worst day: an hour is thrown away, a payout in it, and comes back from Stripe."""

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner

from infra.local.stack import Stack
from infra.operate.restore import __main__ as command
from infra.operate.restore import functions
from infra.operate.restore.replay_events import ReplayStripeEvents
from infra.operate.restore.tables import put_back, torn
from shared.domain.order import OrderState
from shared.domain.payout import PayoutStatus
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_metadata import metadata_of
from shared.domain.refund_quote import ChosenLine
from shared.gateways.queues import FeeRefundQueue
from tests.integration.backend import Backend
from tests.integration.payout_desk import ACCOUNT, WEEK, PayoutDesk
from tests.integration.test_match import ReconcileBooks
from tests.integration.test_send_message import MessageSender

pytestmark = pytest.mark.stack

# What of a refund is known again: who asked for it, and when, is not.
SAME = ("refund_id", "order_id", "type", "status", "amount", "items", "reason", "stripe_refund_id")


@dataclass
class Disaster:
    """A studio's world, its tables as they were at a time, and the way back."""

    backend: Backend
    stack: Stack

    def keep(self) -> None:
        """Let point-in-time recovery have the tables as they are now."""
        self.at = datetime.now(UTC)
        for table in (self.backend.orders_table, self.backend.ledger_table):
            self.backend.dynamodb.restore_table_to_point_in_time(
                SourceTableName=table, TargetTableName=f"{table}-kept", UseLatestRestorableTime=True
            )

    def strike(self) -> None:
        """Throw away all since then, and what is in the queues."""
        backend = self.backend
        resource = self.stack.aws.session.resource(
            "dynamodb", endpoint_url=self.stack.aws.endpoint_url
        )
        kept = f"{backend.orders_table}-kept", f"{backend.ledger_table}-kept"
        assert torn(backend.dynamodb, *kept) == []
        both = list(zip(kept, (backend.orders_table, backend.ledger_table), strict=True))
        assert sum(sum(put_back(resource, *each).values()) for each in both) > 0
        assert sum(sum(put_back(resource, *each).values()) for each in both) == 0
        # An hour later SQS has forgotten what it swallows as repeated.
        backend.new_queues()

    def level(self) -> dict[str, int]:
        """Bring the tables level, then let the functions run again."""
        backend = self.backend
        level = ReplayStripeEvents(
            backend.dynamodb,
            backend.orders_table,
            backend.ledger_table,
            FeeRefundQueue(backend.sqs, backend.fee_url),
            backend.stripe,
            backend.clock,
        )
        done = dict(level(self.at))
        backend.come_to_rest()
        return done


@pytest.fixture
def disaster(make_backend: Callable[..., Backend], stack: Stack) -> Callable[..., Disaster]:
    def make(**changes: Any) -> Disaster:  # noqa: ANN401  # the Backend's fields
        studio = {"payout_account_id": ACCOUNT}
        return Disaster(make_backend(studio=studio, **changes), stack)

    return make


def refund_of(refund: Refund) -> dict[str, Any]:
    return {name: getattr(refund, name) for name in SAME}


def books_of(backend: Backend) -> dict[str, tuple[list[dict[str, Any]], OrderState]]:
    """Return all refunds and state, without what counts writes and names who did them."""
    found = {}
    for order_id in backend.order_ids():
        record = backend.record(order_id)
        refunds = sorted((refund_of(each) for each in record.refunds.values()), key=str)
        found[order_id] = refunds, replace(record.state, version=0)
    return found


def fees_of(backend: Backend, orders: list[str]) -> list[Any]:
    """Return the refunds of the orders' application fees, as Stripe has them."""
    fees = [backend.record(order).order.application_fee_id for order in orders]
    return [backend.stripe.list_fee_refunds(fee) for fee in fees if fee]


@pytest.mark.parametrize("direct", [False, True])
def test_an_hour_of_refunds_and_a_payout_come_back_as_they_were(
    disaster: Callable[..., Disaster], *, direct: bool
) -> None:
    day = disaster(direct=direct)
    backend = day.backend
    desk = PayoutDesk(backend)
    orders = [backend.sell() for _ in range(6)]
    settled = backend.refund(orders[0], 4000)
    backend.deliver()
    backend.drain()
    under_way = backend.refund(orders[1], 1000)
    assert backend.current(settled).status is RefundStatus.SETTLED
    day.keep()

    # The hour: of each kind of refund, a late failure, one made outside, a payout that is paid.
    lost = [
        backend.refund(orders[2]),
        backend.refund(orders[3], lines=(ChosenLine("li_1", 2),)),
        backend.refund(orders[4], 3333, key="asked again"),
        backend.refund(orders[0], 1500),
    ]
    backend.stripe_refund(orders[5], 700)
    backend.deliver()
    backend.come_to_rest()
    backend.control(f"refunds/{settled.stripe_refund_id}", status="failed")
    backend.deliver()
    backend.come_to_rest()
    assert backend.current(settled).status is RefundStatus.FAILED
    backend.clock.ahead += WEEK
    done = desk.run().done
    assert done == ({"PayoutCarried": 1} if direct else {"PayoutPaid": 1})
    after_payout = backend.refund(orders[1], 500)
    backend.deliver()
    backend.come_to_rest()
    before, head = books_of(backend), backend.head()
    payouts, transfers = desk.all(), desk.transfers()
    at_stripe = {order: backend.stripe_refunds(order) for order in orders}
    fees = fees_of(backend, orders)

    day.strike()
    assert backend.head().seq < head.seq
    assert day.level()["RefundTakenIn"] == 6

    assert books_of(backend) == before
    assert {each.status for each in map(backend.current, [*lost, under_way, after_payout])} == {
        RefundStatus.SETTLED
    }
    now = backend.head()
    assert now.direct_balance_amount == head.direct_balance_amount
    assert now.payable_balance_amount == head.payable_balance_amount
    assert backend.verify() is None
    # Nothing was done at Stripe a second time, and is not by what runs next.
    # A payout that paid nothing left nothing at Stripe: it is closed anew.
    assert desk.run().done == ({"PayoutCarried": 1} if direct else {})
    backend.come_to_rest()
    assert desk.transfers() == transfers
    assert {order: backend.stripe_refunds(order) for order in orders} == at_stripe
    assert fees_of(backend, orders) == fees
    assert [each.payout_id for each in desk.all()] == [each.payout_id for each in payouts]
    assert [each.paid_amount for each in desk.all()] == [each.paid_amount for each in payouts]
    # The client whose answer was lost asks again, and is answered with the same refund.
    assert backend.refund(orders[4], 3333, key="asked again").refund_id == lost[2].refund_id
    assert day.level().get("RefundTakenIn") is None
    # The match holds all of it against Stripe once more.
    assert ReconcileBooks(backend).findings() == []


def test_a_payout_of_what_is_not_there_again_yet_is_entered_for_what_was_transferred(
    disaster: Callable[..., Disaster],
) -> None:
    """A sale of the hour, its refund and a payout of it all: the sale comes back by its import."""
    day = disaster()
    backend = day.backend
    desk = PayoutDesk(backend)
    backend.sell()
    day.keep()
    record = backend.order()
    backend.import_orders([json.dumps(record)])
    backend.charge(record)
    refund = backend.refund(record["order_id"], 2500)
    backend.deliver()
    backend.come_to_rest()
    assert desk.pay_day() == {"PayoutPaid": 1}
    before, payout, transfers = books_of(backend), desk.last(), desk.transfers()

    day.strike()
    done = day.level()
    assert (done["UnknownCharge"], done["PayoutAdopted"]) == (2, 1)
    again = desk.last()
    assert (again.payout_id, again.transfer_id) == (payout.payout_id, payout.transfer_id)
    assert (again.period_start, again.period_end) == (payout.period_start, payout.period_end)
    assert (again.paid_amount, again.total_amount) == (payout.paid_amount, 8180)
    assert again.carried_amount == 8180 - payout.paid_amount < 0
    assert (again.status, again.reason) == (PayoutStatus.PAID, "restored")
    assert backend.verify() is None

    backend.import_orders([json.dumps(record)])
    done = day.level()
    assert (done["RefundTakenIn"], done["PayoutKnown"]) == (1, 1)
    assert "UnknownCharge" not in done
    assert books_of(backend) == before
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert backend.head().payable_balance_amount == 0
    assert desk.run().done == {}
    backend.sell()
    assert desk.pay_day() == {"PayoutPaid": 1}
    assert desk.last().paid_amount == 8180
    assert desk.transfers()[1:] == transfers
    assert backend.verify() is None


@pytest.mark.parametrize("forgotten", [False, True], ids=["key known", "key forgotten"])
def test_a_payout_that_a_restore_brings_back_to_its_beginning_is_not_paid_twice(
    disaster: Callable[..., Disaster], *, forgotten: bool
) -> None:
    day = disaster()
    backend = day.backend
    desk = PayoutDesk(backend)
    backend.sell()
    backend.clock.ahead += WEEK
    assert desk.close(backend.studio_id) is not None
    day.keep()
    assert desk.later() == {"PayoutPaid": 1}
    transfers = desk.transfers()
    day.strike()
    assert desk.last().status is PayoutStatus.CLOSING
    if forgotten:
        backend.clock.ahead += timedelta(days=2)
        backend.control("clock", advance_s=2 * 86400)
    assert desk.later() == {"PayoutPaid": 1}
    assert desk.transfers() == transfers
    assert (desk.last().transfer_id, backend.verify()) == (transfers[0]["id"], None)


def test_transfers_that_came_back_or_are_of_no_payout_enter_nothing(
    disaster: Callable[..., Disaster],
) -> None:
    day = disaster()
    backend = day.backend
    desk = PayoutDesk(backend)
    backend.sell()
    day.keep()
    assert desk.pay_day() == {"PayoutPaid": 1}
    backend.stripe_call("POST", f"transfers/{desk.last().transfer_id}/reversals")
    backend.stripe_call(
        "POST", "transfers", amount=5, currency="usd", destination=ACCOUNT, transfer_group="a gift"
    )
    group = f"po_st_nowhere_{desk.last().period_end}"
    backend.stripe_call(
        "POST", "transfers", amount=5, currency="usd", destination=ACCOUNT, transfer_group=group
    )
    day.strike()
    done = day.level()
    assert (done["TransferCameBack"], done["TransferOfNoPayout"]) == (1, 1)
    assert done["TransferOfUnknownStudio"] == 1
    assert desk.all() == []
    assert backend.head().payable_balance_amount == 8180


def test_a_message_of_the_hour_is_lost_and_not_sent_again_by_itself(
    disaster: Callable[..., Disaster],
) -> None:
    day = disaster()
    desk = MessageSender(day.backend, day.stack)
    day.keep()
    desk.send()
    day.strike()
    day.level()
    assert desk.found() is None
    assert len(desk.mails()) == 1


def test_tables_that_do_not_fit_each_other_are_told(disaster: Callable[..., Disaster]) -> None:
    day = disaster()
    backend = day.backend
    order = backend.sell()
    refund = backend.refund(order, 1000)
    backend.deliver()
    before = backend.current(refund)
    backend.drain()
    assert torn(backend.dynamodb, backend.orders_table, backend.ledger_table) == []
    # The refund as it was before the transaction that settled it.
    settled = backend.current(refund)
    backend.orders.advance_refund(replace(before, version=settled.version))
    (problem,) = torn(backend.dynamodb, backend.orders_table, backend.ledger_table)
    assert "entry 2 has no refund that is so far" in problem


def test_metadata_that_was_edited_takes_in_a_refund_made_outside(backend: Backend) -> None:
    """Only what names its own order and a refund that is not there was lost."""
    order, other = backend.sell(), backend.sell()
    known = backend.refund(other, 500)
    copy = {f"metadata[{name}]": value for name, value in metadata_of(known).items() if value}
    unknown = "rf_0123456789abcdef01234567"
    made = [
        backend.stripe_refund(order, 100, **copy),
        backend.stripe_refund(order, 100, **copy | {"metadata[refund_id]": unknown}),
        backend.stripe_refund(other, 100, **copy),
    ]
    backend.deliver()
    backend.come_to_rest()
    found = [*backend.record(order).refunds.values(), *backend.record(other).refunds.values()]
    outside = {each.stripe_refund_id: each for each in found if each.source == "stripe"}
    assert outside.keys() == {each["id"] for each in made}
    assert not {each.refund_id for each in outside.values()} & {known.refund_id, unknown}
    assert backend.verify() is None


@contextmanager
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the command find the engine where an administrator's AWS would be."""
    with monkeypatch.context() as patch:
        for name, value in stack.aws.environment.items():
            patch.setenv(name, value)
        yield


def test_the_command_puts_back_and_levels(
    disaster: Callable[..., Disaster], stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The two steps between, which touch this world's tables alone."""
    day = disaster()
    backend = day.backend
    order = backend.sell()
    at = datetime.now(UTC).replace(microsecond=0)
    for table in (backend.orders_table, backend.ledger_table):
        # The engine restores only what is there now: so it is asked before the hour, not after.
        backend.dynamodb.restore_table_to_point_in_time(
            SourceTableName=table,
            TargetTableName=f"{table}-{at:%Y%m%dT%H%M%SZ}",
            UseLatestRestorableTime=True,
        )
    refund = backend.refund(order)
    backend.deliver()
    backend.drain()
    outputs = {
        "OrdersTableName": backend.orders_table,
        "LedgerTableName": backend.ledger_table,
        "AdjustQueueUrl": backend.adjust_url,
        "FeeRefundQueueUrl": backend.fee_url,
    }
    monkeypatch.setattr(command, "_outputs", lambda _: outputs)
    level = ReplayStripeEvents(
        backend.dynamodb,
        backend.orders_table,
        backend.ledger_table,
        FeeRefundQueue(backend.sqs, backend.fee_url),
        backend.stripe,
        backend.clock,
    )
    monkeypatch.setattr(command, "_level", lambda _: level)
    with environment(stack, monkeypatch):
        put = CliRunner().invoke(command.app, ["tables", "--to", at.isoformat()])
        assert put.exit_code == 0, put.output
        assert backend.head().seq == 1
        levelled = CliRunner().invoke(command.app, ["level", "--since", at.isoformat()])
        assert levelled.exit_code == 0, levelled.output
        assert CliRunner().invoke(command.app, ["level", "--since", "noon"]).exit_code == 1
        stranger = backend.order()
        backend.charge(stranger)
        charge = stranger["stripe"]["charge_id"]
        backend.stripe_call("POST", "refunds", charge=charge, amount=100)
        left = CliRunner().invoke(command.app, ["level", "--since", at.isoformat()])
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert (left.exit_code, "not level yet" in left.output) == (1, True)


def test_functions_are_stopped_with_their_queues_and_started_again(
    backend: Backend, stack: Stack
) -> None:
    lambda_, name = stack.aws.lambda_, f"idle-{backend.run}"
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("idle.py", "def handler(event, context):\n    return {}\n")
    role = lambda_.get_function_configuration(FunctionName=stack.functions["payout_adjust"])["Role"]
    lambda_.create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="idle.handler",
        Code={"ZipFile": code.getvalue()},
    )
    arn = backend.sqs.get_queue_attributes(
        QueueUrl=backend.adjust_url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    lambda_.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)

    def state() -> str:
        (mapping,) = lambda_.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]
        return mapping["State"]

    try:
        functions.stop(lambda_, [name])
        assert state() in {"Disabling", "Disabled"}
        with pytest.raises(ClientError, match="TooManyRequests"):
            lambda_.invoke(FunctionName=name)
        functions.start(lambda_, [name])
        assert state() in {"Enabling", "Enabled"}
        assert lambda_.invoke(FunctionName=name)["StatusCode"] == 200
    finally:
        lambda_.delete_function(FunctionName=name)
