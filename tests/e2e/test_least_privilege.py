"""Each role has what its code uses, all of it, and nothing else. The engine enforces IAM."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fcntl import LOCK_EX, flock
from typing import TYPE_CHECKING

import boto3
import pytest

from infra.operate.stripe.keys import STRIPE_KEYS
from shared.clock import utc_now
from shared.domain.attribution import By
from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey
from shared.domain.running_sums import ENTRIES_BETWEEN
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.records.keys import ORDER_SK, entry_sk, order_pk, primary_key, studio_pk
from tests.e2e.counted_patterns import count_patterns
from tests.e2e.large_report import (
    export_large_report,
    studio_with_large_report,
    write_export_of_open_refunds,
)
from tests.e2e.large_statement import (
    LINES,
    export_large_statement,
    studio_with_large_payout,
)
from tests.e2e.long_ledger import refund_at_stripe, sell_to, studio_with_entries
from tests.e2e.lost_answers import fee_refund_stored, lose_fee_answer, move_back
from tests.e2e.payday import make_due, pay_out, studio_with_a_sale, transfer_gone
from tests.e2e.permissions import (
    Permission,
    code_policy,
    covers,
    granted,
    role_of,
    unused_permissions,
    used,
)
from tests.e2e.reconciling import reconcile_now
from tests.e2e.unverified_charges import lose_charges, read_all_charges
from tests.e2e.world import (
    DIRECT_STUDIO,
    PLATFORM_STUDIO,
    DeployedStack,
    named_user,
    refused,
    until,
)
from tests.operate import outputs_of
from tests.ses_events import ses_event

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

pytestmark = pytest.mark.stack

FUNCTIONS = (
    "refund_request",
    "stripe_webhook",
    "payout_adjust",
    "fee_refund",
    "verify_charge",
    "resume_pending",
    "reconcile",
    "import_orders",
    "find_orders",
    "print_station",
    "send_message",
    "mail_events",
    "refund_report",
    "export_report",
    "attention",
    "adjustments",
    "users",
    "record_sign_in",
    "payouts",
    "run_payouts",
    "anchor_ledger",
    "studio_settings",
)

# AWS also asks whether a caller may use a mail's configuration set. The engine does not.
ONLY_AWS_ASKS = ("ses:SendEmail", "configuration-set/")
# SES's suppression list has no name: AWS allows "*" alone.
NAMELESS = {("ses:GetSuppressedDestination", "*")}

# A cheap request to each function that answers users.
COUNTED = {
    "refund_request": ("GET", "/orders/ord_nowhere/refunds/rf_nowhere", "owner"),
    "find_orders": ("GET", "/orders/ord_nowhere", "owner"),
    "print_station": ("GET", "/print-station/queue?limit=1", "owner"),
    "send_message": ("POST", "/orders/ord_nowhere/messages/preview", "owner"),
    "refund_report": ("GET", "/reports/refunds?limit=1", "owner"),
    "attention": ("GET", "/attention/count", "owner"),
    "adjustments": ("GET", f"/adjustments?studio_id={PLATFORM_STUDIO}", "pps_admin"),
    "users": ("GET", "/users", "owner"),
    "payouts": ("GET", "/payouts?limit=1", "owner"),
    "studio_settings": ("GET", "/me", "owner"),
}
MESSAGE = {"template": "refund_confirmation", "refund_id": "rf_nowhere"}

MAY_PUT_ENTRIES = {
    *("payout_adjust", "verify_charge", "refund_request", "run_payouts", "adjustments")
}


def use_everything(world: DeployedStack) -> None:
    """Go once through all that the functions do."""
    direct = world.sell(DIRECT_STUDIO)
    refund = world.refund(direct, {"type": "full"}, DIRECT_STUDIO)
    world.await_status(refund, "settled", DIRECT_STUDIO)
    fee = direct.replace("ord_", "fee_")
    until(
        lambda: world.stripe("GET", f"application_fees/{fee}")["amount_refunded"] or None,
        "application fee refunded",
    )
    # An import again, which looks up what is there; a preview, which looks at the balance.
    order = world.sell()
    body = {"type": "full", "reason": "other"}
    world.call("POST", f"/orders/{order}/refunds/preview", body)
    # A message about a refund.
    sent = world.call(
        "POST",
        f"/orders/{direct}/messages",
        {"template": "refund_confirmation", "refund_id": refund["refund_id"]},
        studio_id=DIRECT_STUDIO,
        headers={"Idempotency-Key": uuid.uuid4().hex},
    ).json()
    # It bounces.
    ids = {name: sent[name] for name in ("order_id", "message_id")} | {"studio_id": DIRECT_STUDIO}
    world.stack.aws.sqs.send_message(
        QueueUrl=world.stack.queues["mail_event"],
        MessageBody=ses_event("Bounce", ids, sent["ses_message_id"]),
    )
    resume_everything(world, order)
    # A payout, and what it is looked at with.
    studio_id = studio_with_a_sale(world)
    pay_out(world, studio_id)
    make_due(world, studio_id)
    world.invoke("run_payouts", None)
    for path in ("/payouts/next", "/payouts", f"/payouts/po_{studio_id}_2026-01-01"):
        world.call("GET", f"{path}?studio_id={studio_id}", role="pps_admin")
    read_all_charges(world)
    lose_charges(world)
    reconcile_everything(world)
    world.invoke("reconcile", {"books": {}})  # it reads the balance
    adjust_everything(world, studio_id)
    # The sale and the refund of a ledger so long that each makes running sums due.
    sell_to(world, studio_with_entries(world, ENTRIES_BETWEEN - 1))
    long_studio = studio_with_entries(world, ENTRIES_BETWEEN - 2)
    refund_at_stripe(world, sell_to(world, long_studio))
    change_a_user(world)
    # Anchors, and a look at those that are there.
    anchor_everything(world, studio_id)
    for function, (method, path, role) in COUNTED.items():
        count_requests(world, function, method, path, role)
    # Messages that can never work.
    for queue in ("adjust", "fee_refund", "reconcile", "payout", "resume", "anchor"):
        world.stack.aws.sqs.send_message(
            QueueUrl=world.stack.queues[queue],
            MessageBody="{}",
            MessageGroupId="nobody",
            MessageDeduplicationId=order,
        )
    for queue in ("export", "charge", "mail_event"):
        world.stack.aws.sqs.send_message(QueueUrl=world.stack.queues[queue], MessageBody="{}")


def count_requests(world: DeployedStack, function: str, method: str, path: str, role: str) -> None:
    """Have a function count requests: an environment does at the tenth of a minute."""
    body = MESSAGE if method == "POST" else None
    role_name, action = role_of(world, function), "dynamodb:UpdateItem"

    def counted() -> bool | None:
        for _ in range(10):
            assert world.call(method, path, body, role=role).status_code in {200, 404}, path
        return any(use[0] == action for use in used(world).get(role_name, ())) or None

    until(counted, f"{function} counted requests")


def change_a_user(world: DeployedStack) -> None:
    """Invite a user, change the role, remove the user, and invite them again."""
    world.call("GET", "/users")
    for _ in range(2):
        body = {"email": "privilege@studio.example", "name": "Pat", "role": "staff"}
        user = world.call("POST", "/users", body).json()
        path = f"/users/{user['user_id']}"
        assert world.call("PATCH", path, {"role": "bookkeeper"}).status_code == 200
        assert world.call("DELETE", path).status_code == 200


def anchor_everything(world: DeployedStack, studio_id: str) -> None:
    """Let anchor_ledger announce a ledger that is due, anchor it, and look at it once more."""
    tables = world.stack.tables["orders"], world.stack.tables["ledger"]
    ledger = LedgerStore(world.stack.aws.dynamodb, *tables)
    head = ledger.load_head(studio_id)
    assert head is not None
    overdue = "2026-01-01T00:00:00.000Z"
    ledger.set_anchor_due(head, overdue)
    assert world.invoke("anchor_ledger", None)["announced"] >= 1

    def anchored() -> bool | None:
        head = ledger.load_head(studio_id)
        return (head is not None and head.anchor_due_at != overdue) or None

    until(anchored, "the ledger is anchored")
    assert world.invoke("anchor_ledger", {"studios": [studio_id]})["done"] == {
        "LedgerAnchoredToday": 1
    }


def resume_everything(world: DeployedStack, order_id: str) -> None:
    """Let resume_pending send a refund again, confirm one by its id, and announce a fee refund."""
    fault = {"fault": "reset_after_effect", "times": 2}
    charge = order_id.replace("ord_", "ch_")
    world.control("faults", **fault, match={"path_prefix": "/v1/refunds", "charge": charge})
    stuck = FeeRefund(
        world.sell(DIRECT_STUDIO),
        DIRECT_STUDIO,
        "fee_that_is_not_there",
        target_amount=1,
        next_poll_at="2026-01-01T00:00:00.000Z",
        version=1,
    )
    fees = FeeRefunds(world.stack.aws.dynamodb, world.stack.tables["orders"])

    def polled() -> bool | None:
        fee = fees.get(stuck.order_key)
        return (fee is not None and fee.poll_count > 0) or None

    with world.webhooks_held():
        unanswered = world.refund(order_id, {"type": "full"})
        # A preview counts the refund in flight.
        body = {"type": "full", "reason": "other"}
        world.call("POST", f"/orders/{world.sell()}/refunds/preview", body)
        # Without its metadata the refund is found by its charge.
        cleared = world.refund(world.sell(), {"type": "full"})
        params = {"metadata[refund_id]": "", "metadata[order_id]": ""}
        world.stripe("POST", f"refunds/{cleared['stripe_refund_id']}", **params)
        with fee_refund_stored(world, stuck):
            world.invoke("resume_pending", None)
            until(polled, "the fee refund is announced")
        for refund in (unanswered, cleared):
            world.await_status(refund, "settled")


def reconcile_everything(world: DeployedStack) -> None:
    """Let reconcile find a lost transfer, and heal a lost settlement and a lost fee refund.

    It also compares refunds that stand in the ledger. One of them was made outside, so its entry
    is known only after Stripe's report of it, and is read by itself.
    """
    direct = world.refund(world.sell(DIRECT_STUDIO), {"type": "full"}, DIRECT_STUDIO)
    lose_fee_answer(world, direct)
    settled = world.refund(world.sell(), {"type": "full"})
    world.await_status(settled, "settled")
    move_back(world, "refund", settled["stripe_refund_id"])
    order = world.sell()
    outside = world.stripe("POST", "refunds", charge=order.replace("ord_", "ch_"), amount=100)
    until(lambda: len(world.entries_of(order)) > 1 or None, "the external refund settles")
    move_back(world, "refund", outside["id"])
    with transfer_gone(world), world.webhooks_held():
        unconfirmed = world.refund(world.sell(), {"type": "full"})
        move_back(world, "refund", unconfirmed["stripe_refund_id"])
        # Another business on the platform's account, named and acknowledged.
        world.stripe("POST", "transfers", amount="5", currency="usd", destination="acct_other")
        found = reconcile_now(world, utc_now() - timedelta(hours=3))
    assert "platform" not in found["failed"], found
    foreign = [each["stripe_id"] for each in found["findings"] if each["kind"] == "foreign_object"]
    world.invoke("reconcile", {"foreign": {}})
    world.invoke("reconcile", {"foreign": {"acknowledge": foreign, "because": "op_1: a test"}})


def adjust_everything(world: DeployedStack, studio_id: str) -> None:
    """Propose and approve an adjustment, and list what waits and what the studio has."""
    proposal = {"amount": -100, "reason": "A test"}
    proposed = world.invoke(
        "adjustments",
        {
            "operation": "propose",
            "studio_id": studio_id,
            "by": "op_1",
            "key": uuid.uuid4().hex,
            "adjustment": proposal,
        },
    )["adjustment"]
    assert world.invoke("adjustments", {"operation": "list"})["items"]
    decision = {"studio_id": studio_id, "adjustment_id": proposed["adjustment_id"], "by": "op_2"}
    approved = world.invoke("adjustments", {"operation": "approve", **decision})["adjustment"]
    assert approved["status"] == "approved"
    listed = world.call("GET", f"/adjustments?studio_id={studio_id}", role="pps_admin")
    assert [each["status"] for each in listed.json()["items"]] == ["approved"]


def use_the_desk(world: DeployedStack) -> None:
    """Go once through all that the studio's desk does."""
    order = world.sell(fulfillment={"status": "queued", "claimed_by": None})
    for path in (
        "/orders",
        "/orders?status=refunded",
        "/orders?query=wilhelmina",
        "/orders?from=2026-01-01",
        "/orders?print_status=queued",
        "/orders?dispute=open",
        f"/orders/{order}",
        "/print-station/queue",
        "/reports/refunds",
        "/reports/refunds?state=failed",
        "/reports/refunds/patterns",
        "/attention",
    ):
        assert world.call("GET", path).status_code == 200, path
    # A user with a name, which is recorded.
    assert world.call("GET", "/me", token=named_user(world, "Una Kerr")).status_code == 200
    assert world.call("GET", "/studios", role="pps_admin").status_code == 200
    assert world.call("POST", f"/orders/{order}/fulfillment/cancel").status_code == 200
    refund = world.refund(order, {"type": "partial", "amount": 500})
    message = {"template": "refund_confirmation", "refund_id": refund["refund_id"]}
    path = f"/orders/{order}/messages"
    assert world.call("POST", f"{path}/preview", message).status_code == 200
    sent = world.call("POST", path, message, headers={"Idempotency-Key": order})
    assert sent.status_code == 201, sent.text
    resolution = f"{path}/{sent.json()['message_id']}/resolution"
    assert world.call("POST", resolution, {"outcome": "received"}).status_code == 409
    world.control(f"refunds/{refund['stripe_refund_id']}", status="failed")
    world.await_status(refund, "failed")
    assert world.call("GET", "/attention").json()["items"]
    path = f"/orders/{order}/refunds/{refund['refund_id']}/resolution"
    until(
        lambda: world.call("POST", path, {"paid_by": "check"}).status_code == 200 or None,
        "resolution recorded",
    )
    assert world.call("POST", "/attention/parked/none/resolution").status_code == 404
    # An external refund, whose charge is looked up first.
    world.stripe("POST", "refunds", charge=order.replace("ord_", "ch_"), amount=100)
    # A report too large to be answered with, and its file, fetched with the function's own right.
    export = export_large_report(world, studio_with_large_report(world))
    assert world.http.get(export["url"]).status_code == 200
    write_export_of_open_refunds(world, PLATFORM_STUDIO)
    # Patterns of too many orders to count while somebody waits.
    patterns = count_patterns(world, PLATFORM_STUDIO, By.SUBJECT, "2026-01-01", "2026-01-31")
    until(
        lambda: world.call("GET", f"/reports/refunds/patterns/{patterns}").is_success or None,
        "the patterns to be counted",
    )
    # The files of the ledger. Openings are a balance from before the range.
    for path in ("/reports/ledger", "/reports/ledger?format=beancount&openings=true"):
        assert world.call("GET", path, role="bookkeeper").status_code == 202
    # A payout with too many lines to be answered with.
    statement = export_large_statement(world, studio_with_large_payout(world))
    assert statement.count("\r\nsale,") == LINES


@pytest.fixture(scope="module")
def used_world(world: DeployedStack) -> DeployedStack:
    """The stack after all that the functions do was done once, for all workers of the run."""
    with (world.stack.logs["iam"].parent / "used.lock").open("a+") as lock:
        flock(lock, LOCK_EX)
        lock.seek(0)
        if not lock.read():
            use_everything(world)
            use_the_desk(world)
            lock.write("done")
    return world


def test_every_permission_granted_is_one_that_is_used(used_world: DeployedStack) -> None:
    world = used_world

    def missing() -> dict[str, set[Permission]] | None:
        seen = used(world)
        unused = {
            function: {
                permission
                for permission in granted(world, function)
                if not any(
                    covers(permission, use) for use in seen.get(role_of(world, function), set())
                )
                and not (permission[0] == ONLY_AWS_ASKS[0] and ONLY_AWS_ASKS[1] in permission[1])
            }
            for function in FUNCTIONS
        }
        return {name: rest for name, rest in unused.items() if rest} or None

    def none_missing() -> bool | None:
        return missing() is None or None

    try:
        until(none_missing, "all permissions used", seconds=20)
    except AssertionError:
        pytest.fail(f"granted and not used: {missing()}")


def test_each_stripe_key_may_do_exactly_what_its_functions_do(used_world: DeployedStack) -> None:
    """The stand-in refuses what a key may not do, so here only what is too much is left to find."""

    def unused() -> dict[str, set[str]] | None:
        found = {key.purpose.value: unused_permissions(used_world, key) for key in STRIPE_KEYS}
        return {purpose: rest for purpose, rest in found.items() if rest} or None

    try:
        until(lambda: unused() is None or None, "all permissions of the keys used", seconds=20)
    except AssertionError:
        pytest.fail(f"granted and not used: {unused()}")


def test_the_webhook_cannot_move_money_with_what_it_holds(world: DeployedStack) -> None:
    (reads,) = (key for key in STRIPE_KEYS if "stripe_webhook" in key.functions)
    settings, outputs = world.environment("stripe_webhook"), outputs_of(world.stack)
    secrets = {value for value in settings.values() if ":secretsmanager:" in value}
    assert secrets == {outputs[reads.output], outputs["StripeWebhookSecretArn"]}
    readable = {
        resource
        for action, resource in granted(world, "stripe_webhook")
        if action.startswith("secretsmanager:")
    }
    assert readable == secrets
    assert not any(permission.endswith("_write") for permission in reads.own | reads.connect)
    stored = world.stack.aws.secrets.get_secret_value(SecretId=outputs[reads.output])
    held = json.loads(stored["SecretString"])["api_key"]
    order = world.sell(DIRECT_STUDIO)
    charge, fee = order.replace("ord_", "ch_"), order.replace("ord_", "fee_")
    transfer = {"amount": 100, "currency": "usd", "destination": "acct_1FjordSportFoto00"}
    for path, account, params in (
        ("refunds", None, {"charge": charge}),
        ("refunds", "acct_1FjordSportFoto00", {"charge": charge}),
        (f"application_fees/{fee}/refunds", None, {}),
        ("transfers", None, transfer),
        ("webhook_endpoints", None, {"url": "https://x.example", "enabled_events[]": "*"}),
    ):
        headers = {"Authorization": f"Bearer {held}"} | (
            {"Stripe-Account": account} if account else {}
        )
        url = f"{world.standin.url}/v1/{path}"
        answer = world.http.post(url, headers=headers, data=params)
        assert answer.status_code == 403, path
        assert "required permissions" in answer.json()["error"]["message"]


def test_no_policy_of_the_code_has_a_wildcard(world: DeployedStack) -> None:
    for function in FUNCTIONS:
        for action, resource in granted(world, function) - NAMELESS:
            assert "*" not in action
            # Studios verify their sending domains whenever they like: each is an identity.
            named = resource.removesuffix(":identity/*")
            if named.startswith("arn:aws:s3:::"):  # a bucket's files
                named = named.removesuffix("/*")
            assert "*" not in named


@dataclass(frozen=True)
class Impostor:
    """A user with a function's permissions, to try what it must be refused."""

    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"
    secrets: "SecretsManagerClient"


@pytest.fixture(scope="module")
def impostors(world: DeployedStack) -> Iterator[dict[str, Impostor]]:
    """One for each function: a Lambda's role cannot be assumed by a test, its policy can be had."""
    iam, aws = world.stack.aws.iam, world.stack.aws
    made, of_run = {}, uuid.uuid4().hex[:8]  # several processes may share these tests
    for function in FUNCTIONS:
        user = f"impostor-{function}-{of_run}"
        iam.create_user(UserName=user)
        policy = code_policy(world, function)
        if policy["Statement"]:
            iam.put_user_policy(UserName=user, PolicyName="code", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        session = boto3.Session(key["AccessKeyId"], key["SecretAccessKey"], region_name=aws.region)
        made[function] = Impostor(
            session.client("dynamodb", endpoint_url=aws.endpoint_url),
            session.client("sqs", endpoint_url=aws.endpoint_url),
            session.client("secretsmanager", endpoint_url=aws.endpoint_url),
        )
    yield made
    for function, impostor in made.items():
        for client in (impostor.dynamodb, impostor.sqs, impostor.secrets):
            client.close()
        user = f"impostor-{function}-{of_run}"
        for key_id in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
            iam.delete_access_key(UserName=user, AccessKeyId=key_id["AccessKeyId"])
        for name in iam.list_user_policies(UserName=user)["PolicyNames"]:
            iam.delete_user_policy(UserName=user, PolicyName=name)
        iam.delete_user(UserName=user)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_role_may_change_or_read_away_the_ledger(
    world: DeployedStack, impostors: dict[str, Impostor], function: str
) -> None:
    world.sell()
    first = primary_key(studio_pk(PLATFORM_STUDIO), entry_sk(1))
    ledger = {"TableName": world.stack.tables["ledger"]}
    dynamodb = impostors[function].dynamodb
    before = world.entries()[0]
    assert refused(dynamodb.delete_item, **ledger, Key=first)
    assert refused(
        dynamodb.update_item,
        **ledger,
        Key=first,
        UpdateExpression="SET net_amount = :n",
        ExpressionAttributeValues={":n": {"N": "0"}},
    )
    assert refused(
        dynamodb.transact_write_items,
        TransactItems=[{"Delete": {**ledger, "Key": first}}],
    )
    assert refused(
        dynamodb.batch_write_item,
        RequestItems={ledger["TableName"]: [{"DeleteRequest": {"Key": first}}]},
    )
    assert refused(dynamodb.scan, **ledger)
    assert refused(dynamodb.delete_table, **ledger)
    assert world.entries()[0] == before


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_is_refused_what_its_function_does_not_need(
    world: DeployedStack, impostors: dict[str, Impostor], function: str
) -> None:
    impostor, tables, queues = impostors[function], world.stack.tables, world.stack.queues
    orders = {"TableName": tables["orders"]}
    order = primary_key(order_pk(OrderKey(PLATFORM_STUDIO, "ord_100")), ORDER_SK)
    assert refused(impostor.dynamodb.scan, **orders)
    assert refused(impostor.dynamodb.delete_item, **orders, Key=order)
    assert refused(
        impostor.dynamodb.update_item,
        **orders,
        Key=order,
        UpdateExpression="SET total_amount = :n",
        ExpressionAttributeValues={":n": {"N": "0"}},
    )
    if function not in MAY_PUT_ENTRIES:
        entry = primary_key(studio_pk("st_x"), entry_sk(1))
        ledger = {"TableName": tables["ledger"]}
        assert refused(impostor.dynamodb.put_item, **ledger, Item=entry)
    counts = {"TableName": outputs_of(world.stack)["RequestCountsTableName"]}
    tally = primary_key(studio_pk("st_x"), "impostor")
    assert refused(impostor.dynamodb.get_item, **counts, Key=tally)
    assert refused(impostor.dynamodb.put_item, **counts, Item=tally)
    may_count = function in COUNTED
    assert may_count is not refused(impostor.dynamodb.update_item, **counts, Key=tally)
    outputs = outputs_of(world.stack)
    if function != "stripe_webhook":
        webhook = outputs["StripeWebhookSecretArn"]
        assert refused(impostor.secrets.get_secret_value, SecretId=webhook)
    for key in STRIPE_KEYS:
        may_read = function in key.functions
        assert may_read is not refused(
            impostor.secrets.get_secret_value, SecretId=outputs[key.output]
        )
    may_send = {
        "refund_request": {"adjust", "fee_refund", "charge"},
        "stripe_webhook": {"adjust", "charge"},
        "verify_charge": {"adjust", "fee_refund", "charge_dlq"},
        "resume_pending": {"adjust", "fee_refund", "charge", "resume", "resume_dlq"},
        "anchor_ledger": {"anchor", "anchor_dlq"},
        "reconcile": {"adjust", "fee_refund", "charge", "reconcile", "reconcile_dlq"},
        "import_orders": {"charge"},
        "payout_adjust": {"fee_refund", "adjust_dlq"},
        "fee_refund": {"fee_refund_dlq"},
        "refund_report": {"export"},
        "payouts": {"export"},
        "export_report": {"export_dlq"},
        "run_payouts": {"payout", "payout_dlq"},
        "mail_events": {"mail_event_dlq"},
    }
    for queue in queues.keys() - may_send.get(function, set()):
        assert refused(
            impostor.sqs.send_message,
            QueueUrl=queues[queue],
            MessageBody="x",
            MessageGroupId="x",
            MessageDeduplicationId="x",
        )
        assert refused(impostor.sqs.receive_message, QueueUrl=queues[queue])
