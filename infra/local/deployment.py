"""Deploys the template to the local AWS with the same `sam deploy` as to AWS.

Only the packages differ: see `sam_launcher.py`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.build.functions import Architecture
from infra.failure import Failure, run_tool
from infra.local.engine import Aws, inherited_environment
from infra.paths import ROOT, SAM_PYTHON, TEMPLATE
from infra.release import new_release
from infra.stack_events import StackEvents

STACK_NAME = "pps-refunds"
_SAM = Path(__file__).parent / "sam_launcher.py"
# How the line begins in which SAM says what went wrong.
_SAM_ERROR = "Error: "
_ARTIFACTS = "pps-artifacts"
_STAGE = "v1"
_FUNCTION_SUFFIX = "Function"


@dataclass(frozen=True)
class Deployment:
    """The deployed stack's outputs and physical names."""

    outputs: Mapping[str, str]
    api_url: str
    functions: Mapping[str, str]


def deploy(aws: Aws, parameters: Mapping[str, str], scratch: Path) -> Deployment:
    """Deploy the functions in `build/` and return the stack.

    Raises:
        Failure: SAM or CloudFormation refuses.
    """
    _make_artifact_bucket(aws)
    parameters = {
        "Architecture": Architecture.of_this_machine().value,
        "Release": new_release("local"),
        **parameters,
    }
    command: list[str | Path] = [SAM_PYTHON, _SAM, "deploy", "--template-file", TEMPLATE]
    command += ["--stack-name", STACK_NAME, "--s3-bucket", _ARTIFACTS]
    command += ["--region", aws.region, "--capabilities", "CAPABILITY_IAM"]
    command += ["--no-confirm-changeset", "--no-progressbar", "--no-fail-on-empty-changeset"]
    command += ["--parameter-overrides", *(f"{name}={v}" for name, v in parameters.items())]
    env = inherited_environment() | aws.environment
    env |= {
        "SAM_CLI_TELEMETRY": "0",
        "SAM_CLI_POLL_DELAY": "0.3",
        "__SAM_CLI_APP_DIR": str(scratch / "sam"),  # keeps SAM out of the user's home
    }
    events = StackEvents(aws.cloudformation, STACK_NAME)
    try:
        run_tool(command, what="sam deploy", cwd=ROOT, env=env)
    except Failure as failure:
        if cause := events.first_failure() or sam_error(str(failure)):
            raise Failure(f"the stack was not deployed. {cause}") from failure
        raise
    outputs = _outputs(aws)
    _complete_api(aws, outputs["ApiId"], parameters)
    _lock_anchors(aws, outputs["AnchorBucketName"])
    names = _function_names(aws)
    return Deployment(
        outputs=outputs,
        api_url=local_api_url(aws, outputs["ApiId"]),
        functions={name: outputs[f"{logical}FunctionName"] for name, logical in names.items()},
    )


def local_api_url(aws: Aws, api_id: str) -> str:
    """Return an API's address on this machine.

    It is a path, because not every resolver knows {api-id}.execute-api.localhost.
    """
    return f"{aws.endpoint_url}/_aws/execute-api/{api_id}/{_STAGE}"


def _make_artifact_bucket(aws: Aws) -> None:
    if aws.region == "us-east-1":  # S3 refuses a location constraint for this region
        aws.s3.create_bucket(Bucket=_ARTIFACTS)
    else:
        aws.s3.create_bucket(
            Bucket=_ARTIFACTS,
            CreateBucketConfiguration={"LocationConstraint": aws.region},  # type: ignore[typeddict-item]  # any region is valid here
        )


def sam_error(output: str) -> str | None:
    """Return what SAM says went wrong, without the settings that it prints before, or None."""
    said = [line for line in output.splitlines() if line.startswith(_SAM_ERROR)]
    return said[-1].removeprefix(_SAM_ERROR) if said else None


def _outputs(aws: Aws) -> dict[str, str]:
    stack = aws.cloudformation.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def _processed_template(aws: Aws) -> dict[str, Any]:
    body: Any = aws.cloudformation.get_template(StackName=STACK_NAME, TemplateStage="Processed")[
        "TemplateBody"
    ]
    template: dict[str, Any] = json.loads(body) if isinstance(body, str) else dict(body)
    return template


def _function_names(aws: Aws) -> dict[str, str]:
    """Map each function's name, as in `functions/`, to its logical id without the suffix."""
    return {
        # functions.<name>.handler.lambda_handler
        resource["Properties"]["Handler"].split(".")[1]: logical.removesuffix(_FUNCTION_SUFFIX)
        for logical, resource in _processed_template(aws)["Resources"].items()
        if resource["Type"] == "AWS::Lambda::Function"
    }


def _complete_api(aws: Aws, api_id: str, parameters: Mapping[str, str]) -> None:
    """Apply the parts of the API's description that the engine's importer leaves out.

    AWS reads gateway responses and the preflight's headers from the template's
    OpenAPI body. The engine serves both but does not import them. So we put them
    through its API, exactly as the template has them.
    """
    body = _processed_template(aws)["Resources"]["Api"]["Properties"]["Body"]
    description = _substituted(body, parameters)
    gateway = aws.session.client("apigateway", endpoint_url=aws.endpoint_url)
    for kind, answer in description["x-amazon-apigateway-gateway-responses"].items():
        gateway.put_gateway_response(
            restApiId=api_id,
            responseType=kind,
            statusCode=str(answer["statusCode"]),
            responseParameters=answer["responseParameters"],
            responseTemplates=answer["responseTemplates"],
        )
    for resource in gateway.get_resources(restApiId=api_id, limit=500)["items"]:
        preflight = description["paths"].get(resource["path"], {}).get("options")
        if preflight is not None:
            answer = preflight["x-amazon-apigateway-integration"]["responses"]["default"]
            gateway.put_integration_response(
                restApiId=api_id,
                resourceId=resource["id"],
                httpMethod="OPTIONS",
                statusCode=answer["statusCode"],
                responseParameters=answer["responseParameters"],
                responseTemplates=answer["responseTemplates"],
            )
    gateway.create_deployment(restApiId=api_id, stageName=_STAGE)


def _lock_anchors(aws: Aws, bucket: str) -> None:
    """Lock the anchors' bucket as the template says. The engine's importer leaves that out."""
    template = _processed_template(aws)
    lock = template["Resources"]["AnchorBucket"]["Properties"]["ObjectLockConfiguration"]
    retention = lock["Rule"]["DefaultRetention"]
    days = template["Parameters"][retention["Days"]["Ref"]]["Default"]
    aws.s3.put_object_lock_configuration(
        Bucket=bucket,
        ObjectLockConfiguration={
            "ObjectLockEnabled": lock["ObjectLockEnabled"],
            "Rule": {"DefaultRetention": {"Mode": retention["Mode"], "Days": int(days)}},
        },
    )


def _substituted(node: Any, parameters: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
    """Resolve `Fn::Sub` of parameters and leave any other `Fn::Sub` as it is."""
    if isinstance(node, Mapping):
        if node.keys() == {"Fn::Sub"} and isinstance(node["Fn::Sub"], str):
            text: str = node["Fn::Sub"]
            for name, value in parameters.items():
                text = text.replace(f"${{{name}}}", value)
            return text
        return {key: _substituted(value, parameters) for key, value in node.items()}
    if isinstance(node, list):
        return [_substituted(value, parameters) for value in node]
    return node
