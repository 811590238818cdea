"""The rules for writes past the functions and for failed backups match what AWS documents."""

import json
from typing import Any

import pytest

from infra.local.stack import Stack
from tests.unit.deployed_template import resources_if

pytestmark = pytest.mark.stack

RESOURCES = resources_if("HasWriteTrail", "HasBackupVault")
ACCOUNT = "111122223333"
BUCKET = "the-anchor-bucket"


def example(reference: dict[str, Any]) -> str:
    """Return an ARN, or a bucket's name, for a reference to a resource."""
    if "Ref" in reference:
        return BUCKET
    name, _ = reference["Fn::GetAtt"]
    kinds = {"AWS::IAM::Role": f"arn:aws:iam::{ACCOUNT}:role/{name}"}
    other = f"arn:aws:any:us-east-1:{ACCOUNT}:{name}"
    return kinds.get(RESOURCES[name]["Type"], other)


def with_examples(value: Any) -> Any:  # noqa: ANN401  # a part of a pattern
    if isinstance(value, dict):
        if value.keys() & {"Ref", "Fn::GetAtt"}:
            return example(value)
        return {name: with_examples(each) for name, each in value.items()}
    return [with_examples(each) for each in value] if isinstance(value, list) else value


def matches(stack: Stack, rule: str, event: dict[str, Any]) -> bool:
    pattern = with_examples(RESOURCES[rule]["Properties"]["EventPattern"])
    events = stack.aws.session.client("events", endpoint_url=stack.aws.dynamodb.meta.endpoint_url)
    whole = {
        "id": "1",
        "account": ACCOUNT,
        "time": "2026-11-25T09:00:00Z",
        "region": "us-east-1",
        "resources": [],
        **event,
    }
    answer = events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(whole))
    return bool(answer["Result"])


def in_role(name: str) -> dict[str, Any]:
    """Return CloudTrail's ``userIdentity`` of a call in a role.

    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
    """
    issuer = {"type": "Role", "arn": f"arn:aws:iam::{ACCOUNT}:role/{name}", "userName": name}
    return {"type": "AssumedRole", "sessionContext": {"sessionIssuer": issuer}}


USER = {"type": "IAMUser", "arn": f"arn:aws:iam::{ACCOUNT}:user/admin"}
# A user with an authenticator app has a session, and still no role.
USER_WITH_MFA = {**USER, "sessionContext": {"attributes": {"mfaAuthenticated": "true"}}}
ROOT = {"type": "Root", "arn": f"arn:aws:iam::{ACCOUNT}:root"}


def ledger_write(who: dict[str, Any], table: str = "LedgerTable", **more: Any) -> dict[str, Any]:  # noqa: ANN401  # fields of an event
    arns = ("OrdersTable", table)
    return {
        "source": "aws.dynamodb",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "dynamodb.amazonaws.com",
            "eventName": "TransactWriteItems",
            "readOnly": False,
            "userIdentity": who,
            "resources": [
                {"type": "AWS::DynamoDB::Table", "ARN": example({"Fn::GetAtt": [each, "Arn"]})}
                for each in arns
            ],
            **more,
        },
    }


def anchor_write(who: dict[str, Any], bucket: str = BUCKET) -> dict[str, Any]:
    return {
        "source": "aws.s3",
        "detail-type": "AWS API Call via CloudTrail",
        "detail": {
            "eventSource": "s3.amazonaws.com",
            "eventName": "DeleteObject",
            "readOnly": False,
            "userIdentity": who,
            "requestParameters": {"bucketName": bucket, "key": "anchors/st_1"},
        },
    }


@pytest.mark.parametrize("who", [in_role("Administrator"), USER, USER_WITH_MFA, ROOT])
def test_a_write_to_the_books_by_anybody_but_their_functions_is_kept(
    stack: Stack, who: dict[str, Any]
) -> None:
    assert matches(stack, "LedgerWritesRule", ledger_write(who))
    assert matches(stack, "AnchorWritesRule", anchor_write(who))


def test_a_function_that_writes_to_the_ledger_may_not_write_to_the_anchors(stack: Stack) -> None:
    assert matches(stack, "AnchorWritesRule", anchor_write(in_role("PayoutAdjustRole")))
    assert matches(stack, "LedgerWritesRule", ledger_write(in_role("AnchorLedgerRole")))


def test_the_functions_own_writes_and_other_tables_and_buckets_are_not_kept(stack: Stack) -> None:
    assert not matches(stack, "LedgerWritesRule", ledger_write(in_role("PayoutAdjustRole")))
    assert not matches(stack, "LedgerWritesRule", ledger_write(USER, "ErasuresTable"))
    assert not matches(stack, "LedgerWritesRule", ledger_write(USER, readOnly=True))
    assert not matches(stack, "AnchorWritesRule", anchor_write(in_role("AnchorLedgerRole")))
    assert not matches(stack, "AnchorWritesRule", anchor_write(USER, "another-bucket"))


VAULT = example({"Fn::GetAtt": ["BackupVault", "BackupVaultArn"]})


@pytest.mark.parametrize(
    ("kind", "vault", "state", "kept"),
    [
        ("Backup Job State Change", {"backupVaultArn": VAULT}, "FAILED", True),
        ("Backup Job State Change", {"backupVaultArn": VAULT}, "EXPIRED", True),
        ("Copy Job State Change", {"sourceBackupVaultArn": VAULT}, "FAILED", True),
        ("Copy Job State Change", {"sourceBackupVaultArn": VAULT}, "COMPLETED", False),
        ("Backup Job State Change", {"backupVaultArn": "arn:aws:backup:other"}, "FAILED", False),
    ],
)
def test_a_backup_or_copy_of_our_vault_that_failed_is_kept(
    stack: Stack, kind: str, vault: dict[str, str], state: str, *, kept: bool
) -> None:
    event = {"source": "aws.backup", "detail-type": kind, "detail": {**vault, "state": state}}
    assert matches(stack, "FailedBackupsRule", event) is kept
