"""Each stored item says by which version of the code's rules it is stored, but a ledger's entry."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.gateways.ledger_entries import read_contents
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import primary_key
from shared.gateways.records.ledger import entry_to_item
from shared.gateways.records.schema import SCHEMA, NewerItemError
from shared.gateways.table import Table

from .payout_ledgers import ledger

KEY = primary_key("STUDIO#st_1", "STUDIO")
ITEM = KEY | marshal({"version": 3})


class _OneItem:
    """A table that has one item, and answers it to every read."""

    def __init__(self, **more: Any) -> None:  # noqa: ANN401  # values of the item
        self._items = [ITEM | marshal(more)]

    def get_item(self, **_: object) -> dict[str, Any]:
        return {"Item": self._items[0]}

    def query(self, **_: object) -> dict[str, Any]:
        return {"Items": self._items}

    scan = query

    def batch_get_item(self, **_: object) -> dict[str, Any]:
        return {"Responses": {"orders": self._items}}


def table(**more: Any) -> Table:  # noqa: ANN401  # values of its item
    return Table(_OneItem(**more), "orders")  # type: ignore[arg-type]  # the calls it needs


READS: dict[str, Callable[[Table], object]] = {
    "get": lambda each: each.get("STUDIO#st_1", "STUDIO"),
    "query": lambda each: list(each.query("PK = :pk", {":pk": "STUDIO#st_1"})),
    "scan": lambda each: list(each.scan("SK = :sk", {":sk": "STUDIO"}, 0, 1)),
    "batch": lambda each: list(each.batch_get([KEY], consistent=True)),
}


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_an_item_that_newer_code_stored_is_refused_and_names_itself(
    read: Callable[[Table], object],
) -> None:
    with pytest.raises(NewerItemError, match=f"st_1 STUDIO has schema {SCHEMA + 1}"):
        read(table(schema=SCHEMA + 1))


@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_an_item_of_before_reads_like_one_of_today(read: Callable[[Table], object]) -> None:
    of_before, of_today = read(table()), read(table(schema=SCHEMA))
    assert of_before == of_today
    assert "schema" not in str(of_today)


def test_every_put_says_its_version() -> None:
    orders = table()
    steps: list[Any] = [
        *(orders.new(ITEM), orders.existing(ITEM), orders.guarded(ITEM)),
        *(orders.replacing(ITEM, 3), orders.when("seq = :seen", 3, ITEM)),
    ]
    assert [step["Put"]["Item"] for step in steps] == [ITEM | marshal({"schema": SCHEMA})] * 5


def test_an_entry_is_stored_exactly_as_it_is_hashed() -> None:
    (entry, *_), _ = ledger(100)
    step: Any = table().new_entry(entry_to_item(entry))
    assert "schema" not in step["Put"]["Item"]
    stored = type("Ledger", (), {"query": lambda *_, **__: {"Items": [step["Put"]["Item"]]}})()
    (content,) = read_contents(stored, "ledger", entry.studio_id)
    assert content == entry.content()
