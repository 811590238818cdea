"""The Stripe stand-in in this process: the same code as in the local stack, without HTTP."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.types import Message

from infra.stripe_standin.app import DEFAULT_API_KEY
from infra.stripe_standin.changes.accounts import account_with_id, change_access
from infra.stripe_standin.changes.charge_states import ChargeTransition, apply_charge_transition
from infra.stripe_standin.changes.disputes import (
    DisputeOpening,
    DisputeTransition,
    apply_dispute_transition,
    open_dispute,
)
from infra.stripe_standin.changes.refunds import RefundTransition, apply_refund_transition
from infra.stripe_standin.changes.seeding import seed_charges
from infra.stripe_standin.dropped_connection import DroppedConnection
from infra.stripe_standin.exchange import respond
from infra.stripe_standin.faults import FaultName, FaultRule, RequestMatcher
from infra.stripe_standin.records.accounts import AccountAccess
from infra.stripe_standin.records.charges import ChargeSeed
from infra.stripe_standin.records.disputes import DisputeStatus, OpeningStatus
from infra.stripe_standin.records.refunds import RefundRecord, StripeRefundStatus
from infra.stripe_standin.records.transfers import TransferRecord
from infra.stripe_standin.records.webhooks import EventRecord
from infra.stripe_standin.rendering.webhooks import render_event
from infra.stripe_standin.state import StandinState
from infra.stripe_standin.webhooks.signatures import signature_header
from shared.gateways.stripe.api_version import API_VERSION
from tests.faults.one_process.answer import Answer, run_without_waiting

URL = "http://stripe.invalid"
KEY = DEFAULT_API_KEY

# Stripe signs the events of our two webhook endpoints with these.
WEBHOOK_SECRETS = {"platform": "whsec_platform", "connect": "whsec_connect"}


class NumberedIds:
    """Replaces the module ``secrets``, so that ids are the same in each run of a seed."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def token_hex(self, size: int) -> str:
        """Return the next id."""
        return f"{next(self._numbers):0{2 * size}x}"


class DashboardRefusedError(Exception):
    """Stripe refused what a dashboard user asked for."""


class InProcessStripe:
    """Stripe's API and events, and the actions of banks, parents and dashboard users."""

    def __init__(self) -> None:
        self.standin = StandinState(api_key=KEY, api_version=API_VERSION)
        self._events_taken = 0

    def answer(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer a request as the stand-in's server would."""
        parts = urlsplit(url)
        scope = {
            "type": "http",
            "method": method,
            "path": parts.path,
            "query_string": parts.query.encode(),
            "headers": [(name.lower().encode(), str(headers[name]).encode()) for name in headers],
        }

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        response = run_without_waiting(respond(self.standin, Request(scope, receive)))
        if isinstance(response, DroppedConnection):
            raise TypeError("inject lost answers with an interceptor, not with the stand-in")
        return response.status_code, dict(response.headers), bytes(response.body)

    def refund_in_dashboard(self, order_id: str, amount: int) -> str:
        """Make an external refund of an order, and return its Stripe id.

        Raises:
            DashboardRefusedError: Stripe refuses it.
        """
        charge_id = charge_id_of(order_id)
        account = self.standin.store.charges[charge_id].account
        return self._post_in_dashboard(
            "refunds", {"charge": charge_id, "amount": amount}, account=account
        )

    def only_transfer(self) -> TransferRecord:
        """Return the one transfer there is."""
        (transfer,) = self.standin.store.transfers
        return transfer

    def reverse_transfer(self, transfer_id: str, amount: int) -> str:
        """Take a part of a transfer back, and return the reversal's id.

        Raises:
            DashboardRefusedError: Stripe refuses it.
        """
        return self._post_in_dashboard(f"transfers/{transfer_id}/reversals", {"amount": amount})

    def _post_in_dashboard(
        self, path: str, values: dict[str, Any], account: str | None = None
    ) -> str:
        headers = {
            "Authorization": f"Bearer {KEY}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if account is not None:
            headers["Stripe-Account"] = account
        form = urlencode(values).encode()
        status, _, content = self.answer("POST", f"{URL}/v1/{path}", headers, form)
        answer = json.loads(content)
        if status != 200:  # OK
            raise DashboardRefusedError(f"Stripe refuses it: {answer}")
        return str(answer["id"])

    def seed_charge(self, charge: dict[str, Any]) -> None:
        """Add a charge."""
        seed_charges(self.standin, [ChargeSeed.model_validate(charge)])

    def add_fault(self, fault: FaultName, path_prefix: str | None = None) -> None:
        """Inject a fault inside Stripe into the next request that matches."""
        match = RequestMatcher(path_prefix=path_prefix)
        self.standin.faults.add(FaultRule(fault=fault, match=match))

    @contextmanager
    def with_fault(self, fault: FaultName, path_prefix: str | None = None) -> Iterator[None]:
        """Inject a fault inside Stripe for one request. It has no effect on a repeated request."""
        self.add_fault(fault, path_prefix)
        yield
        self.standin.faults.clear()

    def only_refund(self) -> RefundRecord:
        """Return the one refund there is."""
        (refund,) = self.standin.store.refunds
        return refund

    def move_refund(self, stripe_refund_id: str, status: StripeRefundStatus) -> None:
        """Move a refund to another status, as a bank or a dashboard user does."""
        refund = self.standin.store.refunds[stripe_refund_id]
        apply_refund_transition(self.standin, refund, RefundTransition(status))

    def open_dispute(
        self, order_id: str, status: OpeningStatus = "needs_response", amount: int | None = None
    ) -> str:
        """Dispute an order's charge, as a parent does at the bank, and return the dispute's id."""
        charge = self.standin.store.charges[charge_id_of(order_id)]
        opening = DisputeOpening(status=status, amount=amount)
        return open_dispute(self.standin, charge, opening).id

    def change_access(self, account_id: str, access: AccountAccess) -> None:
        """Disconnect a connected account, close it, or connect it again."""
        change_access(self.standin, account_with_id(self.standin, account_id), access)

    def move_dispute(
        self, dispute_id: str, status: DisputeStatus, *, return_fee: bool = False
    ) -> None:
        """Move a dispute to another status, as a bank does."""
        dispute = self.standin.store.disputes[dispute_id]
        transition = DisputeTransition(status, return_fee=return_fee)
        apply_dispute_transition(self.standin, dispute, transition)

    def move_charge(self, order_id: str, transition: ChargeTransition) -> None:
        """Let a bank pay a pending charge, or a shop capture an authorization."""
        charge = self.standin.store.charges[charge_id_of(order_id)]
        apply_charge_transition(self.standin, charge, transition)

    def new_events(self) -> list[EventRecord]:
        """Return the events since the last call, oldest first."""
        events = list(self.standin.store.events)[self._events_taken :]
        self._events_taken += len(events)
        return events

    def signed_event(self, event: EventRecord, at: int) -> tuple[str, str]:
        """Return the body and the signature header of an event's delivery."""
        body = json.dumps(render_event(self.standin.store, event), indent=2)
        secret = WEBHOOK_SECRETS["platform" if event.account is None else "connect"]
        return body, signature_header(body.encode(), [secret], at)


def charge_id_of(order_id: str) -> str:
    """Return the id of an order's charge."""
    return f"ch_{order_id.removeprefix('ord_')}"
