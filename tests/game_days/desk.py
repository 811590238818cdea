"""The desk of a game day: it tells the story, runs the operator command, and checks the books."""

import json
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from infra.failure import Failure
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack
from tests.local_http import HTTP

# Longer than a process keeps what it read.
_STOP_HOLDS_AFTER_SECONDS = 32

BY = ("--by", "game_day", "--why", "a game day")

type Json = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """What an operation printed, and its exit status."""

    status: int
    output: str


@dataclass
class Desk:
    """A game day's view of the stack.

    Args:
        world: The running stack.
        run: Runs the operator command with some arguments.
        tell: Prints a line.
    """

    world: DeployedStack
    run: Callable[[tuple[str, ...]], Ran]
    tell: Callable[[str], None]
    charges: dict[str, str] = field(default_factory=dict)

    # The story.

    def happens(self, text: str) -> None:
        """Say what goes wrong."""
        self.tell(f"\n✗ {text}")

    def look(self, text: str) -> None:
        """Say what to look at."""
        self.tell(f"→ {text}")

    def mend(self, text: str) -> None:
        """Say what mends it."""
        self.tell(f"✓ {text}")

    def operate(self, *arguments: str, status: int = 0) -> str:
        """Run an operation, show it with its output, and check its exit status.

        Raises:
            Failure: It ended otherwise.
        """
        self.tell(f"  $ python -m infra.operate {shlex.join(arguments)}")
        ran = self.run(arguments)
        for line in ran.output.strip().splitlines():
            self.tell(f"    {line}")
        if ran.status != status:
            raise Failure(f"`{' '.join(arguments)}` exited {ran.status}, not {status}.")
        return ran.output

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Check one fact of the day, and show it.

        Raises:
            Failure: It is another.
        """
        self.tell(f"    {what}: {found}")
        if found != wanted:
            raise Failure(f"{what} is {found}, not {wanted}.")

    # The studio's day.

    def sell(self) -> str:
        """Sell an order of $100.00, and return its id."""
        record = self.world.order()
        self.world.import_orders([record])
        order_id = str(record["order_id"])
        self.charges[order_id] = record["stripe"]["charge_id"]
        return order_id

    def refund(self, order_id: str) -> Json:
        """Refund an order in full."""
        return self.world.refund(order_id, {"type": "full"})

    def ask_for_refund(self, order_id: str) -> tuple[int, str]:
        """Ask for a refund that may be refused; return status and code."""
        choice = {"type": "full", "reason": "quality_issue"}
        answer = self.world.request_refund(order_id, choice)
        return answer.status_code, str(answer.json().get("code", ""))

    def wait_for_a_stop(self) -> None:
        """Wait until each process has read the stops again."""
        self.tell("    A stop holds within a minute.")
        time.sleep(_STOP_HOLDS_AFTER_SECONDS)

    def settled(self, refund: Json) -> None:
        """Wait until a refund is settled, and show it."""
        self.world.await_status(refund, "settled")
        self.expect("refund", self.world.read(refund)["status"], "settled")

    # What happens outside.

    def faults(self, order_id: str, fault: str) -> None:
        """Let every call to Stripe about an order's charge meet a fault."""
        match = {"charge": self.charges[order_id]}
        self.world.control("faults", fault=fault, times=10_000, match=match)

    def no_faults(self) -> None:
        """Let Stripe answer as usual."""
        HTTP.delete(f"{self.world.standin.url}/_standin/faults").raise_for_status()

    @contextmanager
    def before_the_damage(self) -> Iterator[datetime]:
        """Keep the tables as they are now, as point-in-time recovery does; yield the time.

        The engine restores only the present. So the copies are made before the damage.
        """
        at = datetime.now(UTC).replace(microsecond=0)
        dynamodb = self.world.stack.aws.dynamodb
        tables = [self.world.stack.tables[name] for name in ("orders", "ledger")]
        copies = {table: f"{table}-{at:%Y%m%dT%H%M%SZ}" for table in tables}
        for table, copy in copies.items():
            dynamodb.restore_table_to_point_in_time(
                SourceTableName=table, TargetTableName=copy, UseLatestRestorableTime=True
            )
        try:
            yield at
        finally:
            for copy in copies.values():
                dynamodb.delete_table(TableName=copy)

    def restore(self, at: datetime) -> None:
        """Do the four steps of docs/restore.md."""
        time = f"{at:%Y-%m-%dT%H:%M:%SZ}"
        self.operate("restore", "stop")
        self.tell("    On AWS, wait 15 minutes now. Here no function runs that long.")
        self.operate("restore", "tables", "--to", time)
        self.operate("restore", "replay", "--since", time)
        self.operate("restore", "start", *BY)

    # The end of each day.

    def check_books(self) -> None:
        """Check that Stripe, the orders and the ledger agree about every order of the day.

        Raises:
            Failure: They do not.
        """
        self.tell("\nThe end of the day:")
        for order_id, charge in self.charges.items():
            at_stripe = self.world.stripe("GET", "refunds", charge=charge, limit=100)["data"]
            refunded = sum(each["amount"] for each in at_stripe if each["status"] == "succeeded")
            entries = self.world.entries_of(order_id)
            booked = -sum(int(e["gross_amount"]) for e in entries if e["kind"] == "refund")
            what = f"order {order_id}, refunded at Stripe and in the ledger"
            self.expect(what, (refunded, booked), (10_000, 10_000))
        self.operate("reconcile")
        self.operate("verify-ledger", "--studio", PLATFORM_STUDIO)
        letters = json.loads(self.run(("dead-letters", "show", "--json")).output)
        mine = [each for each in letters if any(order in str(each) for order in self.charges)]
        self.expect("parked messages of this day", mine, [])
