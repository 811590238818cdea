"""How many requests each studio has sent in a minute, in RequestCountsTable.

A count adds to an item, where everything else in this product is written under a condition. It is
no money: a count that gets lost lets a few requests more through.
"""

from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from shared.gateways import aws
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import primary_key, request_count_sk, studio_pk

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb import DynamoDBClient

# Operators may look for a busy studio until then.
KEPT_FOR = timedelta(days=2)


class RequestsNotCountedError(Exception):
    """DynamoDB did not answer in time, or refused. The requests may be counted or not."""


class RequestCounts:
    """The counts of all studios. DynamoDB deletes each by itself after two days.

    Args:
        table: The table's name.
        make_client: Makes the client. Most environments never count, so they never make one.
    """

    def __init__(
        self, table: str, make_client: "Callable[[], DynamoDBClient]" = aws.counting_client
    ) -> None:
        self._table = table
        self._make_client = make_client

    @cached_property
    def _dynamodb(self) -> "DynamoDBClient":
        return self._make_client()

    def connect(self) -> None:
        """Make the client now, so that no request waits for it."""
        self._dynamodb  # noqa: B018  # the first use makes it

    def add(self, studio_id: str, share: str, minute: datetime, requests: int) -> int:
        """Add requests to a studio's count.

        Args:
            studio_id: The studio's id.
            share: What is counted, a stable name.
            minute: When the minute began.
            requests: How many to add.

        Returns:
            How many all environments have counted in this minute, these included.

        Raises:
            RequestsNotCountedError: DynamoDB did not answer in time, or refused.
        """
        expires_at = int((minute + KEPT_FOR).timestamp())
        try:
            answer = self._dynamodb.update_item(
                TableName=self._table,
                Key=primary_key(studio_pk(studio_id), request_count_sk(minute, share)),
                UpdateExpression="ADD requests :requests SET expires_at = :expires_at",
                ExpressionAttributeValues=marshal(
                    {":requests": requests, ":expires_at": expires_at}
                ),
                ReturnValues="UPDATED_NEW",
            )
        except (BotoCoreError, ClientError) as error:
            raise RequestsNotCountedError from error
        return int(answer["Attributes"]["requests"]["N"])
