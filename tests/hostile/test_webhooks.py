"""Thousands of webhooks that Stripe did not send: each is refused and counted.

These tests call the handler itself. ``tests/e2e/test_webhook.py`` sends webhooks over HTTP.
"""

import base64
import json
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from shared.gateways.stripe.api_version import API_VERSION
from tests.e2e.world import signature
from tests.hostile.conftest import Output
from tests.lambda_context import LambdaContext

SECRET, ROLLED, OLD = "whsec_new", "whsec_rolling", "whsec_rolled_out"
CONNECT = "whsec_connect"
EACH = 400
MAX_BODY_BYTES = 256 * 1024

# Characters that could split a log line, control a terminal, or end a JSON string.
BREAKERS = '\r\n{"level":"INFO"}\x1b[2J\x9b31m\u2028\u2029\x85"\\\u202e\x00'


@dataclass
class RollingSecrets:
    """The endpoints' secrets: the platform's are rolling."""

    def webhook_secrets(self, arn: str) -> tuple[list[str], list[str]]:
        del arn
        return [SECRET, ROLLED], [CONNECT]


class Recorder:
    """Replaces the use case, and keeps the events that reach it."""

    def __init__(self) -> None:
        self.events: list[Any] = []

    def __call__(self, event: Any) -> list[tuple[str, None]]:  # noqa: ANN401  # a StripeEvent
        self.events.append(event)
        return [("EventIgnored", None)]


@pytest.fixture
def recorded(
    handler_of: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch
) -> tuple[ModuleType, Recorder]:
    handler, recorder = handler_of("stripe_webhook"), Recorder()
    monkeypatch.setattr(handler, "secrets", RollingSecrets())
    monkeypatch.setattr(handler, "handle_event", recorder)
    return handler, recorder


def event(chance: random.Random) -> bytes:
    """Return an event as Stripe might send it, with a name of any shape in it."""
    refund = {
        "id": f"re_{chance.getrandbits(64):x}",
        "object": "refund",
        "amount": chance.randint(1, 10**6),
        "charge": f"ch_{chance.getrandbits(64):x}",
        "reason": "".join(chance.choices(BREAKERS + "abc", k=chance.randint(0, 20))),
    }
    whole = {
        "id": f"evt_{chance.getrandbits(64):x}",
        "object": "event",
        "type": chance.choice(["refund.created", "charge.refunded", "refund.failed"]),
        "livemode": False,
        "data": {"object": refund},
    }
    return json.dumps(whole).encode()


def now() -> int:
    return int(time.time())


def forged(chance: random.Random) -> tuple[bytes, str | None]:
    return event(chance), signature(event(chance), f"whsec_{chance.getrandbits(128):x}", now())


def signed_with_an_old_secret(chance: random.Random) -> tuple[bytes, str | None]:
    body = event(chance)
    return body, signature(body, OLD, now())


def replayed_later(chance: random.Random) -> tuple[bytes, str | None]:
    body = event(chance)
    return body, signature(body, SECRET, now() - chance.randint(301 + 5, 10**6))


def from_the_future(chance: random.Random) -> tuple[bytes, str | None]:
    body = event(chance)
    return body, signature(body, SECRET, now() + chance.randint(300 + 60, 10**6))


def replayed_with_a_new_time(chance: random.Random) -> tuple[bytes, str | None]:
    body = event(chance)
    _, _, v1 = signature(body, SECRET, now() - 10**4).partition(",")
    return body, f"t={now()},{v1}"


def truncated(chance: random.Random) -> tuple[bytes, str | None]:
    body = event(chance)
    return body[: chance.randrange(len(body))], signature(body, SECRET, now())


def edited(chance: random.Random) -> tuple[bytes, str | None]:
    body = bytearray(event(chance))
    header = signature(bytes(body), SECRET, now())
    at = chance.randrange(len(body))
    body[at] = (body[at] + chance.randint(1, 60)) % 128
    return bytes(body), header


def header_cut_or_spoilt(chance: random.Random) -> tuple[bytes, str | None]:
    body = event(chance)
    header = signature(body, SECRET, now())
    spoilt = [
        header.partition(",")[0],
        header.partition(",")[2],
        header.replace("v1=", "v0="),
        header.replace("t=", "t=+"),
        f"{header},t={now()}",
        header.replace("t=", "t=\uff19"),
        "".join(chance.choices(BREAKERS + "tv1=,é", k=chance.randint(1, 60))),
    ]
    return body, chance.choice(spoilt)


def without_a_header(chance: random.Random) -> tuple[bytes, str | None]:
    return event(chance), chance.choice([None, ""])


REFUSED: dict[Callable[[random.Random], tuple[bytes, str | None]], str] = {
    forged: "mismatch",
    signed_with_an_old_secret: "mismatch",
    replayed_with_a_new_time: "mismatch",
    truncated: "mismatch",
    edited: "mismatch",
    replayed_later: "too_old",
    from_the_future: "from_the_future",
    header_cut_or_spoilt: "malformed_header",
    without_a_header: "no_header",
}


def send(handler: ModuleType, body: bytes | str, header: str | None, **changes: Any) -> Any:  # noqa: ANN401  # JSON
    """Call the handler as API Gateway does."""
    headers = {"Content-Type": "application/json"}
    if header is not None:
        headers["Stripe-Signature"] = header
    return handler.lambda_handler(
        {
            "body": body if isinstance(body, str) else body.decode(),
            "headers": headers,
            "isBase64Encoded": False,
            "requestContext": {"requestId": "hostile"},
        }
        | changes,
        LambdaContext(),
    )


def assert_safe(log: str) -> None:
    """Check that each line is one JSON object of printable ASCII."""
    for line in log.splitlines():
        assert isinstance(json.loads(line), dict)
    assert all(character == "\n" or " " <= character <= "~" for character in log)


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: kind.__name__)
def test_forged_webhooks_are_refused_and_counted_by_reason(
    recorded: tuple[ModuleType, Recorder],
    output: Output,
    kind: Callable[[random.Random], tuple[bytes, str | None]],
) -> None:
    handler, recorder = recorded
    chance = random.Random(kind.__name__)  # noqa: S311  # the same test, the same events
    codes: Counter[tuple[int, str]] = Counter()
    for _ in range(EACH):
        body, header = kind(chance)
        answer = send(handler, body, header)
        codes[answer["statusCode"], json.loads(answer["body"])["code"]] += 1
    assert codes == {(400, "signature_invalid"): EACH}
    assert recorder.events == []
    counted = output.metrics()
    assert counted["SignatureRefused", None] == EACH
    assert counted["SignatureRefused", REFUSED[kind]] == EACH
    assert len(output.log_text().splitlines()) == EACH
    assert_safe(output.log_text())
    for secret in (SECRET, ROLLED, OLD, CONNECT):
        assert secret not in output.log_text()


def test_webhooks_signed_with_either_rolling_secret_are_accepted(
    recorded: tuple[ModuleType, Recorder], output: Output
) -> None:
    handler, recorder = recorded
    chance = random.Random("ours")  # noqa: S311  # the same test, the same events
    for number in range(EACH):
        body = event(chance)
        header = signature(body, ROLLED if number % 2 else SECRET, now())
        assert send(handler, body, header)["statusCode"] == 200
    assert len(recorder.events) == EACH
    assert ("SignatureRefused", None) not in output.metrics()


def test_an_oversized_body_is_refused_before_its_signature_is_checked(
    recorded: tuple[ModuleType, Recorder], output: Output
) -> None:
    handler, recorder = recorded
    chance = random.Random("large")  # noqa: S311  # the same test, the same events
    for _ in range(20):
        body = b" " * (MAX_BODY_BYTES + chance.randint(1, 10**5))
        answer = send(handler, body, signature(body, SECRET, now()))
        assert answer["statusCode"] == 413
    encoded = base64.b64encode(b" " * MAX_BODY_BYTES).decode()
    assert send(handler, encoded, "", isBase64Encoded=True)["statusCode"] == 413
    assert recorder.events == []
    assert output.metrics()["BodyTooLarge", None] == 21


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"a":' * 20_000,
        "9" * 10_000,
        "NaN",
        "null",
        '{"object":"event","object":"refund"}',
        '{"object":["event"],"id":"evt_1","type":"refund.created","data":{"object":{}}}',
        '{"object":"event","id":["evt_1"],"type":"refund.created","data":{"object":{}}}',
        '{"object":"event","id":"evt_1","type":{"$ne":null},"data":{"object":{}}}',
        "\ufeff{}",
    ],
)
def test_a_signed_body_that_breaks_parsers_is_refused_and_counted(
    recorded: tuple[ModuleType, Recorder], output: Output, body: str
) -> None:
    handler, recorder = recorded
    answer = send(handler, body, signature(body.encode(), SECRET, now()))
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (400, "event_malformed")
    assert recorder.events == []
    assert output.metrics()["EventMalformed", None] == 1


THIN = {
    "id": "evt_test_65",
    "object": "v2.core.event",
    "type": "v2.core.event_destination.ping",
    "livemode": False,
    "created": "2026-03-02T10:00:00.000Z",
    "related_object": {
        "id": "acct_1",
        "type": "v2.core.account",
        "url": "/v2/core/accounts/acct_1",
    },
}


@pytest.mark.parametrize("secret", [SECRET, CONNECT])
def test_a_thin_event_of_stripes_second_api_is_ignored(
    recorded: tuple[ModuleType, Recorder], output: Output, secret: str
) -> None:
    handler, recorder = recorded
    body = json.dumps(THIN)
    answer = send(handler, body, signature(body.encode(), secret, now()))
    assert (answer["statusCode"], json.loads(answer["body"])["outcomes"]) == (200, ["EventIgnored"])
    assert recorder.events == []
    assert output.metrics() == {("EventReceived", None): 1, ("EventIgnored", None): 1}


def test_a_forged_thin_event_is_refused(recorded: tuple[ModuleType, Recorder]) -> None:
    handler, _ = recorded
    body = json.dumps(THIN)
    assert send(handler, body, signature(body.encode(), OLD, now()))["statusCode"] == 400


@pytest.mark.parametrize("data", [None, {}, {"object": None}])
def test_a_genuine_event_of_an_unknown_type_is_answered_200_whatever_it_holds(
    recorded: tuple[ModuleType, Recorder], data: object
) -> None:
    handler, _ = recorded
    whole = {"object": "event", "id": "evt_1", "type": "a.new.type", "livemode": False}
    body = json.dumps(whole | {"data": data})
    assert send(handler, body, signature(body.encode(), SECRET, now()))["statusCode"] == 200


@pytest.mark.parametrize(
    ("version", "counted"), [("2023-08-16", 1), (API_VERSION, None), (None, None)]
)
def test_an_event_of_another_api_version_is_counted_and_handled(
    recorded: tuple[ModuleType, Recorder], output: Output, version: str | None, counted: int | None
) -> None:
    handler, recorder = recorded
    whole = json.loads(event(random.Random(2)))  # noqa: S311  # any event
    body = json.dumps(whole | {"api_version": version})
    assert send(handler, body, signature(body.encode(), SECRET, now()))["statusCode"] == 200
    assert len(recorder.events) == 1
    assert output.metrics().get(("EventApiVersionUnexpected", None)) == counted


def test_half_a_surrogate_pair_is_a_bad_signature_and_no_exception(
    recorded: tuple[ModuleType, Recorder],
) -> None:
    handler, _ = recorded
    assert send(handler, "\ud800", signature(b"", SECRET, now()))["statusCode"] == 400


def test_names_of_a_signed_event_are_escaped_in_the_log(
    recorded: tuple[ModuleType, Recorder], output: Output
) -> None:
    handler, _ = recorded
    whole = json.loads(event(random.Random(1)))  # noqa: S311  # any event
    whole |= {"id": f"evt_{BREAKERS}", "type": f"refund.{BREAKERS}"}
    body = json.dumps(whole).encode()
    assert send(handler, body, signature(body, SECRET, now()))["statusCode"] == 200
    log = output.log_text()
    assert_safe(log)
    assert json.loads(log.splitlines()[0])["event_id"] == f"evt_{BREAKERS}"
