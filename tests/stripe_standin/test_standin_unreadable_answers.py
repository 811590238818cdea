"""Answers that are not Stripe's: before Stripe did something, or after it did."""

import json

import httpx
import pytest
import stripe

from infra.stripe_standin import RunningStandin

pytestmark = pytest.mark.usefixtures("seeded")

HTML, JSON = "text/html; charset=utf-8", "application/json"
# Kind, status, content type, and how its body begins. None is the status of Stripe's answer.
KINDS: list[tuple[str, int | None, str, str]] = [
    ("html_200", 200, HTML, "<!DOCTYPE html>"),
    ("html_403", 403, HTML, "<!DOCTYPE html>"),
    ("html_502", 502, HTML, "<!DOCTYPE html>"),
    ("cut_json_200", 200, JSON, "{"),
    ("empty_200", 200, JSON, ""),
    ("empty_402", 402, JSON, ""),
    ("text_400", 400, JSON, "Bad Request"),
    ("other_json_400", 400, JSON, '{"message"'),
    ("oauth_error_400", 400, JSON, '{"error": "invalid_request"'),
    ("wrong_content_type", None, HTML, "{"),
]


@pytest.fixture
def plain(standin: RunningStandin) -> httpx.Client:
    """A client that expects nothing of the answers."""
    headers = {"Authorization": f"Bearer {standin.api_key}", "Idempotency-Key": "k"}
    return httpx.Client(base_url=standin.url, headers=headers)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS, ids=[kind[0] for kind in KINDS])
def test_answer_is_spoiled_before_or_after_its_effect(
    plain: httpx.Client,
    control: httpx.Client,
    api: httpx.Client,
    kind: tuple[str, int | None, str, str],
    when: str,
) -> None:
    name, status, content_type, beginning = kind
    control.post("/faults", json={"fault": f"{name}_{when}_effect"}).raise_for_status()

    spoiled = plain.post("/v1/refunds", data={"charge": "ch_platform"})

    real_status = 200 if when == "after" else 500
    assert spoiled.status_code == (status or real_status)
    assert spoiled.headers["Content-Type"] == content_type
    assert spoiled.text.startswith(beginning)
    made = api.get("/v1/refunds").json()["data"]
    assert len(made) == (1 if when == "after" else 0)
    logged = control.get("/requests").json()["requests"][0]
    assert (logged["status"], logged["faults"]) == (
        spoiled.status_code,
        [f"{name}_{when}_effect"],
    )

    # What was done stays done under its key. What never reached Stripe left nothing there.
    again = plain.post("/v1/refunds", data={"charge": "ch_platform"})
    assert again.status_code == 200
    assert ("Idempotent-Replayed" in again.headers) == (when == "after")
    assert len(api.get("/v1/refunds").json()["data"]) == 1


def test_cut_answer_is_the_first_half_of_the_real_one(
    plain: httpx.Client, control: httpx.Client
) -> None:
    control.post("/faults", json={"fault": "cut_json_200_after_effect"})

    cut = plain.get("/v1/charges/ch_platform").text

    assert '"ch_platform"' in cut
    with pytest.raises(json.JSONDecodeError):
        json.loads(cut)


def test_refusal_stays_a_refusal_under_its_key(plain: httpx.Client, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "html_502_after_effect"})
    too_much = {"charge": "ch_platform", "amount": "10001"}
    assert plain.post("/v1/refunds", data=too_much).status_code == 502

    again = plain.post("/v1/refunds", data=too_much)

    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (400, "true")


def test_sdk_cannot_read_these_answers(client: stripe.StripeClient, control: httpx.Client) -> None:
    for kind in ("html_200", "cut_json_200", "html_403", "other_json_400"):
        control.post("/faults", json={"fault": f"{kind}_before_effect"})
        with pytest.raises(stripe.APIError):
            client.v1.refunds.create({"charge": "ch_platform"})
