"""The print queue on real tables: what it shows, its pages and cursors."""

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from shared.domain.errors import CursorError
from shared.domain.fulfillment import Step
from shared.domain.order import FulfillmentStatus
from shared.edge.cursor import cursor_for
from shared.gateways.people import People
from shared.gateways.records.order_state import state_to_item
from tests.integration.print_station import PrintStation

if TYPE_CHECKING:
    from functions.print_station.show_queue import QueueStatus

pytestmark = pytest.mark.stack


def test_the_queue_shows_what_an_operator_needs_and_no_more(station: PrintStation) -> None:
    order_id = station.sell("claimed", shipping_amount=500, total_amount=10_500)
    (job,) = station.page().items
    assert job.model_dump() == {
        "order_id": order_id,
        "placed_at": "2026-09-20T17:10:00.000Z",
        "status": "claimed",
        "claimed_by": "op_0",
        "claimed_by_name": "op_0",
        "claimed_at": None,
        "mine": True,
        "refund_status": "none",
        "photo_day": {"photo_day_id": "pd_1", "name": "Fall"},
        "subjects": [{"subject_id": "sub_1", "name": "Kai Parent"}],
        "lines": [
            {
                "line_id": line_id,
                "product": "Print",
                "sku": "PRT",
                "quantity": quantity,
                "subject_id": "sub_1",
            }
            for line_id, quantity in (("li_1", 3), ("li_2", 1))
        ],
    }


def test_queued_claimed_and_printed_orders_are_in_the_queue_oldest_first(
    station: PrintStation,
) -> None:
    days = {"printed": 4, "none": 1, "queued": 3, "shipped": 2, "claimed": 1, "canceled": 5}
    orders = {
        status: station.sell(status, placed_at=f"2026-09-0{day}T10:00:00Z")
        for status, day in days.items()
    }
    expected = [orders[status] for status in ("claimed", "queued", "printed")]
    assert [job.order_id for job in station.page().items] == expected
    filters: tuple[QueueStatus, ...] = ("queued", "claimed", "printed")
    for status in filters:
        page = station.page(status=status)
        assert [job.order_id for job in page.items] == [orders[status]]
        assert page.counts.model_dump() == {"queued": 1, "claimed": 1, "printed": 1}


def test_a_claim_shows_who_made_it_and_when(station: PrintStation) -> None:
    ours, theirs, nobodys = (station.sell(placed_at=f"2026-09-0{n}T10:00:00Z") for n in (1, 2, 3))
    station.step(ours, Step.CLAIM, operator=0)
    station.step(theirs, Step.CLAIM, operator=1)
    backend = station.backend
    People(backend.dynamodb, backend.orders_table).record_name(backend.studio_id, "op_1", "Otto P.")
    page = station.page()
    shown = {job.order_id: (job.mine, job.claimed_by_name) for job in page.items}
    assert shown == {ours: (True, "op_0"), theirs: (False, "Otto P."), nobodys: (False, None)}
    at = {job.order_id: job.claimed_at for job in page.items}
    assert at[ours] == backend.record(ours).state.fulfillment_history[-1].at
    assert at[nobodys] is None
    assert page.counts.model_dump() == {"queued": 1, "claimed": 2, "printed": 0}
    station.step(ours, Step.PRINT)
    station.step(nobodys, Step.CANCEL)
    assert station.page().counts.model_dump() == {"queued": 0, "claimed": 1, "printed": 1}


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7])
def test_pages_show_each_job_once(station: PrintStation, limit: int) -> None:
    times = [f"2026-09-0{1 + number // 2}T10:00:00Z" for number in range(6)]
    sold = [station.sell(placed_at=placed_at) for placed_at in times]
    seen: list[str] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = station.page(limit, cursor)
        assert len(page.items) <= limit
        seen += [job.order_id for job in page.items]
        cursor, pages = page.next_cursor, pages + 1
    assert sorted(seen) == sorted(sold)
    assert pages == -(-len(sold) // limit)


def test_the_next_page_continues_even_when_the_jobs_before_it_have_left(
    station: PrintStation,
) -> None:
    sold = [station.sell(placed_at=f"2026-09-0{day}T10:00:00Z") for day in range(1, 5)]
    first = station.page(2)
    for order_id in sold[:3]:
        station.step(order_id, Step.CANCEL)
    assert [job.order_id for job in station.page(2, first.next_cursor).items] == sold[3:]


def test_a_job_that_left_the_queue_is_not_shown_while_the_index_lags(station: PrintStation) -> None:
    gone, there = station.sell(), station.sell()
    state = station.backend.record(gone).state
    stale = state_to_item(replace(state, version=state.version + 1))
    left = state_to_item(
        replace(state, version=state.version + 1, fulfillment_status=FulfillmentStatus.CANCELED)
    )
    # As if the index lagged: the item is canceled and still carries the index's keys.
    station.backend.dynamodb.put_item(
        TableName=station.backend.orders_table, Item=left | {"print_pk": stale["print_pk"]}
    )
    assert [job.order_id for job in station.page().items] == [there]


def test_a_cursor_works_for_one_studio_and_one_filter(station: PrintStation) -> None:
    cursor = cursor_for(["2026"], "print_queue", station.backend.studio_id, None)
    station.sell()
    assert len(station.page(1, cursor).items) == 1
    with pytest.raises(CursorError):
        station.page(1, cursor, "queued")
    with pytest.raises(CursorError):
        station.page(1, cursor_for(["2026"], "print_queue", "st_other", None))


@pytest.mark.parametrize("position", ['""', '"\\ud800"', "1", "null", '"a","b"', "[]"])
def test_a_cursor_with_an_impossible_key_is_refused(station: PrintStation, position: str) -> None:
    known = cursor_for(["x"], "print_queue", station.backend.studio_id, None)
    text = base64.urlsafe_b64decode(known + "=" * (-len(known) % 4))
    made_up = base64.urlsafe_b64encode(text.replace(b'"x"', position.encode())).decode().rstrip("=")
    assert made_up != known
    with pytest.raises(CursorError):
        station.page(1, made_up)
