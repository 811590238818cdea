"""Pages of lists, see https://stripe.com/docs/api/pagination."""

from collections.abc import Callable, Iterator
from itertools import islice

from infra.stripe_standin.errors import StripeError
from infra.stripe_standin.params import ListParams
from infra.stripe_standin.records import Json, Record
from infra.stripe_standin.store import Chronicle, Collection


def list_page[R: Record](  # noqa: PLR0913 - what a list is made of
    collection: Collection[R],
    chronicle: Chronicle[R],
    params: ListParams,
    *,
    account: str | None,
    url: str,
    keep: Callable[[R], bool],
    render: Callable[[R], Json],
) -> Json:
    """Return the page of a list that the cursors point at, newest first.

    Args:
        collection: Where the cursor's object is looked up.
        chronicle: What is listed.
        params: Limit and cursors.
        account: Whose list it is.
        url: Of the list.
        keep: Tells what the filters let through.
        render: Renders one item.

    Raises:
        StripeError: If a cursor names no object of the account, or both are given.
    """
    if params.starting_after is not None and params.ending_before is not None:
        raise StripeError(
            400,
            "Received both ending_before and starting_after parameters. Please pass in only one.",
        )
    records = _after_cursor(collection, chronicle, params, account)
    page = list(islice((record for record in records if keep(record)), params.limit + 1))
    has_more = len(page) > params.limit
    page = page[: params.limit]
    if params.ending_before is not None:
        page.reverse()
    return {
        "object": "list",
        "data": [render(record) for record in page],
        "has_more": has_more,
        "url": url,
    }


def _after_cursor[R: Record](
    collection: Collection[R], chronicle: Chronicle[R], params: ListParams, account: str | None
) -> Iterator[R]:
    if params.starting_after is not None:
        cursor = collection.find(params.starting_after, account, param="starting_after", status=400)
        return chronicle.newest_first(before=collection.position(cursor))
    if params.ending_before is not None:
        cursor = collection.find(params.ending_before, account, param="ending_before", status=400)
        return chronicle.oldest_first(after=collection.position(cursor))
    return chronicle.newest_first()
