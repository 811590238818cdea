"""Why a deployment failed, from the events of its stack."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

_STACK = "AWS::CloudFormation::Stack"
# What AWS says of a resource whose turn did not come, because another one failed.
_CANCELED = re.compile(r"Resource (creation|update|deletion) cancel\w+")


class StackEvents:
    """The events of a stack from now on.

    Args:
        cloudformation: CloudFormation's client.
        stack_name: The stack, which need not exist yet.
    """

    def __init__(self, cloudformation: "CloudFormationClient", stack_name: str) -> None:
        self._cloudformation, self._stack_name = cloudformation, stack_name
        newest = next(self._newest_first(), None)
        self._last_id = newest and newest["EventId"]

    def first_failure(self) -> str | None:
        """Return which resource failed first and AWS's reason, or None if none failed.

        What follows the first failure is canceled or rolled back, and says nothing about the cause.
        """
        first = None
        for each in self._newest_first():
            if each["EventId"] == self._last_id:
                break
            if _is_cause(each):
                first = each
        if first is None:
            return None
        reason = " ".join(first["ResourceStatusReason"].split())
        return f"{first['LogicalResourceId']} ({first['ResourceType']}): {reason}"

    def _newest_first(self) -> Iterator["StackEventTypeDef"]:
        pages = self._cloudformation.get_paginator("describe_stack_events")
        try:
            for page in pages.paginate(StackName=self._stack_name):
                yield from page["StackEvents"]
        except ClientError as error:
            if error.response["Error"]["Code"] != "ValidationError":  # there is no such stack
                raise


def _is_cause(event: "StackEventTypeDef") -> bool:
    reason = event.get("ResourceStatusReason", "")
    return (
        event["ResourceStatus"].endswith("_FAILED")
        and event["ResourceType"] != _STACK
        and bool(reason)
        and not _CANCELED.match(reason)
    )
