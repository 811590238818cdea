"""Measures what lists and the panel consume in a table of few orders, and of many.

The orders go through the importer into a file in place of a table, and the file into a table of
the template's making by DynamoDB's own import: a hundred thousand orders in a few minutes.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/S3DataImport.HowItWorks.html
"""

import gzip
import json
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from functions.find_orders.order_filter import OrderFilter
from functions.find_orders.search_orders import OrderSearch, SearchOrders
from functions.find_orders.show_order import ShowOrder
from functions.import_orders.import_orders import ImportOrders
from functions.import_orders.import_studios import ImportStudios
from infra.local.engine import Aws
from infra.local.stack import Stack
from infra.progress import Progress, Stage
from shared.clock import utc_now
from shared.domain.order import OrderRefundStatus
from shared.edge.auth import Caller, Role
from shared.gateways.connected_accounts import ConnectedAccounts
from shared.gateways.order_import_store import OrderImportStore
from shared.gateways.order_lists import OrderLists
from shared.gateways.order_panels import OrderPanels
from shared.gateways.people import People
from shared.gateways.queues import ChargeQueue
from shared.gateways.records.keys import studio_pk
from shared.gateways.stops_store import StopsStore
from shared.gateways.studio_updates import StudioUpdates
from shared.gateways.studios import Studios
from shared.workflow.current_stops import CurrentStops
from tests.bench.meter import Consumption, Meter
from tests.records import order_record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

    from shared.gateways.records.attributes import Item

FEW = 1_000
MANY = 100_000

NEWEST = "the newest 25"
BY_STATUS = "25 by refund status"
BY_WORD = "25 by a word of a name"
BY_WORDS = "25 by two words"
BY_WORD_AND_STATUS = "25 by a word and refund status"
BY_ID = "one by its order id"
PANEL = "the panel of one"

# All of one length, so that each order is as large as the next.
_FIRST_NAMES = ("Alice", "Bruno", "Celia", "Diego", "Emily")
_SURNAMES = ("Stone", "Moore", "Perez", "Weber")

_STUDIO = "st_bench"
_ORDERS_A_REPORT = 1_000

# What the tables are called while there are none.
_ORDERS, _LEDGER = "orders", "ledger"


@dataclass(frozen=True)
class ListCost:
    """The consumption of each list and of the panel, among a number of orders."""

    orders: int
    steps: Mapping[str, Consumption]


def order_id(number: int) -> str:
    """Return the id of an order; they all have the same length."""
    return f"ord_{number:07d}"


def meter_lists(stack: Stack, counts: tuple[int, ...], progress: Progress) -> Iterator[ListCost]:
    """Measure lists and the panel in one table for each number of orders."""
    for count in counts:
        with progress.stage(f"{count:,} orders") as stage:
            table = fill_table(stack, count, stage)
            yield ListCost(count, _meter(stack, table, count))
            stage.result = "lists and panel metered"
        stack.aws.dynamodb.delete_table(TableName=table)


def _meter(stack: Stack, table: str, count: int) -> dict[str, Consumption]:
    clients = Aws(
        stack.aws.endpoint_url, stack.aws.region
    )  # its own clients, because the meter hooks into them
    meter = Meter(clients.dynamodb, clients.sqs, stack.stripe_url, {table: "orders"})
    find = SearchOrders(OrderLists(clients.dynamodb, table))
    tables = clients.dynamodb, table
    stops = CurrentStops(StopsStore(*tables), utc_now)
    stops.load()  # as in a process that has served a request before
    show = ShowOrder(OrderPanels(*tables), People(*tables), Studios(*tables), stops)
    someone = Caller("bench", _STUDIO, frozenset({Role.OWNER}))

    def page(found: int, query: str | None, status: OrderRefundStatus | None = None) -> Consumption:
        meter.start()
        shown = find(_STUDIO, OrderSearch(query, OrderFilter(status), limit=25, cursor=None))
        if len(shown.orders) != found:
            raise AssertionError(f"{query} found {len(shown.orders)} orders, not {found}")
        return meter.read()

    steps = {
        NEWEST: page(25, None),
        BY_STATUS: page(25, None, OrderRefundStatus.NONE),
        BY_WORD: page(25, "stone"),
        BY_WORDS: page(25, "stone alice"),
        BY_WORD_AND_STATUS: page(25, "stone", OrderRefundStatus.NONE),
        BY_ID: page(1, order_id(count // 2)),
    }
    meter.start()
    show(someone, order_id(count // 2))
    return {**steps, PANEL: meter.read()}


def fill_table(stack: Stack, count: int, stage: Stage) -> str:
    """Create a table like OrdersTable with this many orders of one studio; return its name.

    Raises:
        AssertionError: Some orders were not imported.
    """
    dynamodb = stack.aws.dynamodb
    name = f"many-{count}-{uuid.uuid4().hex[:8]}"
    s3 = stack.aws.session.client("s3", endpoint_url=stack.aws.endpoint_url)
    s3.create_bucket(Bucket=name)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.json.gz"
        written = _write_items(file, count, stage)
        s3.upload_file(str(file), name, file.name)
    like = dynamodb.describe_table(TableName=stack.tables["orders"])["Table"]
    indexes: Any = [
        {part: index[part] for part in ("IndexName", "KeySchema", "Projection")}
        for index in like["GlobalSecondaryIndexes"]
    ]
    task = dynamodb.import_table(
        S3BucketSource={"S3Bucket": name},
        InputFormat="DYNAMODB_JSON",
        InputCompressionType="GZIP",
        TableCreationParameters={
            "TableName": name,
            "AttributeDefinitions": like["AttributeDefinitions"],
            "KeySchema": like["KeySchema"],
            "BillingMode": "PAY_PER_REQUEST",
            "GlobalSecondaryIndexes": indexes,
        },
    )["ImportTableDescription"]
    while task["ImportStatus"] == "IN_PROGRESS":
        stage.progress(f"{task['ProcessedItemCount']:,} of {written:,} items in the table")
        time.sleep(0.5)
        task = dynamodb.describe_import(ImportArn=task["ImportArn"])["ImportTableDescription"]
    if task["ImportStatus"] != "COMPLETED" or task["ImportedItemCount"] != written:
        raise AssertionError(f"{task['ImportedItemCount']} of {written} items went in: {task}")
    s3.delete_object(Bucket=name, Key=file.name)
    s3.delete_bucket(Bucket=name)
    return name


def _write_items(file: Path, count: int, stage: Stage) -> int:
    """Import this many orders into a file; return the number of its items."""
    with gzip.open(file, "wt", compresslevel=1, encoding="utf-8") as lines:
        table = _FileTable(lines.write)
        client = cast("DynamoDBClient", table)
        studios = StudioUpdates(client, _ORDERS)
        accounts = ConnectedAccounts(client, _ORDERS)
        ImportStudios(studios, accounts, utc_now)([json.dumps(_studio())])
        import_orders = ImportOrders(
            studios,
            OrderImportStore(client, _ORDERS),
            ChargeQueue(cast("SQSClient", _NoQueue()), ""),
            utc_now,
        )
        imported = 0
        for numbers in batched(range(count), _ORDERS_A_REPORT, strict=False):
            report = import_orders(json.dumps(_order(number)) for number in numbers)
            imported += report.imported
            stage.progress(f"{imported:,} of {count:,} orders imported into a file")
    if imported != count:
        raise AssertionError(f"{imported} of {count} orders imported")
    return table.written


class _NoQueue:
    """An SQS client that takes every message: no charge is read."""

    def send_message_batch(self, **_: object) -> dict[str, Any]:
        return {}


class _FileTable:
    """The calls of DynamoDB that an import makes. It writes the orders' items to a file."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._studio: dict[tuple[str, str], Item] = {}
        self.written = 0

    def get_item(self, *, Key: Any, **_: object) -> dict[str, Any]:  # noqa: ANN401, N803  # botocore's
        """Return a studio or its ledger head."""
        found = self._studio.get((Key["PK"]["S"], Key["SK"]["S"]))
        return {"Item": found} if found else {}

    def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803  # botocore's
        """Return nothing, because each order is new."""
        return {"Responses": {table: [] for table in RequestItems}}

    def transact_write_items(self, *, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803  # botocore's
        """Keep the studio's items, and write those of orders to the file. Lists read no ledger."""
        for put in (step["Put"] for step in TransactItems):
            item = put["Item"]
            if put["TableName"] == _LEDGER:
                continue
            if item["PK"]["S"] == studio_pk(_STUDIO):
                self._studio[item["PK"]["S"], item["SK"]["S"]] = item
            else:
                self._write(json.dumps({"Item": item}) + "\n")
                self.written += 1


def _studio() -> dict[str, Any]:
    return {
        "studio_id": _STUDIO,
        "name": "Bench Studio",
        "timezone": "America/Chicago",
        "currency": "usd",
        "rev_share_bps": 1500,
        "from_address": "orders@studio.example",
        "negative_balance_limit": 0,
    }


def _order(number: int) -> dict[str, Any]:
    first, surname = _FIRST_NAMES[number % 5], _SURNAMES[number // 5 % 4]
    minute, hour, day = number % 60, number // 60 % 24, number // 1440
    return order_record(
        f"{number:07d}",
        _STUDIO,
        placed_at=f"2026-{1 + day // 28:02}-{1 + day % 28:02}T{hour:02}:{minute:02}:00Z",
        parent={"name": f"{first} {surname}", "email": "parent@mail.example"},
        subjects=[{"subject_id": "sub_1", "name": f"Oscar {surname}"}],
    )
