"""The Stripe stand-in: running it, and telling it what to do."""

import functools
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from infra.local.engine import handed_on
from infra.local.options import Options
from infra.local.processes import Background, background
from infra.operate.failure import Failure
from infra.paths import ROOT

STANDIN_KEY = "sk_test_standin"
WEBHOOK_EVENTS = (
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.closed",
)
_CHARGES_PER_CALL = 500


@dataclass(frozen=True)
class Standin:
    """A stand-in that runs, and what only it can be asked to do."""

    url: str

    @functools.cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=60, trust_env=False)

    @property
    def health_url(self) -> str:
        """What answers as soon as it takes requests."""
        return f"{self.url}/_standin/health"

    def seed(self, orders: Iterable[dict[str, Any]]) -> int:
        """Give it the charges of imported orders.

        Returns:
            How many charges it now has of them.
        """
        charges = [charge_of(order) for order in orders if order["stripe"]["charge_id"]]
        for start in range(0, len(charges), _CHARGES_PER_CALL):
            self.control("charges", {"charges": charges[start : start + _CHARGES_PER_CALL]})
        return len(charges)

    def register_webhooks(self, api_url: str) -> dict[str, list[str]]:
        """Send its events to our API, and only there.

        Returns:
            The signing secrets, as the webhook function's secret holds them.
        """
        for old in self._api("GET", "webhook_endpoints", {"limit": 100})["data"]:
            self._api("DELETE", f"webhook_endpoints/{old['id']}")
        return {"platform": [self._endpoint(api_url)], "connect": [self._endpoint(api_url, "true")]}

    def hold_webhooks(self) -> None:
        """Queue events instead of delivering them."""
        self.control("webhooks", {"mode": "hold"})

    def deliver_webhooks(self) -> list[dict[str, Any]]:
        """Deliver what is queued, and from now on by itself again."""
        deliveries: list[dict[str, Any]] = self.control("webhooks/deliver", {})["deliveries"]
        self.control("webhooks", {"mode": "auto"})
        return deliveries

    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Give a command to its control API.

        Raises:
            Failure: When it refuses.
        """
        answer = self._client.post(f"{self.url}/_standin/{path}", json=body)
        return _accepted(answer)

    def _endpoint(self, api_url: str, connect: str = "false") -> str:
        form = {
            "url": f"{api_url}/webhooks/stripe",
            "enabled_events[]": list(WEBHOOK_EVENTS),
            "connect": connect,
        }
        secret: str = self._api("POST", "webhook_endpoints", form)["secret"]
        return secret

    def _api(self, method: str, path: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        sent = {"params": values} if method == "GET" else {"data": values}
        answer = self._client.request(
            method,
            f"{self.url}/v1/{path}",
            headers={"Authorization": f"Bearer {STANDIN_KEY}"},
            **sent,  # type: ignore[arg-type] # httpx takes either
        )
        return _accepted(answer)


def _accepted(answer: httpx.Response) -> dict[str, Any]:
    if not answer.is_success:
        message = f"the Stripe stand-in refused {answer.request.url.path}: {answer.text[:300]}"
        raise Failure(message)
    result: dict[str, Any] = answer.json()
    return result


@contextmanager
def run_standin(options: Options, port: int, scratch: Path) -> Iterator[tuple[Standin, Background]]:
    """Run the stand-in; it may not be ready yet."""
    state = (options.state if options.keep else scratch) / "stripe.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    command: list[str | Path] = [
        sys.executable,
        Path(__file__).parent / "exit_with_parent.py",
        "-m",
    ]
    command += ["infra.stripe_standin", "--port", str(port), "--api-key", STANDIN_KEY]
    command += ["--state", state]
    log = options.logs / "stripe.log"
    env = handed_on() | {"PYTHONUNBUFFERED": "1"}
    with background(command, name="the Stripe stand-in", log=log, env=env, cwd=ROOT) as process:
        yield Standin(f"http://127.0.0.1:{port}"), process


def charge_of(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order's charge, as the stand-in is seeded with it."""
    stripe = order["stripe"]
    fee_id = stripe.get("application_fee_id")
    return {
        "id": stripe["charge_id"],
        "payment_intent": stripe.get("payment_intent_id"),
        "amount": order["total_amount"],
        "currency": order["currency"],
        "fee": order["stripe_fee_amount"],
        "account": stripe.get("account_id"),
        "application_fee": fee_id,
        "application_fee_amount": None if fee_id is None else order["rev_share_amount"],
    }
