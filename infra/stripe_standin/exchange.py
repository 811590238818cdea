"""One request to Stripe's API: from the API key to the response, or to a dropped connection."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infra.stripe_standin.dropped_connection import DroppedConnection
from infra.stripe_standin.faults import (
    NETWORK_FAULTS,
    OUTCOME_FAULTS,
    SERVER_FAULTS,
    UNREADABLE_FAULTS,
    FaultRule,
    OutcomeFault,
    RequestTraits,
    UnreadableFault,
)
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.operations.routing import find_operation
from infra.stripe_standin.protocol.authentication import read_api_key
from infra.stripe_standin.protocol.errors import (
    StripeError,
    no_such_account,
    rate_limited,
    server_error,
)
from infra.stripe_standin.protocol.expansion import check_expansions, expand
from infra.stripe_standin.protocol.form import read_form
from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.params import Params, read_params
from infra.stripe_standin.protocol.permissions import needed_permissions
from infra.stripe_standin.protocol.request_log import LoggedRequest
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.saved_responses import SavedResponse
from infra.stripe_standin.state import EventCause, StandinState
from infra.stripe_standin.store import Store
from infra.stripe_standin.unreadable import happens_before_effect, unreadable_answer


@dataclass(frozen=True)
class ApiResponse:
    """The status and body that Stripe's API responds with.

    Attributes:
        original_request: The request that was executed, if this is its saved response.
    """

    status: int
    body: JsonObject
    original_request: str | None = None


async def respond(standin: StandinState, request: Request) -> Response:
    """Return Stripe's response, or drop the connection if a fault says so."""
    exchange = _Exchange(standin, request)
    response = await exchange.run()
    if isinstance(response, DroppedConnection):
        return response
    if isinstance(response, Response):
        exchange.entry.status = response.status_code
        return response
    _log_response(exchange.entry, response)
    return JSONResponse(response.body, response.status, _headers(exchange.entry, response))


class _Exchange:
    """One request under way.

    Attributes:
        entry: The request's entry in the request log.
    """

    def __init__(self, standin: StandinState, request: Request) -> None:
        self._standin = standin
        self._request = request
        self.entry = standin.request_log.add(
            at=standin.clock.now(),
            request_id=new_id("req"),
            method=request.method,
            path=request.url.path,
        )

    async def run(self) -> ApiResponse | Response:
        """Apply the network faults around the request, and return what the client gets.

        What does not come from Stripe is a finished `Response`.
        """
        try:
            await self._read()
        except StripeError as error:
            return self._error_response(error)
        fault = self._take_fault(NETWORK_FAULTS | UNREADABLE_FAULTS)
        if fault is None:
            return await self._respond()
        if fault.fault in UNREADABLE_FAULTS:
            return await self._respond_unreadably(cast("UnreadableFault", fault.fault))
        match fault.fault:
            case "status_429":
                return self._error_response(rate_limited())
            case "timeout_after_effect" | "reset_after_effect":
                await self._respond()
        resets = fault.fault.startswith("reset")
        return DroppedConnection(hold_s=0 if resets else fault.seconds, reset=resets)

    async def _respond_unreadably(self, fault: UnreadableFault) -> Response:
        if happens_before_effect(fault):
            response = self._error_response(server_error())
        else:
            response = await self._respond()
        return unreadable_answer(fault, response.status, response.body)

    async def _read(self) -> None:
        headers, entry = self._request.headers, self.entry
        entry.stripe_version = headers.get("stripe-version")
        if entry.method == "POST":
            entry.idempotency_key = headers.get("idempotency-key")
        keys = [self._standin.api_key, *self._standin.restricted_keys]
        entry.api_key = read_api_key(headers.get("authorization"), keys)
        entry.account = headers.get("stripe-account")
        if entry.account is not None and not self._may_act_for(entry.account):
            raise no_such_account(entry.account)
        entry.params = await read_form(self._request)

    def _may_act_for(self, account: str) -> bool:
        return account.startswith("acct_") and self._standin.store.is_connected(account)

    async def _respond(self) -> ApiResponse:
        """Return the response saved under the idempotency key, or execute the request."""
        entry, keys = self.entry, self._standin.idempotency_keys
        try:
            if entry.idempotency_key is None:
                return await self._execute(*self._validate())
            account, key = entry.account, entry.idempotency_key
            saved = keys.find(account, key, path=entry.path, params=entry.params)
            if saved is not None:
                return ApiResponse(saved.status, saved.body, saved.request_id)
            with keys.lock(account, key):
                response = await self._execute(*self._validate())
                self._save(key, response)
                return response
        except StripeError as error:
            return self._error_response(error)

    def _validate(self) -> tuple[Operation, dict[str, str], Params]:
        operation, ids = find_operation(self.entry.method, self.entry.path)
        params = read_params(operation.params_type, self.entry.params)
        check_expansions(operation.returns, params.expand)
        self._check_permissions(params.expand)
        return operation, ids, params

    def _check_permissions(self, expand: list[str]) -> None:
        entry = self.entry
        entry.permissions = needed_permissions(entry.method, entry.path, expand)
        restricted = self._standin.restricted_keys.get(entry.api_key or "")
        if restricted is not None:
            restricted.check(entry.permissions, entry.account)

    async def _execute(
        self, operation: Operation, ids: dict[str, str], params: Params
    ) -> ApiResponse:
        """Execute the operation. The idempotency key saves every response from here on."""
        fault = self._take_fault(SERVER_FAULTS)
        fault_name = None if fault is None else fault.fault
        if fault is not None and fault_name == "slow":
            await asyncio.sleep(fault.seconds)
        if fault_name == "status_500_before_effect":
            return self._error_response(server_error())
        try:
            body = operation.run(self._call(ids, params))
            response = ApiResponse(200, expand(self._standin, body, params.expand))
        except StripeError as error:
            response = self._error_response(error)
        if fault_name == "status_500_after_effect":
            return self._error_response(server_error())
        return response

    def _call(self, ids: dict[str, str], params: Params) -> ApiCall[Params]:
        return ApiCall(
            standin=self._standin,
            account=self.entry.account,
            path=self.entry.path,
            ids=ids,
            params=params,
            cause=EventCause(self.entry.request_id, self.entry.idempotency_key),
            take_outcome_fault=self._take_outcome_fault,
        )

    def _save(self, key: str, response: ApiResponse) -> None:
        self._standin.idempotency_keys.save(
            SavedResponse(
                account=self.entry.account,
                key=key,
                created=self._standin.clock.now(),
                path=self.entry.path,
                params=self.entry.params,
                status=response.status,
                body=response.body,
                request_id=self.entry.request_id,
            )
        )

    def _error_response(self, error: StripeError) -> ApiResponse:
        return ApiResponse(error.status, error.body(self.entry.request_id))

    def _take_fault(self, names: frozenset[str]) -> FaultRule | None:
        traits = RequestTraits(
            method=self.entry.method,
            path=self.entry.path,
            charge=_named_charge(self._standin.store, self.entry),
            account=self.entry.account,
        )
        fault = self._standin.faults.take(names, traits)
        if fault is not None:
            self.entry.faults.append(fault.fault)
        return fault

    def _take_outcome_fault(self) -> OutcomeFault | None:
        fault = self._take_fault(OUTCOME_FAULTS)
        return None if fault is None else cast("OutcomeFault", fault.fault)


def _named_charge(store: Store, entry: LoggedRequest) -> str | None:
    """Return the charge that a request names, directly or through an object of the charge."""
    params = entry.params
    for id_ in (params.get("charge"), params.get("payment_intent"), *entry.path.split("/")):
        if not isinstance(id_, str):
            continue
        if id_ in store.charges:
            return id_
        if id_ in store.payment_intents:
            return store.payment_intents[id_].latest_charge
        for collection in (store.refunds, store.application_fees, store.disputes):
            if id_ in collection:
                return collection[id_].charge
    return None


def _log_response(entry: LoggedRequest, response: ApiResponse) -> None:
    entry.status = response.status
    entry.replayed = response.original_request is not None
    if response.status >= HTTPStatus.BAD_REQUEST:
        error = response.body["error"]
        entry.error_code = error.get("code", error["type"])


def _headers(entry: LoggedRequest, response: ApiResponse) -> dict[str, str]:
    headers = {"Request-Id": entry.request_id}
    if response.status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
    if entry.stripe_version is not None:
        headers["Stripe-Version"] = entry.stripe_version
    if entry.idempotency_key is not None:
        headers["Idempotency-Key"] = entry.idempotency_key
    if response.original_request is not None:
        headers["Original-Request"] = response.original_request
        headers["Idempotent-Replayed"] = "true"
    return headers
