"""``operate stripe``: the webhook endpoints at the stand-in, and their secrets.

`tests/e2e/test_stripe_setup.py` runs it on the deployed stack.
"""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import stripe
from typer.testing import CliRunner, Result

from functions.stripe_webhook.signature import Endpoint, SignatureRefusedError, verify
from infra.operate.command import app
from infra.operate.stack import OperatedStack
from infra.operate.stripe import commands
from infra.operate.stripe.endpoints import WEBHOOK_EVENTS
from infra.operate.stripe.keys import STRIPE_KEYS
from infra.operate.stripe.set_up import SECRET_IS_KNOWN_AFTER
from infra.operate.stripe.signing_secrets import SigningSecrets
from infra.operate.stripe.stored_keys import KEY_VARIABLE
from infra.stripe_standin import RunningStandin
from shared.gateways.stripe.api_version import API_VERSION
from tests.local_http import HTTP
from tests.operate import failure_of, operate
from tests.stripe_standin.webhook_receiver import Receiver, running_receiver

WEBHOOK_SECRET = "StripeWebhookSecret"  # a name


@dataclass
class Desk:
    """An operator, a stack of outputs, and the stand-in as its Stripe."""

    standin: RunningStandin
    client: stripe.StripeClient
    secrets: "FakeSecrets"
    receiver: Receiver
    waits: list[timedelta] = field(default_factory=list)
    charges: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, *arguments: str) -> Result:
        return operate("stripe", *arguments)

    def do(self, *arguments: str) -> list[str]:
        """Run an operation that succeeds, and return the lines that it printed."""
        result = self.run(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout.splitlines()

    def check(self) -> list[dict[str, Any]]:
        """Return what the check found wrong."""
        result = self.run("check", "--json")
        found: list[dict[str, Any]] = json.loads(result.stdout)
        wrong = [each for each in found if not each["ok"]]
        assert result.exit_code == (1 if wrong else 0)
        return wrong

    def endpoints(self, *, connect: bool = False) -> list[stripe.WebhookEndpoint]:
        """Return the endpoints at Stripe, the newest first."""
        found = self.client.v1.webhook_endpoints.list().data
        return [each for each in found if bool(each.application) is connect]

    def stored(self) -> dict[str, list[str]]:
        value: dict[str, list[str]] = json.loads(self.secrets.values.get(WEBHOOK_SECRET, "{}"))
        return value

    def store(self, **secrets: list[str]) -> None:
        self.secrets.values[WEBHOOK_SECRET] = json.dumps(secrets)

    def happen(self, account: str | None = None) -> str:
        """Let something happen at Stripe that makes one event. Return the charge's id."""
        charge = f"ch_{next(self.charges)}"
        seeded = {
            "id": charge,
            "payment_intent": None,
            "amount": 1000,
            "currency": "usd",
            "fee": 59,
            "account": account,
        }
        HTTP.post(
            f"{self.standin.control_url}/charges", json={"charges": [seeded], "events": True}
        ).raise_for_status()
        return charge

    def accepted(self, secrets: dict[str, list[str]]) -> list[tuple[str, Endpoint]]:
        """Deliver what waits. Return what a function with these secrets takes: which charge."""
        HTTP.post(f"{self.standin.control_url}/webhooks/deliver", json={}).raise_for_status()
        taken, self.receiver.received[:] = list(self.receiver.received), []
        known = [(Endpoint.PLATFORM, each) for each in secrets["platform"]]
        known += [(Endpoint.CONNECT, each) for each in secrets["connect"]]
        found = []
        for delivery in taken:
            try:
                at = int(datetime.now(UTC).timestamp())
                endpoints = verify(delivery.body, delivery.signature, known, at)
            except SignatureRefusedError:
                continue
            charge = delivery.event["data"]["object"]["id"]
            found += [(charge, each) for each in endpoints]
        return found


class NoValueError(Exception):
    """As Secrets Manager has it for a secret without a value."""


@dataclass
class FakeSecrets:
    """Secrets Manager, whose secrets have no value at first."""

    values: dict[str, str] = field(default_factory=dict)
    exceptions: SimpleNamespace = field(
        default_factory=lambda: SimpleNamespace(ResourceNotFoundException=NoValueError)
    )

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803  # AWS's name
        if SecretId not in self.values:
            raise NoValueError
        return {"SecretString": self.values[SecretId]}

    def put_secret_value(self, *, SecretId: str, SecretString: str) -> None:  # noqa: N803  # AWS's
        self.values[SecretId] = SecretString


@pytest.fixture
def desk(standin: RunningStandin, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv(KEY_VARIABLE, standin.api_key)
    keys = {each.output: each.output for each in STRIPE_KEYS}
    secrets = FakeSecrets(dict.fromkeys(keys, json.dumps({"api_key": standin.api_key})))
    with running_receiver() as receiver:
        outputs = {
            "ApiUrl": receiver.url,
            "StripeApiBase": standin.url,
            "StripeLivemode": "false",
            "StripeWebhookSecretArn": WEBHOOK_SECRET,
            **keys,
        }
        aws: Any = SimpleNamespace(secrets=secrets)
        stack = OperatedStack("pps", aws, outputs, "arn:stack/1")
        monkeypatch.setattr(commands, "find_stack", lambda _: stack)
        client = stripe.StripeClient(standin.api_key, base_addresses={"api": standin.url})
        desk = Desk(standin, client, secrets, receiver)
        monkeypatch.setattr(commands, "_wait", desk.waits.append)
        yield desk


def advance(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    monkeypatch.setattr(commands, "utc_now", lambda: datetime.now(UTC) + by)


def test_set_up_makes_both_endpoints_and_stores_their_secrets(desk: Desk) -> None:
    assert {each["found"] for each in desk.check()} == {"there is none"}

    printed = desk.do("set-up")

    (platform,), (connect,) = desk.endpoints(), desk.endpoints(connect=True)
    for endpoint in (platform, connect):
        assert endpoint.url == f"{desk.receiver.url}/webhooks/stripe"
        assert endpoint.status == "enabled"
        assert endpoint.api_version == API_VERSION
        assert set(endpoint.enabled_events) == set(WEBHOOK_EVENTS)
    assert sum(line.startswith("Create a ") for line in printed) == 2
    assert desk.waits == [], "nothing else delivers yet"
    ours, theirs = desk.happen(), desk.happen("acct_1")
    assert sorted(desk.accepted(desk.stored())) == [
        (ours, Endpoint.PLATFORM),
        (theirs, Endpoint.CONNECT),
    ]
    assert desk.check() == []


def test_set_up_again_changes_nothing(desk: Desk) -> None:
    desk.do("set-up")
    before, stored = desk.client.v1.webhook_endpoints.list(), desk.stored()

    assert desk.do("set-up") == [
        "The platform endpoint is set up.",
        "The connect endpoint is set up.",
    ]

    assert desk.client.v1.webhook_endpoints.list() == before
    assert desk.stored() == stored


def test_a_dry_run_prints_the_changes_and_makes_none(desk: Desk) -> None:
    printed = desk.do("set-up", "--dry-run")

    assert all(line.startswith("Would: ") for line in printed)
    assert desk.endpoints() == []
    desk.do("set-up")
    before, stored = desk.client.v1.webhook_endpoints.list(), desk.stored()
    assert desk.do("roll", "platform", "--dry-run")[0].startswith("Would: Create a platform")
    assert desk.client.v1.webhook_endpoints.list() == before
    assert desk.stored() == stored


def test_check_finds_each_difference_and_set_up_mends_it(desk: Desk) -> None:
    desk.do("set-up")
    (endpoint,) = desk.endpoints()
    changed: Any = sorted({*WEBHOOK_EVENTS, "customer.created"} - {"refund.failed"})
    desk.client.v1.webhook_endpoints.update(
        endpoint.id,
        {"url": "https://elsewhere.example", "enabled_events": changed, "disabled": True},
    )

    found = " ".join(each["found"] for each in desk.check())
    for fault in (
        "is disabled",
        "sends to https://elsewhere.example",
        "lacks the events refund.failed",
        "nothing handles: customer.created",
    ):
        assert fault in found
    (line,) = [each for each in desk.do("set-up") if "Update" in each]
    assert "lacks the events refund.failed" in line
    assert desk.check() == []
    assert [each.id for each in desk.endpoints()] == [endpoint.id]


def test_the_endpoint_of_another_stack_is_left_alone(desk: Desk) -> None:
    other = desk.client.v1.webhook_endpoints.create(
        {
            "url": "https://other.example/webhooks/stripe",
            "enabled_events": ["refund.created"],
            "metadata": {"pps_stack": "another", "pps_kind": "platform", "pps_state": "live"},
        }
    )
    desk.do("set-up")
    assert other.id in {each.id for each in desk.endpoints()}
    assert desk.check() == []


def test_a_roll_loses_no_event_and_ends_with_one_secret(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.do("set-up")
    (first,), at_first = desk.endpoints(), desk.stored()

    desk.do("roll", "platform")

    assert desk.waits == [SECRET_IS_KNOWN_AFTER]
    rolling = desk.stored()
    assert len(rolling["platform"]) == 2
    assert rolling["platform"][1:] == at_first["platform"]
    assert rolling["connect"] == at_first["connect"]
    during = desk.happen()
    # A function that has not read the new secret yet takes it once, one that has takes it twice.
    taken = desk.accepted(rolling)
    assert taken == [(during, Endpoint.PLATFORM)] * 2
    assert desk.check() == []
    assert "The last roll of the platform endpoint has not ended." in failure_of(
        desk.run("roll", "platform")
    )
    assert "Stripe may retry events at the old endpoint" in failure_of(
        desk.run("roll", "platform", "--end")
    )

    advance(monkeypatch, timedelta(days=3, minutes=1))
    desk.do("roll", "platform", "--end")

    (last,) = desk.endpoints()
    assert last.id != first.id
    assert desk.stored()["platform"] == rolling["platform"][:1]
    after = desk.happen()
    assert desk.accepted(desk.stored()) == [(after, Endpoint.PLATFORM)]
    assert desk.accepted(at_first) == []
    assert desk.check() == []


def test_a_leaked_secret_is_gone_at_once(desk: Desk) -> None:
    desk.do("set-up")
    leaked = desk.stored()
    desk.do("roll", "connect")
    desk.do("roll", "connect", "--end", "--now")
    charge = desk.happen("acct_1")
    assert desk.accepted(desk.stored()) == [(charge, Endpoint.CONNECT)]
    assert not set(leaked["connect"]) & set(desk.stored()["connect"])
    assert desk.stored()["platform"] == leaked["platform"]


# The calls that change something at Stripe or in Secrets Manager, in the order of a roll.
STEPS = ("create", "update", "put_secret_value", "wait", "update", "update")


class KilledError(Exception):
    """Stands for a process that is killed."""


def die_at(desk: Desk, step: int, monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Let the process die before or after one of its changes."""
    numbers = itertools.count()

    def deadly[**P, T](call: Callable[P, T]) -> Callable[P, T]:
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
            dies = next(numbers) == step
            if dies and not after:
                raise KilledError
            result = call(*args, **kwargs)
            if dies:
                raise KilledError
            return result

        return wrapped

    service = stripe.StripeClient("sk_test_x").v1.webhook_endpoints.__class__
    monkeypatch.setattr(service, "create", deadly(service.create))
    monkeypatch.setattr(service, "update", deadly(service.update))
    monkeypatch.setattr(SigningSecrets, "store", deadly(SigningSecrets.store))
    monkeypatch.setattr(commands, "_wait", deadly(desk.waits.append))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(len(STEPS)), ids=lambda step: f"{step}-{STEPS[step]}")
def test_a_roll_that_dies_anywhere_loses_no_event_and_is_finished_by_repeating_it(
    desk: Desk, step: int, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    desk.do("set-up")
    first = desk.stored()["platform"]
    with monkeypatch.context() as deadly:
        die_at(desk, step, deadly, after=after)
        assert isinstance(desk.run("roll", "platform").exception, KilledError)
    missed = desk.happen()
    taken = {charge for charge, _ in desk.accepted(desk.stored())}
    assert taken == {missed}

    again = desk.run("roll", "platform")
    if step == len(STEPS) - 1 and after:
        assert "has not ended" in failure_of(again)
    else:
        assert again.exit_code == 0, again.output

    assert len(desk.stored()["platform"]) == 2
    assert desk.check() == []
    desk.do("roll", "platform", "--end", "--now")
    assert len(desk.endpoints()) == 1
    assert len(desk.stored()["platform"]) == 1
    assert desk.stored()["platform"] != first
    last = desk.happen()
    assert desk.accepted(desk.stored()) == [(last, Endpoint.PLATFORM)]
    assert desk.check() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", range(4))
def test_a_set_up_that_dies_anywhere_is_finished_by_repeating_it(
    desk: Desk, step: int, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    with monkeypatch.context() as deadly:
        die_at(desk, step, deadly, after=after)
        assert isinstance(desk.run("set-up").exception, KilledError)
    desk.do("set-up")
    assert desk.check() == []
    assert (len(desk.endpoints()), len(desk.endpoints(connect=True))) == (1, 1)
    assert {kind: len(each) for kind, each in desk.stored().items()} == {
        "platform": 1,
        "connect": 1,
    }


def test_an_endpoint_that_a_person_made_is_kept_and_can_be_rolled(desk: Desk) -> None:
    made = desk.client.v1.webhook_endpoints.create(
        {
            "url": f"{desk.receiver.url}/webhooks/stripe",
            "enabled_events": ["refund.created"],
            "api_version": API_VERSION,  # type: ignore[typeddict-item]  # newer than the SDK's list
        }
    )
    assert "its secret is not stored" in failure_of(desk.run("set-up"))
    desk.store(platform=[str(made.secret)], connect=[])
    desk.do("set-up")
    (kept,) = desk.endpoints()
    assert kept.id == made.id
    assert set(kept.enabled_events) == set(WEBHOOK_EVENTS)
    assert desk.check() == []

    desk.do("roll", "platform")
    desk.do("roll", "platform", "--end", "--now")
    (rolled,) = desk.endpoints()
    assert rolled.id != made.id
    assert str(made.secret) not in desk.stored()["platform"]


def test_an_endpoint_whose_secret_was_overwritten_is_replaced(desk: Desk) -> None:
    desk.do("set-up")
    desk.store(platform=["whsec_wrong"], connect=desk.stored()["connect"])
    (wrong,) = desk.check()
    assert (wrong["what"], wrong["fix"]) == ("platform secret", "stripe set-up")
    desk.do("set-up")
    charge = desk.happen()
    assert desk.accepted(desk.stored()) == [(charge, Endpoint.PLATFORM)]
    assert desk.check() == []


def test_another_api_version_is_mended_by_a_roll(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setattr("infra.operate.stripe.stripe_side.API_VERSION", "2024-06-20")
        desk.do("set-up")
    wrong = desk.check()
    assert {each["fix"] for each in wrong} == {"stripe roll platform", "stripe roll connect"}
    assert "sends events of 2024-06-20" in wrong[0]["found"]
    for kind in ("platform", "connect"):
        desk.do("roll", kind)
        desk.do("roll", kind, "--end", "--now")
    assert desk.check() == []


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("sk_live_x", "The API key is of Stripe's live mode"),
        ("pk_test_x", "not a secret or restricted key"),
        ("sk_test_wrong", "Stripe does not know this key"),
    ],
)
def test_a_wrong_key_changes_nothing_and_is_not_shown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, key: str, message: str
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, key)
    line = failure_of(desk.run("set-up"))
    assert message in line
    assert key not in line
    assert desk.endpoints() == []


def test_a_stripe_that_does_not_answer_is_one_line(desk: Desk) -> None:
    HTTP.post(
        f"{desk.standin.control_url}/faults",
        json={"fault": "reset_before_effect", "times": 2, "match": {"method": "GET"}},
    ).raise_for_status()
    assert "Stripe: " in failure_of(desk.run("set-up"))


def test_a_key_is_stored_for_each_purpose_that_is_named(desk: Desk) -> None:
    key = "rk_test_one"
    HTTP.post(f"{desk.standin.control_url}/keys", json={"key": key}).raise_for_status()
    result = CliRunner().invoke(app, ["stripe", "store-key", "refunds", "reads"], input=f"{key}\n")
    assert result.exit_code == 0, result.output
    assert key not in result.output
    stored = {name for name, value in desk.secrets.values.items() if key in value}
    assert stored == {"StripeRefundKeyArn", "StripeReadKeyArn"}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("rk_live_x", "The API key is of Stripe's live mode"),
        ("rk_test_unknown", "Stripe does not know this key. Nothing was stored."),
        ("", "not a secret or restricted key"),
    ],
)
def test_a_key_that_does_not_work_is_not_stored(desk: Desk, key: str, message: str) -> None:
    before = dict(desk.secrets.values)
    result = CliRunner().invoke(app, ["stripe", "store-key", "reads"], input=f"{key}\n")
    assert message in failure_of(result)
    assert not key or key not in result.output
    assert desk.secrets.values == before


def test_check_finds_keys_that_are_missing_wrong_or_of_the_other_mode(desk: Desk) -> None:
    desk.do("set-up")
    del desk.secrets.values["StripeRefundKeyArn"]
    desk.secrets.values["StripeFeeRefundKeyArn"] = json.dumps({"api_key": "rk_live_1"})
    desk.secrets.values["StripeTransferKeyArn"] = json.dumps({"api_key": "rk_test_gone"})
    found = {each["what"]: (each["found"], each["fix"]) for each in desk.check()}
    assert found.keys() == {"key for refunds", "key for fee-refunds", "key for transfers"}
    assert found["key for refunds"] == ("is not stored", "stripe store-key refunds")
    assert "is of Stripe's live mode" in found["key for fee-refunds"][0]
    assert found["key for transfers"][0] == "Stripe does not know it"
