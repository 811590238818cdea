"""What users call is released gradually, and taken back by alarms of the new version."""

from typing import Any

import pytest

from infra.build.deployed_template import deployed_resources, source_template
from infra.release import new_release

_RELEASED = {
    logical_id: each["Properties"]
    for logical_id, each in source_template()["Resources"].items()
    if each["Type"] == "AWS::Serverless::Function"
    and any(event["Type"] == "Api" for event in each["Properties"].get("Events", {}).values())
}
GRADUAL = {"GradualReleases": "true", "Release": "1796000000-abc"}


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    return {name: each for name, each in resources.items() if each["Type"] == kind}


def test_every_function_behind_the_api_is_called_by_its_alias() -> None:
    resources = deployed_resources(GRADUAL)
    aliases = of_type(resources, "AWS::Lambda::Alias")
    assert {f"{name}Aliaslive" for name in _RELEASED} == aliases.keys()
    (api,) = of_type(resources, "AWS::ApiGateway::RestApi").values()
    called = {
        method["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"].split("${")[-1].split("}")[0]
        for path in api["Properties"]["Body"]["paths"].values()
        for verb, method in path.items()
        if verb != "options"
    }
    assert called == aliases.keys()


def test_a_release_is_taken_back_by_alarms_that_see_the_new_version_alone() -> None:
    resources = deployed_resources(GRADUAL)
    groups = of_type(resources, "AWS::CodeDeploy::DeploymentGroup")
    assert groups.keys() == {f"{name}DeploymentGroup" for name in _RELEASED}
    for name in _RELEASED:
        group = groups[f"{name}DeploymentGroup"]["Properties"]
        own, api = (each["Name"]["Ref"] for each in group["AlarmConfiguration"]["Alarms"])
        assert api == "ApiReleaseAlarm"
        assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
        assert "Canary10Percent5Minutes" in str(group["DeploymentConfigName"])
        dimensions = {
            each["Name"]: each["Value"] for each in resources[own]["Properties"]["Dimensions"]
        }
        alias = resources[f"{name}Aliaslive"]["Properties"]
        assert dimensions == {
            "FunctionName": {"Ref": name},
            "Resource": {"Fn::Sub": f"${{{name}}}:live"},
            "ExecutedVersion": alias["FunctionVersion"],
        }


def test_the_same_template_deploys_without_codedeploy() -> None:
    kinds = {each["Type"] for each in deployed_resources({"GradualReleases": "false"}).values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::CodeDeploy")}
    assert "AWS::Lambda::Alias" in kinds


def test_each_release_publishes_a_version_of_what_it_changed_the_settings_of() -> None:
    first = of_type(deployed_resources(GRADUAL), "AWS::Lambda::Version")
    later = GRADUAL | {"Release": "1796000001-abc"}
    second = of_type(deployed_resources(later), "AWS::Lambda::Version")
    assert len(first) == len(second) == len(_RELEASED)
    assert not first.keys() & second.keys()
    # Lambda publishes nothing if a function is as it was, so each release changes each function.
    for name in _RELEASED:
        described = deployed_resources(later)[name]["Properties"]["Description"]
        assert described.endswith("1796000001-abc")


def test_two_releases_of_one_commit_have_names_that_sam_tells_apart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = set()
    for now in (1796000000.2, 1796000001.7):
        monkeypatch.setattr("infra.release.time.time", lambda now=now: now)
        names.add(new_release("abc")[:10])
    assert names == {"1796000000", "1796000001"}
