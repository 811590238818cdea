"""The payout, in front of the user: run, and its statement with the refund's deduction line."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
from rich.box import SIMPLE
from rich.table import Table

from infra.local.api_user import ApiUser
from infra.local.console import Json, Teller, money, signed
from infra.local.stack import Stack
from infra.operate.failure import Failure
from infra.paths import LOCAL
from shared.clock import rfc3339
from shared.domain.payout import payout_id_of
from shared.gateways.records.payout import next_payout_item
from shared.gateways.studios import Studios

_LINES_SHOWN = 40
_WHAT = {
    "sale": "sale",
    "refund": "deduction",
    "refund_failed": "taken back",
    "payout_failed": "not arrived",
    "carried": "carried in",
}
_COLUMNS = ("Line", "Order", "Gross", "Stripe fee", "Rev share", "Payable")
_AMOUNTS = ("gross_amount", "stripe_fee_amount", "rev_share_amount", "payable_amount")


@dataclass(frozen=True)
class DemoPayout:
    """Lets the studio's payout day come, and shows what was paid and why."""

    stack: Stack
    tell: Teller

    def run(self, refund: Json, studio_id: str) -> None:
        """Pay the studio out, once for each of its periods, and show the refund's payout.

        Args:
            refund: A refund of the studio's that is settled.
            studio_id: The studio.

        Raises:
            Failure: When the payout is not made, or does not have the deduction line.
        """
        with httpx.Client(timeout=60, trust_env=False) as client:
            desk = ApiUser(client, self.stack, studio_id)
            payout = _payout_with(desk, refund)
            if payout is not None:
                self.tell.step(f"Payout {payout['payout_id']} was made in an earlier run")
            elif (payout := self._pay_out(desk)) is not None:
                self.tell.step(f"Payout day: {payout['payout_id']} is {payout['status']}")
            else:
                self._tell_next(desk)
                return
            self._show(desk, payout, refund)

    def _pay_out(self, desk: ApiUser) -> Json | None:
        """Let the studio's payout day come now, and run what runs then.

        Returns:
            The payout; None where the studio has been paid out for this period already.
        """
        dynamodb, table = self.stack.aws.dynamodb, self.stack.tables["orders"]
        studio = Studios(dynamodb, table).get(desk.studio_id)
        if studio is None:
            message = f"there is no studio {desk.studio_id}"
            raise Failure(message)
        now, schedule = datetime.now(UTC), studio.payout_schedule
        payout_id = payout_id_of(desk.studio_id, schedule.period(schedule.latest(now), None))
        if desk.send("GET", f"payouts/{payout_id}").is_success:
            return None
        due = next_payout_item(desk.studio_id, rfc3339(now))
        dynamodb.put_item(TableName=table, Item=due)
        function = self.stack.functions["run_payouts"]
        self.stack.aws.lambda_.invoke(FunctionName=function, Payload=b"{}")
        return desk.get(f"payouts/{payout_id}")

    def _tell_next(self, desk: ApiUser) -> None:
        payout = desk.get("payouts/next")
        self.tell.step(
            "This period has been paid out already: the deduction is in the next payout, of "
            f"{signed(payout['total_amount'], payout['currency'])}"
        )

    def _show(self, desk: ApiUser, payout: Json, refund: Json) -> None:
        lines = list(_lines(desk, payout["payout_id"]))
        if not any(line["refund_id"] == refund["refund_id"] for line in lines):
            message = f"payout {payout['payout_id']} has no line of refund {refund['refund_id']}"
            raise Failure(message)
        currency = payout["currency"]
        table = Table(box=SIMPLE, show_footer=True)
        total = payout["sums"]["total"]
        footers = ("total", f"{total['count']} lines", *(_signed(total, currency)))
        for column, footer in zip(_COLUMNS, footers, strict=True):
            table.add_column(
                column,
                footer,
                justify="left" if column in {"Line", "Order"} else "right",
                no_wrap=column != "Order",
                overflow="fold",
            )
        for line in lines[-_LINES_SHOWN:]:
            style = "bold" if line["refund_id"] == refund["refund_id"] else None
            cells = (_WHAT[line["kind"]], line["order_id"] or "", *_signed(line, currency))
            table.add_row(*cells, style=style)
        if len(lines) > _LINES_SHOWN:
            self.tell.note(f"the last {_LINES_SHOWN} of {len(lines)} lines")
        self.tell.console.print(table)
        if total["direct_amount"]:
            direct = signed(total["direct_amount"], currency)
            self.tell.note(f"{direct} more is settled by Stripe with the studio itself")
        self._tell_money(payout)
        self._save(desk, payout["payout_id"])

    def _tell_money(self, payout: Json) -> None:
        total, paid, carried = (
            signed(payout[name], payout["currency"])
            for name in ("total_amount", "paid_amount", "carried_amount")
        )
        self.tell.step(f"Lines {total} = paid {paid} and carried {carried}")
        if payout["transfer_id"]:
            amount = money(payout["paid_amount"], payout["currency"])
            self.tell.step(f"{amount} to {payout['account_id']}: transfer {payout['transfer_id']}")
        else:
            self.tell.note(f"{payout['status']}: {payout['reason'] or 'no transfer yet'}")

    def _save(self, desk: ApiUser, payout_id: str) -> None:
        for form, what in (("html", "to print"), ("csv", "for a spreadsheet")):
            answer = desk.send("GET", f"payouts/{payout_id}", params={"format": form})
            if not answer.is_success:
                message = f"there is no statement of {payout_id} as {form}"
                raise Failure(message)
            file = LOCAL / "payouts" / f"{payout_id}.{form}"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(answer.content)
            self.tell.step(f"The statement {what}: {file.relative_to(LOCAL.parent)}")


def _payout_with(desk: ApiUser, refund: Json) -> Json | None:
    """Return the payout that has the refund's deduction line, where one was made."""
    for payout in _pages(desk, "payouts", "items"):
        lines = _lines(desk, payout["payout_id"])
        if any(line["refund_id"] == refund["refund_id"] for line in lines):
            return desk.get(f"payouts/{payout['payout_id']}")
    return None


def _lines(desk: ApiUser, payout_id: str) -> Iterator[Json]:
    return _pages(desk, f"payouts/{payout_id}", "lines")


def _pages(desk: ApiUser, path: str, name: str) -> Iterator[Json]:
    """Yield what a list has, page by page."""
    more: dict[str, str] = {}
    while True:
        page = desk.get(path, **more)
        yield from page[name]
        if page["next_cursor"] is None:
            return
        more = {"cursor": page["next_cursor"]}


def _signed(line: Json, currency: str) -> list[str]:
    return [signed(line[name], currency) for name in _AMOUNTS]
