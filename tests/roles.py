"""What the functions' roles allow, as the template has them, for tests without IAM.

Tests that run the product's code in their own process may make any call. A check here ends a test
in which a function makes a call that AWS would refuse. So each flow that such a test goes through
is also a test of the function's permissions, however rare it is.
"""

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from botocore.model import OperationModel

from tests.faults.one_process import template

if TYPE_CHECKING:
    from types import FrameType

# AWS checks some calls as another action, and each step of a transaction as the call that it is.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
_CHECKED_AS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "s3:CreateMultipartUpload": "s3:PutObject",
    "s3:UploadPart": "s3:PutObject",
    "s3:CompleteMultipartUpload": "s3:PutObject",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "dynamodb:Get": "dynamodb:GetItem",
    "dynamodb:Put": "dynamodb:PutItem",
    "dynamodb:Delete": "dynamodb:DeleteItem",
    "dynamodb:Update": "dynamodb:UpdateItem",
    "dynamodb:ConditionCheck": "dynamodb:ConditionCheckItem",
}

# Parameters that name what a call is about.
_NAMES = ("TableName", "QueueUrl", "Bucket", "SecretId", "KeyId")


class PermissionMissingError(BaseException):
    """A function makes a call that its role in the template does not allow.

    It is not an ``Exception``, because no code of the product may catch it.
    """


@dataclass(frozen=True, slots=True)
class _Need:
    """What a call needs.

    Attributes:
        action: IAM's name of what is done.
        name: What it is done to, as the call names it; None if the parameters do not say it.
        part: An index of a table, or an object of a bucket, as the end of an ARN.
    """

    action: str
    name: str | None
    part: str = ""


@dataclass(frozen=True, slots=True)
class RoleCheck:
    """Ends a test at a call that a function's role does not allow.

    It is a handler of botocore's event ``before-parameter-build``, which comes before each call and
    before each presigned link.

    Attributes:
        calling_function: Returns the name of the function that calls, or None for the test itself.
        name_in_template: Returns the template's name of a resource, given the function and how the
            call names the resource.
    """

    calling_function: Callable[[], str | None]
    name_in_template: Callable[[str, str], str]

    def __call__(self, params: Mapping[str, Any], model: OperationModel, **_rest: object) -> None:
        """Check a call.

        Raises:
            PermissionMissingError: The role does not allow it.
        """
        function = self.calling_function()
        if function is None:
            return
        for need in _needs(f"{model.service_model.signing_name}:{model.name}", params):
            resource = None
            if need.name is not None:
                resource = self.name_in_template(function, need.name) + need.part
            if not _allows(function, need.action, resource):
                raise PermissionMissingError(
                    f"the role of {function} in template.yaml lacks {need.action} on "
                    f"{resource or 'what the call is about'}"
                )


def calling_use_case() -> str | None:
    """Return the function whose use case calls, or None if a test calls.

    The nearest of both on the call stack is the caller: a use case may call a test's stand-in for
    one of its parts, which then acts for the test.
    """
    # Two frames up is botocore, which calls the check.
    frame: FrameType | None = sys._getframe(2)  # noqa: SLF001  # `inspect` reads the sources too
    while frame is not None:
        package, _, rest = frame.f_globals["__name__"].partition(".")
        if package == "tests":
            return None
        if package == "functions":
            return str(rest.partition(".")[0])
        frame = frame.f_back
    return None


@contextmanager
def without_permission(function: str, action: str, resource: str) -> Iterator[None]:
    """Take a permission from a function's role. The resource is named as in the template."""
    granted = template.permissions
    missing = {(action, resource)}
    assert missing <= granted(function)

    def granted_now(each: str) -> frozenset[tuple[str, str]]:
        return granted(each) - missing if each == function else granted(each)

    with patch.object(template, "permissions", granted_now):
        yield


def _needs(call: str, params: Mapping[str, Any]) -> Iterator[_Need]:
    """Yield what a call needs, given as service and operation."""
    service = call.partition(":")[0]
    for item in params.get("TransactItems", ()):
        for kind, step in item.items():
            yield _need(f"{service}:{kind}", step["TableName"])
    for table in params.get("RequestItems", ()):
        yield _need(call, table)
    if not params.keys() & {"TransactItems", "RequestItems"}:
        name = next((params[each] for each in _NAMES if each in params), None)
        index, key = params.get("IndexName"), params.get("Key")
        is_object = service == "s3" and key is not None
        yield _need(call, name, f"/index/{index}" if index else f"/{key}" if is_object else "")


def _need(call: str, name: str | None, part: str = "") -> _Need:
    return _Need(_CHECKED_AS.get(call, call), name, part)


def _allows(function: str, action: str, resource: str | None) -> bool:
    """Return whether a function's role allows an action. Without a resource, on any one."""
    granted = template.permissions(function)
    return (action, resource) in granted or any(
        action == allowed and (resource is None or fnmatchcase(resource, pattern))
        for allowed, pattern in granted
    )
