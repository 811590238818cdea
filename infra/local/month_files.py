"""The files of a stack's month: downloaded by the API, and matched with the stand-in's balance."""

import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.failure import Failure
from infra.local.api_user import ApiUser, Json, wait_for
from infra.local.stripe_report import stripe_report
from infra.local.stripe_server import Standin
from infra.paths import DOCS
from shared.domain.export import SUFFIXES, ExportForm

_PROGRAM = DOCS / "bookkeeping" / "reconcile_month.py"
# All that the stand-in has, which may be older than a month if state was kept.
_ALL_DAYS = {"from": "2000-01-01"}
_FAILED = {"state": "failed", "format": "csv"}


@dataclass(frozen=True)
class MonthFiles:
    """Saves files in a folder.

    Attributes:
        folder: An existing folder.
    """

    folder: Path

    def tables(self, user: ApiUser) -> list[Path]:
        """Save a studio's ledger and its failed refunds as CSV, and return the files.

        Raises:
            Failure: A file cannot be made.
        """
        failed = user.send("GET", "reports/refunds", params=_ALL_DAYS | _FAILED)
        if not failed.is_success:
            raise Failure(f"There is no file of failed refunds of {user.studio_id}")
        return [
            self.ledger(user, ExportForm.CSV),
            self._saved(f"failed-refunds_{user.studio_id}.csv", failed.content),
        ]

    def ledger(self, user: ApiUser, form: ExportForm) -> Path:
        """Save a studio's ledger, and return the file.

        Raises:
            Failure: The file cannot be made.
        """
        asked = user.get("reports/ledger", format=form, **_ALL_DAYS)

        def ready() -> Json | None:
            found = user.get(asked["url"].removeprefix("/"))
            if found["status"] == "failed":
                raise Failure(f"The ledger of {user.studio_id} cannot be written as {form}")
            return found if found["status"] == "ready" else None

        url = wait_for(ready, f"the ledger of {user.studio_id} as {form}")["url"]
        answer = user.client.get(url)
        if not answer.is_success:
            raise Failure(f"The ledger of {user.studio_id} cannot be downloaded as {form}")
        return self._saved(f"ledger_{user.studio_id}{SUFFIXES[form]}", answer.content)

    def matched(self, standin: Standin, files: Iterable[Path], accounts: Iterable[str]) -> str:
        """Match files with the stand-in's balance, and return what was matched, in words.

        Args:
            standin: The stand-in.
            files: The tables of all studios.
            accounts: The studios' own Stripe accounts.

        Raises:
            Failure: The files do not explain each movement. The message has the first difference.
        """
        platform = self._saved("stripe.csv", stripe_report(standin.balance_transactions()).encode())
        command = [sys.executable, str(_PROGRAM), "--stripe", str(platform)]
        for account in sorted(accounts):
            report = stripe_report(standin.balance_transactions(account)).encode()
            command += ["--account", account, str(self._saved(f"stripe_{account}.csv", report))]
        done = subprocess.run(  # noqa: S603  # our own program and files
            [*command, *map(str, files)], capture_output=True, text=True, check=False
        )
        lines = done.stdout.splitlines() or [done.stderr.strip()[-300:]]
        if done.returncode:
            raise Failure(f"The files do not explain Stripe's balance: {lines[0]}")
        return lines[-1]

    def _saved(self, name: str, content: bytes) -> Path:
        file = self.folder / name
        file.write_bytes(content)
        return file
