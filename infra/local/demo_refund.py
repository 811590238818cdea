"""The main job, in front of the user: a full refund from request to ledger entry."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from infra.local.console import Json, Teller, code_of, money, problem_of, signed
from infra.local.stack import Stack
from infra.operate.failure import Failure
from shared.gateways.ledger_entries import read_contents

DEMO_ORDER = "ord_100"
ROLE = "owner"
_SETTLED_WITHIN_S = 90
_WEBHOOK_WITHIN_S = 20
_ORDERS_TRIED = 50
_REASON = "parent_changed_mind"


@dataclass(frozen=True)
class DemoRefund:
    """Makes one full refund and tells about it."""

    stack: Stack
    tell: Teller

    def run(self) -> tuple[Json, Json]:
        """Preview, request, confirm and settle the refund.

        Returns:
            The order, as imported, and its refund.

        Raises:
            Failure: When it does not come through.
        """
        with self._client() as client:
            order, preview = self._choose(client)
            self.tell.step(f"Order {order['order_id']} of {order['studio_id']}")
            if preview is None:
                self.tell.note("refunded in an earlier run: the same keys get the same refund")
            else:
                self._tell_preview(preview)
            with self._webhooks_held():
                refund = self._request(client, order)
                self._tell_refund("Requested", refund)
            self._deliver()
            refund = self._wait_until_settled(client, order, refund["refund_id"])
            self._tell_refund("Confirmed", refund)
        self._tell_entry(order["studio_id"], refund["refund_id"])
        return order, refund

    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=60, trust_env=False)

    def _call(
        self,
        client: httpx.Client,
        method: str,
        order: dict[str, Any],
        path: str,
        body: dict[str, Any] | None = None,
    ) -> httpx.Response:
        headers = {"Authorization": self.stack.tokens[order["studio_id"]][ROLE]}
        if method == "POST" and path == "refunds":
            # A key for each body, the same in every run: kept state is refunded once.
            headers["Idempotency-Key"] = "-".join(("make-run", *(body or {}).values()))
        url = f"{self.stack.api_url}/orders/{order['order_id']}/{path}"
        return client.request(method, url, headers=headers, json=body)

    def _choose(self, client: httpx.Client) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Take the demo order where there is one, or else the first that can be refunded.

        Returns:
            The order and the preview of its refund, None where nothing is left of it.
        """
        known = [o for o in self.stack.orders if o["studio_id"] in self.stack.tokens]
        candidates = sorted(known, key=lambda order: order["order_id"] != DEMO_ORDER)
        said = "there are none"
        for order in candidates[:_ORDERS_TRIED]:
            answer = self._call(client, "POST", order, "refunds/preview", _full_refund())
            if answer.status_code == httpx.codes.OK and answer.json()["refund_amount"] > 0:
                return order, answer.json()
            if order["order_id"] == DEMO_ORDER and code_of(answer) == "nothing_refundable":
                return order, None
            said = problem_of(answer)
        message = f"no order can be refunded ({said})"
        raise Failure(message)

    def _request(self, client: httpx.Client, order: dict[str, Any]) -> dict[str, Any]:
        answer = self._call(client, "POST", order, "refunds", _full_refund())
        if code_of(answer) in {"fulfillment_in_progress", "nothing_refundable"}:
            if code_of(answer) == "fulfillment_in_progress":
                self.tell.note("the print is in production: refunding without stopping it")
            body = _full_refund() | {"fulfillment": "keep"}
            answer = self._call(client, "POST", order, "refunds", body)
        if answer.status_code != httpx.codes.CREATED:
            message = f"the refund was not accepted ({problem_of(answer)})"
            raise Failure(message)
        refund: dict[str, Any] = answer.json()
        return refund

    @contextmanager
    def _webhooks_held(self) -> Iterator[None]:
        """Keep Stripe's events back, so that Pending can be seen."""
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

    def _deliver(self) -> None:
        if self.stack.standin is None:
            self.tell.note("waiting for Stripe's webhook")
            return
        for delivery in self.stack.standin.deliver_webhooks():
            self.tell.step(f"Webhook {delivery['type']}, signed: {delivery['status_code']}")

    def _wait_until_settled(
        self, client: httpx.Client, order: dict[str, Any], refund_id: str
    ) -> dict[str, Any]:
        started = time.monotonic()
        status, asked = "unknown", self.stack.standin is not None
        with self.tell.console.status("waiting for the adjustment ..."):
            while (waited := time.monotonic() - started) < _SETTLED_WITHIN_S:
                if waited > _WEBHOOK_WITHIN_S and not asked:
                    asked = True
                    self.tell.note("no webhook has come: the reconciler asks Stripe instead")
                    self._reconcile()
                answer = self._call(client, "GET", order, f"refunds/{refund_id}")
                refund: dict[str, Any] = answer.json()
                status = refund.get("status", problem_of(answer))
                if status == "settled":
                    return refund
                if status in {"failed", "canceled"}:
                    break
                time.sleep(0.2)
        message = f"refund {refund_id} did not settle: it is {status}"
        raise Failure(message)

    def _reconcile(self) -> None:
        function = self.stack.functions["reconcile"]
        self.stack.aws.lambda_.invoke(FunctionName=function, Payload=b"{}")

    def _tell_preview(self, preview: dict[str, Any]) -> None:
        currency = preview["currency"]
        self.tell.step(
            "Preview: parent receives "
            f"{money(preview['refund_amount'], currency)}, "
            f"next payout {signed(preview['next_payout_before_amount'], currency)}"
            f" becomes {signed(preview['next_payout_after_amount'], currency)}"
        )

    def _tell_refund(self, what: str, refund: dict[str, Any]) -> None:
        self.tell.step(
            f"{what}: {refund['refund_id']} is {refund['display_status']} ({refund['status']})"
        )

    def _tell_entry(self, studio_id: str, refund_id: str) -> None:
        entries = read_contents(self.stack.aws.dynamodb, self.stack.tables["ledger"], studio_id)
        entry = next((e for e in entries if e.get("refund_id") == refund_id), None)
        if entry is None:
            message = f"the ledger has no entry for {refund_id}"
            raise Failure(message)
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
        self.tell.step(
            f"Ledger entry {entry['seq']} of {studio_id}, hash {str(entry['hash'])[:12]}"
        )
        self.tell.console.print(
            f"\n  parent [bold]{signed(-gross, currency)}[/], "
            f"rev share reversed [bold]{money(share, currency)}[/], "
            f"Stripe fee retained [bold]{money(fee, currency)}[/], "
            f"deduction [bold]{signed(net, currency)}[/]\n",
            highlight=False,
            soft_wrap=True,
        )


def _full_refund() -> dict[str, Any]:
    return {"type": "full", "reason": _REASON}
