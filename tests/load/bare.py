"""The engine's own rate of transactions, to compare a load with."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import primary_key
from shared.gateways.table import Table

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# A settlement writes this many items of about this size.
_ITEMS = 4
_PADDING = "x" * 600


@dataclass(frozen=True)
class BareRate:
    """The engine's rate without any other work.

    Attributes:
        per_second: Transactions of four conditional puts, with as many clients as the load has.
        seconds: The median duration of one transaction without concurrency.
    """

    per_second: float
    seconds: float


def measure(dynamodb: "DynamoDBClient", table: str, clients: int, name: str) -> BareRate:
    """Measure the engine's rate of transactions.

    Args:
        dynamodb: A client that threads may share.
        table: A table with the keys PK and SK. The items stay there.
        clients: The number of concurrent clients.
        name: A prefix that keeps the items of measurements apart.
    """
    written = Table(dynamodb, table)

    def transaction(number: int) -> float:
        began = time.perf_counter()
        written.write(
            *(
                written.new(
                    primary_key(f"BARE#{name}#{number}", f"ITEM#{each}")
                    | marshal({"padding": _PADDING})
                )
                for each in range(_ITEMS)
            )
        )
        return time.perf_counter() - began

    alone = [transaction(number) for number in range(30)]
    count = 100 * clients
    with ThreadPoolExecutor(clients) as pool:
        began = time.perf_counter()
        list(pool.map(transaction, range(1000, 1000 + count)))
        return BareRate(count / (time.perf_counter() - began), median(alone))
