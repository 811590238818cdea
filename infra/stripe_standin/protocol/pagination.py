"""Pages of lists, see https://stripe.com/docs/api/pagination."""

from collections.abc import Callable, Iterator
from itertools import islice

from infra.stripe_standin.protocol.errors import StripeError
from infra.stripe_standin.protocol.operation import ApiCall
from infra.stripe_standin.protocol.params import ListParams
from infra.stripe_standin.records.base import JsonObject, StripeRecord
from infra.stripe_standin.store import Collection, Timeline


def list_page[P: ListParams, R: StripeRecord](
    call: ApiCall[P],
    collection: Collection[R],
    render: Callable[[R], JsonObject],
    *,
    timeline: Timeline[R] | None = None,
    keep: Callable[[R], bool] = lambda _: True,
) -> JsonObject:
    """Return the page of the account's list that the cursor points at, newest first.

    Args:
        call: The call with its filters, limit and cursor.
        collection: The records of the list. The cursor names one of them.
        render: Renders one record.
        timeline: A part of the collection to list; None lists all records of the account.
        keep: A filter besides those of the parameters.

    Raises:
        StripeError: If a cursor names no object of the account, or both cursors are given.
    """
    params = call.params
    if params.starting_after is not None and params.ending_before is not None:
        raise StripeError(
            400,
            "Received both ending_before and starting_after parameters. Please pass in only one.",
        )
    if timeline is None:
        timeline = collection.of_account(call.account)
    selected = (
        record
        for record in _records_from_cursor(call, collection, timeline)
        if record.account == call.account and params.select(record) and keep(record)
    )
    records = list(islice(selected, params.limit + 1))
    page = records[: params.limit]
    if params.ending_before is not None:
        page.reverse()
    return {
        "object": "list",
        "data": [render(record) for record in page],
        "has_more": len(records) > params.limit,
        "url": call.path,
    }


def _records_from_cursor[P: ListParams, R: StripeRecord](
    call: ApiCall[P], collection: Collection[R], timeline: Timeline[R]
) -> Iterator[R]:
    params = call.params

    def find(cursor: str, param: str) -> R:
        return collection.find(cursor, call.account, param=param, status=400)

    if params.starting_after is not None:
        newer = find(params.starting_after, "starting_after")
        return timeline.newest_first(before=collection.position(newer))
    if params.ending_before is not None:
        older = find(params.ending_before, "ending_before")
        return timeline.oldest_first(after=collection.position(older))
    return timeline.newest_first()
