"""Keys for Stripe: the mode is checked before each call, and one table says who may what."""

import re
from types import SimpleNamespace
from typing import Any

import pytest

from infra.operate.stripe.keys import STRIPE_KEYS, KeyPurpose
from infra.paths import FUNCTIONS, ROOT
from shared.edge.stripe_connection import connect_to_stripe
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.key_mode import StripeKeyError, is_live_key
from tests.e2e.permissions import RARELY_NEEDED

LIVE, TEST = ("sk_live_abc", "rk_live_abc"), ("sk_test_abc", "rk_test_abc")


@pytest.mark.parametrize("key", LIVE)
def test_live_keys_are_live(key: str) -> None:
    assert is_live_key(key)


@pytest.mark.parametrize("key", TEST)
def test_test_keys_are_not(key: str) -> None:
    assert not is_live_key(key)


@pytest.mark.parametrize("key", ["", "pk_live_abc", "whsec_abc", "sk_abc", "sk-live-abc", "live_"])
def test_anything_else_is_no_key_and_is_not_shown(key: str) -> None:
    with pytest.raises(StripeKeyError) as refused:
        is_live_key(key)
    assert not key or key not in str(refused.value)


@pytest.mark.parametrize(
    ("livemode", "key"),
    [("true", each) for each in TEST] + [("false", each) for each in LIVE],
)
def test_a_key_of_the_other_mode_is_refused_before_the_first_call(
    monkeypatch: pytest.MonkeyPatch, livemode: str, key: str
) -> None:
    # Nothing listens there: a call would end as an unknown outcome.
    monkeypatch.setenv("STRIPE_API_BASE", "http://127.0.0.1:9")
    monkeypatch.setenv("STRIPE_SECRET_ARN", "arn")
    monkeypatch.setenv("STRIPE_LIVEMODE", livemode)
    secrets: Any = SimpleNamespace(stripe_api_key=lambda _: key)
    connection = connect_to_stripe(secrets)
    with pytest.raises(StripeKeyError, match="The API key is of Stripe's") as refused:
        StripeCharges(connection).get("ch_1", None)
    assert key not in str(refused.value)
    with pytest.raises(StripeKeyError):
        connection.check_key()


@pytest.mark.parametrize("permission", RARELY_NEEDED)
def test_a_key_has_a_rarely_needed_permission_exactly_if_a_function_has_the_calls(
    permission: str,
) -> None:
    for key in STRIPE_KEYS:
        made = {
            name
            for function in key.functions
            for name in re.findall(
                r"\b(Stripe[A-Z]\w+)\(", (FUNCTIONS / function / "handler.py").read_text("utf-8")
            )
        }
        assert (permission in key.own) is bool(made & RARELY_NEEDED[permission]), key.purpose


def test_only_the_keys_that_move_money_may_write() -> None:
    writes = {
        key.purpose: {name for name in key.own | key.connect if "write" in name}
        for key in STRIPE_KEYS
    }
    assert writes == {
        KeyPurpose.REFUNDS: {"rak_charge_write"},
        KeyPurpose.FEE_REFUNDS: {"rak_application_fee_write"},
        KeyPurpose.TRANSFERS: {"rak_transfer_write"},
        KeyPurpose.READS: set(),
    }


def test_operations_has_the_table_of_the_keys() -> None:
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    table = page.partition("## Stripe's keys")[2].partition("\n## ")[0]
    rows = {
        cells[0].strip("`"): [set(re.findall(r"`([a-z_]+)`", cell)) for cell in cells[1:]]
        for line in table.splitlines()
        if line.startswith("| `") and (cells := [each.strip() for each in line.split("|")[1:-1]])
    }
    assert rows == {
        key.purpose.value: [set(key.functions), set(key.own), set(key.connect)]
        for key in STRIPE_KEYS
    }
