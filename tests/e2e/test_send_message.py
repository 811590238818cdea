"""Writing to the parent over the API: from the studio's domain, once, when told to."""

import json
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


class MessageSender:
    """An order with a refund, and the routes that write to its parent."""

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
def desk(world: DeployedStack) -> MessageSender:
    return MessageSender(world)


def code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def test_preview_then_send_then_the_parent_has_it(desk: MessageSender) -> None:
    preview = desk.preview().json()
    assert preview["from"] == "Lakeside School Portraits <orders@lakesideportraits.example>"
    assert preview["to"] == desk.email
    assert preview["warnings"] == []
    assert PHRASE in preview["text"]
    assert PHRASE in preview["html"]
    assert "$25.00" in preview["subject"]
    assert desk.mails() == []
    answer = desk.send()
    assert answer.status_code == 201, answer.text
    sent = answer.json()
    assert sent["status"] == "sent"
    assert sent["created_by"] == "owner.st_lakeside"
    (mail,) = desk.mails()
    assert (mail.sender, mail.message_id) == (preview["from"], sent["ses_message_id"])
    for part in ("subject", "text", "html"):
        assert getattr(mail, part) == preview[part] == sent[part]


def test_in_the_form_of_the_studios_region(world: DeployedStack) -> None:
    desk = MessageSender(world, DIRECT_STUDIO)
    sent = desk.send().json()
    assert "25,00" in sent["subject"]
    (mail,) = desk.mails()
    assert mail.sender == "Fjord Sport Foto <hei@fjordsport.example>"


def test_a_refund_alone_writes_to_nobody(desk: MessageSender) -> None:
    desk.world.await_status(desk.refund, "settled")
    assert desk.mails() == []


def test_a_confirmed_refund_says_so(desk: MessageSender) -> None:
    desk.world.await_status(desk.refund, "settled")
    assert "is confirmed" in desk.preview().json()["text"]


def test_a_failed_refund_gets_the_other_template(desk: MessageSender) -> None:
    desk.world.control(f"refunds/{desk.refund['stripe_refund_id']}", status="failed")
    desk.world.await_status(desk.refund, "failed")
    assert code(desk.send()) == (422, "template_mismatch")
    answer = desk.send(desk.about | {"template": "refund_failed"})
    assert answer.status_code == 201, answer.text
    assert "another way" in answer.json()["text"]


def test_a_second_click_is_the_same_answer_and_no_mail(desk: MessageSender) -> None:
    first = desk.send()
    again = desk.send()
    assert (again.status_code, again.json()) == (201, first.json())
    assert code(desk.send(desk.about | {"subject": "Another"})) == (422, "idempotency_key_reused")
    assert len(desk.mails()) == 1


def test_clicks_at_once_are_one_mail(desk: MessageSender) -> None:
    answers = at_once(8, lambda _: desk.send())
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["message_id"] for answer in answers}) == 1
    assert len(desk.mails()) == 1


def test_edited_words_go_out(desk: MessageSender) -> None:
    edit = {"subject": "Your photos", "text": "Hello,\r\n\r\n<b>sorry</b>"}
    sent = desk.send(desk.about | edit).json()
    assert sent["edited"]
    assert sent["text"] == "Hello,\n\n<b>sorry</b>"
    assert "<p>&lt;b&gt;sorry&lt;/b&gt;</p>" in sent["html"]


def test_a_long_message_in_any_script_goes_out(desk: MessageSender) -> None:
    edit = {"text": "返金" * 10_000, "html": "<p>" + "返金" * 9_990 + "</p>"}
    answer = desk.send(desk.about | edit)
    assert answer.status_code == 201, answer.text
    (mail,) = desk.mails()
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
def test_bad_input_is_refused_and_sends_nothing(desk: MessageSender, name: str) -> None:
    # As ASCII: httpx would not write half a character.
    answer = desk.send(json.dumps(desk.about | BAD[name]))
    assert code(answer) == (422, "invalid_input")
    assert desk.mails() == []


@pytest.mark.parametrize("body", ["", "null", "[]", '"x"', "{}", "{", "[" * 5000])
def test_garbage_is_refused(desk: MessageSender, body: str) -> None:
    answer = desk.send(body)
    assert answer.status_code in {400, 422}, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_body_too_large_is_refused(desk: MessageSender) -> None:
    answer = desk.send(desk.about | {"text": "x" * 300_000})
    assert code(answer) == (413, "body_too_large")


def test_a_key_is_required(desk: MessageSender) -> None:
    assert code(desk.send(headers={})) == (400, "idempotency_key_invalid")
    assert desk.mails() == []


@pytest.mark.parametrize("role", ["print_operator", "bookkeeper", "pps_admin"])
def test_only_the_desk_writes_to_parents(desk: MessageSender, role: str) -> None:
    path = "" if role != "pps_admin" else f"?studio_id={PLATFORM_STUDIO}"
    about = f"/orders/{desk.order_id}/messages"
    for route, body in (
        (f"{about}/preview", desk.about),
        (about, desk.about),
        (f"{about}/msg_1/resolution", {"outcome": "received"}),
    ):
        answer = desk.world.call(
            "POST", route + path, body, role=role, headers={"Idempotency-Key": "key"}
        )
        assert code(answer) == (403, "forbidden")
    assert desk.mails() == []


def test_another_studio_sees_nothing(desk: MessageSender) -> None:
    sent = desk.send().json()
    stranger = {"studio_id": DIRECT_STUDIO}
    assert code(desk.preview(**stranger)) == (404, "order_not_found")
    assert code(desk.send(key="new", **stranger)) == (404, "order_not_found")
    assert code(desk.resolve(sent["message_id"], "received", **stranger)) == (
        404,
        "order_not_found",
    )
    theirs = MessageSender(desk.world, DIRECT_STUDIO)
    assert code(desk.send(desk.about | {"refund_id": theirs.refund["refund_id"]}, key="new")) == (
        404,
        "refund_not_found",
    )


def test_a_message_that_is_known_or_not_there_is_not_resolved(desk: MessageSender) -> None:
    sent = desk.send().json()
    assert code(desk.resolve(sent["message_id"], "received")) == (409, "message_not_unknown")
    assert code(desk.resolve("msg_1", "received")) == (404, "message_not_found")
    assert code(desk.resolve(sent["message_id"], "perhaps")) == (422, "invalid_input")


def test_no_address_is_a_clear_answer(world: DeployedStack) -> None:
    desk = MessageSender(world, parent={"name": "Wilhelmina Testparent", "email": None})
    preview = desk.preview().json()
    assert (preview["to"], preview["warnings"]) == (None, ["no_email_address"])
    assert code(desk.send()) == (409, "no_email_address")


@pytest.fixture
def unverified(world: DeployedStack) -> Iterator[MessageSender]:
    """A desk of a studio from which no other test writes, without its verified domain."""
    studio_id, domain = YEN_STUDIO, "sakuradance.example"
    desk = MessageSender(world, studio_id)
    world.stack.aws.mail.delete_email_identity(EmailIdentity=domain)
    yield desk
    world.stack.aws.mail.create_email_identity(EmailIdentity=domain)


def test_an_unverified_domain_is_a_clear_answer(unverified: MessageSender) -> None:
    assert unverified.preview().json()["warnings"] == ["sending_domain_not_verified"]
    assert code(unverified.send()) == (409, "sending_domain_not_verified")
    assert unverified.mails() == []


def test_the_log_names_nobody(desk: MessageSender) -> None:
    assert desk.send().status_code == 201

    def logged() -> list[Json] | None:
        lines = desk.world.log_lines("send_message")
        return [each for each in lines if each.get("order_id") == desk.order_id] or None

    lines = until(logged, "the message in the log")
    assert any(each["message"] == "message recorded" for each in lines)
    everything = json.dumps(desk.world.log_lines("send_message"))
    assert "Wilhelmina" not in everything
    assert "@" not in everything
