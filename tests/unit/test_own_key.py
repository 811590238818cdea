"""With KmsKeyArn every store uses that key, and each role may use it for what it does anyway."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.build.deployed_template import source_template
from infra.paths import ROOT
from tests.unit.deployed_template import actions_of, resources_if, statements_of

AWS_KEYS = resources_if("HasBackupVault", "HasWriteTrail")
OWN_KEY = resources_if("HasKmsKey", "HasBackupVault", "HasWriteTrail")
KEY = {"Ref": "KmsKeyArn"}
# What a role does: which service then asks for the key, and what it does with it.
USES = {
    "dynamodb:": ("dynamodb", {"kms:Decrypt"}),
    "secretsmanager:GetSecretValue": ("secretsmanager", {"kms:Decrypt"}),
    "sqs:ReceiveMessage": ("sqs", {"kms:Decrypt"}),
    "sqs:SendMessage": ("sqs", {"kms:Decrypt", "kms:GenerateDataKey"}),
    "s3:GetObject": ("s3", {"kms:Decrypt"}),
    "s3:PutObject": ("s3", {"kms:Decrypt", "kms:GenerateDataKey"}),
}


def properties(resources: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    found = {
        name: each.get("Properties", {}) for name, each in resources.items() if each["Type"] == kind
    }
    assert found
    return found


def key_and_setting(resources: dict[str, Any], kind: str) -> Iterator[tuple[Any, Any]]:
    """Yield the key that each store of a kind names, and how it is encrypted otherwise."""
    for name, each in properties(resources, kind).items():
        if kind == "AWS::DynamoDB::Table":
            yield each["SSESpecification"].get("KMSMasterKeyId"), each["SSESpecification"]
        elif kind == "AWS::S3::Bucket":
            if name != "DashboardBucket":
                (rule,) = each["BucketEncryption"]["ServerSideEncryptionConfiguration"]
                yield rule["ServerSideEncryptionByDefault"].get("KMSMasterKeyID"), rule
        elif kind == "AWS::SQS::Queue":
            yield each.get("KmsMasterKeyId"), each.get("SqsManagedSseEnabled")
        else:
            yield each.get("KmsMasterKeyId") or each.get("KmsKeyId") or each.get("KMSKeyId"), None


STORES = {
    "AWS::DynamoDB::Table": {"SSEEnabled": True},
    "AWS::S3::Bucket": {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}},
    "AWS::SQS::Queue": True,
    "AWS::SecretsManager::Secret": None,
    "AWS::Logs::LogGroup": None,
    "AWS::SNS::Topic": None,
    "AWS::CloudTrail::Trail": None,
}


@pytest.mark.parametrize("kind", STORES)
def test_without_a_key_of_ones_own_aws_s_keys_encrypt_every_store(kind: str) -> None:
    found = list(key_and_setting(AWS_KEYS, kind))
    assert found == [(None, STORES[kind])] * len(found)


@pytest.mark.parametrize("kind", STORES)
def test_a_key_of_ones_own_encrypts_every_store(kind: str) -> None:
    found = list(key_and_setting(OWN_KEY, kind))
    assert [key for key, _ in found] == [KEY] * len(found)


def test_a_store_names_one_kind_of_encryption() -> None:
    for key, managed in key_and_setting(OWN_KEY, "AWS::SQS::Queue"):
        assert (key, managed) == (KEY, None)
    for _, table in key_and_setting(OWN_KEY, "AWS::DynamoDB::Table"):
        assert table == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    for _, bucket in key_and_setting(OWN_KEY, "AWS::S3::Bucket"):
        assert bucket["BucketKeyEnabled"] is True
        assert bucket["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


ROLES = sorted(
    name
    for name, each in OWN_KEY.items()
    if each["Type"] == "AWS::IAM::Role"
    and "lambda.amazonaws.com" in json.dumps(each["Properties"]["AssumeRolePolicyDocument"])
)


def uses_of_key(role: str) -> set[tuple[str, str]]:
    """Return through which service a role may do what with the key."""
    found = set()
    for statement in statements_of(OWN_KEY, role):
        if statement["Resource"] == KEY:
            (service,) = statement["Condition"]["StringEquals"].values()
            name = service["Fn::Sub"].removesuffix(".${AWS::Region}.amazonaws.com")
            found |= {(name, action) for action in actions_of(statement)}
    return found


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_use_the_key_exactly_for_what_it_does_anyway(role: str) -> None:
    needed = {
        (service, action)
        for statement in statements_of(AWS_KEYS, role)
        for act in actions_of(statement)
        for does, (service, actions) in USES.items()
        if act.startswith(does)
        for action in actions
    }
    assert uses_of_key(role) == needed


def test_without_a_key_of_ones_own_no_role_is_allowed_any_key_but_that_of_anchors() -> None:
    allowed = {
        (role, action)
        for role in ROLES
        for statement in statements_of(AWS_KEYS, role)
        for action in actions_of(statement)
        if action.startswith("kms:")
    }
    assert allowed == {("AnchorLedgerRole", "kms:Sign")}


def test_the_key_s_own_template_lets_each_service_use_it_that_no_role_stands_for() -> None:
    key = source_template(ROOT / "infra" / "stacks" / "data_key.yaml")["Resources"]["Key"]
    assert key["DeletionPolicy"] == key["UpdateReplacePolicy"] == "Retain"
    assert key["Properties"]["EnableKeyRotation"] is True
    text = json.dumps(key["Properties"]["KeyPolicy"])
    for service in ("logs.${AWS::Region}", "cloudwatch", "events", "cloudtrail"):
        assert f"{service}.amazonaws.com" in text
