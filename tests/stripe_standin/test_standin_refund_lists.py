"""Lists of refunds: filters and pages."""

import httpx
import pytest
import stripe

pytestmark = pytest.mark.usefixtures("seeded")


def test_list_can_be_filtered(
    client: stripe.StripeClient, control: httpx.Client, api: httpx.Client
) -> None:
    first = client.v1.refunds.create({"charge": "ch_platform", "amount": 100})
    later = control.post("/clock", json={"advance_s": 3600}).json()["now"]
    second = client.v1.refunds.create({"charge": "ch_platform", "amount": 200})

    def ids(params: stripe.params.RefundListParams) -> list[str]:
        return [refund.id for refund in client.v1.refunds.list(params)]

    assert ids({"charge": "ch_platform"}) == [second.id, first.id]
    assert ids({"payment_intent": "pi_platform"}) == [second.id, first.id]
    assert ids({"created": {"gte": later}}) == [second.id]
    assert ids({"created": {"lt": later, "gt": later - 4000}}) == [first.id]
    assert ids({"created": {"lte": first.created}}) == [first.id]
    assert ids({"created": second.created}) == [second.id]
    of_charge = api.get("/v1/charges/ch_platform/refunds").json()["data"]
    assert [refund["id"] for refund in of_charge] == [second.id, first.id]


def test_list_of_an_unknown_charge_is_an_error_not_an_empty_list(api: httpx.Client) -> None:
    for params in ({"charge": "ch_direct"}, {"payment_intent": "pi_direct"}):
        assert api.get("/v1/refunds", params=params).status_code == 404
    assert api.get("/v1/charges/ch_direct/refunds").status_code == 404


def test_list_can_be_paged_in_both_directions(api: httpx.Client) -> None:
    made = [
        api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "10"}).json()["id"]
        for _ in range(5)
    ][::-1]

    def page(**params: str) -> tuple[list[str], bool]:
        body = api.get("/v1/refunds", params=params).json()
        return [refund["id"] for refund in body["data"]], body["has_more"]

    assert page(limit="2") == (made[:2], True)
    assert page(limit="2", starting_after=made[1]) == (made[2:4], True)
    assert page(limit="2", starting_after=made[3]) == (made[4:], False)
    assert page(limit="2", ending_before=made[4]) == (made[2:4], True)
    assert page(limit="3", ending_before=made[3]) == (made[:3], False)


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"limit": "0"}, "limit"),
        ({"limit": "101"}, "limit"),
        ({"starting_after": "re_nowhere"}, "starting_after"),
        ({"ending_before": "re_nowhere"}, "ending_before"),
        ({"starting_after": "re_a", "ending_before": "re_b"}, None),
        ({"created[after]": "5"}, "created[after]"),
        ({"created[gte]": "soon"}, "created[gte]"),
        ({"color": "red"}, "color"),
    ],
)
def test_wrong_list_parameters_are_refused(
    api: httpx.Client, params: dict[str, str], param: str | None
) -> None:
    response = api.get("/v1/refunds", params=params)

    assert response.status_code == 400
    assert response.json()["error"].get("param") == param


def test_sdk_pages_through_the_whole_list(client: stripe.StripeClient) -> None:
    made = [client.v1.refunds.create({"charge": "ch_platform", "amount": 10}).id for _ in range(5)]

    listed = client.v1.refunds.list({"limit": 2}).auto_paging_iter()

    assert [refund.id for refund in listed] == made[::-1]
