"""Two studios that both have order 1001: each sees, refunds and settles its own."""

import json

import pytest

from functions.attention.list_attention import ListAttention
from functions.find_orders.order_filter import OrderFilter
from functions.find_orders.search_orders import OrderSearch, SearchOrders
from shared.domain.errors import OrderNotFoundError
from shared.domain.refund import RefundStatus
from shared.gateways.attention import Attention
from shared.gateways.order_lists import OrderLists
from tests.integration.backend import Backend, MakeBackend
from tests.integration.order_search import show_order

pytestmark = pytest.mark.stack

ID = "1001"


@pytest.fixture
def studios(make_backend: MakeBackend) -> tuple[Backend, Backend]:
    """Two studios in the same tables: one charged by PPS, one on its own Stripe account."""
    first = make_backend()
    return first, make_backend(neighbor=first, direct=True)


def sell_1001(backend: Backend, parent: str) -> None:
    assert backend.sell(order_id=ID, parent={"name": parent, "email": "a@mail.example"}) == ID


@pytest.fixture
def both_sold(studios: tuple[Backend, Backend]) -> tuple[Backend, Backend]:
    """The two studios, each with its own order 1001."""
    first, second = studios
    sell_1001(first, "Dana Whitfield")
    sell_1001(second, "Robin Sato")
    return studios


def found(backend: Backend, query: str | None) -> list[str]:
    search = SearchOrders(OrderLists(backend.dynamodb, backend.orders_table))
    page = search(backend.studio_id, OrderSearch(query, OrderFilter(), 25, None))
    return [order.imported.parent.name or "" for order in page.orders]


def test_each_studio_imports_its_own_and_learns_nothing_of_the_other(
    studios: tuple[Backend, Backend],
) -> None:
    first, second = studios
    sell_1001(first, "Dana Whitfield")
    # Another order of the same id is new to this studio: neither known nor in the way.
    record = second.order(order_id=ID)
    report = second.import_orders([json.dumps(record)])
    assert (report.imported, report.unchanged, report.refused) == (1, 0, [])
    again = first.import_orders([json.dumps(first.order(order_id=ID))])
    assert [each["reason"] for each in again.refused] == ["order 1001 exists with other content"]


def test_each_studio_finds_and_opens_its_own(both_sold: tuple[Backend, Backend]) -> None:
    first, second = both_sold
    for backend, name in ((first, "Dana Whitfield"), (second, "Robin Sato")):
        for query in (None, ID, name.split()[0]):
            assert found(backend, query) == [name]
        assert show_order(backend)(backend.caller, ID).panel.record.imported.parent.name == name
    assert found(first, "Robin") == []


def test_the_same_key_makes_two_refunds_that_settle_apart(
    both_sold: tuple[Backend, Backend],
) -> None:
    first, second = both_sold
    ours, theirs = first.refund(ID, key="k"), second.refund(ID, 2_500, key="k")
    assert ours.refund_id != theirs.refund_id
    first.settle_all()
    assert first.current(ours).status is RefundStatus.SETTLED
    assert second.current(theirs).status is RefundStatus.PENDING
    assert second.record(ID).state.settled_amount == 0
    second.settle_all()
    assert second.current(theirs).status is RefundStatus.SETTLED
    # The direct charge's rev share went back as a fee refund of the second studio's order.
    fee = second.fee_refunds.get(second.key(ID))
    assert fee is not None
    assert fee.refunded_amount == 375
    assert first.fee_refunds.get(first.key(ID)) is None
    for backend, amount in ((first, 10_000), (second, 2_500)):
        assert backend.record(ID).state.settled_amount == amount
        assert [entry["kind"] for entry in backend.entries()] == ["sale", "refund"]
        assert backend.verify() is None


def test_what_is_interrupted_is_resumed_for_the_right_studio(
    both_sold: tuple[Backend, Backend],
) -> None:
    first, second = both_sold
    ours, theirs = first.refund(ID), second.refund(ID)
    # No webhook arrives. Scheduled work asks Stripe about both.
    for backend in both_sold:
        backend.come_to_rest()
    assert first.current(ours).status is RefundStatus.SETTLED
    assert second.current(theirs).status is RefundStatus.SETTLED
    assert first.record(ID).refunds.keys() == {ours.refund_id}
    assert second.record(ID).refunds.keys() == {theirs.refund_id}


def test_an_external_refund_goes_to_the_studio_of_its_charge(
    both_sold: tuple[Backend, Backend],
) -> None:
    first, second = both_sold
    first.stripe_refund(ID, 700, **{"metadata[order_id]": ID, "metadata[studio_id]": "st_other"})
    first.settle_all()
    second.settle_all()
    assert first.record(ID).state.settled_amount == 700
    assert second.record(ID).state.settled_amount == 0


def test_attention_names_only_the_studio_whose_refund_failed(
    both_sold: tuple[Backend, Backend],
) -> None:
    first, second = both_sold
    first.refund(ID, 4_000)
    second.refund(ID, 4_000)
    first.control("refunds/" + str(first.stripe_refunds(ID)[0]["id"]), status="failed")
    first.settle_all()
    second.settle_all()

    def kinds(backend: Backend) -> list[str]:
        attention = Attention(backend.dynamodb, backend.orders_table)
        listed = ListAttention(attention, backend.clock)(backend.studio_id)
        return [f"{each.kind} {each.order_id}" for each in listed]

    assert kinds(first) == [f"refund_failed {ID}"]
    assert kinds(second) == []


def test_an_id_that_only_another_studio_has_is_not_there(
    studios: tuple[Backend, Backend],
) -> None:
    first, second = studios
    sell_1001(first, "Dana Whitfield")
    with pytest.raises(OrderNotFoundError) as of_another:
        second.refund(ID)
    with pytest.raises(OrderNotFoundError) as of_nobody:
        second.refund("2002")
    assert of_another.value.detail == of_nobody.value.detail
