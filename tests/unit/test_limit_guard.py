"""The guard of a studio's negative limit: which orders have refunds in flight."""

import pytest

from shared.domain.limit_guard import MOST_ORDERS, GuardFullError, LimitGuard
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.limit_guard import guard_from_values, guard_to_item


def test_a_guard_keeps_the_orders_in_flight_and_the_new_one() -> None:
    guard = LimitGuard("st_1", ("ord_1", "ord_2"), 7)
    assert guard.with_order("ord_3", ["ord_2"]) == LimitGuard("st_1", ("ord_2", "ord_3"), 7)
    assert guard.with_order("ord_1", []) == LimitGuard("st_1", ("ord_1",), 7)


def test_a_guard_does_not_grow_without_end() -> None:
    many = [f"ord_{number}" for number in range(MOST_ORDERS)]
    LimitGuard("st_1").with_order(many[0], many)
    with pytest.raises(GuardFullError):
        LimitGuard("st_1").with_order("ord_more", many)


@pytest.mark.parametrize("order_ids", [(), ("ord_1", "ord_2")])
def test_a_guard_comes_back_as_it_was_stored(order_ids: tuple[str, ...]) -> None:
    guard = LimitGuard("st_1", order_ids, 3)
    assert guard_from_values(unmarshal(guard_to_item(guard))) == guard
