"""The demo of the studio staff's work around a refund: search, print queue, message, report."""

import uuid
from dataclasses import dataclass

import httpx
from rich.box import SIMPLE
from rich.table import Table

from infra.local.api_user import ApiUser, Json, problem_of, wait_for
from infra.local.console import DemoConsole, money, signed
from infra.local.mailbox import save_mail
from infra.local.stack import Stack
from infra.paths import LOCAL

_ROWS_SHOWN = 5
_FAILED_AMOUNT = 1000
_REPORT_COLUMNS = ("Order", "Parent", "Original", "Refunded", "Rev share", "Processed by", "Date")


@dataclass(frozen=True)
class DemoStaff:
    """Does each task of the studio's staff once and prints it."""

    stack: Stack
    console: DemoConsole

    def run(self, order: Json, refund: Json) -> None:
        """Do all tasks, about an order that has been refunded.

        Args:
            order: The order, as imported.
            refund: Its settled refund.

        Raises:
            Failure: The API answers with a problem.
        """
        with httpx.Client(timeout=60, trust_env=False) as client:
            user = ApiUser(client, self.stack, order["studio_id"])
            self._find_order(user, order)
            self._work_print_queue(user)
            self._write_to_parent(user, refund)
            self._handle_failed_refund(user, order)
            self._show_report(user, order["currency"])
            self._show_patterns(user)

    def _find_order(self, user: ApiUser, order: Json) -> None:
        words = [name[:4].lower() for name in reversed(order["parent"]["name"].split())]
        found = user.get("orders", query=" ".join(words), limit=5)["items"]
        self.console.step(
            f"Search for {' '.join(words)!r} finds " + ", ".join(each["order_id"] for each in found)
        )
        panel = user.get(f"orders/{order['order_id']}")
        self.console.note(
            f"{panel['order_id']}: {panel['refund_status']}, "
            f"{money(panel['refundable_amount'], panel['currency'])} of "
            f"{money(panel['total_amount'], panel['currency'])} left to refund, "
            f"print {panel['fulfillment']['status']}"
        )

    def _work_print_queue(self, user: ApiUser) -> None:
        queue = user.get("print-station/queue", limit=100)["items"]
        waiting = [job["order_id"] for job in queue if job["status"] == "queued"]
        if len(waiting) < 2:  # noqa: PLR2004  # one to ship and one to cancel
            self.console.note("The print queue is empty. Earlier runs finished its orders.")
            return
        shipped, canceled = waiting[:2]
        for step in ("claim", "print", "ship"):
            user.post(f"print-station/orders/{shipped}/{step}", role="print_operator")
        too_late = user.send("POST", f"orders/{shipped}/fulfillment/cancel")
        self.console.step(
            f"Print station: {shipped} is claimed, printed and shipped. "
            f"It is too late to cancel it ({problem_of(too_late)})."
        )
        user.post(f"orders/{canceled}/fulfillment/cancel")
        self.console.step(f"Print station: {canceled} is canceled and off the queue")

    def _write_to_parent(self, user: ApiUser, refund: Json) -> None:
        message = {"template": "refund_confirmation", "refund_id": refund["refund_id"]}
        path = f"orders/{refund['order_id']}/messages"
        draft = user.post(f"{path}/preview", message)
        self.console.step(f"Message to {draft['to']}: {draft['subject']}")
        for line in draft["text"].strip().splitlines():
            self.console.note(line)
        sent = user.post(path, message, key=f"make-run-{refund['refund_id']}")
        saved = save_mail(self.stack.aws.endpoint_url, LOCAL / "mail")
        # With kept state, the message was sent by an earlier run, and there is no new mail.
        newest = "".join(f": {path.relative_to(LOCAL.parent)}" for path in saved[-1:])
        self.console.step(
            f"{sent['status'].capitalize()} at the staff's request, from {sent['from']}{newest}"
        )

    def _handle_failed_refund(self, user: ApiUser, refunded: Json) -> None:
        """Let Stripe fail a settled refund, and record how the parent was paid instead."""
        standin = self.stack.standin
        order_id = _order_to_refund(user, other_than=refunded["order_id"])
        if standin is None or order_id is None:
            return
        body = {"type": "partial", "amount": _FAILED_AMOUNT, "reason": "quality_issue"}
        refund = user.post(f"orders/{order_id}/refunds", body, key=uuid.uuid4().hex)
        refund_id = refund["refund_id"]
        wait_for(lambda: _settled(user, order_id, refund_id), f"{refund_id} is settled")
        standin.control(
            f"refunds/{refund['stripe_refund_id']}",
            {"status": "failed", "failure_reason": "lost_or_stolen_card"},
        )
        entry = wait_for(lambda: _attention_entry(user, refund_id), f"{refund_id} needs attention")
        wait_for(lambda: _reversed(user, refund_id), f"{refund_id} is reversed in the ledger")
        self.console.step(
            f"Needs attention: {entry['kind']} of {entry['order_id']}, "
            f"{money(entry['amount'], entry['currency'])}"
        )
        self.console.note(entry["detail"])
        resolved = user.post(
            f"orders/{order_id}/refunds/{refund_id}/resolution",
            {"paid_by": "check", "reference": "no. 1042"},
        )
        self.console.step(
            f"Recorded that the parent was paid by {resolved['resolution']['paid_by']}. "
            "The refund is off the list."
        )

    def _show_report(self, user: ApiUser, currency: str) -> None:
        report = user.get("reports/refunds", limit=1000)
        self.console.step("Reports → Refunds, the last 30 days")
        table = Table(box=SIMPLE, collapse_padding=True, pad_edge=False)
        for column in _REPORT_COLUMNS:
            may_wrap = column in {"Parent", "Processed by"}
            table.add_column(column, no_wrap=not may_wrap, overflow="fold")
        for row in report["items"][-_ROWS_SHOWN:]:
            table.add_row(
                row["order_id"],
                row["parent_name"] or "",
                money(row["original_amount"], currency),
                signed(row["refunded_amount"], currency),
                signed(row["rev_share_adjustment_amount"], currency),
                row["processed_by_name"],
                row["settled_at"][:10],
            )
        self.console.show(table)
        totals = report["totals"]
        answer = user.send("GET", "reports/refunds", params={"format": "csv"})
        file = LOCAL / "refunds.csv"
        file.write_bytes(answer.content)
        self.console.step(
            f"Rows: {totals['count']}, refunded: {money(totals['refunded_amount'], currency)}. "
            f"As CSV: {file.relative_to(LOCAL.parent)}"
        )

    def _show_patterns(self, user: ApiUser) -> None:
        found = user.get("reports/refunds/patterns", by="photo_day")
        self.console.step(f"Patterns by photo day: {found['summary']}")


def _order_to_refund(user: ApiUser, *, other_than: str) -> str | None:
    """Return another order that has no refund yet and is large enough, or None."""
    for order in user.get("orders", status="none", limit=100)["items"]:
        if order["refundable_amount"] >= _FAILED_AMOUNT and order["order_id"] != other_than:
            return str(order["order_id"])
    return None


def _settled(user: ApiUser, order_id: str, refund_id: str) -> Json | None:
    refund = user.get(f"orders/{order_id}/refunds/{refund_id}")
    return refund if refund["status"] == "settled" else None


def _attention_entry(user: ApiUser, refund_id: str) -> Json | None:
    """Return a failed refund's entry under Needs attention, or None."""
    for entry in user.get("attention")["items"]:
        if entry["refund_id"] == refund_id and entry["kind"] == "refund_failed":
            return dict(entry)
    return None


def _reversed(user: ApiUser, refund_id: str) -> Json | None:
    """Return the report's row that reverses a settled refund, or None."""
    for row in user.get("reports/refunds", limit=1000)["items"]:
        if row["refund_id"] == refund_id and row["refunded_amount"] < 0:
            return dict(row)
    return None
