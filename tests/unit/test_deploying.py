"""`operate deploy` refuses what nobody could repeat, before it changes anything."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from infra.build.deployed_template import deployed_resources, source_template
from infra.failure import Failure, run_tool
from infra.local.deployment import sam_error
from infra.local.environments import install_tools
from infra.operate.deploying import command, commit
from infra.operate.deploying.commit import commit_to_deploy
from infra.operate.deploying.parameters import parameters_from
from infra.operate.deploying.target import STACK_POLICY, Target
from infra.paths import SAM
from tests.operate import failure_of, operate
from tests.unit.deployed_template import resources_if

# Prints what the SAM CLI reads of its argument.
_READ = """
import json, sys
from samcli.cli.types import CfnParameterOverridesType
print(json.dumps(CfnParameterOverridesType().convert(tuple(sys.argv[1:]), None, None)))
"""
_REGION_VARIABLES = ("REGION", "AWS_REGION", "AWS_DEFAULT_REGION")


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com")
    return run_tool(["git", *identity, *arguments], what="git", cwd=folder).strip()


@pytest.fixture
def working_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    git(tmp_path, "init", "-q")
    (tmp_path / "file").write_text("committed")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    monkeypatch.setattr(commit, "ROOT", tmp_path)
    return tmp_path


def deploy(*arguments: str) -> Result:
    return operate("deploy", "--stack", "pps-refunds", *arguments)


def test_a_region_must_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    profile = tmp_path / "config"
    profile.write_text("[default]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(profile))
    for name in _REGION_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    result = deploy()
    assert "Missing option '--region'" in failure_of(result)
    assert result.exit_code == 2


@pytest.mark.parametrize("variable", _REGION_VARIABLES)
def test_the_environment_may_name_the_region(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    for name in _REGION_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, "us-east-1")
    assert "The template has no parameter Nothing." in failure_of(deploy("Nothing=1"))


def test_a_stack_must_be_named() -> None:
    assert "Missing option '--stack'" in failure_of(operate("deploy", "--region", "us-east-1"))


@pytest.mark.parametrize("name", ["1st", "with_underscore", "x" * 37, ""])
def test_a_name_that_the_stack_s_resources_cannot_carry_is_refused(name: str) -> None:
    result = operate("deploy", "--stack", name, "--region", "us-east-1")
    assert "cannot be a stack's name" in failure_of(result)


def test_a_misspelled_parameter_is_refused_with_the_right_names() -> None:
    line = failure_of(deploy("--region", "us-east-1", "AlarmMail=ops@example.com"))
    assert "The template has no parameter AlarmMail." in line
    assert "PageEmail" in line


def test_a_parameter_without_a_value_is_refused() -> None:
    assert "Write NAME=VALUE." in failure_of(deploy("--region", "us-east-1", "PageEmail"))


def test_parameters_keep_equals_signs_in_their_values() -> None:
    assert parameters_from(["AllowedOrigin=https://x.example/?a=b"]) == {
        "AllowedOrigin": "https://x.example/?a=b"
    }


def test_a_clean_working_copy_deploys_its_commit(working_copy: Path) -> None:
    head = git(working_copy, "rev-parse", "HEAD")
    assert commit_to_deploy(allow_changes=False) == head


@pytest.mark.parametrize("changed", ["file", "another"])
def test_a_changed_working_copy_is_refused_unless_it_is_asked_for(
    working_copy: Path, changed: str
) -> None:
    (working_copy / changed).write_text("changed")
    assert "1 files differ from the commit" in failure_of(deploy("--region", "us-east-1"))
    head = git(working_copy, "rev-parse", "HEAD")
    assert commit_to_deploy(allow_changes=True) == f"{head}-changed"


class _Account:
    """An account with one stack, and what a deployment did to it.

    The calls of STS, CloudFormation and API Gateway that a deployment makes.
    """

    def __init__(
        self, *, deletion_protection: str, logs_role: str | None = None, signing: str = ""
    ) -> None:
        self.logs_role = logs_role
        self.protected = False
        self.policy: dict[str, Any] | None = None
        self.deployments = 0
        self.events: list[dict[str, str]] = []
        self._parameters = {
            "DeletionProtection": deletion_protection,
            "SigningProfileVersionArn": signing,
        }

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012"}

    def get_account(self) -> dict[str, str]:
        return {"cloudwatchRoleArn": self.logs_role} if self.logs_role else {}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803  # AWS's name
        status = "CREATE_COMPLETE" if self.deployments else "REVIEW_IN_PROGRESS"
        return {
            "Stacks": [
                {
                    "StackName": StackName,
                    "StackStatus": status,
                    "CreationTime": 0,
                    "LastUpdatedTime": self.deployments,
                    "Parameters": [
                        {"ParameterKey": name, "ParameterValue": value}
                        for name, value in self._parameters.items()
                    ],
                }
            ]
        }

    def get_paginator(self, name: str) -> "_Account":
        assert name == "describe_stack_events"
        return self

    def paginate(self, *, StackName: str) -> list[dict[str, Any]]:  # noqa: ARG002, N803  # AWS's name
        return [{"StackEvents": self.events}]

    def update_termination_protection(self, **_: object) -> None:
        self.protected = True

    def set_stack_policy(self, *, StackName: str, StackPolicyBody: str) -> None:  # noqa: ARG002, N803  # AWS's names
        self.policy = json.loads(StackPolicyBody)


class _Clients:
    def __init__(self, account: _Account) -> None:
        self.sts = self.cloudformation = self.api_gateway = account
        self.session = type("Session", (), {"region_name": "us-east-1"})


def run_deploy(
    account: _Account,
    monkeypatch: pytest.MonkeyPatch,
    *arguments: str,
    confirmed: bool = True,
    sam: Callable[..., None] | None = None,
) -> tuple[Result, list[str]]:
    """Deploy with a SAM that does what a person answered, and return SAM's arguments too."""
    commands: list[list[str]] = []

    def working_sam(arguments: list[object], **_: object) -> None:
        commands.append([str(each) for each in arguments])
        account.deployments += confirmed

    def target(name: str, _region: str) -> Target:
        return Target(name, _Clients(account))  # type: ignore[arg-type]  # the calls it needs

    monkeypatch.setattr(command, "show_tool", sam or working_sam)
    monkeypatch.setattr(command, "build", lambda _: [])
    monkeypatch.setattr(command, "publish_page", lambda _: None)
    monkeypatch.setattr(command, "find_stack", lambda *_: None)
    monkeypatch.setattr(Target, "named", target)
    result = deploy("--region", "us-east-1", *arguments)
    return result, commands[0] if commands else []


@pytest.mark.usefixtures("working_copy")
def test_account_region_stack_and_commit_are_shown_and_sam_asks(
    monkeypatch: pytest.MonkeyPatch, working_copy: Path
) -> None:
    head = git(working_copy, "rev-parse", "HEAD")
    result, sam = run_deploy(_Account(deletion_protection="true"), monkeypatch)
    assert result.exit_code == 0, result.output
    shown = ("123456789012", "us-east-1", "pps-refunds (a new stack)", head)
    assert all(each in result.stdout for each in shown)
    assert "--confirm-changeset" in sam
    assert f"commit={head}" in sam


@pytest.mark.usefixtures("working_copy")
def test_yes_does_not_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    _, sam = run_deploy(_Account(deletion_protection="true"), monkeypatch, "--yes")
    assert "--no-confirm-changeset" in sam
    assert "--confirm-changeset" not in sam


@pytest.mark.usefixtures("working_copy")
def test_a_no_deploys_and_protects_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    account = _Account(deletion_protection="true")
    result, _ = run_deploy(account, monkeypatch, confirmed=False)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "error: Nothing was deployed."
    assert not account.protected


@pytest.mark.usefixtures("working_copy")
@pytest.mark.parametrize("value", ["true", "false"])
def test_a_stack_that_protects_its_data_is_protected_itself(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    account = _Account(deletion_protection=value)
    result, _ = run_deploy(account, monkeypatch)
    assert result.exit_code == 0, result.output
    assert account.protected is (value == "true")
    assert account.policy == (STACK_POLICY if value == "true" else None)


def test_no_update_replaces_or_deletes_what_outlives_the_stack() -> None:
    kept = {
        name: each["Type"]
        for name, each in resources_if().items()
        if each.get("DeletionPolicy") == "Retain"
    }
    _, by_type, by_name = STACK_POLICY["Statement"]
    types = by_type["Condition"]["StringEquals"]["ResourceType"]
    names = [each.removeprefix("LogicalResourceId/") for each in by_name["Resource"]]
    # They hold no data, and belong to the account.
    of_the_account = {"ApiLogsWriterRole", "ApiAccount"}
    unprotected = {name for name, kind in kept.items() if kind not in types and name not in names}
    assert unprotected <= of_the_account
    assert set(names) <= kept.keys()
    assert set(types) <= set(kept.values())


@pytest.mark.usefixtures("working_copy")
def test_a_second_stack_uses_the_role_for_logs_that_the_account_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = _Account(deletion_protection="true", logs_role="arn:aws:iam::1:role/first")
    _, sam = run_deploy(account, monkeypatch)
    assert 'ApiLogsRole="exists"' in sam
    # The stack that has the role keeps it.
    _, sam = run_deploy(account, monkeypatch)
    assert 'ApiLogsRole="exists"' not in sam


@pytest.mark.usefixtures("working_copy")
def test_a_parameter_can_be_emptied_again(monkeypatch: pytest.MonkeyPatch) -> None:
    account = _Account(deletion_protection="true")
    addresses = "3.18.12.63/32,3.69.109.8/32"
    given = ("ApiDomain=", f"StripeAddresses={addresses}")
    _, sam = run_deploy(account, monkeypatch, *given)
    install_tools()
    passed = sam[sam.index("--parameter-overrides") + 1 :]
    read = run_tool([SAM.parent / "python", "-c", _READ, *passed], what="SAM's reader")
    values = json.loads(read)
    assert (values["ApiDomain"], values["StripeAddresses"]) == ("", addresses)


@pytest.mark.usefixtures("working_copy")
def test_a_deployment_that_fails_names_the_resource_and_aws_s_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = _Account(deletion_protection="true")

    def failing_sam(*_: object, **__: object) -> None:
        account.events = [
            {
                "EventId": "1",
                "LogicalResourceId": "PageTopic",
                "ResourceType": "AWS::SNS::Topic",
                "ResourceStatus": "CREATE_FAILED",
                "ResourceStatusReason": "Topic already exists with different tags",
            }
        ]
        raise Failure("sam deploy failed, see above")

    result, _ = run_deploy(account, monkeypatch, sam=failing_sam)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        "error: The stack was not deployed. "
        "PageTopic (AWS::SNS::Topic): Topic already exists with different tags"
    )


SIGNING_PROFILE = "arn:aws:signer:us-east-1:111122223333:/signing-profiles/PpsRefunds/a1B2c3D4e5"


def signed_with(sam: list[str]) -> dict[str, str]:
    """Return which profile signs which function, as SAM reads its arguments."""
    if "--signing-profiles" not in sam:
        return {}
    named = sam[sam.index("--signing-profiles") + 1 : sam.index("--parameter-overrides")]
    return dict(each.split("=") for each in named)


@pytest.mark.usefixtures("working_copy")
def test_sam_signs_each_function_with_the_profile(monkeypatch: pytest.MonkeyPatch) -> None:
    account = _Account(deletion_protection="true")
    _, sam = run_deploy(account, monkeypatch, f"SigningProfileVersionArn={SIGNING_PROFILE}")
    profile = "PpsRefunds:111122223333"
    assert signed_with(sam) == dict.fromkeys(functions_of(source_template()["Resources"]), profile)


@pytest.mark.usefixtures("working_copy")
def test_a_stack_whose_code_is_signed_is_signed_again_until_its_profile_is_emptied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    account = _Account(deletion_protection="true", signing=SIGNING_PROFILE)
    account.deployments = 1
    _, sam = run_deploy(account, monkeypatch)
    assert signed_with(sam)
    _, sam = run_deploy(account, monkeypatch, "SigningProfileVersionArn=")
    assert not signed_with(sam)


def test_lambda_refuses_code_that_the_profile_did_not_sign() -> None:
    resources = deployed_resources({"SigningProfileVersionArn": SIGNING_PROFILE})
    config = resources["CodeSigning"]["Properties"]
    assert config["CodeSigningPolicies"] == {"UntrustedArtifactOnDeployment": "Enforce"}
    assert all(
        resources[each]["Properties"]["CodeSigningConfigArn"]
        == {"Fn::If": ["SignsCode", {"Ref": "CodeSigning"}, {"Ref": "AWS::NoValue"}]}
        for each in functions_of(resources)
    )


def functions_of(resources: dict[str, Any]) -> list[str]:
    kinds = {"AWS::Serverless::Function", "AWS::Lambda::Function"}
    return [name for name, each in resources.items() if each["Type"] in kinds]


def test_of_sam_s_output_the_error_alone_is_shown() -> None:
    """CloudFormation refuses a template before any resource is made, so no event has the reason."""
    said = "sam deploy failed: Deploying with following values\n  Region : us-east-1\n\n"
    assert sam_error(f"{said}Error: Unrecognized resource types: [AWS::No::Such]") == (
        "Unrecognized resource types: [AWS::No::Such]"
    )
    assert sam_error(said) is None
