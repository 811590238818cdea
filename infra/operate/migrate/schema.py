"""Gives each item of OrdersTable the version of how it is stored, where it has none."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from shared.gateways.records.schema import SCHEMA_ATTRIBUTE

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# What code stored before items had a version.
_BEFORE = {"N": "1"}
_NAME = {"#schema": SCHEMA_ATTRIBUTE}  # a reserved word of DynamoDB


def add_versions(
    dynamodb: "DynamoDBClient", table: str, segment: int, segments: int, *, dry_run: bool
) -> Iterator[Counter[str]]:
    """Add the version to the items of one segment of the table that have none.

    Args:
        dynamodb: A client.
        table: The table's name.
        segment: Which segment, from 0.
        segments: How many there are.
        dry_run: Count what would be added, and write nothing.

    Yields:
        For each item, one that had a version already (by the version), or got one.
    """
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table,
        Segment=segment,
        TotalSegments=segments,
        ConsistentRead=True,
        ProjectionExpression="PK, SK, #schema",
        ExpressionAttributeNames=_NAME,
    )
    for page in pages:
        for item in page["Items"]:
            if SCHEMA_ATTRIBUTE in item:
                yield Counter([f"has schema {item[SCHEMA_ATTRIBUTE]['N']}"])
            else:
                yield Counter([_add(dynamodb, table, item, dry_run=dry_run)])


def _add(dynamodb: "DynamoDBClient", table: str, item: Any, *, dry_run: bool) -> str:  # noqa: ANN401  # a stored item
    if dry_run:
        return "version added"
    try:
        dynamodb.update_item(
            TableName=table,
            Key={name: item[name] for name in ("PK", "SK")},
            UpdateExpression="SET #schema = :before",
            # Not if the item was deleted meanwhile, or stored again with its version.
            ConditionExpression="attribute_exists(PK) AND attribute_not_exists(#schema)",
            ExpressionAttributeNames=_NAME,
            ExpressionAttributeValues={":before": _BEFORE},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return "changed meanwhile"
    return "version added"
