"""Where a deployment goes: the account, the region and the stack."""

import json
import re
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.aws import AwsClients
from infra.failure import Failure

# The longest name made of it is a CloudFront function's: at most 64 characters, with the region.
_STACK_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,35}")
# A change set that nobody confirmed leaves a stack without resources.
_NOT_CREATED = "REVIEW_IN_PROGRESS"

# A replaced table, pool or secret is kept, but the stack would go on with an empty one.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html
_ANY_UPDATE = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}
_NEVER = {"Effect": "Deny", "Principal": "*", "Action": ["Update:Replace", "Update:Delete"]}
_STORES = ["AWS::DynamoDB::Table", "AWS::Cognito::UserPool", "AWS::SecretsManager::Secret"]
STACK_POLICY: dict[str, list[dict[str, Any]]] = {
    "Statement": [
        _ANY_UPDATE,
        {**_NEVER, "Resource": "*", "Condition": {"StringEquals": {"ResourceType": _STORES}}},
        {**_NEVER, "Resource": ["LogicalResourceId/AnchorBucket", "LogicalResourceId/AnchorKey"]},
    ]
}


@dataclass(frozen=True)
class Target:
    """A stack that exists or is to be created.

    Attributes:
        name: The stack's name.
        aws: Clients for its account and region.
    """

    name: str
    aws: AwsClients

    @classmethod
    def named(cls, name: str, region: str) -> "Target":
        """Return the target, with the AWS credentials of the environment.

        Raises:
            Failure: The name is too long for the names that are made of it, or not allowed.
        """
        if not _STACK_NAME.fullmatch(name):
            raise Failure(
                f"{name} cannot be a stack's name. Use a letter, then at most 35 letters, digits "
                "and hyphens."
            )
        return cls(name, AwsClients(boto3.Session(region_name=region)))

    @property
    def region(self) -> str:
        """The region's name."""
        return str(self.aws.session.region_name)

    def account_id(self) -> str:
        """Return the id of the account that the credentials belong to."""
        return str(self.aws.sts.get_caller_identity()["Account"])

    def stack(self) -> dict[str, Any] | None:
        """Return the stack as CloudFormation describes it, or None before its first deployment."""
        try:
            (found,) = self.aws.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return None if found["StackStatus"] == _NOT_CREATED else dict(found)

    def api_logs_role_exists(self) -> bool:
        """Return whether API Gateway has its role for logs, one for each account and region."""
        return bool(self.aws.api_gateway.get_account().get("cloudwatchRoleArn"))

    def protect(self) -> None:
        """Protect the stack from deletion, and what has its data from being replaced by updates.

        Both hold until somebody takes them off.
        """
        self.aws.cloudformation.update_termination_protection(
            StackName=self.name, EnableTerminationProtection=True
        )
        self.aws.cloudformation.set_stack_policy(
            StackName=self.name, StackPolicyBody=json.dumps(STACK_POLICY)
        )
