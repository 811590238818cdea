"""A repeated import changes nothing: the real gateways on tables in memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import pytest

from functions.import_orders import import_orders
from functions.import_orders.import_lines import ImportReport
from functions.import_orders.import_orders import ImportOrders
from functions.import_orders.import_studios import ImportStudios
from shared.domain.imported_order import ImportedOrder
from shared.gateways.connected_accounts import ConnectedAccounts
from shared.gateways.order_import_store import OrderImportStore, OrderSize, order_size
from shared.gateways.queues import ChargeQueue
from shared.gateways.records.keys import STATE_SK
from shared.gateways.studio_updates import StudioUpdates

from .test_import_formats import drop, order, put, studio
from .test_import_taxes import taxed_order

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

AT = datetime(2026, 10, 14, 17, 4, tzinfo=UTC)


class InMemoryTables:
    """The calls of DynamoDB's client that an import makes. Every condition is assumed to hold."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str, str], Mapping[str, Any]] = {}

    def get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # boto3's own looseness
        item = self._read(asked["TableName"], asked["Key"])
        return {"Item": item} if item else {}

    def batch_get_item(self, **asked: Any) -> dict[str, Any]:  # noqa: ANN401  # the same
        found = {
            table: [item for key in wanted["Keys"] if (item := self._read(table, key))]
            for table, wanted in asked["RequestItems"].items()
        }
        return {"Responses": found}

    def put_item(self, **put: Any) -> None:  # noqa: ANN401  # the same
        self.transact_write_items(TransactItems=[{"Put": put}])

    def transact_write_items(self, **asked: Any) -> None:  # noqa: ANN401  # the same
        for step in asked["TransactItems"]:
            item = step["Put"]["Item"]
            self.items[step["Put"]["TableName"], item["PK"]["S"], item["SK"]["S"]] = item

    def _read(self, table: str, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return self.items.get((table, key["PK"]["S"], key["SK"]["S"]))


@pytest.fixture
def tables() -> InMemoryTables:
    return InMemoryTables()


class _NoQueue:
    """An SQS client that takes every message."""

    def send_message_batch(self, **_: object) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class Importer:
    """Imports into the tables, as the function does."""

    import_studios: ImportStudios
    import_orders: ImportOrders


def importer_of(tables: InMemoryTables) -> Importer:
    """Return an importer into the tables, with one studio."""
    client = cast("DynamoDBClient", tables)
    studios = StudioUpdates(client, "orders")
    orders = OrderImportStore(client, "orders")
    importer = Importer(
        ImportStudios(studios, ConnectedAccounts(client, "orders"), lambda: AT),
        ImportOrders(studios, orders, ChargeQueue(cast("SQSClient", _NoQueue()), ""), lambda: AT),
    )
    line = json.dumps(studio() | {"stripe_account_id": "acct_1"})
    assert importer.import_studios([line]) == ImportReport(imported=1)
    return importer


@pytest.fixture
def records(tables: InMemoryTables) -> Importer:
    return importer_of(tables)


@pytest.mark.parametrize(
    "record",
    [
        order(),
        drop(order(), ("photo_day",)),
        put(order(), ("photo_day",), None),
        put(order(), ("parent", "email"), None),
        put(order(), ("stripe", "charge_id"), None),
        taxed_order(),
    ],
    ids=["complete", "no photo day", "photo day null", "no email", "not charged", "with taxes"],
)
def test_an_order_imported_again_is_unchanged(
    tables: InMemoryTables, records: Importer, record: dict[str, Any]
) -> None:
    lines = [json.dumps(record)]
    assert records.import_orders(lines) == ImportReport(imported=1)
    before = dict(tables.items)
    assert records.import_orders(lines) == ImportReport(unchanged=1)
    assert tables.items == before


def test_an_order_without_parts_of_tax_stores_none(
    tables: InMemoryTables, records: Importer
) -> None:
    records.import_orders([json.dumps(order())])
    assert "taxes" not in str(tables.items)
    assert "tax_parts" not in str(tables.items)


def test_an_order_that_is_no_sale_yet_can_gain_the_parts_of_its_tax(
    tables: InMemoryTables, records: Importer
) -> None:
    records.import_orders([json.dumps(order())])
    assert records.import_orders([json.dumps(taxed_order())]) == ImportReport(updated=1)
    corrected = dict(tables.items)
    assert records.import_orders([json.dumps(taxed_order())]) == ImportReport(unchanged=1)
    assert tables.items == corrected
    (state,) = (item for (_, _, sk), item in tables.items.items() if sk == STATE_SK)
    assert state["tax_parts"]["L"][0]["L"][:2] == [{"S": "US-IL"}, {"S": "6.25"}]


@pytest.mark.parametrize(
    "more", [{}, {"payout_schedule": {"interval": "daily"}}, {"payout_account_id": None}]
)
def test_a_studio_imported_again_is_unchanged(
    tables: InMemoryTables, records: Importer, more: dict[str, Any]
) -> None:
    lines = [json.dumps(studio() | {"studio_id": "st_2"} | more)]
    assert records.import_studios(lines) == ImportReport(imported=1)
    before = dict(tables.items)
    assert records.import_studios(lines) == ImportReport(unchanged=1)
    assert tables.items == before


@pytest.mark.parametrize(
    "other", [{"currency": "eur"}, {"timezone": "Asia/Tokyo"}, {"stripe_account_id": "acct_2"}]
)
@pytest.mark.parametrize("update", [True, False])
def test_settings_that_the_books_depend_on_are_never_updated(
    tables: InMemoryTables, records: Importer, other: dict[str, Any], *, update: bool
) -> None:
    before = dict(tables.items)
    line = json.dumps(studio() | {"stripe_account_id": "acct_1"} | other)
    report = records.import_studios([line], update=update)
    assert report.updated == 0
    assert report.refused[0]["reason"].endswith(f"{next(iter(other))} cannot be changed")
    assert tables.items == before


def test_an_order_twice_in_one_file_is_imported_once(records: Importer) -> None:
    lines = [json.dumps(order())] * 2
    assert records.import_orders(lines) == ImportReport(imported=1, unchanged=1)


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (put(order(), ("studio_id",), "st_9"), "import it first"),
        (put(order(), ("currency",), "eur"), "currency"),
        (put(order(), ("stripe", "account_id"), "acct_2"), "account_id"),
        (put(order(), ("fulfillment", "status"), "shipped"), "other content"),
        (put(order(), ("order_id",), "ord_2"), "used already"),
    ],
)
def test_an_order_that_contradicts_the_stored_one_is_refused_and_changes_nothing(
    tables: InMemoryTables, records: Importer, record: dict[str, Any], reason: str
) -> None:
    records.import_orders([json.dumps(order())])
    before = dict(tables.items)
    report = records.import_orders(["", json.dumps(record)])
    assert (report.imported, report.unchanged) == (0, 0)
    assert [refusal["line"] for refusal in report.refused] == [2]
    assert reason in report.refused[0]["reason"]
    assert tables.items == before


@pytest.mark.parametrize(
    ("email", "reason"),
    [
        ("bücher@mail.example", "the part before the @ has other letters than a-z"),
        ("dana@[192.0.2.1]", "the part after the @ is not a domain"),
        (f"{'d' * 65}@mail.example", "the part before the @ has more than 64 characters"),
    ],
)
def test_an_order_whose_parent_cannot_get_mail_is_imported_and_reported(
    records: Importer, email: str, reason: str
) -> None:
    bad = put(order(), ("parent", "email"), email)
    report = records.import_orders(["", json.dumps(bad)])
    assert (report.imported, report.refused) == (1, [])
    (unmailable,) = report.unmailable
    assert unmailable["line"] == 2
    assert unmailable["reason"].startswith(f"parent.email: {reason}")
    assert email not in unmailable["reason"]


def test_a_refused_order_is_not_reported_as_one_without_mail(records: Importer) -> None:
    bad = put(order(), ("parent", "email"), "bücher@mail.example") | {"studio_id": "st_9"}
    report = records.import_orders([json.dumps(bad)])
    assert [each["line"] for each in report.refused] == [1]
    assert report.unmailable == []


def test_addresses_at_domains_in_other_letters_are_imported_as_written(
    tables: InMemoryTables, records: Importer
) -> None:
    line = json.dumps(
        studio() | {"studio_id": "st_2", "from_address": "info@fotostudio-müller.example"}
    )
    assert records.import_studios([line]) == ImportReport(imported=1)
    record = put(order(), ("parent", "email"), "anna@bücher.example")
    assert records.import_orders([json.dumps(record)]) == ImportReport(imported=1)
    stored = json.dumps(list(tables.items.values()), ensure_ascii=False)
    assert "anna@bücher.example" in stored
    assert "info@fotostudio-müller.example" in stored


def test_orders_around_a_date_at_the_edge_of_the_calendar_are_imported(records: Importer) -> None:
    lines = [
        json.dumps(order()),
        json.dumps(order() | {"order_id": "ord_2", "placed_at": "0001-01-01T00:00:00+01:00"}),
        json.dumps(put(order() | {"order_id": "ord_3"}, ("stripe",), {"charge_id": None})),
    ]
    report = records.import_orders(lines)
    assert report.imported == 2
    assert [each["line"] for each in report.refused] == [2]


def test_a_fault_in_one_order_does_not_keep_the_others_from_being_imported(
    records: Importer, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = order_size

    def faulty(imported: ImportedOrder, *more: Any) -> OrderSize:  # noqa: ANN401  # passed on
        if imported.order_id == "ord_2":
            raise OverflowError("date value out of range")
        return real(imported, *more)

    monkeypatch.setattr(import_orders, "order_size", faulty)
    free = put(order(), ("stripe",), {"charge_id": None})
    lines = [json.dumps(free | {"order_id": f"ord_{number}"}) for number in (1, 2, 3)]
    report = records.import_orders(lines)
    assert report.imported == 2
    assert [each["line"] for each in report.refused] == [2]
