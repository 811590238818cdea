"""A list of Stripe's is read to its end, or it proves nothing."""

import json

import pytest

from shared.domain.errors import StripeOutcomeUnknownError
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.refunds import StripeRefunds
from tests.unit.scripted_stripe import HTML, HttpAnswer, ScriptedStripe, json_answer
from tests.unit.stripe_calls import ALL, LISTS, REFUND_OBJECT, TRANSFER_LIST, a_list


@pytest.mark.parametrize(
    "page",
    [
        {"object": "list"},
        {"object": "list", "data": []},
        {"object": "list", "has_more": False},
        {"object": "list", "data": None, "has_more": False},
        {"object": "list", "data": [], "has_more": "no"},
        {"object": "list", "data": [], "has_more": True},
        {"object": "list", "data": [None], "has_more": False},
        {"object": "list", "data": [{"object": "customer", "id": "cus_1"}], "has_more": False},
        {"object": "refund", "data": [], "has_more": False},
        {"data": [], "has_more": False},
    ],
    ids=json.dumps,
)
@pytest.mark.parametrize("name", [*LISTS, *TRANSFER_LIST])
def test_a_list_that_is_not_complete_proves_nothing(
    server: ScriptedStripe, connection: StripeConnection, name: str, page: dict[str, object]
) -> None:
    server.answers_with(json_answer(200, page))
    with pytest.raises(StripeOutcomeUnknownError):
        ALL[name][0](connection)


@pytest.mark.parametrize("last", [HttpAnswer(403, b"<html>", HTML), HttpAnswer(200, b'{"data": [')])
def test_a_list_whose_second_page_is_lost_proves_nothing(
    server: ScriptedStripe, connection: StripeConnection, last: HttpAnswer
) -> None:
    server.answers_with(json_answer(200, a_list(REFUND_OBJECT, more=True)), last)
    with pytest.raises(StripeOutcomeUnknownError):
        StripeRefunds(connection).list_of_charge("ch_1", None)


def test_a_list_that_repeats_its_page_ends(
    server: ScriptedStripe, connection: StripeConnection
) -> None:
    server.answers_with(json_answer(200, a_list(REFUND_OBJECT, more=True)))
    with pytest.raises(StripeOutcomeUnknownError):
        StripeRefunds(connection).list_of_charge("ch_1", None)
    assert len(server.paths) == 2


def test_all_pages_are_read_the_oldest_first(
    server: ScriptedStripe, connection: StripeConnection
) -> None:
    newest, oldest = REFUND_OBJECT, REFUND_OBJECT | {"id": "re_0"}
    server.answers_with(
        json_answer(200, a_list(newest, more=True)), json_answer(200, a_list(oldest))
    )
    found = StripeRefunds(connection).list_of_charge("ch_1", None)
    assert [each.stripe_refund_id for each in found] == ["re_0", "re_1"]
    assert "starting_after=re_1" in server.paths[1]
    assert "charge=ch_1" in server.paths[1]
