"""Commands on charges."""

from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.stripe_standin.changes.charge_states import (
    ChargeTransition,
    NextChargeState,
    apply_charge_transition,
)
from infra.stripe_standin.changes.seeding import seed_charges
from infra.stripe_standin.control.command import (
    ChangeBody,
    CommandBody,
    Commands,
    find_named,
    read_body,
)
from infra.stripe_standin.records.charges import ChargeSeed
from infra.stripe_standin.rendering.charges import render_charge


class SeedBody(CommandBody):
    """Body of POST /_standin/charges.

    Attributes:
        events: Whether to emit the events that Stripe sent while the charges were made.
    """

    charges: list[ChargeSeed]
    events: bool = False


class TransitionBody(ChangeBody):
    """Body of POST /_standin/charges/{id}. `ChargeTransition` explains the fields."""

    state: NextChargeState
    amount_captured: Annotated[int, Field(ge=1)] | None = None
    fee: Annotated[int, Field(ge=0)] | None = None
    application_fee_amount: Annotated[int, Field(ge=0)] | None = None
    failure_code: str = "insufficient_funds"
    failure_message: str = "The customer's account has insufficient funds to cover this payment."


class ChargeCommands(Commands):
    """Commands on charges."""

    def routes(self) -> list[Route]:
        """Return the routes of the commands, relative to `/_standin`."""
        return [
            Route("/charges", self.seed, methods=["POST"]),
            Route("/charges/{id}", self.change_state, methods=["POST"]),
        ]

    async def seed(self, request: Request) -> Response:
        """Seed charges. Seeding the same content again changes nothing."""
        body = await read_body(request, SeedBody)
        created, unchanged = seed_charges(self._standin, body.charges, with_events=body.events)
        return JSONResponse({"created": created, "unchanged": unchanged})

    async def change_state(self, request: Request) -> Response:
        """Move a charge on, as a bank, the merchant or time would."""
        body = await read_body(request, TransitionBody)
        charge = find_named(self._standin.store.charges, request)
        transition = ChargeTransition(**body.model_dump(exclude={"silent"}))
        with self._standin.maybe_silent(silent=body.silent):
            apply_charge_transition(self._standin, charge, transition)
        return JSONResponse(render_charge(self._standin.store, charge))
