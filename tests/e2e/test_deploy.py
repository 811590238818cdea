"""`operate deploy` puts a second stack beside the first, and changes it."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.build.functions import Architecture
from infra.local.deployment import STACK_NAME
from infra.local.stack import Stack
from tests.operate import operate, use_environment

pytestmark = [pytest.mark.stack, pytest.mark.deploys]

# Their names count inside their user pool, role or API alone.
_NAMED_INSIDE_ANOTHER = {
    "AWS::ApiGateway::Stage",
    "AWS::Cognito::UserPoolGroup",
    "AWS::IAM::Policy",
    "AWS::SES::ConfigurationSetEventDestination",
}


@dataclass
class Second:
    """A second stack in the engine's account and region."""

    stack: Stack
    name: str = field(default_factory=lambda: f"second-{uuid.uuid4().hex[:8]}")

    def command(self, *more: str) -> tuple[str, ...]:
        arch = Architecture.of_this_machine().value
        return (
            *("deploy", "--stack", self.name, "--region", self.stack.aws.region, "--arch", arch),
            *("--allow-changes", "ApiLogsRole=exists"),
            # The engine has none of these.
            *("GradualReleases=false", "WebAcl=none", "MetricMath=false", "Mfa=OPTIONAL"),
            *more,
        )

    def deploy(self, *parameters: str) -> str:
        result = operate(*self.command("--yes", *parameters))
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


def test_an_answer_of_no_deploys_nothing(second: Second) -> None:
    with _answering(b"n\n"):
        result = operate(*second.command())
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "error: Nothing was deployed."
    assert resources(second.stack, second.name) == set()


@contextmanager
def _answering(answer: bytes) -> Iterator[None]:
    """Let programs that this process starts read an answer from the keyboard."""
    keyboard, writer = os.pipe()
    os.write(writer, answer)
    os.close(writer)
    saved = os.dup(0)
    os.dup2(keyboard, 0)
    os.close(keyboard)
    try:
        yield
    finally:
        os.dup2(saved, 0)
        os.close(saved)
