"""The way of a request through Stripe's API, from its key to its answer."""

import asyncio
import base64
import binascii
import re
from dataclasses import dataclass
from secrets import compare_digest
from typing import cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infra.stripe_standin.call import Call, Operation
from infra.stripe_standin.errors import (
    StripeError,
    broken,
    no_api_key,
    no_such_account,
    no_such_url,
    not_a_form,
    rate_limited,
    wrong_api_key,
)
from infra.stripe_standin.expansion import check_expansions, expand
from infra.stripe_standin.faults import EXECUTION, OUTCOME, WIRE, FaultOrder, RefundBehavior, Target
from infra.stripe_standin.form import decode_form
from infra.stripe_standin.hang_up import HangUp
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.params import Params, read_params
from infra.stripe_standin.records import Json, SavedAnswer
from infra.stripe_standin.request_log import LoggedRequest
from infra.stripe_standin.resources import (
    application_fees,
    balance,
    charges,
    disputes,
    notices,
    refunds,
    transfers,
)
from infra.stripe_standin.standin import Cause, Standin

_OPERATIONS = [
    *refunds.OPERATIONS,
    *charges.OPERATIONS,
    *balance.OPERATIONS,
    *application_fees.OPERATIONS,
    *transfers.OPERATIONS,
    *disputes.OPERATIONS,
    *notices.OPERATIONS,
]
_ROUTES = [
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path)), operation)
    for operation in _OPERATIONS
]
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    """What goes back to the client.

    Attributes:
        original: The request that was executed, if this answer is a replay of its answer.
    """

    status: int
    body: Json
    original: str | None = None


class StandinApi:
    """The part of Stripe's API that the stand-in speaks."""

    def __init__(self, standin: Standin) -> None:
        self._standin = standin

    async def handle(self, request: Request) -> Response:
        """Answer a request, unless a fault keeps the answer back."""
        exchange = _Exchange(self._standin, request)
        response = await exchange.run()
        if isinstance(response, HangUp):
            return response
        entry = exchange.entry
        entry.status = response.status
        entry.replayed = response.original is not None
        error = response.body.get("error") if response.status >= 400 else None  # noqa: PLR2004 - an error's status
        if error is not None:
            entry.error_code = error.get("code", error["type"])
        return JSONResponse(response.body, response.status, _headers(entry, response))


class _Exchange:
    """One request under way.

    Attributes:
        entry: Its line in the request log.
    """

    def __init__(self, standin: Standin, request: Request) -> None:
        self._standin = standin
        self._request = request
        self.entry = standin.requests.open(
            at=standin.clock.now(),
            request_id=new_id("req"),
            method=request.method,
            path=request.url.path,
        )

    async def run(self) -> Answer | HangUp:
        """Let the faults between client and Stripe have their way, and answer."""
        try:
            await self._read()
        except StripeError as error:
            return self._refused(error)
        fault = self._take(WIRE)
        if fault is None:
            return await self._answer()
        match fault.fault:
            case "status_429":
                return self._refused(rate_limited())
            case "timeout_after_effect" | "reset_after_effect":
                await self._answer()
        resets = fault.fault.startswith("reset")
        return HangUp(hold_s=0 if resets else fault.seconds, reset=resets)

    async def _read(self) -> None:
        headers, entry = self._request.headers, self.entry
        entry.stripe_version = headers.get("stripe-version")
        if entry.method == "POST":
            entry.idempotency_key = headers.get("idempotency-key")
        _check_api_key(headers.get("authorization"), self._standin.api_key)
        entry.account = headers.get("stripe-account")
        if entry.account is not None and not entry.account.startswith("acct_"):
            raise no_such_account(entry.account)
        entry.params = await _read_form(self._request)

    async def _answer(self) -> Answer:
        """Answer under the idempotency key, if there is one."""
        entry, keys = self.entry, self._standin.keys
        try:
            if entry.idempotency_key is None:
                return await self._execute(*self._validate())
            account, key = entry.account, entry.idempotency_key
            saved = keys.find(account, key, path=entry.path, params=entry.params)
            if saved is not None:
                return Answer(saved.status, saved.body, original=saved.request_id)
            with keys.held(account, key):
                answer = await self._execute(*self._validate())
                self._save(key, answer)
                return answer
        except StripeError as error:
            return self._refused(error)

    def _validate(self) -> tuple[Operation, dict[str, str], Params]:
        operation, ids = _route(self.entry.method, self.entry.path)
        params = read_params(operation.params, self.entry.params)
        check_expansions(operation.returns, params.expand)
        return operation, ids, params

    async def _execute(self, operation: Operation, ids: dict[str, str], params: Params) -> Answer:
        """Carry the request out. From here on every answer is one to keep under the key."""
        fault = self._take(EXECUTION)
        if fault is not None and fault.fault == "slow":
            await asyncio.sleep(fault.seconds)
        if fault is not None and fault.fault == "status_500_before_effect":
            return self._refused(broken())
        call = Call(
            standin=self._standin,
            account=self.entry.account,
            ids=ids,
            params=params,
            cause=Cause(self.entry.request_id, self.entry.idempotency_key),
            take_outcome=self._take_outcome,
        )
        try:
            body = expand(self._standin, operation.run(call), params.expand)
            answer = Answer(200, body)
        except StripeError as error:
            answer = self._refused(error)
        if fault is not None and fault.fault == "status_500_after_effect":
            return self._refused(broken())
        return answer

    def _save(self, key: str, answer: Answer) -> None:
        self._standin.keys.save(
            SavedAnswer(
                account=self.entry.account,
                key=key,
                created=self._standin.clock.now(),
                path=self.entry.path,
                params=self.entry.params,
                status=answer.status,
                body=answer.body,
                request_id=self.entry.request_id,
            )
        )

    def _refused(self, error: StripeError) -> Answer:
        return Answer(error.status, error.body(self.entry.request_id))

    def _take(self, names: frozenset[str]) -> FaultOrder | None:
        target = Target(
            method=self.entry.method,
            path=self.entry.path,
            charge=_charge_concerned(self._standin, self.entry),
            account=self.entry.account,
        )
        fault = self._standin.faults.take(names, target)
        if fault is not None:
            self.entry.faults.append(fault.fault)
        return fault

    def _take_outcome(self) -> RefundBehavior | None:
        fault = self._take(OUTCOME)
        return None if fault is None else cast("RefundBehavior", fault.fault)


def _check_api_key(authorization: str | None, expected: str) -> None:
    """Check a Bearer token, or Basic authentication with the key as user name."""
    scheme, _, credentials = (authorization or "").partition(" ")
    key = credentials.strip()
    if scheme.lower() == "basic":
        try:
            key = base64.b64decode(key, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            key = ""
    if scheme.lower() not in {"basic", "bearer"} or not key:
        raise no_api_key()
    if not compare_digest(key.encode(), expected.encode()):
        raise wrong_api_key(key)


async def _read_form(request: Request) -> Json:
    params = decode_form(request.url.query)
    body = await request.body()
    if not body:
        return params
    if request.headers.get("content-type", _FORM).partition(";")[0].strip().lower() != _FORM:
        raise not_a_form()
    try:
        return params | decode_form(body.decode())
    except UnicodeDecodeError as error:
        raise not_a_form() from error


def _route(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    for pattern, operation in _ROUTES:
        match = pattern.fullmatch(path)
        if match is not None and operation.method == method:
            return operation, match.groupdict()
    raise no_such_url(method, path)


def _charge_concerned(standin: Standin, entry: LoggedRequest) -> str | None:
    """Return the charge a request is about, directly or through an object of the charge."""
    store, params = standin.store, entry.params
    names = [params.get("charge"), params.get("payment_intent"), *entry.path.split("/")]
    for name in names:
        if not isinstance(name, str):
            continue
        if name in store.charges:
            return name
        if name in store.payment_intents:
            return store.payment_intents[name].latest_charge
        if name in store.refunds:
            return store.refunds[name].charge
        if name in store.application_fees:
            return store.application_fees[name].charge
        if name in store.disputes:
            return store.disputes[name].charge
    return None


def _headers(entry: LoggedRequest, answer: Answer) -> dict[str, str]:
    headers = {"Request-Id": entry.request_id}
    if answer.status == 401:  # noqa: PLR2004 - unauthorized
        headers["WWW-Authenticate"] = 'Basic realm="Stripe"'
    if entry.stripe_version is not None:
        headers["Stripe-Version"] = entry.stripe_version
    if entry.idempotency_key is not None:
        headers["Idempotency-Key"] = entry.idempotency_key
    if answer.original is not None:
        headers["Original-Request"] = answer.original
        headers["Idempotent-Replayed"] = "true"
    return headers
