"""Messages to the parent over the API: from the studio's domain, once, only on request."""

import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from infra.local.mailbox import SentMail, sent_mail
from tests.at_once import at_once
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, YEN_STUDIO, DeployedStack, Json, until

pytestmark = pytest.mark.stack

PHRASE = "5-10 business days to appear on your statement"


class MessageClient:
    """Sends messages over the API to the parent of one order that has a refund."""

    def __init__(
        self,
        world: DeployedStack,
        studio_id: str = PLATFORM_STUDIO,
        **order: Any,  # noqa: ANN401  # an import record's fields
    ) -> None:
        self.world, self.studio_id = world, studio_id
        self.email = f"{uuid.uuid4().hex}@mail.example"
        parent = {"name": "Wilhelmina Testparent", "email": self.email}
        self.order_id = world.sell(studio_id, **{"parent": parent, **order})
        self.refund = world.refund(self.order_id, {"type": "partial", "amount": 2500}, studio_id)
        self.about: Json = {
            "template": "refund_confirmation",
            "refund_id": self.refund["refund_id"],
        }

    def preview(self, body: object = None, **call: Any) -> httpx.Response:  # noqa: ANN401  # DeployedStack.call's
        path = f"/orders/{self.order_id}/messages/preview"
        return self.world.call(
            "POST",
            path,
            self.about if body is None else body,
            **{"studio_id": self.studio_id, **call},
        )

    def send(self, body: object = None, key: str = "key", **call: Any) -> httpx.Response:  # noqa: ANN401  # DeployedStack.call's
        headers = {"Idempotency-Key": key}
        path = f"/orders/{self.order_id}/messages"
        call = {"studio_id": self.studio_id, "headers": headers, **call}
        return self.world.call("POST", path, self.about if body is None else body, **call)

    def resolve(self, message_id: str, outcome: str, **call: Any) -> httpx.Response:  # noqa: ANN401  # DeployedStack.call's
        path = f"/orders/{self.order_id}/messages/{message_id}/resolution"
        call = {"studio_id": self.studio_id, **call}
        return self.world.call("POST", path, {"outcome": outcome}, **call)

    def mails(self) -> list[SentMail]:
        found = sent_mail(self.world.stack.aws.endpoint_url)
        return [mail for mail in found if mail.to == [self.email]]


@pytest.fixture
def client(world: DeployedStack) -> MessageClient:
    return MessageClient(world)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_a_previewed_message_is_sent_and_the_parent_gets_it(client: MessageClient) -> None:
    client.world.await_status(client.refund, "settled")  # or its words change in between
    preview = client.preview().json()
    assert preview["from"] == "Lakeside School Portraits <orders@lakesideportraits.example>"
    assert preview["to"] == client.email
    assert preview["warnings"] == []
    assert PHRASE in preview["text"]
    assert PHRASE in re.sub(r"</?nobr>", "", preview["html"])
    assert "$25.00" in preview["subject"]
    assert client.mails() == []
    answer = client.send()
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert sent["status"] == "sent"
    assert sent["created_by"] == "owner.st_lakeside"
    (mail,) = client.mails()
    assert (mail.sender, mail.message_id) == (preview["from"], sent["ses_message_id"])
    for part in ("subject", "text", "html"):
        assert getattr(mail, part) == preview[part] == sent[part]


def test_amounts_are_written_as_in_the_studios_region(world: DeployedStack) -> None:
    client = MessageClient(world, DIRECT_STUDIO)
    sent = client.send().json()
    assert "25,00" in sent["subject"]
    (mail,) = client.mails()
    assert mail.sender == "Fjord Sport Foto <hei@fjordsport.example>"


def test_a_refund_alone_sends_no_message(client: MessageClient) -> None:
    client.world.await_status(client.refund, "settled")
    assert client.mails() == []


def test_a_confirmed_refund_says_so(client: MessageClient) -> None:
    client.world.await_status(client.refund, "settled")
    assert "is confirmed" in client.preview().json()["text"]


def test_a_failed_refund_gets_the_other_template(client: MessageClient) -> None:
    client.world.control(f"refunds/{client.refund['stripe_refund_id']}", status="failed")
    client.world.await_status(client.refund, "failed")
    assert code(client.send()) == (422, "template_mismatch")
    answer = client.send(client.about | {"template": "refund_failed"})
    assert answer.status_code == 201, answer.text
    assert "another way" in answer.json()["text"]


def test_a_second_click_is_the_same_answer_and_no_mail(client: MessageClient) -> None:
    first = client.send()
    again = client.send()
    assert (again.status_code, again.json()) == (201, first.json())
    assert code(client.send(client.about | {"subject": "Another"})) == (
        422,
        "idempotency_key_reused",
    )
    assert len(client.mails()) == 1


def test_concurrent_clicks_are_one_mail(client: MessageClient) -> None:
    answers = at_once(8, lambda _: client.send())
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["message_id"] for answer in answers}) == 1
    assert len(client.mails()) == 1


def test_an_edited_message_is_sent(client: MessageClient) -> None:
    edit = {"subject": "Your photos", "text": "Hello,\r\n\r\n<b>sorry</b>"}
    sent = client.send(client.about | edit).json()
    assert sent["edited"]
    assert sent["text"] == "Hello,\n\n<b>sorry</b>"
    assert "<p>&lt;b&gt;sorry&lt;/b&gt;</p>" in sent["html"]


def test_a_long_message_in_any_script_is_sent(client: MessageClient) -> None:
    edit = {"text": "返金" * 10_000, "html": "<p>" + "返金" * 9_990 + "</p>"}
    answer = client.send(client.about | edit)
    assert answer.status_code == 201, answer.text
    (mail,) = client.mails()
    assert mail.text == edit["text"]


BAD: dict[str, dict[str, object]] = {
    "header injection": {"subject": "Hello\r\nBcc: eve@mail.example"},
    "line feed in the subject": {"subject": "Hello\nyou"},
    "line feed at the end": {"subject": "Hello\n"},
    "next line": {"subject": "Hello\x85you"},
    "line separator": {"subject": "Hello\N{LINE SEPARATOR}you"},
    "turned around": {"subject": "Hello \N{RIGHT-TO-LEFT OVERRIDE}you"},
    "nul": {"subject": "Hello\x00"},
    "no subject": {"subject": ""},
    "blank subject": {"subject": " \N{NO-BREAK SPACE}"},
    "long subject": {"subject": "x" * 201},
    "blank text": {"text": " \n "},
    "control in the text": {"text": "a\x1b[2J"},
    "long text": {"text": "x" * 20_001},
    "html alone": {"html": "<p>Hello</p>"},
    "html of nothing": {"text": "Hello", "html": "<script>alert(1)</script>"},
    "long html": {"text": "Hello", "html": "x" * 20_001},
    "half a character": {"text": "\ud800"},
    "another sender": {"from": "eve@mail.example"},
    "another recipient": {"to": "eve@mail.example"},
    "copies": {"bcc": ["eve@mail.example"]},
    "template unknown": {"template": "you_have_won"},
    "template path": {"template": "../wording"},
    "refund a number": {"refund_id": 1},
    "refund a path": {"refund_id": "../rf"},
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_and_sends_nothing(client: MessageClient, name: str) -> None:
    # As ASCII text: httpx cannot encode a lone surrogate.
    answer = client.send(json.dumps(client.about | BAD[name]))
    assert code(answer) == (422, "invalid_input")
    assert client.mails() == []


@pytest.mark.parametrize("body", ["", "null", "[]", '"x"', "{}", "{", "[" * 5000])
def test_garbage_is_refused(client: MessageClient, body: str) -> None:
    answer = client.send(body)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_too_large_is_refused(client: MessageClient) -> None:
    answer = client.send(client.about | {"text": "x" * 300_000})
    assert code(answer) == (413, "body_too_large")


def test_a_key_is_required(client: MessageClient) -> None:
    assert code(client.send(headers={})) == (400, "idempotency_key_invalid")
    assert client.mails() == []


@pytest.mark.parametrize("role", ["print_operator", "bookkeeper", "pps_admin"])
def test_only_owners_and_staff_write_to_parents(client: MessageClient, role: str) -> None:
    path = "" if role != "pps_admin" else f"?studio_id={PLATFORM_STUDIO}"
    about = f"/orders/{client.order_id}/messages"
    for route, body in (
        (f"{about}/preview", client.about),
        (about, client.about),
        (f"{about}/msg_1/resolution", {"outcome": "received"}),
    ):
        answer = client.world.call(
            "POST", route + path, body, role=role, headers={"Idempotency-Key": "key"}
        )
        assert code(answer) == (403, "forbidden")
    assert client.mails() == []


def test_another_studio_finds_nothing(client: MessageClient) -> None:
    sent = client.send().json()
    stranger = {"studio_id": DIRECT_STUDIO}
    assert code(client.preview(**stranger)) == (404, "order_not_found")
    assert code(client.send(key="new", **stranger)) == (404, "order_not_found")
    assert code(client.resolve(sent["message_id"], "received", **stranger)) == (
        404,
        "order_not_found",
    )
    theirs = MessageClient(client.world, DIRECT_STUDIO)
    assert code(
        client.send(client.about | {"refund_id": theirs.refund["refund_id"]}, key="new")
    ) == (
        404,
        "refund_not_found",
    )


def test_a_message_that_is_sent_or_does_not_exist_is_not_resolved(client: MessageClient) -> None:
    sent = client.send().json()
    assert code(client.resolve(sent["message_id"], "received")) == (409, "message_not_unknown")
    assert code(client.resolve("msg_1", "received")) == (404, "message_not_found")
    assert code(client.resolve(sent["message_id"], "perhaps")) == (422, "invalid_input")


def test_no_address_is_a_clear_answer(world: DeployedStack) -> None:
    client = MessageClient(world, parent={"name": "Wilhelmina Testparent", "email": None})
    preview = client.preview().json()
    assert (preview["to"], preview["warnings"]) == (None, ["no_email_address"])
    assert code(client.send()) == (409, "no_email_address")


@pytest.fixture
def unverified(world: DeployedStack) -> Iterator[MessageClient]:
    """A client of a studio whose domain is not verified. No other test writes from this studio."""
    studio_id, domain = YEN_STUDIO, "sakuradance.example"
    client = MessageClient(world, studio_id)
    world.stack.aws.mail.delete_email_identity(EmailIdentity=domain)
    yield client
    world.stack.aws.mail.create_email_identity(EmailIdentity=domain)


def test_an_unverified_domain_is_a_clear_answer(unverified: MessageClient) -> None:
    assert unverified.preview().json()["warnings"] == ["sending_domain_not_verified"]
    assert code(unverified.send()) == (409, "sending_domain_not_verified")
    assert unverified.mails() == []


def test_no_name_is_logged(client: MessageClient) -> None:
    assert client.send().status_code == 201

    def logged() -> list[Json] | None:
        lines = client.world.log_lines("send_message")
        return [each for each in lines if each.get("order_id") == client.order_id] or None

    lines = until(logged, "the message in the log")
    assert any(each["message"] == "message recorded" for each in lines)
    everything = json.dumps(client.world.log_lines("send_message"))
    assert "Wilhelmina" not in everything
    assert "@" not in everything
