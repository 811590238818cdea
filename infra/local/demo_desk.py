"""The studio's desk, in front of the user: find, stop, tell, report, and what needs a person."""

import uuid
from dataclasses import dataclass

import httpx
from rich.box import SIMPLE
from rich.table import Table

from infra.local.api_user import ApiUser
from infra.local.console import Json, Teller, money, problem_of, signed
from infra.local.mailbox import save_mail
from infra.local.stack import Stack
from infra.paths import LOCAL

_ROWS_SHOWN = 5


@dataclass(frozen=True)
class DemoDesk:
    """Shows once what staff do around a refund."""

    stack: Stack
    tell: Teller

    def run(self, order: Json, refund: Json) -> None:
        """Go through all of it, about an order that has been refunded.

        Args:
            order: The order, as imported.
            refund: Its refund, settled.

        Raises:
            Failure: When the API does not answer as it should.
        """
        with httpx.Client(timeout=60, trust_env=False) as client:
            desk = ApiUser(client, self.stack, order["studio_id"])
            self._find(desk, order)
            self._stop(desk)
            self._write(desk, refund)
            self._fail(desk, order)
            self._report(desk, order["currency"])
            self._patterns(desk)

    def _find(self, desk: ApiUser, order: Json) -> None:
        words = [name[:4].lower() for name in reversed(order["parent"]["name"].split())]
        found = desk.get("orders", query=" ".join(words), limit=5)["items"]
        self.tell.step(
            f"Search {' '.join(words)!r}: " + ", ".join(each["order_id"] for each in found)
        )
        panel = desk.get(f"orders/{order['order_id']}")
        self.tell.note(
            f"{panel['order_id']}: {panel['refund_status']}, "
            f"{money(panel['refundable_amount'], panel['currency'])} of "
            f"{money(panel['total_amount'], panel['currency'])} left to refund, "
            f"print {panel['fulfillment']['status']}"
        )

    def _stop(self, desk: ApiUser) -> None:
        queue = desk.get("print-station/queue", limit=100)["items"]
        waiting = [job for job in queue if job["status"] == "queued"]
        if len(waiting) < 2:  # noqa: PLR2004  # one to ship, one to stop
            self.tell.note("the print queue is empty: earlier runs have worked it off")
            return
        shipped, stopped = waiting[0]["order_id"], waiting[1]["order_id"]
        for step in ("claim", "print", "ship"):
            desk.post(f"print-station/orders/{shipped}/{step}", role="print_operator")
        late = desk.send("POST", f"orders/{shipped}/fulfillment/cancel")
        desk.post(f"orders/{stopped}/fulfillment/cancel")
        self.tell.step(
            f"Print station: {shipped} claimed, printed and shipped (a cancel now: "
            f"{problem_of(late)}); {stopped} canceled, off the queue"
        )

    def _write(self, desk: ApiUser, refund: Json) -> None:
        asked = {"template": "refund_confirmation", "refund_id": refund["refund_id"]}
        path = f"orders/{refund['order_id']}/messages"
        draft = desk.post(f"{path}/preview", asked)
        self.tell.step(f"Message to {draft['to']}: {draft['subject']}")
        for line in draft["text"].strip().splitlines():
            self.tell.note(line)
        sent = desk.post(path, asked, key=f"make-run-{refund['refund_id']}")
        saved = save_mail(self.stack.aws.endpoint_url, LOCAL / "mail")
        where = ", ".join(str(path.relative_to(LOCAL.parent)) for path in saved[-1:])
        self.tell.step(f"{sent['status'].capitalize()} when told to, from {sent['from']}: {where}")

    def _fail(self, desk: ApiUser, like: Json) -> None:
        """Let Stripe fail a refund after the fact, and show where that turns up."""
        standin = self.stack.standin
        other = next(
            (
                each["order_id"]
                for each in desk.get("orders", status="none", limit=100)["items"]
                if each["refundable_amount"] >= 1000  # noqa: PLR2004  # some order of the demo
                and each["order_id"] != like["order_id"]
            ),
            None,
        )
        if standin is None or other is None:
            return
        asked = {"type": "partial", "amount": 1000, "reason": "quality_issue"}
        refund = desk.post(f"orders/{other}/refunds", asked, key=uuid.uuid4().hex)
        standin.control(
            f"refunds/{refund['stripe_refund_id']}",
            {"status": "failed", "failure_reason": "lost_or_stolen_card"},
        )
        listed = desk.await_attention(refund["refund_id"])
        self.tell.step(
            f"Needs attention: {listed['kind']} of {listed['order_id']}, "
            f"{money(listed['amount'], listed['currency'])}"
        )
        self.tell.note(listed["detail"])
        resolved = desk.post(
            f"orders/{other}/refunds/{refund['refund_id']}/resolution",
            {"paid_by": "check", "reference": "no. 1042"},
        )
        self.tell.step(f"Recorded: paid by {resolved['resolution']['paid_by']}, off the list")

    def _report(self, desk: ApiUser, currency: str) -> None:
        report = desk.get("reports/refunds", limit=1000)
        self.tell.step("Reports → Refunds, the last 30 days")
        table = Table(box=SIMPLE)
        columns = ("Order", "Parent", "Original", "Refunded", "Rev share", "Processed by", "Date")
        for column in columns:
            table.add_column(
                column, no_wrap=column not in {"Parent", "Processed by"}, overflow="fold"
            )
        for row in report["items"][-_ROWS_SHOWN:]:
            table.add_row(
                row["order_id"],
                row["parent_name"] or "",
                money(row["original_amount"], currency),
                signed(row["refunded_amount"], currency),
                signed(row["rev_share_adjustment_amount"], currency),
                row["processed_by"],
                row["settled_at"][:10],
            )
        self.tell.console.print(table)
        totals = report["totals"]
        answer = desk.send("GET", "reports/refunds", params={"format": "csv"})
        file = LOCAL / "refunds.csv"
        file.write_bytes(answer.content)
        self.tell.step(
            f"{totals['count']} in all, {money(totals['refunded_amount'], currency)} refunded; "
            f"as CSV: {file.relative_to(LOCAL.parent)}"
        )

    def _patterns(self, desk: ApiUser) -> None:
        found = desk.get("reports/refunds/patterns", by="photo_day")
        self.tell.step(f"Patterns by photo day: {found['summary']}")
