"""The page for readers of the ledger: its policy and its code, on the deployed template."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from infra.local.stripe_server import charge_of
from infra.paths import ROOT
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import HEAD_SK, entry_sk, primary_key, studio_pk
from tests.e2e.payday import pay_out, studio_with_a_sale
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, Json, refused, until
from tests.records import order_record

pytestmark = pytest.mark.stack

FILES = ROOT / "docs" / "read-the-ledger"


@dataclass(frozen=True)
class Reader:
    """A job with a role of its own, whose only policy is the page's."""

    world: DeployedStack
    session: boto3.Session

    def run(self, studio_id: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run the page's code, as it is, with the role's credentials."""
        aws, credentials = self.world.stack.aws, self.session.get_credentials()
        assert credentials is not None
        command = [sys.executable, str(FILES / "read_ledger.py"), self.world.stack.tables["ledger"]]
        return subprocess.run(  # noqa: S603  # our own command
            [*command, studio_id, *options],
            env={
                "PATH": os.environ["PATH"],
                "AWS_ENDPOINT_URL": aws.endpoint_url,
                "AWS_DEFAULT_REGION": aws.region,
                "AWS_ACCESS_KEY_ID": credentials.access_key,
                "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
                "AWS_SESSION_TOKEN": credentials.token or "",
            },
            check=False,
            capture_output=True,
            text=True,
        )

    def read(self, studio_id: str, *options: str) -> Any:  # noqa: ANN401  # JSON
        """Run the page's code, which must succeed, and return what it prints."""
        done = self.run(studio_id, *options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def reader(world: DeployedStack) -> Iterator[Reader]:
    aws = world.stack.aws
    table = aws.dynamodb.describe_table(TableName=world.stack.tables["ledger"])["Table"]
    policy = (FILES / "policy.json").read_text("utf-8")
    account = table["TableArn"].split(":")[4]
    trusted = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    name = "payout-job"
    role = aws.iam.create_role(
        RoleName=name,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trusted]}),
    )["Role"]
    aws.iam.put_role_policy(
        RoleName=name,
        PolicyName="read-the-ledger",
        PolicyDocument=policy.replace("<LedgerTableArn>", table["TableArn"]),
    )
    sts = aws.session.client("sts", endpoint_url=aws.endpoint_url)
    issued = sts.assume_role(RoleArn=role["Arn"], RoleSessionName="nightly")["Credentials"]
    sts.close()
    yield Reader(
        world,
        boto3.Session(
            issued["AccessKeyId"],
            issued["SecretAccessKey"],
            issued["SessionToken"],
            region_name=aws.region,
        ),
    )
    aws.iam.delete_role_policy(RoleName=name, PolicyName="read-the-ledger")
    aws.iam.delete_role(RoleName=name)


@dataclass(frozen=True)
class LedgerStudio:
    """A studio that Stripe and PPS act on."""

    world: DeployedStack
    studio_id: str

    def get(self, path: str) -> Json:
        answer = self.world.call("GET", f"{path}?studio_id={self.studio_id}", role="pps_admin")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def sell(self) -> str:
        """Sell another order and return its charge."""
        order = self.world.order() | {"studio_id": self.studio_id}
        self.world.import_orders([order])
        return str(order["stripe"]["charge_id"])

    def charge_first_order(self) -> str:
        """Make the charge of the order that the studio came with, and return it."""
        order_id = str(self.world.entries(self.studio_id)[0]["order_id"])
        order = order_record(order_id.removeprefix("ord_"), self.studio_id)
        self.world.control("charges", charges=[charge_of(order)])
        return str(order["stripe"]["charge_id"])

    def refund(self, charge: str, amount: int) -> str:
        """Refund a charge at Stripe, wait for the ledger, and return Stripe's id."""
        refund = str(self.world.stripe("POST", "refunds", charge=charge, amount=amount)["id"])
        self.await_entry("refund", refund)
        return refund

    def fail(self, refund: str) -> None:
        """Let a refund fail late, and wait for the ledger."""
        self.world.control(f"refunds/{refund}", status="failed")
        self.await_entry("refund_failed", refund)

    def await_entry(self, kind: str, refund: str) -> None:
        def entered() -> bool | None:
            entries = self.world.entries(self.studio_id)
            found = ((e["kind"], e.get("stripe_refund_id")) == (kind, refund) for e in entries)
            return any(found) or None

        until(entered, f"{kind} of {refund}")

    def pay_out(self, fault: str | None = None) -> Json:
        """Pay the studio out, and return its payout with its lines."""
        pay_out(self.world, self.studio_id, fault)
        newest = self.get("/payouts")["items"][0]
        return self.get(f"/payouts/{newest['payout_id']}")


@pytest.fixture
def studio(world: DeployedStack) -> LedgerStudio:
    return LedgerStudio(world, studio_with_a_sale(world))


def assert_same(read: Json, shown: Json) -> None:
    """Check that the page's code reads the payout that the API shows."""
    # The ledger has no names: the API reads them from the orders.
    lines = [
        {name: value for name, value in line.items() if name != "parent_name"}
        for line in shown["lines"]
    ]
    carried = lines.pop(0)["payable_amount"] if lines and lines[0]["kind"] == "carried" else 0
    assert read["carried_amount"] == carried
    assert read["total_amount"] == shown["total_amount"]
    # Only entries from before the ledger started store what was paid out elsewhere.
    entries = [{"elsewhere_amount": 0} | entry for entry in read["entries"]]
    assert [
        {name: entry.get(name) for name in line} for entry, line in zip(entries, lines, strict=True)
    ] == lines


def test_the_pages_code_reads_the_lines_of_the_payouts(
    reader: Reader, studio: LedgerStudio
) -> None:
    paid = studio.pay_out()
    assert paid["status"] == "paid"
    assert_same(reader.read(studio.studio_id, "--payout", paid["payout_id"]), paid)
    assert reader.read(studio.studio_id) == {
        "carried_amount": 0,
        "entries": [],
        "total_amount": 0,
    }

    charge = studio.sell()
    studio.refund(charge, 10_000)
    failing = studio.refund(studio.sell(), 2_500)
    studio.fail(failing)

    open_now = reader.read(studio.studio_id)
    kinds = ["sale", "refund", "sale", "refund", "refund_failed"]
    assert [entry["kind"] for entry in open_now["entries"]] == kinds
    assert open_now["total_amount"] == -320 + 8180
    assert_same(open_now, studio.get("/payouts/next"))
    # Entry 1 is the first sale, entry 2 its payout.
    assert reader.read(studio.studio_id, "--after", "2") == open_now["entries"]
    assert reader.read(studio.studio_id, "--after", "0") == studio.world.entries(studio.studio_id)
    assert reader.read(studio.studio_id, "--after", "7") == []
    assert_same(reader.read(studio.studio_id, "--payout", paid["payout_id"]), paid)


def test_the_pages_code_reads_a_carried_amount(reader: Reader, studio: LedgerStudio) -> None:
    studio.refund(studio.charge_first_order(), 10_000)
    carried = studio.pay_out()
    assert (carried["status"], carried["carried_amount"]) == ("carried", -320)
    assert_same(reader.read(studio.studio_id, "--payout", carried["payout_id"]), carried)

    studio.sell()
    open_now = reader.read(studio.studio_id)
    assert (open_now["carried_amount"], open_now["total_amount"]) == (-320, -320 + 8180)
    assert_same(open_now, studio.get("/payouts/next"))


def test_the_pages_code_reads_the_amount_of_a_failed_payout(
    reader: Reader, studio: LedgerStudio
) -> None:
    failed = studio.pay_out("fail_at_once")
    assert failed["status"] == "failed"

    open_now = reader.read(studio.studio_id)
    assert [entry["kind"] for entry in open_now["entries"]] == ["payout_failed"]
    assert open_now["entries"][0]["payout_id"] == failed["payout_id"]
    assert (open_now["carried_amount"], open_now["total_amount"]) == (0, 8180)
    assert_same(open_now, studio.get("/payouts/next"))


def test_a_studio_without_entries_has_nothing_open(reader: Reader) -> None:
    nothing = {"carried_amount": 0, "entries": [], "total_amount": 0}
    assert reader.read("st_nobody") == nothing


def test_a_missing_entry_is_an_error(reader: Reader, world: DeployedStack) -> None:
    studio_id = f"st_{uuid.uuid4().hex[:10]}"
    for seq in (1, 3):
        entry: Any = {"kind": "sale", "seq": seq, "payable_amount": 1, "payable_balance_amount": 2}
        key = primary_key(studio_pk(studio_id), entry_sk(seq))
        table = world.stack.tables["ledger"]
        world.stack.aws.dynamodb.put_item(TableName=table, Item=key | marshal(entry))
    for options in ((), ("--after", "1"), ("--after", "0")):
        done = reader.run(studio_id, *options)
        assert done.returncode != 0
        assert "entry 2 is missing" in done.stderr
        assert done.stdout == ""


def test_the_policy_reads_the_ledger_and_nothing_else(reader: Reader, world: DeployedStack) -> None:
    world.sell()
    aws, tables = world.stack.aws, world.stack.tables
    dynamodb = reader.session.client("dynamodb", endpoint_url=aws.endpoint_url)
    sqs = reader.session.client("sqs", endpoint_url=aws.endpoint_url)
    secrets = reader.session.client("secretsmanager", endpoint_url=aws.endpoint_url)
    studio = studio_pk(PLATFORM_STUDIO)
    of_studio: Any = {
        "KeyConditionExpression": "PK = :studio",
        "ExpressionAttributeValues": {":studio": {"S": studio}},
    }
    ledger: Any = {"TableName": tables["ledger"]}
    orders: Any = {"TableName": tables["orders"]}
    first = primary_key(studio, entry_sk(1))
    assert dynamodb.query(**ledger, **of_studio)["Count"] >= 1

    calls: list[tuple[Callable[..., Any], dict[str, Any]]] = [
        (dynamodb.put_item, {**ledger, "Item": first}),
        (dynamodb.delete_item, {**ledger, "Key": first}),
        (
            dynamodb.update_item,
            {
                **ledger,
                "Key": first,
                "UpdateExpression": "SET net_amount = :n",
                "ExpressionAttributeValues": {":n": {"N": "0"}},
            },
        ),
        (dynamodb.transact_write_items, {"TransactItems": [{"Put": {**ledger, "Item": first}}]}),
        (
            dynamodb.batch_write_item,
            {"RequestItems": {tables["ledger"]: [{"PutRequest": {"Item": first}}]}},
        ),
        (dynamodb.scan, ledger),
        (
            dynamodb.query,
            {
                **ledger,
                "IndexName": "SettledIndex",
                "KeyConditionExpression": "studio_id = :studio",
                "ExpressionAttributeValues": {":studio": {"S": PLATFORM_STUDIO}},
            },
        ),
        (dynamodb.delete_table, ledger),
        (dynamodb.query, {**orders, **of_studio}),
        (dynamodb.get_item, {**orders, "Key": primary_key(studio, HEAD_SK)}),
        (dynamodb.put_item, {**orders, "Item": first}),
        (dynamodb.scan, orders),
        (sqs.receive_message, {"QueueUrl": world.stack.queues["adjust"]}),
        (
            secrets.get_secret_value,
            {"SecretId": world.environment("stripe_webhook")["STRIPE_SECRET_ARN"]},
        ),
    ]
    before = world.entries()
    for call, arguments in calls:
        assert refused(call, **arguments), (call.__name__, arguments)
    # Other tests may add entries meanwhile.
    assert world.entries()[: len(before)] == before
    for client in (dynamodb, sqs, secrets):
        client.close()
