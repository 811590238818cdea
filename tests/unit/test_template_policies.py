"""The template keeps Checkov's policies, and what breaks one is found."""

from typing import Any

import pytest

from infra.build.resolved_template import resolved_resources
from infra.build.template_policies import (
    Finding,
    PolicyException,
    complaints,
    find_violations,
    load_exceptions,
)

OPEN_BUCKET = {
    "Type": "AWS::S3::Bucket",
    "Properties": {"AccessControl": "PublicReadWrite"},
}
UNPROTECTED_TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {"BillingMode": "PAY_PER_REQUEST"},
}
VERSIONS = Finding("CKV_AWS_21", "versions", "ExportBucket")


@pytest.mark.slow
def test_a_public_bucket_and_a_table_without_backups_are_found() -> None:
    found = find_violations({"OpenBucket": OPEN_BUCKET, "Table": UNPROTECTED_TABLE})
    checks = {(each.resource, each.check) for each in found}
    assert ("OpenBucket", "CKV_AWS_57") in checks  # the ACL lets everybody write
    assert ("Table", "CKV_AWS_28") in checks  # no point-in-time recovery
    complained = "\n".join(complaints(found, load_exceptions()))
    assert "(CKV_AWS_57)" in complained
    assert "(CKV_AWS_28)" in complained


def test_an_exception_is_for_its_resources_alone() -> None:
    exceptions = {"CKV_AWS_21": PolicyException("a reason", frozenset({"ExportBucket"}))}
    assert complaints([VERSIONS], exceptions) == []
    other = Finding("CKV_AWS_21", "versions", "AnchorBucket")
    assert complaints([VERSIONS, other], exceptions) == ["AnchorBucket: versions (CKV_AWS_21)"]


def test_an_exception_that_nothing_needs_is_named() -> None:
    resources = frozenset({"ExportBucket", "GoneBucket"})
    exceptions = {
        "CKV_AWS_21": PolicyException("a reason", resources),
        "CKV_AWS_18": PolicyException("a reason", None),
    }
    assert complaints([VERSIONS], exceptions) == [
        "policy_exceptions.yaml: CKV_AWS_18 is not needed",
        "policy_exceptions.yaml: CKV_AWS_21 is not needed for GoneBucket",
    ]


def test_each_exception_has_a_reason() -> None:
    assert all(len(each.reason) > 20 for each in load_exceptions().values())


def test_conditions_decide_which_resources_are_checked() -> None:
    assert "ApiWebAcl" in resolved_resources({"WebAcl": "create"})
    assert "ApiWebAcl" not in resolved_resources({"WebAcl": "none"})


def test_no_function_of_cloudformation_is_left_over() -> None:
    def functions(node: Any) -> set[str]:  # noqa: ANN401  # any JSON
        if isinstance(node, list):
            return set().union(*map(functions, node))
        if not isinstance(node, dict):
            return set()
        own = {name for name in node if name == "Ref" or name.startswith("Fn::")}
        return own.union(*map(functions, node.values()))

    assert functions(resolved_resources({})) == set()
