"""The demo of the bookkeeper's month: files of all studios, matched with Stripe's own."""

from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.local.api_user import ApiUser
from infra.local.charge_progress import ChargeProgress
from infra.local.console import DemoConsole
from infra.local.month_files import MonthFiles
from infra.local.stack import Stack
from infra.paths import LOCAL
from shared.domain.export import ExportForm

_FOLDER = LOCAL / "bookkeeping"


@dataclass(frozen=True)
class DemoMonth:
    """Downloads the month's files as a bookkeeper, and matches them with the stand-in's balance."""

    stack: Stack
    console: DemoConsole

    def run(self, studio_id: str) -> None:
        """Save the files, and show that they explain each movement of Stripe's balance.

        Args:
            studio_id: The studio whose ledger is also saved in each other form.

        Raises:
            Failure: A file cannot be made, or the files do not explain Stripe's balance.
        """
        stack = self.stack
        _FOLDER.mkdir(parents=True, exist_ok=True)
        month, tables = MonthFiles(_FOLDER), list[Path]()
        with (
            httpx.Client(timeout=60, trust_env=False) as client,
            self.console.waiting("The files of the month are written"),
        ):
            self._await_charges()
            for each in stack.users:
                tables += month.tables(ApiUser(client, stack, each))
            for form in ExportForm:
                if form is not ExportForm.CSV:
                    month.ledger(ApiUser(client, stack, studio_id), form)
        self.console.step(f"Files for the bookkeeper: {_FOLDER.relative_to(LOCAL.parent)}")
        if stack.standin is None:
            self.console.note("Match them with Stripe's report as docs/bookkeeping.md says")
            return
        accounts = {order["stripe"].get("account_id") for order in stack.orders} - {None}
        matched = month.matched(stack.standin, tables, accounts)
        self.console.step(f"Matched with Stripe's report: {matched}")

    def _await_charges(self) -> None:
        """Wait for charges that a busy machine has not read yet. They are no sales before."""
        stack = self.stack
        progress = ChargeProgress(stack.aws, stack.tables["orders"], stack.queues["charge"])
        progress.wait(stack.orders, lambda _: None)
