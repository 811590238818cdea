"""What each answer of Stripe proves, for each call, through the real SDK and real HTTP."""

import pytest

from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.errors import UNKNOWN_TO_STRIPE
from tests.unit.scripted_stripe import (
    DROPPED,
    HTML,
    HttpAnswer,
    ScriptedStripe,
    error_answer,
    json_answer,
)
from tests.unit.stripe_calls import (
    ALL,
    FIRST,
    LISTS,
    READS,
    SENDS,
    Call,
    create_again,
    create_first_with_retry,
    refund_fee,
    success_of,
    transfer,
)

_NOT_ERROR_OBJECTS: tuple[object, ...] = (
    *(None, [], "no", 7, {}, {"error": None}, {"error": "no"}, {"error": []}),
    *({"error": {}}, {"error": {"type": 7}}, {"error": {"type": "x", "code": {}}}),
    *({"error": "invalid_client"}, {"error": "invalid_grant"}, {"message": "Forbidden"}),
)
# The calls that send no money.
OTHERS = [name for name in ALL if name not in FIRST | SENDS]
_NOT_OBJECTS: tuple[object, ...] = (None, [], "ok", 7, {})
REFUSED_ALWAYS = {
    "400": error_answer(400),
    "400 of an amount": error_answer(400, "balance_insufficient"),
    "402": error_answer(402, "card_declined"),
    "404": error_answer(404, "resource_missing"),
}
UNKNOWN_ALWAYS = {
    **{
        f"{status} of Stripe": error_answer(status)
        for status in (405, 408, 409, 410, 424, 425, 429, 500, 502, 503, 504, 599)
    },
    **{
        f"{status} in HTML": HttpAnswer(status, b"<html><h1>Request blocked</h1></html>", HTML)
        for status in (200, 400, 401, 402, 403, 404, 500, 503)
    },
    **{
        f"{status} labeled as JSON": HttpAnswer(status, b"<html>Request blocked</html>")
        for status in (200, 400, 403, 404)
    },
    **{
        f"{status} of Stripe labeled as HTML": HttpAnswer(status, error_answer(status).body, HTML)
        for status in (400, 402, 403, 404, 500)
    },
    **{
        f"{status} cut": HttpAnswer(status, error_answer(status).body[:-9], missing_bytes=9)
        for status in (400, 402, 403, 404)
    },
    **{
        f"{status} cut, and not announced": HttpAnswer(status, error_answer(status).body[:-9])
        for status in (400, 402, 403, 404)
    },
    **{f"404 with {body!r}": json_answer(404, body) for body in _NOT_ERROR_OBJECTS},
    "403 empty": HttpAnswer(403, b""),
    "403 not in UTF-8": HttpAnswer(403, b'{"error":{"type":"\xff"}}'),
    "403 nested too deeply": HttpAnswer(403, b"[" * 100_000),
    "403 said to be compressed": HttpAnswer(
        403, error_answer(403).body, headers={"Content-Encoding": "gzip"}
    ),
    "400 about the key": json_answer(400, {"error": {"type": "idempotency_error"}}),
    "400 about the rate": error_answer(400, "rate_limit"),
    "200 empty": HttpAnswer(200, b""),
    "204": HttpAnswer(204, b""),
    **{f"200 with {body!r}": json_answer(200, body) for body in _NOT_OBJECTS},
    "200 with an error": error_answer(200),
    "200 of another object": json_answer(200, {"object": "customer", "id": "cus_1"}),
    "302 to a page": HttpAnswer(302, b"<html>", HTML),
    "dropped": DROPPED,
}


@pytest.mark.parametrize("name", ALL)
def test_each_call_reads_the_answer_that_it_asked_for(
    server: ScriptedStripe, connection: StripeConnection, name: str
) -> None:
    server.answers_with(success_of(name))
    ALL[name][0](connection)


@pytest.mark.parametrize("answer", REFUSED_ALWAYS)
@pytest.mark.parametrize("name", ALL)
def test_stripes_own_refusal_is_definitive_for_each_call(
    server: ScriptedStripe, connection: StripeConnection, name: str, answer: str
) -> None:
    server.answers_with(REFUSED_ALWAYS[answer])
    with pytest.raises(StripeRefusedError):
        ALL[name][0](connection)


@pytest.mark.parametrize("answer", UNKNOWN_ALWAYS)
@pytest.mark.parametrize(
    "name", [*FIRST, *SENDS, *(pytest.param(name, marks=pytest.mark.slow) for name in OTHERS)]
)
def test_any_other_answer_proves_nothing_for_each_call(
    server: ScriptedStripe, connection: StripeConnection, name: str, answer: str
) -> None:
    server.answers_with(UNKNOWN_ALWAYS[answer])
    with pytest.raises(StripeOutcomeUnknownError) as unknown:
        ALL[name][0](connection)
    assert unknown.value.key_spent is (answer == "500 of Stripe")


@pytest.mark.parametrize("name", ALL)
def test_a_success_that_is_cut_short_proves_nothing(
    server: ScriptedStripe, connection: StripeConnection, name: str
) -> None:
    body = success_of(name).body
    for length in range(0, len(body), 17):
        for missing_bytes in (0, len(body) - length):
            server.answers_with(HttpAnswer(200, body[:length], missing_bytes=missing_bytes))
            with pytest.raises(StripeOutcomeUnknownError) as unknown:
                ALL[name][0](connection)
            assert not unknown.value.key_spent


@pytest.mark.parametrize("name", ALL)
def test_access_that_is_refused_is_definitive_only_if_nothing_was_sent_before(
    server: ScriptedStripe, connection: StripeConnection, name: str
) -> None:
    refused = {401: {*FIRST}, 403: {*FIRST, *READS, *LISTS}}
    for status, names in refused.items():
        server.answers_with(error_answer(status))
        expected = StripeRefusedError if name in names else StripeOutcomeUnknownError
        with pytest.raises(expected):
            ALL[name][0](connection)


@pytest.mark.parametrize(
    "second",
    [
        HttpAnswer(403, b"<html>", HTML),
        HttpAnswer(200, b'{"object": "refund", "id": "re'),
        error_answer(401),
        error_answer(403),
    ],
    ids=["403 in HTML", "200 cut", "401", "403"],
)
@pytest.mark.parametrize("lost", [DROPPED, HttpAnswer(403, b"<html>", HTML)])
@pytest.mark.parametrize("send", [create_first_with_retry, create_again, refund_fee, transfer])
def test_after_a_lost_try_the_second_answer_must_prove_it(
    server: ScriptedStripe,
    connection: StripeConnection,
    send: Call,
    lost: HttpAnswer,
    second: HttpAnswer,
) -> None:
    server.answers_with(lost, second)
    with pytest.raises(StripeOutcomeUnknownError):
        send(connection)
    assert len(set(server.keys)) == 1


@pytest.mark.parametrize("name", [*FIRST, *SENDS])
@pytest.mark.parametrize("status", [409, 429, 500, 503])
def test_a_failure_that_stripe_repeats_has_spent_the_key(
    server: ScriptedStripe, connection: StripeConnection, name: str, status: int
) -> None:
    server.answers_with(error_answer(status, Idempotent_Replayed="true"))
    with pytest.raises(StripeOutcomeUnknownError) as unknown:
        ALL[name][0](connection)
    assert unknown.value.key_spent


@pytest.mark.parametrize("name", [*FIRST, *SENDS])
def test_a_500_that_is_not_stripes_has_not_spent_the_key(
    server: ScriptedStripe, connection: StripeConnection, name: str
) -> None:
    server.answers_with(HttpAnswer(500, b"<html>", HTML, {"Idempotent-Replayed": "true"}))
    with pytest.raises(StripeOutcomeUnknownError) as unknown:
        ALL[name][0](connection)
    assert not unknown.value.key_spent


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        *(("refund first", {"amount": 2600}), ("refund first", {"charge": "ch_2"})),
        *(("refund again", {"amount": 2600}), ("refund again", {"object": "charge"})),
        *(("refund a fee", {"amount": 374}), ("refund a fee", {"fee": "fee_2"})),
        *(("refund a fee", {"object": "refund"}), ("transfer", {"amount": 1})),
        *(("transfer", {"transfer_group": "po_2"}), ("transfer", {"object": "payout"})),
        *(("get a refund", {"id": "re_2"}), ("get a transfer", {"id": "tr_2"})),
        ("get a fee", {"id": "fee_2"}),
    ],
)
def test_an_object_that_was_not_asked_for_proves_nothing(
    server: ScriptedStripe, connection: StripeConnection, name: str, changed: dict[str, object]
) -> None:
    call, body = ALL[name]
    server.answers_with(json_answer(200, {**body, **changed}))
    with pytest.raises(StripeOutcomeUnknownError):
        call(connection)


@pytest.mark.parametrize("name", [*READS, *LISTS])
def test_only_stripes_own_404_means_that_stripe_does_not_have_it(
    server: ScriptedStripe, connection: StripeConnection, name: str
) -> None:
    server.answers_with(error_answer(404, "resource_missing"))
    with pytest.raises(StripeRefusedError) as refused:
        ALL[name][0](connection)
    assert refused.value.reason == UNKNOWN_TO_STRIPE
