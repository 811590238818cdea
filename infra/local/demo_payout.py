"""The demo of payout day: the payout, and its statement with the refund's deduction line."""

import json
from dataclasses import dataclass

import httpx
from rich.box import SIMPLE
from rich.table import Table

from infra.failure import Failure
from infra.local.api_user import ApiUser, Json
from infra.local.console import DemoConsole, money, signed
from infra.local.stack import Stack
from infra.paths import LOCAL

_LINES_SHOWN = 40
_LINE_NAMES = {
    "sale": "sale",
    "refund": "deduction",
    "refund_failed": "refund failed",
    "payout_failed": "payout failed",
    "adjustment": "adjustment",
    "carried": "carried over",
}  # other kinds keep their names
_COLUMNS = ("Line", "Order", "Gross", "Stripe fee", "Rev share", "Payable")
_AMOUNTS = ("gross_amount", "stripe_fee_amount", "rev_share_amount", "payable_amount")


@dataclass(frozen=True)
class DemoPayout:
    """Pays one studio out, and prints the payout and its statement."""

    stack: Stack
    console: DemoConsole

    def run(self, refund: Json, studio_id: str) -> None:
        """Pay the studio out now, between two payout days, and show the payout with the refund.

        Args:
            refund: A settled refund of the studio.
            studio_id: The studio's id.

        Raises:
            Failure: The payout is not made, or lacks the deduction line.
        """
        with httpx.Client(timeout=60, trust_env=False) as client:
            user = ApiUser(client, self.stack, studio_id)
            payout = _payout_with(user, refund)
            if payout is not None:
                self.console.step(f"An earlier run made payout {payout['payout_id']}")
            elif (payout := self._pay_out(user)) is not None:
                self.console.step(f"Payout day: {payout['payout_id']} is {payout['status']}")
            else:
                return
            self._show_period(payout)
            self._show_statement(user, payout, refund)
            self._show_transfer(payout)
            self._save_statement(user, payout["payout_id"])

    def _pay_out(self, user: ApiUser) -> Json | None:
        """Pay the studio out now, as ``python -m infra.operate payouts now`` does.

        Returns:
            The payout; None if none can be made now.
        """
        event = {
            "action": "pay_now",
            "studio_id": user.studio_id,
            "because": "demo: shows a payout without waiting for the payout day",
        }
        function = self.stack.functions["run_payouts"]
        answer = self.stack.aws.lambda_.invoke(
            FunctionName=function, Payload=json.dumps(event).encode()
        )
        done = json.loads(answer["Payload"].read())
        if answer.get("FunctionError"):
            raise Failure(f"{function} failed with {done.get('errorType')}")
        if done["payout_id"] is not None:
            return user.get(f"payouts/{done['payout_id']}")
        payout = user.get("payouts/next")
        amount = signed(payout["total_amount"], payout["currency"])
        self.console.step(
            f"No payout now ({done['outcome']}). The deduction is in the next one: {amount}."
        )
        return None

    def _show_period(self, payout: Json) -> None:
        started, ended = payout["period_started_at"], payout["period_ended_at"]
        self.console.step(f"It has what was recorded from {started} on, before {ended}")

    def _show_statement(self, user: ApiUser, payout: Json, refund: Json) -> None:
        lines = _lines(user, payout["payout_id"])
        if not any(line["refund_id"] == refund["refund_id"] for line in lines):
            raise Failure(
                f"Payout {payout['payout_id']} has no line for refund {refund['refund_id']}"
            )
        currency = payout["currency"]
        table = _table_for(payout["sums"]["total"], currency)
        for line in lines[-_LINES_SHOWN:]:
            style = "bold" if line["refund_id"] == refund["refund_id"] else None
            cells = (
                _LINE_NAMES.get(line["kind"], line["kind"]),
                line["order_id"] or "",
                *_amounts(line, currency),
            )
            table.add_row(*cells, style=style)
        if len(lines) > _LINES_SHOWN:
            self.console.note(f"The last {_LINES_SHOWN} of {len(lines)} lines")
        self.console.show(table)
        if direct := payout["sums"]["total"]["direct_amount"]:
            self.console.note(
                f"Stripe settles another {signed(direct, currency)} with the studio directly"
            )

    def _show_transfer(self, payout: Json) -> None:
        total, paid, carried = (
            signed(payout[name], payout["currency"])
            for name in ("total_amount", "paid_amount", "carried_amount")
        )
        self.console.step(f"Lines {total} = paid {paid} and carried over {carried}")
        if payout["transfer_id"]:
            amount = money(payout["paid_amount"], payout["currency"])
            self.console.step(
                f"Transferred {amount} to {payout['account_id']}: {payout['transfer_id']}"
            )
        else:
            self.console.note(f"{payout['status']}: {payout['reason'] or 'no transfer yet'}")

    def _save_statement(self, user: ApiUser, payout_id: str) -> None:
        for form, purpose in (("html", "to print"), ("csv", "for a spreadsheet")):
            answer = user.send("GET", f"payouts/{payout_id}", params={"format": form})
            if not answer.is_success:
                raise Failure(f"There is no statement of {payout_id} as {form}")
            file = LOCAL / "payouts" / f"{payout_id}.{form}"
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(answer.content)
            self.console.step(f"The statement {purpose}: {file.relative_to(LOCAL.parent)}")


def _payout_with(user: ApiUser, refund: Json) -> Json | None:
    """Return the payout that has the refund's deduction line, or None."""
    for payout in user.pages("payouts", "items"):
        lines = _lines(user, payout["payout_id"])
        if any(line["refund_id"] == refund["refund_id"] for line in lines):
            return user.get(f"payouts/{payout['payout_id']}")
    return None


def _lines(user: ApiUser, payout_id: str) -> list[Json]:
    return list(user.pages(f"payouts/{payout_id}", "lines"))


def _table_for(total: Json, currency: str) -> Table:
    """Return an empty statement table with the sums in its footer."""
    table = Table(box=SIMPLE, show_footer=True, collapse_padding=True, pad_edge=False)
    footers = ("total", f"{total['count']} lines", *_amounts(total, currency))
    for column, footer in zip(_COLUMNS, footers, strict=True):
        table.add_column(
            column,
            footer,
            justify="left" if column in {"Line", "Order"} else "right",
            no_wrap=column != "Order",
            overflow="fold",
        )
    return table


def _amounts(line: Json, currency: str) -> list[str]:
    return [signed(line[name], currency) for name in _AMOUNTS]
