"""Messages of the queues are objects of strings. Others are parked."""

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.edge.sqs import MalformedMessageError, message_from
from shared.gateways.queues import PARKED_REASON, ParkedMessages

GOOD = {"order_id": "ord_1", "refund_id": "rf_1"}

names = st.text(min_size=1, max_size=10)


@given(st.dictionaries(names, st.text(min_size=1), max_size=5))
def test_a_message_is_read_as_it_was_written(fields: dict[str, str]) -> None:
    assert message_from(json.dumps(fields), *fields) == fields


def test_a_field_nobody_asked_for_is_passed_over() -> None:
    assert message_from(json.dumps(GOOD | {"more": 1}), "order_id") == {"order_id": "ord_1"}


@pytest.mark.parametrize(
    "body",
    [
        "",
        "not JSON",
        "null",
        "7",
        '"ord_1"',
        '["ord_1", "rf_1"]',
        "{}",
        json.dumps(GOOD | {"refund_id": None}),
        json.dumps(GOOD | {"refund_id": ""}),
        json.dumps(GOOD | {"refund_id": 7}),
        json.dumps(GOOD | {"refund_id": ["rf_1"]}),
        "[" * 100_000,
    ],
)
def test_a_message_that_is_not_what_we_send_is_refused(body: str) -> None:
    with pytest.raises(MalformedMessageError):
        message_from(body, "order_id", "refund_id")


@given(st.text())
def test_whatever_a_body_holds_it_is_refused(body: str) -> None:
    with pytest.raises(MalformedMessageError):
        message_from(body, "order_id", "refund_id")


class Sent:
    """As much of SQS's client as parking calls."""

    def __init__(self) -> None:
        self.reasons: list[str] = []

    def send_message(self, **asked: Any) -> dict[str, str]:  # noqa: ANN401  # boto3's own looseness
        self.reasons.append(asked["MessageAttributes"][PARKED_REASON]["StringValue"])
        return {"MessageId": "1"}


@given(st.text(min_size=1))
def test_a_reason_is_one_that_sqs_takes(reason: str) -> None:
    sent = Sent()
    ParkedMessages(cast("Any", sent), "http://sqs/adjust-dlq.fifo").park("{}", "1", reason, None)
    assert sent.reasons[0].isascii()
    assert sent.reasons[0].isprintable()
    assert 0 < len(sent.reasons[0]) <= 200
