"""A batch of reads asks again for what DynamoDB left out, after pauses and not forever."""

import json
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from shared.edge.http import api_resolver
from shared.gateways.conflict import StaleStateError
from shared.gateways.records.keys import primary_key
from shared.gateways.table import KEYS_PER_BATCH, Table
from tests.lambda_context import LambdaContext


@dataclass
class ThrottledTable:
    """A table that answers only some keys of each batch.

    Attributes:
        answered: How many keys each call answers; the last one repeats. None is an error.
        asked: How many keys each call asked for.
    """

    answered: list[int | None]
    asked: list[int] = field(default_factory=list)

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # botocore's
        request = RequestItems["orders"]
        keys = request["Keys"]
        self.asked.append(len(keys))
        count = self.answered.pop(0) if len(self.answered) > 1 else self.answered[0]
        if count is None:
            code = "ProvisionedThroughputExceededException"
            raise ClientError({"Error": {"Code": code}}, "BatchGetItem")
        answer: dict[str, Any] = {"Responses": {"orders": keys[:count]}}
        if keys[count:]:
            answer["UnprocessedKeys"] = {"orders": {**request, "Keys": keys[count:]}}
        return answer


@dataclass
class Time:
    """Time that passes only in pauses."""

    now: float = 0.0
    pauses: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Time that a test sees pass, with the longest pause that chance can draw."""
    passing = Time()
    monkeypatch.setattr("shared.gateways.conflict.time", passing)
    monkeypatch.setattr("random.uniform", lambda _, longest: longest)
    return passing


def read(dynamodb: ThrottledTable, count: int) -> list[str]:
    table = Table(cast("Any", dynamodb), "orders")
    keys = [primary_key(f"PK{number}", "SK") for number in range(count)]
    return [values["PK"] for values in table.batch_get(keys, consistent=True)]


def test_each_key_is_read_once_in_batches(time: Time) -> None:
    dynamodb = ThrottledTable([KEYS_PER_BATCH])
    assert read(dynamodb, 250) == [f"PK{number}" for number in range(250)]
    assert dynamodb.asked == [100, 100, 50]
    assert time.pauses == []


def test_what_was_left_out_is_asked_for_again_after_growing_pauses(time: Time) -> None:
    dynamodb = ThrottledTable([4, 0, 3, 100])
    assert read(dynamodb, 10) == [f"PK{number}" for number in range(10)]
    assert dynamodb.asked == [10, 6, 6, 3]
    assert len(time.pauses) == 3
    assert time.pauses == sorted(set(time.pauses))


def test_a_batch_that_never_ends_raises_and_yields_nothing_of_itself(time: Time) -> None:
    dynamodb = ThrottledTable([4, 0])
    with pytest.raises(StaleStateError):
        read(dynamodb, 10)
    assert 5 < len(dynamodb.asked) < 20
    assert 3 < time.now <= 5


def test_a_table_that_throttles_whole_batches_raises_as_other_calls_do() -> None:
    with pytest.raises(StaleStateError):
        read(ThrottledTable([None]), 10)


def test_an_empty_answer_with_nothing_left_out_ends() -> None:
    assert read(ThrottledTable([0, 100]), 0) == []


def test_the_api_answers_a_throttled_table_with_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGIN", "https://dashboard.example")
    monkeypatch.setenv("REQUEST_COUNTS_TABLE", "counts")
    app = api_resolver()

    @app.get("/orders")
    def orders() -> dict[str, Any]:
        return {"orders": read(ThrottledTable([None]), 10)}

    event = {"httpMethod": "GET", "path": "/orders", "headers": {}, "requestContext": {}}
    answer = app.resolve(event, cast("Any", LambdaContext()))
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (503, "try_again")
