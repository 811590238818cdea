"""A batch of queue messages: what is reported to Lambda, and what fits into one transaction."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from shared.edge.sqs import BatchFailedError, QueueMessage, messages_of, process_each
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import primary_key
from shared.gateways.table import Table, fits_a_transaction

if TYPE_CHECKING:
    from shared.gateways.table import Step

A, B, C = (QueueMessage(name, "{}", 1, 0) for name in "abc")


def failing(*failed: QueueMessage) -> tuple[list[str], Callable[[QueueMessage], None]]:
    """Return the ids that were processed, and a function that fails for some messages."""
    seen: list[str] = []

    def process(message: QueueMessage) -> None:
        seen.append(message.message_id)
        if message in failed:
            raise ZeroDivisionError

    return seen, process


def test_a_message_that_fails_is_reported_and_stops_no_other() -> None:
    seen, process = failing(B)
    answer = process_each([A, B, C], process)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert seen == ["a", "b", "c"]


def test_a_batch_of_which_all_fails_is_an_error_that_an_alarm_sees() -> None:
    seen, process = failing(A, B)
    with pytest.raises(BatchFailedError):
        process_each([A, B], process)
    assert seen == ["a", "b"]


def test_a_batch_without_a_failure_reports_none() -> None:
    _, process = failing()
    assert process_each([A], process) == {"batchItemFailures": []}
    assert process_each([], process) == {"batchItemFailures": []}


def test_a_message_is_read_as_lambda_hands_it_over() -> None:
    received = {"ApproximateReceiveCount": "3", "SentTimestamp": "1790000000000"}
    records = [
        {"messageId": "a", "body": "x", "attributes": attributes}
        for attributes in (received, received | {"MessageGroupId": "st_1"})
    ]
    assert messages_of({"Records": records}) == [
        QueueMessage("a", "x", 3, 1_790_000_000_000),
        QueueMessage("a", "x", 3, 1_790_000_000_000, "st_1"),
    ]


def put(size: int) -> "Step":
    item = primary_key("P", "S") | marshal({"padding": "x" * size})
    return Table(None, "orders").new(item)  # type: ignore[arg-type]  # no call is made


def test_a_transaction_takes_100_items_and_4_mb() -> None:
    assert fits_a_transaction([put(10)] * 100)
    assert not fits_a_transaction([put(10)] * 101)
    assert fits_a_transaction([put(399_000)] * 10)
    assert not fits_a_transaction([put(399_000)] * 11)
