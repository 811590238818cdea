"""`operate deploy` puts a second stack beside the first, and changes it."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.build.functions import Architecture
from infra.local.deployment import STACK_NAME
from infra.local.stack import Stack
from tests.operate import failure_of, operate, use_environment

pytestmark = pytest.mark.stack

# Their names count inside their user pool, role or API alone.
_NAMED_INSIDE_ANOTHER = {
    "AWS::ApiGateway::Stage",
    "AWS::Cognito::UserPoolGroup",
    "AWS::IAM::Policy",
}


@dataclass
class Second:
    """A second stack in the engine's account and region."""

    stack: Stack
    name: str = field(default_factory=lambda: f"second-{uuid.uuid4().hex[:8]}")

    def deploy(self, *parameters: str) -> str:
        arch = Architecture.of_this_machine().value
        result = operate(
            *("deploy", "--stack", self.name, "--region", self.stack.aws.region, "--arch", arch),
            *("--yes", "--allow-changes", "ApiLogsRole=exists", *parameters),
            *("GradualReleases=false", "WebAcl=none"),  # the engine has neither
        )
        assert result.exit_code == 0, result.output
        return result.stdout

    def described(self) -> dict[str, Any]:
        (found,) = self.stack.aws.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return dict(found)

    def output(self, name: str) -> str:
        outputs = self.described()["Outputs"]
        return str(next(e["OutputValue"] for e in outputs if e["OutputKey"] == name))

    def delete(self) -> None:
        cloudformation = self.stack.aws.cloudformation
        cloudformation.update_termination_protection(
            StackName=self.name, EnableTerminationProtection=False
        )
        cloudformation.delete_stack(StackName=self.name)


def resources(stack: Stack, name: str) -> set[tuple[str, str]]:
    pages = stack.aws.cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    return {
        (each["ResourceType"], each["PhysicalResourceId"])
        for page in pages
        for each in page["StackResourceSummaries"]
        if each["ResourceType"] not in _NAMED_INSIDE_ANOTHER
    }


def api_deployment(second: Second) -> str:
    gateway = second.stack.aws.api_gateway
    return str(gateway.get_stage(restApiId=second.output("ApiId"), stageName="v1")["deploymentId"])


@pytest.fixture
def second(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Second]:
    use_environment(stack, monkeypatch)
    made = Second(stack)
    yield made
    made.delete()


def test_a_second_stack_shares_no_name_and_is_changed_and_deleted(second: Second) -> None:
    stack, cloudformation = second.stack, second.stack.aws.cloudformation
    said = second.deploy("DeletionProtection=true", "AllowedOrigin=https://one.example")
    assert "(a new stack)" in said
    assert not resources(stack, STACK_NAME) & resources(stack, second.name)

    # What a parameter changes reaches the API, and the other parameters stay.
    deployed = api_deployment(second)
    said = second.deploy("AllowedOrigin=https://two.example")
    assert "(has " in said
    assert api_deployment(second) != deployed
    values = {e["ParameterKey"]: e["ParameterValue"] for e in second.described()["Parameters"]}
    assert values["DeletionProtection"] == "true"
    assert values["AllowedOrigin"] == "https://two.example"
    assert [each["Key"] for each in second.described()["Tags"]] == ["commit"]

    with pytest.raises(cloudformation.exceptions.ClientError, match="TerminationProtection"):
        cloudformation.delete_stack(StackName=second.name)


def test_nothing_is_deployed_without_a_yes(second: Second) -> None:
    result = operate(
        *("deploy", "--stack", second.name, "--region", second.stack.aws.region),
        *("--arch", Architecture.of_this_machine().value, "--allow-changes"),
    )
    assert failure_of(result)
