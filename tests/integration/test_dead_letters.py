"""Messages that cannot be processed are parked with a reason, shown, fixed and sent back.

The tests run the functions' real handlers on real queues, and act as Lambda's poller: they receive,
call the handler, and delete the messages that the handler did not report as failed.
"""

import json
import time
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from infra.operate.dead_letter_queues import QUEUES, DeadLetters, queue_outputs
from shared.edge.sqs import TRIES, BatchFailedError, MalformedMessageError
from shared.gateways.parked_messages import ParkedRecords
from shared.gateways.queues import ParkedMessages
from shared.gateways.records.keys import order_pk, primary_key, refund_sk
from tests.integration.backend import Backend, MakeBackend
from tests.integration.poisoned import SETTINGS, Poisoned
from tests.operate import failure_of, operate

pytestmark = pytest.mark.stack


@pytest.fixture
def poisoned(
    make_backend: MakeBackend,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Poisoned:
    """The backend, with direct charges if the test says so: ``parametrize(…, indirect=True)``."""
    backend = make_backend(direct=getattr(request, "param", False))
    sqs = backend.sqs
    urls = {
        "adjust": backend.adjust_url,
        "fee_refund": backend.fee_url,
        "charge": backend.charge_url,
    }
    for name in ("adjust", "fee_refund"):
        urls[f"{name}_dlq"] = sqs.create_queue(
            QueueName=f"{name}-{backend.run}-dlq.fifo", Attributes={"FifoQueue": "true"}
        )["QueueUrl"]
    others = QUEUES.keys() - {"adjust", "fee_refund", "charge"}
    for name in ("charge_dlq", *others, *(f"{each}_dlq" for each in others)):
        urls[name] = sqs.create_queue(QueueName=f"{name}-{backend.run}")["QueueUrl"]
    for setting, value in SETTINGS.items():
        monkeypatch.setenv(setting, value)
    adjust = import_module("functions.payout_adjust.handler")
    fees = import_module("functions.fee_refund.handler")
    records = ParkedRecords(backend.dynamodb, backend.orders_table)
    monkeypatch.setattr(adjust, "settle_refund", backend.settle_refund)
    monkeypatch.setattr(adjust, "records", records)
    monkeypatch.setattr(adjust, "parked", ParkedMessages(sqs, urls["adjust_dlq"]))
    monkeypatch.setattr(fees, "refund_application_fee", backend.refund_fee)
    monkeypatch.setattr(fees, "parked", ParkedMessages(sqs, urls["fee_refund_dlq"]))
    charges = import_module("functions.verify_charge.handler")
    monkeypatch.setattr(charges, "verify_charge", backend.verify_charge)
    monkeypatch.setattr(charges, "parked", ParkedMessages(sqs, urls["charge_dlq"]))
    dead = DeadLetters(sqs, urls, records)
    return Poisoned(backend, {"adjust": adjust, "fee_refund": fees, "charge": charges}, dead)


def test_a_bad_message_is_parked_with_its_reason_and_the_others_are_processed(
    poisoned: Poisoned, capsys: pytest.CaptureFixture[str]
) -> None:
    order_id = poisoned.backend.sell()
    _, good = poisoned.settling(order_id)
    poisoned.put("adjust", "not json")
    poisoned.put("adjust", "[" * 50_000)
    poisoned.put("adjust", {**good, "refund_id": "rf_nowhere"})
    poisoned.put("adjust", good)
    assert poisoned.work("adjust") == 0
    assert poisoned.refunds_in_ledger(order_id) == 1
    found = poisoned.parked()
    assert [letter.reason for letter in found] == [
        "the body is not JSON",
        "the body is not JSON",
        f"order {order_id} has no refund rf_nowhere",
    ]
    assert {letter.group for letter in found} == {poisoned.backend.studio_id}
    assert '"MessageParked"' in capsys.readouterr().out


def test_a_message_that_was_fixed_and_sent_back_is_processed(poisoned: Poisoned) -> None:
    order_id = poisoned.backend.sell()
    refund, good = poisoned.settling(order_id)
    poisoned.put("adjust", {**good, "refund_id": "rf_typo"})
    poisoned.work("adjust")
    assert poisoned.refunds_in_ledger(order_id) == 0
    poisoned.fix_only(refund_id=refund.refund_id)
    (letter,) = poisoned.redrive_all()
    assert poisoned.parked() == []
    assert poisoned.work("adjust") == 0
    assert poisoned.refunds_in_ledger(order_id) == 1
    # The studio was told of it, and is told who dealt with it.
    told = poisoned.dead.records.get(poisoned.backend.studio_id, letter.parked_id)
    assert told is not None
    assert (told.resolved_by, told.resolution) == ("op_1", "sent back")


def test_a_message_sent_back_twice_settles_once_even_after_a_day(poisoned: Poisoned) -> None:
    order_id = poisoned.backend.sell()
    _, good = poisoned.settling(order_id)

    def park(message_id: str) -> None:
        parked = poisoned.handlers["adjust"].parked
        parked.park(json.dumps(good), message_id, "tried", poisoned.backend.studio_id)

    park("m_1")
    poisoned.redrive_all()
    poisoned.work("adjust")
    before = poisoned.backend.entries()
    assert poisoned.refunds_in_ledger(order_id) == 1
    poisoned.backend.clock.ahead = timedelta(hours=30)
    poisoned.backend.control("clock", advance_s=30 * 3600)
    park("m_2")
    poisoned.redrive_all()
    assert poisoned.work("adjust") == 0
    assert poisoned.backend.entries() == before
    assert poisoned.backend.verify() is None


def test_a_crash_between_sending_back_and_removing_does_no_harm(
    poisoned: Poisoned, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = poisoned.backend.sell()
    _, good = poisoned.settling(order_id)
    poisoned.handlers["adjust"].parked.park(
        json.dumps(good), "m_1", "tried", poisoned.backend.studio_id
    )

    def dies(_: object, __: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(DeadLetters, "_remove", dies)
        with pytest.raises(KeyboardInterrupt):
            poisoned.redrive_all()
    assert len(poisoned.parked()) == 1
    poisoned.redrive_all()
    poisoned.work("adjust")
    assert poisoned.parked() == []
    assert poisoned.refunds_in_ledger(order_id) == 1


def test_a_refund_that_cannot_settle_does_not_take_its_batch_with_it(poisoned: Poisoned) -> None:
    backend = poisoned.backend
    good = [poisoned.settling(backend.sell()) for _ in range(2)]
    broken, message = poisoned.settling(backend.sell())
    backend.dynamodb.update_item(  # what no code of ours can read
        TableName=backend.orders_table,
        Key=primary_key(order_pk(broken.order_key), refund_sk(broken.refund_id)),
        UpdateExpression="SET #type = :unknown",
        ExpressionAttributeNames={"#type": "type"},
        ExpressionAttributeValues={":unknown": {"S": "unknown"}},
    )
    for each in (good[0][1], message, good[1][1]):
        poisoned.put("adjust", each)
    assert poisoned.work("adjust", receives=TRIES) == 0
    assert [poisoned.refunds_in_ledger(refund.order_id) for refund, _ in good] == [1, 1]
    (letter,) = poisoned.parked()
    assert letter.reason == f"failed {TRIES} times, at last with ValueError"
    assert backend.verify() is None


def test_a_failing_message_is_retried_and_finally_parked_with_its_error(
    poisoned: Poisoned, monkeypatch: pytest.MonkeyPatch
) -> None:
    order_id = poisoned.backend.sell()
    _, good = poisoned.settling(order_id)

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    poisoned.put("adjust", good)
    with monkeypatch.context() as patched:
        patched.setattr(poisoned.handlers["adjust"], "settle_refund", breaks)
        with pytest.raises(BatchFailedError):  # all of the batch: Lambda tries it all again
            poisoned.work("adjust", receives=TRIES - 1)
        assert poisoned.parked() == []
        time.sleep(1.1)  # the queue hides for a second what failed
        poisoned.work("adjust", receives=TRIES)
    (letter,) = poisoned.parked()
    assert letter.reason == f"failed {TRIES} times, at last with ZeroDivisionError"
    poisoned.redrive_all()
    poisoned.work("adjust")
    assert poisoned.refunds_in_ledger(order_id) == 1


@pytest.mark.parametrize("poisoned", [True], indirect=True)
@pytest.mark.parametrize("fault", ["reset_before_effect", "reset_after_effect"])
def test_a_fee_refund_whose_key_stripe_forgot_is_made_once(poisoned: Poisoned, fault: str) -> None:
    backend = poisoned.backend
    order_id = backend.sell()
    _, good = poisoned.settling(order_id)
    poisoned.put("adjust", good)
    poisoned.work("adjust")
    backend.control(
        "faults",
        fault=fault,
        times=2,  # the SDK asks twice
        match={"path_prefix": "/v1/application_fees", "method": "POST"},
    )
    poisoned.put("fee_refund", _message_about(backend, "ord_nowhere"))
    poisoned.work("fee_refund", receives=TRIES)
    reasons = {letter.reason for letter in poisoned.parked()}
    assert "order ord_nowhere has no application fee to refund" in reasons
    assert f"failed {TRIES} times, at last with StripeOutcomeUnknownError" in reasons
    backend.clock.ahead = timedelta(hours=30)
    backend.control("clock", advance_s=30 * 3600)
    poisoned.redrive_all()
    poisoned.work("fee_refund")
    poisoned.put("fee_refund", _message_about(backend, order_id))
    poisoned.work("fee_refund")
    fee = backend.record(order_id).order.application_fee_id
    assert backend.stripe_call("GET", f"application_fees/{fee}")["amount_refunded"] == 1500
    (left,) = poisoned.parked()
    with poisoned.dead.held() as (letter,):
        poisoned.dead.discard(letter, "op_1", "the order never was")
    assert poisoned.parked() == []
    told = poisoned.dead.records.get(backend.studio_id, left.parked_id)
    assert told is not None
    assert (told.resolved_by, told.resolution) == ("op_1", "discarded: the order never was")


def _message_about(backend: Backend, order_id: str) -> dict[str, str]:
    return {"studio_id": backend.studio_id, "order_id": order_id, "correlation_id": "c"}


@pytest.mark.parametrize("changes", [{"refund_id": ""}, {"amount": "1"}, {"order_id": "ord_1"}])
def test_an_invalid_fix_leaves_the_message_unchanged(
    poisoned: Poisoned, changes: dict[str, str]
) -> None:
    poisoned.put("adjust", {"correlation_id": "c"})
    poisoned.work("adjust")
    before = poisoned.parked()
    with pytest.raises(MalformedMessageError):
        poisoned.fix_only(**changes)
    assert [each.message_id for each in poisoned.parked()] == [each.message_id for each in before]


@pytest.fixture
def of_stack(poisoned: Poisoned, operated: Callable[..., str]) -> tuple[str, str]:
    """The option that names the backend's stack."""
    urls = poisoned.dead.urls
    outputs = {output: urls[queue] for queue, output in queue_outputs().items()}
    return "--stack", operated(poisoned.backend, **outputs)


def test_the_operation_shows_fixes_and_sends_back_a_message(
    poisoned: Poisoned, of_stack: tuple[str, str]
) -> None:
    order_id = poisoned.backend.sell()
    refund, good = poisoned.settling(order_id)
    poisoned.put("adjust", {**good, "refund_id": "rf_typo\x1b[2J", "parent": "Wilhelmina"})
    poisoned.work("adjust")
    (letter,) = poisoned.parked()
    shown = operate("dead-letters", "show", *of_stack)
    assert shown.exit_code == 0
    for told in (letter.message_id, "adjust", order_id, "has no refund rf_typo"):
        assert told in shown.output
    assert "Wilhelmina" not in shown.output
    assert "\x1b[2J" not in shown.output
    change = f"refund_id={refund.refund_id}"
    fixed = operate("dead-letters", "fix", letter.message_id, "--set", change, *of_stack)
    assert fixed.exit_code == 0
    by = ("--by", "op_1", *of_stack)
    sent = operate("dead-letters", "redrive", fixed.stdout.strip(), *by)
    assert (sent.exit_code, sent.stdout) == (0, "1 sent back\n")
    sent = operate("dead-letters", "redrive", "--all", *by)
    assert (sent.exit_code, sent.stdout) == (0, "0 sent back\n")
    poisoned.work("adjust")
    assert poisoned.refunds_in_ledger(order_id) == 1


def test_each_step_prints_json_on_request(poisoned: Poisoned, of_stack: tuple[str, str]) -> None:
    order_id = poisoned.backend.sell()
    refund, good = poisoned.settling(order_id)
    poisoned.put("adjust", {**good, "refund_id": "rf_typo"})
    poisoned.put("adjust", {**good, "refund_id": "rf_gone"})
    poisoned.work("adjust")

    def result(operation: str, *arguments: str) -> Any:  # noqa: ANN401  # JSON
        done = operate("dead-letters", operation, *arguments, *of_stack, "--json")
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    typo, gone = result("show")
    assert (typo["queue"], typo["ids"]["refund_id"]) == ("adjust", "rf_typo")
    assert typo["studio_id"] == poisoned.backend.studio_id
    change = f"refund_id={refund.refund_id}"
    fixed = result("fix", typo["message_id"], "--set", change)["message_id"]
    assert result("redrive", fixed, "--by", "op_1") == {"sent_back": [fixed]}
    discarded = result("discard", gone["message_id"], "--by", "op_1", "--why", "never made")
    assert discarded == {"discarded": [gone["message_id"]]}
    assert result("show") == []


def test_an_operation_that_fails_prints_one_line(
    poisoned: Poisoned, of_stack: tuple[str, str]
) -> None:
    poisoned.put("adjust", _message_about(poisoned.backend, "ord_1"))
    poisoned.work("adjust")
    (letter,) = poisoned.parked()
    by = ("--by", "op_1", *of_stack)
    nowhere = "There is no message nowhere"
    fix = ("dead-letters", "fix")
    assert nowhere in failure_of(operate(*fix, "nowhere", "--set", "refund_id=rf_1", *of_stack))
    assert nowhere in failure_of(operate("dead-letters", "redrive", "nowhere", *by))
    assert nowhere in failure_of(
        operate("dead-letters", "discard", "nowhere", "--why", "test", *by)
    )
    unfixed = operate(*fix, letter.message_id, "--set", "order_id=ord_2", *of_stack)
    assert "would still be malformed: no refund_id" in failure_of(unfixed)
    assert [each.message_id for each in poisoned.parked()] == [letter.message_id]
