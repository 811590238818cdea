"""The Stripe stand-in in this process: the same code as in the stack, without HTTP."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Message

from infra.stripe_standin.app import DEFAULT_API_KEY
from infra.stripe_standin.changes.disputes import open_dispute
from infra.stripe_standin.changes.refunds import RefundTransition, apply_refund_transition
from infra.stripe_standin.changes.seeding import seed_charges
from infra.stripe_standin.dropped_connection import DroppedConnection
from infra.stripe_standin.exchange import respond
from infra.stripe_standin.faults import FaultName, FaultRule, RequestMatcher
from infra.stripe_standin.records.charges import ChargeSeed
from infra.stripe_standin.records.webhooks import EventRecord
from infra.stripe_standin.rendering.webhooks import render_event
from infra.stripe_standin.state import StandinState
from infra.stripe_standin.webhooks.signatures import signature_header
from shared.gateways.stripe_api import API_VERSION
from tests.faults.engine import Answer, run

URL = "http://stripe.invalid"
KEY = DEFAULT_API_KEY

# What our two webhook endpoints' events are signed with.
SECRETS = {"platform": "whsec_platform", "connect": "whsec_connect"}


class NumberedIds:
    """Ids that are the same in the same run; takes the place of the module ``secrets``."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def token_hex(self, size: int) -> str:
        """Return the next id."""
        return f"{next(self._numbers):0{2 * size}x}"


class StripeHere:
    """Stripe: its API, what happens at banks and in its dashboard, and its events."""

    def __init__(self) -> None:
        self.standin = StandinState(api_key=KEY, api_version=API_VERSION)
        self._told = 0

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request as the stand-in's server would."""
        place = urlsplit(url)
        scope = {
            "type": "http",
            "method": method,
            "path": place.path,
            "query_string": place.query.encode(),
            "headers": [(name.lower().encode(), str(headers[name]).encode()) for name in headers],
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        response = run(respond(self.standin, Request(scope, receive)))
        if isinstance(response, DroppedConnection):
            raise TypeError("the harness itself drops connections, not the stand-in")
        return response.status_code, dict(response.headers), bytes(response.body)

    def ask(self, method: str, path: str, account: str | None, **form: object) -> dict[str, Any]:
        """Call the API as nobody in particular: a person in the dashboard, or a test that looks."""
        headers = {"Authorization": f"Bearer {KEY}"} | (
            {"Stripe-Account": account} if account else {}
        )
        query = "&".join(f"{name}={value}" for name, value in form.items())
        url, body = f"{URL}/v1/{path}", b""
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = query.encode()
        else:
            url += f"?{query}"
        status, _, content = self.answer(method, url, headers, body)
        answer: dict[str, Any] = json.loads(content)
        if status != 200:  # OK
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer

    def seed(self, charge: dict[str, Any]) -> None:
        """Let a charge be there."""
        seed_charges(self.standin, [ChargeSeed.model_validate(charge)])

    def fault(self, fault: FaultName, path_prefix: str | None = None) -> None:
        """Let the next request that it fits meet a fault inside Stripe."""
        match = RequestMatcher(path_prefix=path_prefix)
        self.standin.faults.add(FaultRule(fault=fault, match=match))

    @contextmanager
    def faulty(self, fault: FaultName, path_prefix: str | None = None) -> Iterator[None]:
        """Let a request meet a fault inside Stripe, if it fits and is not a repeat."""
        self.fault(fault, path_prefix)
        yield
        self.standin.faults.clear()

    def move(self, stripe_refund_id: str, status: str) -> None:
        """Let a bank, or somebody in the dashboard, move a refund."""
        transition = RefundTransition(status)  # type: ignore[arg-type]  # one of Stripe's statuses
        refund = self.standin.store.refunds[stripe_refund_id]
        apply_refund_transition(self.standin, refund, transition)

    def dispute(self, charge_id: str) -> None:
        """Let a parent charge back."""
        open_dispute(self.standin, self.standin.store.charges[charge_id])

    def news(self) -> list[EventRecord]:
        """Return the events since the last time, oldest first."""
        events = list(self.standin.store.events)[self._told :]
        self._told += len(events)
        return events

    def webhook(self, event: EventRecord, at: int) -> tuple[str, str]:
        """Return the body and the signature header of an event's delivery."""
        body = json.dumps(render_event(self.standin.store, event), indent=2)
        secret = SECRETS["platform" if event.account is None else "connect"]
        return body, signature_header(body.encode(), [secret], at)
