"""Finds the stack to operate: the local one, or any deployed one by its name."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace

import boto3
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.aws import AwsClients
from infra.failure import Failure
from infra.local.deployment import STACK_NAME
from infra.local.engine import Aws
from infra.local.stack import STACK_FILE
from infra.paths import LOCAL

_FUNCTION_NAME = "FunctionName"


@dataclass(frozen=True)
class OperatedStack:
    """A deployed stack.

    Attributes:
        name: The CloudFormation stack's name.
        aws: Clients for its account and region.
        outputs: Its outputs by name.
        stack_id: Its ARN.
        stripe_api_key: The local stack's key for Stripe. In AWS no stack has the operators' key.
    """

    name: str
    aws: AwsClients
    outputs: Mapping[str, str]
    stack_id: str = ""
    stripe_api_key: str | None = None

    def output(self, name: str) -> str:
        """Return one output.

        Raises:
            Failure: The stack has no such output.
        """
        try:
            return self.outputs[name]
        except KeyError as error:
            raise self._lacks(name) from error

    def function_names(self) -> list[str]:
        """Return the physical names of all functions.

        Raises:
            Failure: The stack has none.
        """
        names = [value for name, value in self.outputs.items() if name.endswith(_FUNCTION_NAME)]
        if not names:
            raise self._lacks(_FUNCTION_NAME)
        return names

    def _lacks(self, name: str) -> Failure:
        return Failure(
            f"The stack {self.name} has no output {name}. Check the stack's name, "
            "or deploy the current template."
        )


def find_stack(name: str | None, region: str | None = None) -> OperatedStack:
    """Return a deployed stack by its name, or the running local stack for None.

    A name is looked up with the AWS credentials of the environment, and with its region unless
    another one is given.

    Raises:
        Failure: There is no such stack, or no local stack runs.
    """
    if name is None:
        try:
            return _local_stack()
        except EndpointConnectionError as error:  # it was killed, and left its file behind
            raise _no_local_stack() from error
    # boto3 itself reads AWS_DEFAULT_REGION alone.
    session = boto3.Session(region_name=region or os.environ.get("AWS_REGION"))
    if session.region_name is None:
        raise Failure("No AWS region is set. Set AWS_REGION to the stack's region.")
    return _describe(name, AwsClients(session))


def _local_stack() -> OperatedStack:
    """Return the local stack. Its API has another address than the engine's outputs say."""
    try:
        described = json.loads((LOCAL / STACK_FILE).read_text(encoding="utf-8"))
        aws = Aws(described["aws_endpoint_url"], described["region"])
        api_url, key = described["api_url"], described["stripe_api_key"]
    except (OSError, ValueError, KeyError, TypeError) as error:  # no file, or not ours
        raise _no_local_stack() from error
    found = _describe(STACK_NAME, aws)
    outputs = {**found.outputs, "ApiUrl": api_url}
    return replace(found, outputs=outputs, stripe_api_key=key)


def _no_local_stack() -> Failure:
    return Failure(
        "No local stack is running. Start one with `make run`, "
        "or name a deployed stack with --stack."
    )


def _describe(name: str, aws: AwsClients) -> OperatedStack:
    try:
        (found,) = aws.cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        raise Failure(
            f"There is no stack {name} in {aws.session.region_name}. "
            "Check the name, the region and the account."
        ) from error
    outputs = {each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])}
    return OperatedStack(name, aws, outputs, found["StackId"])
