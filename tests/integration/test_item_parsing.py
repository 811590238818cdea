"""The lean parser returns the same answer as botocore's."""

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from infra.local.stack import Stack
from shared.gateways.item_parsing import skip_botocore_item_parsing
from shared.gateways.records.keys import DATE_INDEX
from tests.integration.backend import Backend
from tests.records import line_record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.stack


@pytest.fixture
def lean(stack: Stack) -> "DynamoDBClient":
    """A client of its own, so that the session's other clients stay as they are."""
    aws = stack.aws
    client = aws.session.client("dynamodb", endpoint_url=aws.endpoint_url)
    skip_botocore_item_parsing(client)
    return client


def answer(client: "DynamoDBClient", **query: Any) -> dict[str, Any]:  # noqa: ANN401  # a Query's parameters
    found: dict[str, Any] = dict(client.query(**query))
    del found["ResponseMetadata"]
    return found


def test_the_answer_is_the_same(lean: "DynamoDBClient", backend: Backend) -> None:
    for quantity in (1, 2, 4):
        line = line_record("li_1", quantity, 10000 // quantity, product="Größe ∞ “M”")
        backend.sell(line_items=[line])
    orders: Any = {
        "TableName": backend.orders_table,
        "IndexName": DATE_INDEX,
        "KeyConditionExpression": "studio_id = :pk",
        "ExpressionAttributeValues": {":pk": {"S": backend.studio_id}},
    }
    for query in (
        orders,
        orders | {"Limit": 2},
        orders | {"ProjectionExpression": "order_id, line_items"},
        orders | {"ExpressionAttributeValues": {":pk": {"S": "st_nobody"}}},
        orders | {"Select": "COUNT"},
    ):
        assert answer(lean, **query) == answer(backend.dynamodb, **query)
    assert len(answer(lean, **orders)["Items"]) == 3
    assert "LastEvaluatedKey" in answer(lean, **orders, Limit=2)


def test_an_error_is_the_same(lean: "DynamoDBClient", backend: Backend) -> None:
    query: Any = {
        "TableName": "no-such-table",
        "KeyConditionExpression": "PK = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "x"}},
    }
    refusals = []
    for client in (lean, backend.dynamodb):
        with pytest.raises(ClientError) as refused:
            client.query(**query)
        refusals.append(refused.value.response["Error"])
    assert refusals[0] == refusals[1]
