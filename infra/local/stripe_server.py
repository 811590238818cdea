"""Runs the Stripe stand-in and sends it commands."""

import functools
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path
from typing import Any

import httpx

from infra.failure import Failure
from infra.local.engine import inherited_environment
from infra.local.options import Options, StripeServer
from infra.local.processes import Background, background
from infra.operate.stripe.endpoints import WEBHOOK_EVENTS
from infra.operate.stripe.keys import StripeKey
from infra.paths import ROOT
from shared.gateways.stripe.api_version import API_VERSION

STANDIN_KEY = "sk_test_standin"
_CHARGES_PER_CALL = 500


@dataclass
class Seeded:
    """How many charges there are, and why the stand-in refused the others."""

    charges: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Standin:
    """A running stand-in, as a client of its control API and its webhook endpoints.

    Attributes:
        url: The base URL of Stripe's API.
        process: The process; None if another process started the stand-in.
    """

    url: str
    process: Background | None = None

    @functools.cached_property
    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=60, trust_env=False)

    @property
    def server(self) -> StripeServer:
        """The stand-in as a Stripe server. Each webhook endpoint gets a secret of its own."""
        return StripeServer(self.url, STANDIN_KEY, webhook_secret="")

    def wait_until_ready(self) -> None:
        """Wait until the stand-in takes requests.

        Raises:
            Failure: It ends or stays silent.
        """
        if self.process is not None:
            self.process.wait_for(f"{self.url}/_standin/health")

    def seed(self, orders: Iterable[dict[str, Any]]) -> Seeded:
        """Create the charges of orders. One that is impossible does not stop the others."""
        charges = [charge_of(order) for order in orders if order["stripe"]["charge_id"]]
        seeded = Seeded()
        for chunk in batched(charges, _CHARGES_PER_CALL, strict=False):
            # It makes all charges of a call or none.
            if self._refusal(chunk) is None:
                seeded.charges += len(chunk)
                continue
            for charge in chunk:
                refusal = self._refusal([charge])
                if refusal is None:
                    seeded.charges += 1
                else:
                    seeded.refused.append(f"charge {charge['id']}: {refusal}")
        return seeded

    def _refusal(self, charges: Iterable[dict[str, Any]]) -> str | None:
        """Create charges, and return why the stand-in refuses them, or None."""
        try:
            self.control("charges", {"charges": list(charges)})
        except Failure as failure:
            return str(failure)
        return None

    def register_webhooks(self, api_url: str) -> dict[str, list[str]]:
        """Make our API the only receiver of the stand-in's events.

        Returns:
            The signing secrets, in the form of the webhook function's secret.
        """
        for endpoint in self._call_api("GET", "webhook_endpoints", {"limit": 100})["data"]:
            self._call_api("DELETE", f"webhook_endpoints/{endpoint['id']}")
        return {
            "platform": [self._create_endpoint(api_url, connect=False)],
            "connect": [self._create_endpoint(api_url, connect=True)],
        }

    def restricted_key(self, key: StripeKey) -> str:
        """Make a key that may do what a purpose needs, and return it."""
        made = api_key_of(key)
        body = {"key": made, "own": sorted(key.own), "connect": sorted(key.connect)}
        self.control("keys", body)
        return made

    def hold_webhooks(self) -> None:
        """Hold events back instead of delivering them."""
        self.control("webhooks", {"mode": "hold"})

    def deliver_webhooks(self) -> list[dict[str, Any]]:
        """Deliver the events held back, and deliver later ones at once. Return the deliveries."""
        deliveries: list[dict[str, Any]] = self.control("webhooks/deliver", {})["deliveries"]
        self.control("webhooks", {"mode": "auto"})
        return deliveries

    def control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send a command to the control API and return its response.

        Raises:
            Failure: The stand-in refuses the command.
        """
        response = self._client.post(f"{self.url}/_standin/{path}", json=body)
        return _checked_json(response)

    def balance_transactions(self, account: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield an account's balance transactions, the newest first; None is the platform's."""
        page = {"limit": "100"}
        while True:
            answer = self._call_api("GET", "balance_transactions", page, account)
            yield from answer["data"]
            if not answer["has_more"]:
                return
            page["starting_after"] = answer["data"][-1]["id"]

    def _create_endpoint(self, api_url: str, *, connect: bool) -> str:
        """Create a webhook endpoint and return its signing secret."""
        form = {
            "url": f"{api_url}/webhooks/stripe",
            "enabled_events[]": list(WEBHOOK_EVENTS),
            "connect": "true" if connect else "false",
            "api_version": API_VERSION,
        }
        secret: str = self._call_api("POST", "webhook_endpoints", form)["secret"]
        return secret

    def _call_api(
        self,
        method: str,
        path: str,
        values: dict[str, Any] | None = None,
        account: str | None = None,
    ) -> dict[str, Any]:
        sent = {"params": values} if method == "GET" else {"data": values}
        of_account = {"Stripe-Account": account} if account else {}
        response = self._client.request(
            method,
            f"{self.url}/v1/{path}",
            headers={"Authorization": f"Bearer {STANDIN_KEY}"} | of_account,
            **sent,  # type: ignore[arg-type] # httpx takes either one
        )
        return _checked_json(response)


def api_key_of(key: StripeKey) -> str:
    """Return the stand-in's restricted key for a purpose."""
    return f"rk_test_{key.purpose.name.lower()}"


def _checked_json(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        refused = f"{response.request.method} {response.request.url.path}"
        raise Failure(f"The Stripe stand-in refused {refused}: {response.text[:300]}")
    body: dict[str, Any] = response.json()
    return body


@contextmanager
def run_standin(options: Options, port: int, scratch: Path) -> Iterator[Standin]:
    """Run the stand-in for as long as the context lasts. It may not be ready yet.

    Args:
        options: The stack's options.
        port: The port it listens on.
        scratch: The folder of its state, unless the options keep it.
    """
    state = (options.state if options.keep else scratch) / "stripe.json"
    state.parent.mkdir(parents=True, exist_ok=True)
    launcher = Path(__file__).parent / "exit_with_parent.py"
    command: list[str | Path] = [sys.executable, launcher, "-m"]
    command += ["infra.stripe_standin", "--port", str(port), "--api-key", STANDIN_KEY]
    command += ["--state", state]
    log = options.logs / "stripe.log"
    env = inherited_environment() | {"PYTHONUNBUFFERED": "1"}
    with background(command, name="the Stripe stand-in", log=log, env=env, cwd=ROOT) as process:
        yield Standin(f"http://127.0.0.1:{port}", process)


def charge_of(order: dict[str, Any]) -> dict[str, Any]:
    """Return the body that creates an imported order's charge in the stand-in."""
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
