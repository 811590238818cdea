"""The control API under `/_standin`: seeding, faults, webhooks, the clock, and looking inside.

Bodies are JSON and checked strictly. It needs no key: the stand-in is for local use only.
"""

from collections import Counter
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.faults import ActiveFault, FaultOrder
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records import (
    ChargeSeed,
    Delivery,
    FailureReason,
    Json,
    PendingReason,
    Record,
)
from infra.stripe_standin.rendering.payments import (
    render_balance_transaction,
    render_dispute,
    render_refund,
)
from infra.stripe_standin.resources.disputes import (
    DisputeImpossibleError,
    close_dispute,
    open_dispute,
)
from infra.stripe_standin.resources.refunds import (
    RefundCannotMoveError,
    RefundMove,
    move_refund,
)
from infra.stripe_standin.seeding import SeedConflictError, seed_charges
from infra.stripe_standin.standin import Standin
from infra.stripe_standin.store import Collection
from infra.stripe_standin.webhooks import Order, WebhookSettings

_MAX_ADVANCE_S = 10 * 365 * 24 * 3600


class ControlError(Exception):
    """A command that cannot be carried out.

    Attributes:
        status: The HTTP status to answer with.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SeedBody(_Body):
    """Body of POST /_standin/charges."""

    charges: list[ChargeSeed]


class MoveBody(_Body):
    """Body of POST /_standin/refunds/{id}."""

    status: Literal["succeeded", "failed", "canceled", "pending"]
    failure_reason: FailureReason = "expired_or_canceled_card"
    pending_reason: PendingReason = "processing"


class BalanceBody(_Body):
    """Body of POST /_standin/balance_transactions/{id}: what is left out stays as it is."""

    amount: int | None = None
    created: Annotated[int, Field(ge=0)] | None = None


class DisputeBody(_Body):
    """Body of POST /_standin/disputes."""

    charge: str


class CloseBody(_Body):
    """Body of POST /_standin/disputes/{id}/close."""

    status: Literal["won", "lost"]


class WebhooksBody(WebhookSettings):
    """Body of POST /_standin/webhooks: what is left out stays as it is.

    Attributes:
        drop: How many of the next events will not be delivered at all.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    drop: Annotated[int, Field(ge=0)] = 0


class DeliverBody(_Body):
    """Body of POST /_standin/webhooks/deliver.

    Attributes:
        event_ids: What to deliver, again if need be; None means everything queued.
    """

    event_ids: list[str] | None = None
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    order: Order = "fifo"
    seed: int | None = None


class RollBody(_Body):
    """Body of POST /_standin/webhook_endpoints/{id}/roll_secret.

    Attributes:
        expire_s: How long the old secret goes on signing, in domain time.
    """

    expire_s: Annotated[int, Field(ge=0)] = 24 * 3600


class ClockBody(_Body):
    """Body of POST /_standin/clock."""

    advance_s: Annotated[int, Field(ge=0, le=_MAX_ADVANCE_S)]


class ControlApi:
    """The commands."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin

    def routes(self) -> list[Route]:
        """Return the routes, relative to `/_standin`."""
        return [
            Route("/charges", self.seed, methods=["POST"]),
            Route("/faults", self.add_fault, methods=["POST"]),
            Route("/faults", self.list_faults, methods=["GET"]),
            Route("/faults", self.clear_faults, methods=["DELETE"]),
            Route("/refunds/{id}", self.move_refund, methods=["POST"]),
            Route("/balance_transactions/{id}", self.change_balance, methods=["POST"]),
            Route("/disputes", self.open_dispute, methods=["POST"]),
            Route("/disputes/{id}/close", self.close_dispute, methods=["POST"]),
            Route("/webhooks", self.set_webhooks, methods=["POST"]),
            Route("/webhooks", self.show_webhooks, methods=["GET"]),
            Route("/webhooks/deliver", self.deliver, methods=["POST"]),
            Route("/webhook_endpoints/{id}/roll_secret", self.roll_secret, methods=["POST"]),
            Route("/requests", self.list_requests, methods=["GET"]),
            Route("/requests", self.clear_requests, methods=["DELETE"]),
            Route("/clock", self.advance_clock, methods=["POST"]),
            Route("/clock", self.show_clock, methods=["GET"]),
            Route("/health", self.health, methods=["GET"]),
            Route("/state", self.forget, methods=["DELETE"]),
            Route("/totals", self.totals, methods=["GET"]),
        ]

    async def seed(self, request: Request) -> Response:
        """Seed charges; the same content again changes nothing."""
        body = await _read(request, SeedBody)
        try:
            created, unchanged = seed_charges(self._standin, body.charges)
        except SeedConflictError as error:
            raise ControlError(409, str(error)) from error
        return JSONResponse({"created": created, "unchanged": unchanged})

    async def add_fault(self, request: Request) -> Response:
        """Let a fault wait for requests."""
        order = await _read(request, FaultOrder)
        return JSONResponse(_fault_json(self._standin.faults.add(order)))

    async def list_faults(self, _: Request) -> Response:
        """List the faults that still wait."""
        return JSONResponse({"faults": [_fault_json(f) for f in self._standin.faults.active()]})

    async def clear_faults(self, _: Request) -> Response:
        """Take all faults back."""
        self._standin.faults.clear()
        return JSONResponse({"faults": []})

    async def move_refund(self, request: Request) -> Response:
        """Move a refund as a bank, or the dashboard, would."""
        body = await _read(request, MoveBody)
        refund = _find(self._standin.store.refunds, request)
        move = RefundMove(body.status, body.failure_reason, body.pending_reason)
        try:
            move_refund(self._standin, refund, move)
        except RefundCannotMoveError as error:
            raise ControlError(409, str(error)) from error
        return JSONResponse(render_refund(refund))

    async def change_balance(self, request: Request) -> Response:
        """Change the amount of a balance transaction, or when it was made."""
        body = await _read(request, BalanceBody)
        transaction = _find(self._standin.store.balance_transactions, request)
        for name, value in body.model_dump(exclude_none=True).items():
            setattr(transaction, name, value)
        return JSONResponse(render_balance_transaction(transaction, self._standin.clock))

    async def open_dispute(self, request: Request) -> Response:
        """Let a customer charge back."""
        charge_id = (await _read(request, DisputeBody)).charge
        charges = self._standin.store.charges
        if charge_id not in charges:
            raise ControlError(404, f"no such charge: {charge_id}")
        try:
            dispute = open_dispute(self._standin, charges[charge_id])
        except DisputeImpossibleError as error:
            raise ControlError(409, str(error)) from error
        return JSONResponse(render_dispute(self._standin.store, dispute, self._standin.clock))

    async def close_dispute(self, request: Request) -> Response:
        """Let the bank decide a dispute."""
        body = await _read(request, CloseBody)
        dispute = _find(self._standin.store.disputes, request)
        try:
            close_dispute(self._standin, dispute, body.status)
        except DisputeImpossibleError as error:
            raise ControlError(409, str(error)) from error
        return JSONResponse(render_dispute(self._standin.store, dispute, self._standin.clock))

    async def set_webhooks(self, request: Request) -> Response:
        """Change how events are delivered."""
        body = await _read(request, WebhooksBody)
        webhooks = self._standin.webhooks
        if "drop" in body.model_fields_set:
            webhooks.drop_next = body.drop
        given = body.model_dump(exclude_unset=True, exclude={"drop"})
        webhooks.configure(webhooks.settings.model_copy(update=given))
        return await self.show_webhooks(request)

    async def show_webhooks(self, _: Request) -> Response:
        """Show settings, queue and deliveries."""
        webhooks = self._standin.webhooks
        return JSONResponse(
            {
                "settings": webhooks.settings.model_dump(),
                "drop_next": webhooks.drop_next,
                "dropped": webhooks.dropped,
                "queue": [self._delivery_json(delivery) for delivery in webhooks.queued()],
                "deliveries": [
                    self._delivery_json(delivery) for delivery in webhooks.all_deliveries()
                ],
            }
        )

    async def deliver(self, request: Request) -> Response:
        """Deliver what is queued, or any events, and answer when that is done."""
        body = await _read(request, DeliverBody)
        events = self._standin.store.events
        missing = [id_ for id_ in body.event_ids or [] if id_ not in events]
        if missing:
            raise ControlError(404, f"no such event: {missing[0]}")
        chosen = None if body.event_ids is None else [events[id_] for id_ in body.event_ids]
        deliveries = await self._standin.webhooks.deliver_now(
            chosen, copies=body.copies, order=body.order, seed=body.seed
        )
        return JSONResponse(
            {
                "deliveries": [
                    self._delivery_json(delivery) | attempt.model_dump()
                    for delivery, attempt in deliveries
                ]
            }
        )

    async def roll_secret(self, request: Request) -> Response:
        """Give an endpoint a new secret; both sign until the old one expires."""
        body = await _read(request, RollBody)
        endpoint = _find(self._standin.store.webhook_endpoints, request)
        endpoint.old_secret = endpoint.secret
        endpoint.old_secret_until = self._standin.clock.now() + body.expire_s
        endpoint.secret = new_id("whsec")
        return JSONResponse(
            {"secret": endpoint.secret, "old_secret_until": endpoint.old_secret_until}
        )

    async def list_requests(self, request: Request) -> Response:
        """List the requests to Stripe's API."""
        since = request.query_params.get("since", "0")
        if not since.isdecimal():
            raise ControlError(400, "since: must be the seq of a request")
        entries = self._standin.requests.since(int(since))
        return JSONResponse({"requests": [entry.model_dump() for entry in entries]})

    async def clear_requests(self, _: Request) -> Response:
        """Forget the requests; their numbers go on."""
        self._standin.requests.clear()
        return JSONResponse({"requests": []})

    async def advance_clock(self, request: Request) -> Response:
        """Move domain time forward."""
        self._standin.clock.advance((await _read(request, ClockBody)).advance_s)
        return await self.show_clock(request)

    async def show_clock(self, _: Request) -> Response:
        """Show domain time."""
        clock = self._standin.clock
        return JSONResponse({"now": clock.now(), "offset_s": clock.offset_s})

    async def health(self, _: Request) -> Response:
        """Say that the stand-in runs."""
        return JSONResponse({"status": "ok", "api_version": self._standin.api_version})

    async def forget(self, _: Request) -> Response:
        """Start over with nothing."""
        self._standin.forget_everything()
        return JSONResponse({"status": "ok"})

    async def totals(self, request: Request) -> Response:
        """Add up the refunds that stand, of one charge or of all."""
        store, charge_id = self._standin.store, request.query_params.get("charge")
        if charge_id is not None and charge_id not in store.charges:
            raise ControlError(404, f"no such charge: {charge_id}")
        charges = list(store.charges) if charge_id is None else [store.charges[charge_id]]
        refunds = [
            refund
            for charge in charges
            for refund in store.refunds.of_group(charge.id).oldest_first()
        ]
        amount = sum(refund.amount for refund in refunds if refund.stands)
        return JSONResponse(
            {
                "charge": charge_id,
                "count": sum(refund.stands for refund in refunds),
                "amount": amount,
                "charge_amount": sum(charge.amount for charge in charges),
                "refundable_amount": sum(charge.amount for charge in charges) - amount,
                "by_status": Counter(refund.status for refund in refunds),
            }
        )

    def _delivery_json(self, delivery: Delivery) -> Json:
        event = self._standin.store.events[delivery.event]
        is_refund = event.object["object"] == "refund"
        return {
            "event_id": event.id,
            "type": event.type,
            "account": event.account,
            "object_id": event.object["id"],
            "refund_id": event.object["id"] if is_refund else None,
            "endpoint_id": delivery.endpoint,
            "state": delivery.state,
            "status_code": delivery.attempts[-1].status_code if delivery.attempts else None,
            "attempts": [attempt.model_dump() for attempt in delivery.attempts],
        }


def _fault_json(fault: ActiveFault) -> Json:
    return {"id": fault.id, **fault.order.model_dump(), "times_left": fault.times_left}


async def _read[B: BaseModel](request: Request, kind: type[B]) -> B:
    try:
        return kind.model_validate_json(await request.body() or b"{}")
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        message = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc']) or 'body'}: {problem['msg']}"
            for problem in problems[:5]
        )
        raise ControlError(400, message) from error


def _find[R: Record](collection: Collection[R], request: Request) -> R:
    id_: str = request.path_params["id"]
    if id_ not in collection:
        raise ControlError(404, f"no such {collection.noun}: {id_}")
    return collection[id_]
