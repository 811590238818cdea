"""What several kinds of objects show in the same way."""

from collections.abc import Iterator
from itertools import islice

from infra.stripe_standin.records.base import JsonObject

# The platform's own id as a Connect application.
APPLICATION = "ca_standin"
_EMBEDDED_PAGE_SIZE = 10


def embedded_list(items: Iterator[JsonObject], url: str) -> JsonObject:
    """Return the first page of a list that is part of another object."""
    page = list(islice(items, _EMBEDDED_PAGE_SIZE + 1))
    return {
        "object": "list",
        "data": page[:_EMBEDDED_PAGE_SIZE],
        "has_more": len(page) > _EMBEDDED_PAGE_SIZE,
        "url": url,
    }
