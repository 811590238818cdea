"""``deploy``: builds, deploys and publishes a stack in AWS."""

from typing import Annotated, Any

import typer

from infra.build.functions import Architecture, build
from infra.failure import Failure, show_tool
from infra.operate.deploying.commit import commit_to_deploy
from infra.operate.deploying.parameters import parameters_from
from infra.operate.deploying.signing import SIGNING_PARAMETER, signing_options
from infra.operate.deploying.target import Target
from infra.operate.output import print_line, progress
from infra.operate.publish_dashboard import publish_page
from infra.operate.stack import find_stack
from infra.paths import ROOT, SAM, TEMPLATE
from infra.release import new_release
from infra.stack_events import StackEvents

_COMMIT_TAG = "commit"


def deploy(  # noqa: PLR0913  # each is an option
    stack: Annotated[str, typer.Option("--stack", metavar="NAME", help="The stack's name.")],
    region: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            envvar=["REGION", "AWS_REGION", "AWS_DEFAULT_REGION"],
            help="The AWS region. A profile's region does not count.",
        ),
    ],
    parameters: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME=VALUE]...",
            help="The template's parameters. Those that you leave out stay as they are.",
        ),
    ] = None,
    *,
    arch: Annotated[
        Architecture, typer.Option(help="The architecture that the functions run on.")
    ] = Architecture.ARM64,
    yes: Annotated[bool, typer.Option("--yes", help="Deploy without asking.")] = False,
    allow_changes: Annotated[
        bool, typer.Option("--allow-changes", help="Deploy files that are not committed.")
    ] = False,
) -> None:
    """Build the functions and the page, show what would change, ask, and deploy it to AWS."""
    values = parameters_from(parameters or [])
    target = Target.named(stack, region)
    commit = commit_to_deploy(allow_changes=allow_changes)
    before = target.stack()
    if before is None:
        values = _first_values(target) | values
    _show_plan(target, commit, before, values)
    with progress.stage("build the functions") as stage:
        stage.result = f"{len(build(arch))} functions"
    fixed = {"Architecture": arch.value, "Release": new_release(commit)}
    signing = signing_options(values.get(SIGNING_PARAMETER, _value(before, SIGNING_PARAMETER)))
    events = StackEvents(target.aws.cloudformation, stack)
    try:
        _deploy_with_sam(target, commit, values | fixed, signing, yes=yes)
    except Failure as failure:
        if cause := events.first_failure():
            raise Failure(f"The stack was not deployed. {cause}") from failure
        raise
    after = target.stack()
    if after is None or _last_change(after) == _last_change(before):
        raise Failure("Nothing was deployed.")
    if _value(after, "DeletionProtection") == "true":
        target.protect()
    publish_page(find_stack(stack, region))
    print_line(f"Deployed {commit} to {stack} in {region}.")


def _first_values(target: Target) -> dict[str, str]:
    """Return the values of a new stack that the template's defaults do not have."""
    values = {"GradualReleases": "true", "WebAcl": "create"}
    if target.api_logs_role_exists():
        values["ApiLogsRole"] = "exists"
    return values


def _show_plan(
    target: Target, commit: str, before: dict[str, Any] | None, values: dict[str, str]
) -> None:
    deployed = "a new stack" if before is None else f"has {_commit_of(before)}"
    print_line(f"Account   {target.account_id()}")
    print_line(f"Region    {target.region}")
    print_line(f"Stack     {target.name} ({deployed})")
    print_line(f"Commit    {commit}")
    for name, value in values.items():
        print_line(f"Parameter {name}={value}")


def _deploy_with_sam(
    target: Target, commit: str, values: dict[str, str], signing: list[str], *, yes: bool
) -> None:
    """Let SAM show the change set, ask, and wait until the stack is as it should be.

    Raises:
        Failure: CloudFormation refuses, or rolls back. SAM has shown why.
    """
    show_tool(
        [
            *(SAM, "deploy", "--template-file", TEMPLATE, "--stack-name", target.name),
            *("--region", target.region, "--resolve-s3", "--capabilities", "CAPABILITY_IAM"),
            "--no-confirm-changeset" if yes else "--confirm-changeset",
            *("--no-fail-on-empty-changeset", "--no-progressbar"),
            *("--tags", f"{_COMMIT_TAG}={commit}"),
            *signing,
            # SAM takes an empty value only in quotes.
            *("--parameter-overrides", *(f'{name}="{value}"' for name, value in values.items())),
        ],
        what="sam deploy",
        cwd=ROOT,
        env={"SAM_CLI_TELEMETRY": "0"},
    )


def _commit_of(stack: dict[str, Any]) -> str:
    tags = {each["Key"]: each["Value"] for each in stack.get("Tags", [])}
    return str(tags.get(_COMMIT_TAG, "an unknown commit"))


def _last_change(stack: dict[str, Any] | None) -> object:
    return stack and (stack.get("LastUpdatedTime") or stack["CreationTime"])


def _value(stack: dict[str, Any] | None, parameter: str) -> str:
    """Return the value of a stack's parameter, or nothing if the stack does not have it yet."""
    parameters = stack.get("Parameters", []) if stack else []
    values = {each["ParameterKey"]: each["ParameterValue"] for each in parameters}
    return str(values.get(parameter, ""))
