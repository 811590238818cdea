"""A filter of the list of orders matches exactly what it names, and a cursor knows it."""

from dataclasses import replace

import pytest

from functions.find_orders.order_filter import DisputeFilter, OrderFilter
from shared.domain.dispute import Dispute
from shared.domain.imported_order import ChargeIds, ImportedOrder, Parent, PhotoDay
from shared.domain.order import FulfillmentStatus, OrderRefundStatus
from shared.gateways.order_lists import TimeRange
from tests.unit.orders import AT, hundred_dollars

STATE = hundred_dollars().state
IMPORTED = ImportedOrder(
    order_id="ord_1",
    subjects=(),
    photo_day=PhotoDay("pd_1", "Höhe Spring Day"),
    products=(),
    shipping_amount=0,
    shipping_tax_amount=0,
    charge=ChargeIds("ch_1"),
    studio_id="st_1",
    placed_at=AT,
    currency="usd",
    parent=Parent("Dana"),
    total_amount=10_000,
    rev_share_amount=0,
    stripe_fee_amount=0,
)


def dispute(status: str) -> Dispute:
    return Dispute(f"dp_{status}", status, 100, is_charge_refundable=False, created_at=AT)


@pytest.mark.parametrize(
    ("statuses", "matching"),
    [
        ((), {DisputeFilter.NONE}),
        (("needs_response",), {DisputeFilter.OPEN, DisputeFilter.ANY}),
        (("warning_needs_response",), {DisputeFilter.OPEN, DisputeFilter.ANY}),
        (("a_new_word",), {DisputeFilter.OPEN, DisputeFilter.ANY}),
        (("lost",), {DisputeFilter.LOST, DisputeFilter.ANY}),
        (("won",), {DisputeFilter.WON, DisputeFilter.ANY}),
        (("lost", "won"), {DisputeFilter.LOST, DisputeFilter.WON, DisputeFilter.ANY}),
    ],
)
def test_an_order_matches_by_each_of_its_disputes(
    statuses: tuple[str, ...], matching: set[DisputeFilter]
) -> None:
    state = replace(STATE, disputes=tuple(map(dispute, statuses)))
    found = {each for each in DisputeFilter if OrderFilter(dispute=each).matches(IMPORTED, state)}
    assert found == matching


@pytest.mark.parametrize(
    ("photo_day", "matches"),
    [("pd_1", True), ("spring", True), ("HOHE", True), (" day ", True), ("fall", False)],
)
def test_a_photo_day_is_found_by_its_id_or_a_part_of_its_name(
    *, photo_day: str, matches: bool
) -> None:
    wanted = OrderFilter(photo_day=photo_day)
    assert wanted.matches(IMPORTED, STATE) is matches
    assert not wanted.matches(replace(IMPORTED, photo_day=None), STATE)


@pytest.mark.parametrize(
    ("start", "end", "matches"),
    [
        (AT, "2027", True),
        ("2026", AT, False),  # the end is the first moment after the range
        ("2026", "2027", True),
        ("2027", "2028", False),
    ],
)
def test_a_range_of_time_has_its_start_and_not_its_end(
    *, start: str, end: str, matches: bool
) -> None:
    assert OrderFilter(placed=TimeRange(start, end)).matches(IMPORTED, STATE) is matches


def test_every_part_of_a_filter_changes_its_cursors() -> None:
    filters = [
        OrderFilter(),
        OrderFilter(OrderRefundStatus.NONE),
        OrderFilter(print_status=FulfillmentStatus.NONE),
        OrderFilter(photo_day="none"),
        OrderFilter(dispute=DisputeFilter.NONE),
        OrderFilter(placed=TimeRange("none", "none")),
    ]
    assert len({each.scope for each in filters}) == len(filters)
    assert OrderFilter().matches(IMPORTED, STATE)
