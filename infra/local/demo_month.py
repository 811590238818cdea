"""The demo of the bookkeeper's month: files of all studios, matched with Stripe's own."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from infra.failure import Failure
from infra.local.api_user import ApiUser, Json, wait_for
from infra.local.charge_progress import ChargeProgress
from infra.local.console import DemoConsole
from infra.local.stack import Stack
from infra.local.stripe_report import stripe_report
from infra.local.stripe_server import Standin
from infra.paths import DOCS, LOCAL
from shared.domain.export import SUFFIXES, ExportForm

_FOLDER = LOCAL / "bookkeeping"
_PROGRAM = DOCS / "bookkeeping" / "reconcile_month.py"
# All that the stand-in has, which may be older than a month if state was kept.
_ALL_DAYS = {"from": "2000-01-01"}
_FAILED = {"state": "failed", "format": "csv"}
# One file of each form for a person to open. All studios need the table.
_OTHER_FORMS = tuple(form for form in ExportForm if form is not ExportForm.CSV)


@dataclass(frozen=True)
class DemoMonth:
    """Downloads the month's files as a bookkeeper, and matches them with the stand-in's balance."""

    stack: Stack
    console: DemoConsole

    def run(self, studio_id: str) -> None:
        """Save the files, and show that they explain each movement of Stripe's balance.

        Args:
            studio_id: The studio whose ledger is also saved in the other forms.

        Raises:
            Failure: A file cannot be made, or the files do not explain Stripe's balance.
        """
        self._await_charges()
        _FOLDER.mkdir(parents=True, exist_ok=True)
        with httpx.Client(timeout=60, trust_env=False) as client:
            files: list[Path] = []
            for each in self.stack.users:
                files += self._tables(ApiUser(client, self.stack, each))
            user = ApiUser(client, self.stack, studio_id)
            for form in _OTHER_FORMS:
                self._ledger(user, form)
        self.console.step(f"Files for the bookkeeper: {_FOLDER.relative_to(LOCAL.parent)}")
        if self.stack.standin is None:
            self.console.note("Match them with Stripe's report as docs/bookkeeping.md says")
        else:
            self._match(self.stack.standin, files)

    def _await_charges(self) -> None:
        """Wait for charges that a busy machine has not read yet. They are no sales before."""
        stack = self.stack
        progress = ChargeProgress(stack.aws, stack.tables["orders"], stack.queues["charge"])
        with self.console.waiting("The charges of all orders are read"):
            progress.wait(stack.orders, lambda _: None)

    def _tables(self, user: ApiUser) -> Iterator[Path]:
        yield self._ledger(user, ExportForm.CSV)
        failed = user.send("GET", "reports/refunds", params=_ALL_DAYS | _FAILED)
        if not failed.is_success:
            raise Failure(f"There is no file of failed refunds of {user.studio_id}")
        yield _saved(f"failed-refunds_{user.studio_id}.csv", failed.content)

    def _ledger(self, user: ApiUser, form: ExportForm) -> Path:
        asked = user.get("reports/ledger", format=form, **_ALL_DAYS)

        def ready() -> Json | None:
            found = user.get(asked["url"].removeprefix("/"))
            if found["status"] == "failed":
                raise Failure(f"The ledger of {user.studio_id} cannot be written as {form}")
            return found if found["status"] == "ready" else None

        with self.console.waiting(f"The ledger of {user.studio_id} is written as {form}"):
            url = wait_for(ready, f"the ledger of {user.studio_id} as {form}")["url"]
        answer = user.client.get(url)
        if not answer.is_success:
            raise Failure(f"The ledger of {user.studio_id} cannot be downloaded as {form}")
        return _saved(f"ledger_{user.studio_id}{SUFFIXES[form]}", answer.content)

    def _match(self, standin: Standin, files: list[Path]) -> None:
        accounts = {order["stripe"].get("account_id") for order in self.stack.orders} - {None}
        platform = _saved("stripe.csv", stripe_report(standin.balance_transactions()).encode())
        command = [sys.executable, str(_PROGRAM), "--stripe", str(platform)]
        for account in sorted(accounts):
            report = stripe_report(standin.balance_transactions(account))
            command += ["--account", account, str(_saved(f"stripe_{account}.csv", report.encode()))]
        matched = subprocess.run(  # noqa: S603  # our own program and files
            [*command, *map(str, files)], capture_output=True, text=True, check=False
        )
        lines = matched.stdout.splitlines() or [matched.stderr.strip()[-300:]]
        if matched.returncode:
            raise Failure(f"The files do not explain Stripe's balance: {lines[0]}")
        self.console.step(f"Matched with Stripe's report: {lines[-1]}")


def _saved(name: str, content: bytes) -> Path:
    file = _FOLDER / name
    file.write_bytes(content)
    return file
