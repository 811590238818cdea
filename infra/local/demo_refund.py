"""The demo of the main job: one full refund, from the request to its ledger entry."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

from infra.failure import Failure
from infra.local.api_user import ApiUser, Json, code_of, problem_of
from infra.local.console import DemoConsole, money, signed
from infra.local.stack import Stack
from shared.gateways.ledger_entries import read_contents

DEMO_ORDER = "ord_100"
ROLE = "owner"
_SETTLED_WITHIN_SECONDS = 90
_WEBHOOK_WITHIN_SECONDS = 20
_POLL_SECONDS = 0.2
_ORDERS_TRIED = 50

# The function that asks Stripe about all open refunds when it gets no input.
_RESUME_FUNCTION = "resume_pending"

_FULL_REFUND = {"type": "full", "reason": "parent_changed_mind"}


@dataclass(frozen=True)
class DemoRefund:
    """Makes one full refund and prints each step."""

    stack: Stack
    console: DemoConsole

    def run(self) -> tuple[Json, Json]:
        """Preview, request, confirm and settle the refund.

        Returns:
            The order, as imported, and its refund.

        Raises:
            Failure: The refund does not settle.
        """
        with httpx.Client(timeout=60, trust_env=False) as client:
            order, preview = self._choose_order(client)
            user = ApiUser(client, self.stack, order["studio_id"])
            self.console.step(f"Order {order['order_id']} of {order['studio_id']}")
            if preview is None:
                self.console.note("An earlier run refunded it. The same keys return that refund.")
            else:
                self._show_preview(preview)
            with self._webhooks_held():
                refund = self._request(user, order)
                self._show_refund("Requested", refund)
            self._deliver_webhooks()
            refund = self._wait_until_settled(user, order, refund["refund_id"])
            self._show_refund("Confirmed", refund)
        self._show_entry(order["studio_id"], refund["refund_id"])
        return order, refund

    def _choose_order(self, client: httpx.Client) -> tuple[Json, Json | None]:
        """Choose the demo order, or else the first order that can be refunded.

        Returns:
            The order, and the preview of its refund; None if it is already refunded.
        """
        known = [order for order in self.stack.orders if order["studio_id"] in self.stack.tokens]
        candidates = sorted(known, key=lambda order: order["order_id"] != DEMO_ORDER)
        reason = "there are no orders"
        for order in candidates[:_ORDERS_TRIED]:
            user = ApiUser(client, self.stack, order["studio_id"])
            answer = user.send("POST", _refunds_path(order, "/preview"), _FULL_REFUND)
            if answer.status_code == httpx.codes.OK and answer.json()["refund_amount"] > 0:
                return order, answer.json()
            if order["order_id"] == DEMO_ORDER and code_of(answer) == "nothing_refundable":
                return order, None
            reason = problem_of(answer)
        raise Failure(f"No order can be refunded ({reason})")

    def _request(self, user: ApiUser, order: Json) -> Json:
        answer = self._send_request(user, order, _FULL_REFUND)
        if code_of(answer) in {"fulfillment_in_progress", "nothing_refundable"}:
            if code_of(answer) == "fulfillment_in_progress":
                self.console.note("The print is in production. The refund does not stop it.")
            answer = self._send_request(user, order, _FULL_REFUND | {"fulfillment": "keep"})
        if answer.status_code != httpx.codes.CREATED:
            raise Failure(f"The API did not accept the refund ({problem_of(answer)})")
        refund: Json = answer.json()
        return refund

    def _send_request(self, user: ApiUser, order: Json, body: Json) -> httpx.Response:
        # Each body has one key, the same in every run. Kept state is then refunded once.
        key = "-".join(("make-run", *body.values()))
        return user.send("POST", _refunds_path(order), body, key=key)

    @contextmanager
    def _webhooks_held(self) -> Iterator[None]:
        """Hold Stripe's events back, so that the refund is seen as Pending."""
        standin = self.stack.standin
        if standin is None:
            yield
            return
        standin.hold_webhooks()
        try:
            yield
        except BaseException:
            standin.deliver_webhooks()
            raise

    def _deliver_webhooks(self) -> None:
        if self.stack.standin is None:
            self.console.note("Waiting for Stripe's webhook")
            return
        for delivery in self.stack.standin.deliver_webhooks():
            self.console.step(f"Webhook {delivery['type']}, signed: {delivery['status_code']}")

    def _wait_until_settled(self, user: ApiUser, order: Json, refund_id: str) -> Json:
        started = time.monotonic()
        status, resumed = "unknown", self.stack.standin is not None
        with self.console.waiting("waiting for the settlement ..."):
            while (waited := time.monotonic() - started) < _SETTLED_WITHIN_SECONDS:
                if waited > _WEBHOOK_WITHIN_SECONDS and not resumed:
                    resumed = True
                    self.console.note("No webhook arrived. Resuming: we ask Stripe instead.")
                    self._resume()
                answer = user.send("GET", _refunds_path(order, f"/{refund_id}"))
                refund: Json = answer.json()
                status = refund.get("status", problem_of(answer))
                if status == "settled":
                    return refund
                if status in {"failed", "canceled"}:
                    break
                time.sleep(_POLL_SECONDS)
        raise Failure(f"Refund {refund_id} did not settle: it is {status}")

    def _resume(self) -> None:
        function = self.stack.functions[_RESUME_FUNCTION]
        self.stack.aws.lambda_.invoke(FunctionName=function, Payload=b"{}")

    def _show_preview(self, preview: Json) -> None:
        currency = preview["currency"]
        self.console.step(
            "Preview: parent receives "
            f"{money(preview['refund_amount'], currency)}, "
            f"next payout {signed(preview['next_payout_before_amount'], currency)}"
            f" becomes {signed(preview['next_payout_after_amount'], currency)}"
        )

    def _show_refund(self, what: str, refund: Json) -> None:
        self.console.step(
            f"{what}: {refund['refund_id']} is {refund['display_status']} ({refund['status']})"
        )

    def _show_entry(self, studio_id: str, refund_id: str) -> None:
        entries = read_contents(self.stack.aws.dynamodb, self.stack.tables["ledger"], studio_id)
        entry = next((e for e in entries if e.get("refund_id") == refund_id), None)
        if entry is None:
            raise Failure(f"The ledger has no entry for {refund_id}")
        currency = str(entry["currency"])
        gross, share, fee, net = (
            int(entry[name])
            for name in (
                "gross_amount",
                "rev_share_amount",
                "stripe_fee_retained_amount",
                "net_amount",
            )
        )
        self.console.step(
            f"Ledger entry {entry['seq']} of {studio_id}, hash {str(entry['hash'])[:12]}"
        )
        self.console.show(
            f"\n  parent [bold]{signed(-gross, currency)}[/], "
            f"rev share reversed [bold]{money(share, currency)}[/], "
            f"Stripe fee retained [bold]{money(fee, currency)}[/], "
            f"deduction [bold]{signed(net, currency)}[/]\n"
        )


def _refunds_path(order: Json, rest: str = "") -> str:
    return f"orders/{order['order_id']}/refunds{rest}"
