"""Each try at Stripe is counted by how it was answered."""

from contextlib import suppress

import pytest
import stripe

from shared.edge.stripe_connection import metric_of
from shared.gateways.stripe.connection import StripeConnection
from tests.unit.scripted_stripe import (
    DROPPED,
    HttpAnswer,
    ScriptedStripe,
    error_answer,
    json_answer,
)

BALANCE = json_answer(200, {"object": "balance"})


@pytest.mark.parametrize(
    ("answers", "metrics"),
    [
        ((BALANCE,), ["StripeAnswered"]),
        ((error_answer(401),), ["StripeUnauthorized"]),
        ((error_answer(404),), ["StripeRefused"]),
        ((error_answer(429), BALANCE), ["StripeRateLimited", "StripeAnswered"]),
        ((error_answer(500), BALANCE), ["StripeFailed", "StripeAnswered"]),
        ((DROPPED, BALANCE), ["StripeFailed", "StripeAnswered"]),
    ],
)
def test_a_call_is_counted_by_each_of_its_answers(
    server: ScriptedStripe, answers: tuple[HttpAnswer, ...], metrics: list[str]
) -> None:
    seen: list[int | None] = []
    connection = StripeConnection(server.url, lambda: "sk_test", seen.append)
    server.answers_with(*answers)
    with suppress(stripe.StripeError):
        connection.v1.balance.retrieve(options=connection.options())
    assert list(map(metric_of, seen)) == metrics
