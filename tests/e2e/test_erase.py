"""Erasing people: marked names are in the places that docs/privacy.md lists, and then nowhere."""

import json
import uuid
from collections.abc import Iterator
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from shared.clock import rfc3339, utc_now
from shared.domain.studio_user import erased_name
from tests.e2e.world import DIRECT_STUDIO, DeployedStack, Json, until
from tests.operate import failure_of, operate, outputs_of, use_local_stack
from tests.ses_events import ses_event

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def local_stack(
    world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    use_local_stack(world.stack, tmp_path, monkeypatch)
    # An erasure deletes all export files of the studio, also those of another process's test.
    with (world.stack.logs["iam"].parent / "erase.lock").open("a") as lock:
        flock(lock, LOCK_EX)
        yield


class Marked:
    """An order in which every name, address and note has one mark."""

    def __init__(self, world: DeployedStack) -> None:
        self.world = world
        self.mark = f"zq{uuid.uuid4().hex[:12]}"
        self.email = f"{self.mark}@mail.example"
        self.record = world.order(
            DIRECT_STUDIO,
            parent={"name": f"Ada {self.mark}", "email": self.email},
            fulfillment={"status": "queued", "claimed_by": None},
        )
        for each in self.record["subjects"]:
            each["name"] = f"Sub {self.mark}"
        if self.record["photo_day"]:
            self.record["photo_day"]["name"] = f"Day {self.mark}"
        world.import_orders([self.record])
        self.order_id = str(self.record["order_id"])
        self.use()

    def call(self, method: str, path: str, body: object = None, status: int = 200) -> Json:
        answer = self.world.call(
            method,
            path,
            body,
            studio_id=DIRECT_STUDIO,
            headers={"Idempotency-Key": uuid.uuid4().hex},
        )
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def use(self) -> None:
        """Let everything happen to the order that stores a name, an address or a note."""
        path = f"/orders/{self.order_id}"
        body = {"type": "partial", "amount": 500, "note": f"Called {self.mark}"}
        self.refund = self.world.refund(self.order_id, body, DIRECT_STUDIO)
        self.world.await_status(self.refund, "settled", DIRECT_STUDIO)
        message = {
            "template": "refund_confirmation",
            "refund_id": self.refund["refund_id"],
            "text": f"Hello {self.mark}",
        }
        sent = self.call("POST", f"{path}/messages", message, 201)
        ids = {name: sent[name] for name in ("order_id", "message_id")}
        event = ses_event("Bounce", ids | {"studio_id": DIRECT_STUDIO}, sent["ses_message_id"])
        event = event.replace("wilhelmina.recipient@mail.example", self.email)
        url = self.world.stack.queues["mail_event"]
        self.world.stack.aws.sqs.send_message(QueueUrl=url, MessageBody=event)
        until(
            lambda: self.call("GET", path)["messages"][0]["delivery"], "the bounce is in the order"
        )
        dismissal = f"{path}/messages/{sent['message_id']}/dismissal"
        self.call("POST", dismissal, {"note": f"Rang {self.mark}"})
        self.call("GET", f"/orders?query={self.mark}")
        self.call("GET", "/print-station/queue")
        self.call("GET", "/reports/refunds")
        export = self.call("GET", "/reports/ledger", status=202)
        found = f"/reports/refunds/exports/{export['export_id']}"
        until(lambda: self.call("GET", found)["status"] == "ready" or None, "the export is ready")

    def places(self) -> set[str]:
        """Return where the mark is stored: in any table, queue, bucket or log."""
        return places_of(self.mark, self.world)


class MarkedUser:
    """A studio's user whose name and address have one mark, and who refunded an order."""

    def __init__(self, world: DeployedStack) -> None:
        self.world = world
        self.mark = f"zu{uuid.uuid4().hex[:12]}"
        self.body = {"email": f"{self.mark}@mail.example", "name": f"Ula {self.mark}"}
        self.user_id = str(
            self.call("POST", "/users", self.body | {"role": "staff"}, 201)["user_id"]
        )
        self.token = world.sign_in(self.user_id)
        assert self.call("GET", "/me", token=self.token)["display_name"] == self.body["name"]
        self.order_id = world.sell(DIRECT_STUDIO)
        refund = self.call(
            "POST",
            f"/orders/{self.order_id}/refunds",
            {"type": "partial", "amount": 500, "reason": "quality_issue"},
            201,
            self.token,
        )
        world.await_status(refund, "settled", DIRECT_STUDIO)
        export = self.call("GET", "/reports/ledger", status=202)
        found = f"/reports/refunds/exports/{export['export_id']}"
        until(lambda: self.call("GET", found)["status"] == "ready" or None, "the export is ready")

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        status: int = 200,
        token: str | None = None,
    ) -> Json:
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self.world.call(
            method, path, body, studio_id=DIRECT_STUDIO, token=token, headers=headers
        )
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    def places(self) -> set[str]:
        """Return where the mark is stored."""
        return places_of(self.mark, self.world)


def places_of(mark: str, world: DeployedStack) -> set[str]:
    """Return where a mark is stored: in any table, queue, bucket or log, or in the user pool."""
    return {place for place, text in everything_stored(world) if mark in text.casefold()}


def everything_stored(world: DeployedStack) -> Iterator[tuple[str, str]]:
    """Yield all that the stack stores, piece by piece, each with its place."""
    aws = world.stack.aws
    outputs = outputs_of(world.stack)
    for table in {outputs[name] for name in outputs if name.endswith("TableName")}:
        for page in aws.dynamodb.get_paginator("scan").paginate(TableName=table):
            for item in page["Items"]:
                yield f"{table} {kind_of(item)}", json.dumps(item)
    yield from dead_letters(world)
    for bucket in aws.s3.list_buckets()["Buckets"]:
        if bucket["Name"] != "pps-artifacts":  # the code
            yield from files_of(aws.s3, bucket["Name"])
    yield from users_in_pool(aws.cognito, outputs["UserPoolId"])
    logs = aws.session.client("logs", endpoint_url=aws.endpoint_url)
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        for page in logs.get_paginator("filter_log_events").paginate(logGroupName=name):
            for each in page["events"]:
                yield f"log {name}", each["message"]


def dead_letters(world: DeployedStack) -> Iterator[tuple[str, str]]:
    """Yield what the dead-letter queues keep. Other queues pass their messages on in seconds."""
    for name, url in world.stack.queues.items():
        if name.endswith("_dlq"):
            # Without a timeout others receive it at once. It stays in the queue.
            found = world.stack.aws.sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=10,
                VisibilityTimeout=0,
                MessageAttributeNames=["All"],
            )
            for each in found.get("Messages", []):
                yield f"queue {name}", json.dumps(each)


def users_in_pool(cognito: Any, pool: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # a client
    for page in cognito.get_paginator("list_users").paginate(UserPoolId=pool):
        for user in page["Users"]:
            yield "user pool", json.dumps([user["Username"], user["Attributes"]])


def kind_of(item: Any) -> str:  # noqa: ANN401  # DynamoDB's JSON
    if item.get("PK", {}).get("S", "").endswith("#SEARCH"):
        return "SEARCH"
    return str(item.get("SK", {}).get("S", "").partition("#")[0])


def files_of(s3: Any, bucket: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401  # a client
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for each in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
            yield f"bucket {bucket}", body.decode(errors="replace")


def named(places: set[str], world: DeployedStack) -> set[str]:
    """Return the places without the stack's own names."""
    orders = world.stack.tables["orders"]
    return {
        "export" if each.startswith("bucket") else each.removeprefix(f"{orders} ")
        for each in places
    }


@pytest.fixture
def marked(world: DeployedStack) -> Marked:
    return Marked(world)


def erase(*arguments: str) -> Result:
    return operate("erase", "--studio", DIRECT_STUDIO, *arguments, "--by", "op_1", "--why", "asked")


def test_marked_names_are_where_the_documents_say_and_after_erasing_nowhere(
    marked: Marked, world: DeployedStack
) -> None:
    assert named(marked.places(), world) == {"ORDER", "MESSAGE", "REFUND", "SEARCH", "export"}
    before = world.entries(DIRECT_STUDIO)
    preview = erase("--email", marked.email.upper())
    assert preview.exit_code == 0, preview.output
    assert "Nothing was erased." in preview.stdout
    assert marked.mark not in preview.output
    assert marked.places()
    done = erase("--email", marked.email, "--yes")
    assert done.exit_code == 0, done.output
    assert marked.mark not in done.output
    assert marked.places() == set()
    # What explains the money stays.
    assert world.entries(DIRECT_STUDIO)[: len(before)] == before
    order = marked.call("GET", f"/orders/{marked.order_id}")
    assert order["parent"] == {"name": "", "email": None}
    assert order["refunds"][0]["amount"] == 500
    assert order["messages"][0]["subject"] == "Erased"
    (found,) = marked.call("GET", f"/orders?query={marked.order_id}")["items"]
    assert found["order_id"] == marked.order_id
    assert marked.call("GET", f"/orders?query={marked.mark}")["items"] == []
    # It is refunded, settled and reported as before.
    rest = world.refund(marked.order_id, {"type": "full"}, DIRECT_STUDIO)
    world.await_status(rest, "settled", DIRECT_STUDIO)
    assert "There is no such order" in failure_of(erase("--email", marked.email))


def test_an_erased_parent_does_not_come_back_with_another_import(
    marked: Marked, world: DeployedStack
) -> None:
    assert erase("--order", marked.order_id, "--yes").exit_code == 0
    report = world.invoke("import_orders", {"orders": [json.dumps(marked.record)]})
    (refused,) = report["refused"]
    assert "exists with other content" in refused["reason"]
    assert marked.places() == set()


def test_a_persons_data_is_printed_whole(marked: Marked) -> None:
    result = operate("personal-data", "--studio", DIRECT_STUDIO, "--email", marked.email)
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    (order,) = data["orders"]
    assert order["parent"] == {"name": f"Ada {marked.mark}", "email": marked.email}
    assert order["messages"][0]["to"] == marked.email
    assert sorted(order["notes"]) == [f"Called {marked.mark}", f"Rang {marked.mark}"]
    assert marked.mark in order["search_words"]
    assert data["export_files_that_may_name_them"]
    same = operate("personal-data", "--studio", DIRECT_STUDIO, "--order", marked.order_id)
    assert json.loads(same.stdout) == data
    assert erase("--subject", f"sub {marked.mark}", "--yes").exit_code == 0
    erased = operate("personal-data", "--studio", DIRECT_STUDIO, "--order", marked.order_id)
    assert marked.mark not in erased.stdout


def test_an_order_that_is_not_there_is_one_readable_line() -> None:
    for arguments in (("--order", "none"), ("--email", "nobody@mail.example")):
        assert "There is no such order" in failure_of(erase(*arguments))


def test_a_users_name_is_where_the_documents_say_and_after_erasing_nowhere(
    world: DeployedStack,
) -> None:
    user = MarkedUser(world)
    since = rfc3339(utc_now())
    assert named(user.places(), world) == {"USER", "MEMBER", "user pool", "export"}
    assert "Remove them first" in failure_of(erase("--user", user.user_id, "--yes"))
    user.call("DELETE", f"/users/{user.user_id}")
    done = erase("--user", user.user_id, "--yes")
    assert done.exit_code == 0, done.output
    assert user.mark not in done.output
    assert user.places() == set()

    # A token of before works until it expires, and does not bring the name back.
    user.call("GET", "/me", token=user.token)
    assert user.places() == set()

    shown = erased_name(DIRECT_STUDIO, user.user_id)
    (refund,) = user.call("GET", f"/orders/{user.order_id}")["refunds"]
    assert (refund["requested_by"], refund["processed_by_name"]) == (user.user_id, shown)
    found = user.call("GET", f"/reports/refunds?processed_by={user.user_id}")["items"]
    assert [each["processed_by_name"] for each in found] == [shown]
    users = user.call("GET", "/users")
    assert user.user_id not in {each["user_id"] for each in users["items"]}
    changed = [each for each in users["changes"] if each["user_id"] == user.user_id]
    assert [each["event"] for each in changed] == ["removed", "invited"]
    assert {each["user_name"] for each in changed} == {shown}
    audited = operate("audit", "--since", since, "--user", "op_1", "--json")
    rows = [each for each in json.loads(audited.stdout) if each["changed_user"] == user.user_id]
    assert [(each["audit"], each["why"]) for each in rows] == [("erased", "asked")]
