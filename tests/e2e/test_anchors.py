"""The anchors reveal every rewritten history, whichever role rewrites it.

The tests try every role of the deployed stack. A Lambda's role trusts only Lambda, so each test
adds itself to the role's trust policy while it uses the role.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from infra.local.deployment import STACK_NAME
from infra.operate.ledger_verification import AnchorSource, Verdict, verify_studio
from shared.domain.ledger import LedgerHead, entry_hash
from shared.domain.ledger_chain import verify_chain
from shared.gateways.anchors import Anchors, StoredVersion
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import HEAD_SK, entry_sk, primary_key, studio_pk
from shared.gateways.records.ledger import head_to_item
from tests.e2e.payday import ACCOUNT
from tests.e2e.world import DeployedStack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

pytestmark = pytest.mark.stack

# The roles that write the ledger: IAM cannot tell a new entry from an overwritten one.
MAY_PUT_ENTRIES = {
    *("payout_adjust", "verify_charge", "refund_request", "run_payouts", "adjustments")
}

type Entry = dict[str, str | int]


def roles(world: DeployedStack) -> list[str]:
    """Return all roles of the stack, by their logical ids."""
    pages = world.stack.aws.cloudformation.get_paginator("list_stack_resources").paginate(
        StackName=STACK_NAME
    )
    resources = [each for page in pages for each in page["StackResourceSummaries"]]
    return sorted(
        each["PhysicalResourceId"] for each in resources if each["ResourceType"] == "AWS::IAM::Role"
    )


@contextmanager
def in_role(world: DeployedStack, role: str) -> Iterator[boto3.Session]:
    """Act in a role, which trusts this account meanwhile."""
    iam = world.stack.aws.iam
    found = iam.get_role(RoleName=role)["Role"]
    trust: Any = found["AssumeRolePolicyDocument"]
    trust = json.loads(trust) if isinstance(trust, str) else trust
    account = found["Arn"].split(":")[4]
    us = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    widened = trust | {"Statement": [*trust["Statement"], us]}
    iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(widened))
    try:
        sts = world.stack.aws.session.client("sts", endpoint_url=world.stack.aws.endpoint_url)
        got = sts.assume_role(RoleArn=found["Arn"], RoleSessionName="forger")["Credentials"]
        yield boto3.Session(
            got["AccessKeyId"],
            got["SecretAccessKey"],
            got["SessionToken"],
            region_name=world.stack.aws.region,
        )
    finally:
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=json.dumps(trust))


@dataclass
class AnchoredLedger:
    """The anchored ledger of a studio with a few sales, and ways to forge it."""

    world: DeployedStack
    studio_id: str

    @property
    def tables(self) -> tuple[str, str]:
        return self.world.stack.tables["orders"], self.world.stack.tables["ledger"]

    def entries(self) -> list[Entry]:
        return self.world.entries(self.studio_id)

    def head(self) -> LedgerHead:
        head = LedgerStore(self.world.stack.aws.dynamodb, *self.tables).load_head(self.studio_id)
        assert head is not None
        return head

    def put(self, dynamodb: "DynamoDBClient", entries: list[Entry], head: LedgerHead) -> None:
        """Overwrite entries and head with this client."""
        for entry in entries:
            key = primary_key(studio_pk(self.studio_id), entry_sk(int(entry["seq"])))
            dynamodb.put_item(TableName=self.tables[1], Item=key | marshal(entry))
        dynamodb.put_item(TableName=self.tables[0], Item=head_to_item(head))

    def forged(self) -> tuple[list[Entry], LedgerHead]:
        """Return the ledger with a second sale $10.00 smaller and all later hashes matching."""
        before = self.entries()
        entries: list[Entry] = []
        lowered = 0
        for entry in before:
            lowered += 1000 if entry["seq"] == 2 else 0
            less: Entry = {
                name: int(entry[name]) - 1000
                for name in ("gross_amount", "net_amount", "payable_amount")
                if entry["seq"] == 2
            }
            changed: Entry = entry | less
            changed["payable_balance_amount"] = int(entry["payable_balance_amount"]) - lowered
            changed["prev_hash"] = entries[-1]["hash"] if entries else entry["prev_hash"]
            entries.append(changed | {"hash": entry_hash(changed)})
        head = asdict(self.head())
        head |= {
            "hash": entries[-1]["hash"],
            "payable_balance_amount": entries[-1]["payable_balance_amount"],
        }
        forged = LedgerHead(**head)
        assert verify_chain(entries, forged) == (len(entries), None), "a forgery sound by itself"
        return entries, forged

    def verdict(self) -> Verdict:
        """Verify the ledger against its anchors."""
        return verify_studio(
            self.world.stack.aws.dynamodb, *self.tables, self.studio_id, source(self.world)
        )

    def versions(self) -> list[StoredVersion]:
        return list(source(self.world).anchors.versions(self.studio_id))


def source(world: DeployedStack) -> AnchorSource:
    aws, anchors = world.stack.aws, world.stack.anchors
    key = load_der_public_key(aws.kms.get_public_key(KeyId=anchors["key"])["PublicKey"])
    assert isinstance(key, EllipticCurvePublicKey)
    return AnchorSource(Anchors(aws.s3, anchors["bucket"]), key)


@pytest.fixture
def ledger(world: DeployedStack) -> Iterator[AnchoredLedger]:
    """An anchored ledger of four sales, restored after the test."""
    studio_id = f"st_{uuid.uuid4().hex[:10]}"
    studio = {
        "studio_id": studio_id,
        "name": "Anchored",
        "timezone": "America/Chicago",
        "currency": "usd",
        "rev_share_bps": 1500,
        "from_address": "orders@anchored.example",
        "payout_account_id": ACCOUNT,
        "negative_balance_limit": 0,
    }
    assert world.invoke("import_orders", {"studios": [json.dumps(studio)]})["imported"] == 1
    world.import_orders([world.order() | {"studio_id": studio_id} for _ in range(4)])
    assert world.invoke("anchor_ledger", {"studios": [studio_id]})["done"] == {"LedgerAnchored": 1}
    made = AnchoredLedger(world, studio_id)
    entries, head = made.entries(), made.head()
    yield made
    made.put(world.stack.aws.dynamodb, entries, head)


def denied(call: Callable[..., object], **arguments: Any) -> bool:  # noqa: ANN401  # any client's method
    """Return whether a call is refused."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in {
            *("AccessDenied", "AccessDeniedException", "AccessDeniedError"),
        }
    return False


def test_an_anchored_ledger_is_sound_and_a_second_run_of_the_day_changes_nothing(
    ledger: AnchoredLedger,
) -> None:
    verdict = ledger.verdict()
    assert (verdict.problem, verdict.entries) == (None, 4)
    assert [anchor.head for anchor in verdict.anchors] == [ledger.head()]
    before = ledger.versions()
    again = ledger.world.invoke("anchor_ledger", {"studios": [ledger.studio_id]})
    assert again["done"] == {"LedgerAnchoredToday": 1}
    assert ledger.versions() == before


def test_every_role_that_rewrites_history_is_found_out(ledger: AnchoredLedger) -> None:
    """Each role tries a perfect forgery. The roles that may put entries succeed, and are found."""
    original = ledger.entries(), ledger.head()
    forged = ledger.forged()
    succeeded = set()
    for role in roles(ledger.world):
        with in_role(ledger.world, role) as session:
            dynamodb = session.client("dynamodb", endpoint_url=ledger.world.stack.aws.endpoint_url)
            if denied(ledger.put, dynamodb=dynamodb, entries=forged[0], head=forged[1]):
                assert ledger.entries() == original[0], role
            else:
                succeeded.add(role)
                assert ledger.entries() == forged[0]
                assert str(ledger.verdict().problem).endswith("history was rewritten"), role
            dynamodb.close()
        ledger.put(ledger.world.stack.aws.dynamodb, *original)
    writers = {function_role(ledger.world, function) for function in MAY_PUT_ENTRIES}
    assert succeeded == writers
    assert ledger.verdict().problem is None


def function_role(world: DeployedStack, function: str) -> str:
    found = world.stack.aws.lambda_.get_function_configuration(
        FunctionName=world.stack.functions[function]
    )
    return found["Role"].rpartition("/")[2]


def test_an_administrator_who_rewrites_history_is_found_out(ledger: AnchoredLedger) -> None:
    """An administrator may rewrite, cut off or delete the whole ledger."""
    aws = ledger.world.stack.aws
    entries = ledger.entries()
    ledger.put(aws.dynamodb, *ledger.forged())
    assert str(ledger.verdict().problem).endswith("history was rewritten")
    ledger.put(aws.dynamodb, entries, ledger.head())

    last, before = entries[-1], entries[-2]
    pk = studio_pk(ledger.studio_id)
    key = primary_key(pk, entry_sk(int(last["seq"])))
    aws.dynamodb.delete_item(TableName=ledger.tables[1], Key=key)
    cut = LedgerHead(
        ledger.studio_id,
        "usd",
        int(before["seq"]),
        int(before["payable_balance_amount"]),
        int(before["direct_balance_amount"]),
        str(before["hash"]),
    )
    ledger.put(aws.dynamodb, [], cut)
    assert str(ledger.verdict().problem).endswith("it was cut off")

    for entry in entries:
        key = primary_key(pk, entry_sk(int(entry["seq"])))
        aws.dynamodb.delete_item(TableName=ledger.tables[1], Key=key)
    aws.dynamodb.delete_item(TableName=ledger.tables[0], Key=primary_key(pk, HEAD_SK))
    assert ledger.verdict().problem == "it has anchors, and no ledger"
    assert ledger.studio_id in set(source(ledger.world).anchors.studios())


def test_a_restore_that_hides_a_forgery_is_signed_and_visible(
    ledger: AnchoredLedger,
) -> None:
    ledger.put(ledger.world.stack.aws.dynamodb, *ledger.forged())
    before = ledger.versions()
    event = {"studios": [ledger.studio_id], "restored_because": "a forger, hiding"}
    assert ledger.world.invoke("anchor_ledger", event)["done"] == {"LedgerAnchored": 1}
    (restored, superseded) = ledger.verdict().notes
    assert "restored to entry 0" in restored
    assert "a forger, hiding" in restored
    assert "supersedes 1 of the earlier anchors" in superseded
    assert len(ledger.versions()) == len(before) + 1


def test_no_role_may_change_or_delete_an_anchor(ledger: AnchoredLedger) -> None:
    world = ledger.world
    bucket, key = world.stack.anchors["bucket"], world.stack.anchors["key"]
    (version,) = ledger.versions()
    there: dict[str, Any] = {"Bucket": bucket, "Key": version.key}
    one: dict[str, Any] = there | {"VersionId": version.version_id}
    signer = function_role(world, "anchor_ledger")
    for role in roles(world):
        with in_role(world, role) as session:
            s3 = session.client("s3", endpoint_url=world.stack.aws.endpoint_url)
            kms = session.client("kms", endpoint_url=world.stack.aws.endpoint_url)
            assert denied(s3.put_object, **there, Body=b"{}"), role
            if role == signer:
                with pytest.raises(ClientError, match="PreconditionFailed"):
                    s3.put_object(**there, Body=b"{}", IfNoneMatch="*")
            else:
                assert denied(s3.put_object, **there, Body=b"{}", IfNoneMatch="*"), role
                sign: dict[str, Any] = {"Message": b"{}", "SigningAlgorithm": "ECDSA_SHA_256"}
                assert denied(kms.sign, KeyId=key, **sign), role
            assert denied(s3.delete_object, **there), role
            assert denied(s3.delete_object, **one), role
            shorter: dict[str, Any] = {
                "Mode": "GOVERNANCE",
                "RetainUntilDate": "2026-11-26T00:00:00Z",
            }
            assert denied(s3.put_object_retention, **one, Retention=shorter), role
            assert denied(s3.put_bucket_versioning, Bucket=bucket, VersioningConfiguration={}), role
            assert denied(s3.delete_bucket_policy, Bucket=bucket), role
            assert denied(s3.delete_bucket, Bucket=bucket), role
            assert denied(kms.schedule_key_deletion, KeyId=key), role
            assert denied(kms.put_key_policy, KeyId=key, Policy="{}"), role
            s3.close()
            kms.close()
    assert ledger.versions() == [version]
    assert ledger.verdict().problem is None


def test_not_even_an_administrator_may_sign_hide_or_overwrite_an_anchor(
    ledger: AnchoredLedger,
) -> None:
    """The policies of key and bucket also refuse callers whom IAM allows everything."""
    world = ledger.world
    iam, (version,) = world.stack.aws.iam, ledger.versions()
    user = f"administrator-{ledger.studio_id}"
    everything = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    iam.create_user(UserName=user)
    iam.put_user_policy(UserName=user, PolicyName="all", PolicyDocument=json.dumps(everything))
    made = iam.create_access_key(UserName=user)["AccessKey"]
    session = boto3.Session(
        made["AccessKeyId"], made["SecretAccessKey"], region_name=world.stack.aws.region
    )
    s3 = session.client("s3", endpoint_url=world.stack.aws.endpoint_url)
    kms = session.client("kms", endpoint_url=world.stack.aws.endpoint_url)
    there: dict[str, Any] = {"Bucket": world.stack.anchors["bucket"], "Key": version.key}
    key = world.stack.anchors["key"]
    try:
        assert kms.get_public_key(KeyId=key)["KeyUsage"] == "SIGN_VERIFY"
        assert denied(kms.sign, KeyId=key, Message=b"{}", SigningAlgorithm="ECDSA_SHA_256")
        assert denied(s3.put_object, **there, Body=b"{}")
        assert denied(s3.delete_object, **there)
        assert denied(s3.delete_object, **there, VersionId=version.version_id)
    finally:
        s3.close()
        kms.close()
        iam.delete_access_key(UserName=user, AccessKeyId=made["AccessKeyId"])
        iam.delete_user_policy(UserName=user, PolicyName="all")
        iam.delete_user(UserName=user)
    assert ledger.versions() == [version]


def test_an_administrator_may_not_delete_an_anchor_and_what_they_add_is_seen(
    ledger: AnchoredLedger,
) -> None:
    s3, bucket = ledger.world.stack.aws.s3, ledger.world.stack.anchors["bucket"]
    (version,) = ledger.versions()
    there: dict[str, Any] = {"Bucket": bucket, "Key": version.key}
    lock = s3.get_object_retention(**there)["Retention"]
    assert lock["Mode"] == "COMPLIANCE"
    assert denied(s3.delete_object, **there, VersionId=version.version_id)
    assert denied(
        s3.delete_object,
        **there,
        VersionId=version.version_id,
        BypassGovernanceRetention=True,
    )
    assert ledger.verdict().problem is None
    s3.put_object(**there, Body=b"{}", IfNoneMatch='"another"')
    assert str(ledger.verdict().problem).endswith("was deleted or overwritten")
