"""The one place that every call out of a function goes through, whatever it calls.

botocore's clients are hooked at their session, Stripe's at the adapter of the HTTP library that
its SDK sends with. So a call that a function begins to make is found without being listed, and a
fault can be put before, in the place of, or after the answer.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.message import Message
from typing import Protocol
from unittest.mock import patch
from urllib.parse import urlsplit

import requests
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict

from tests.faults.engine import Answer, Engine
from tests.faults.stripe_here import StripeHere

STRIPE = "stripe"

_STRIPE_ID = re.compile(r"/(?:re|fee|tr|ch|fr)_\w+")


@dataclass(frozen=True, slots=True)
class Call:
    """A call out of a function: which function, which service, and what it asks for."""

    function: str
    service: str
    operation: str

    def __str__(self) -> str:
        return f"{self.function} → {self.service} {self.operation}"


type Perform = Callable[[], Answer]


class Line(Protocol):
    """What lies between a function and what it calls."""

    def carry(self, call: Call, perform: Perform, /) -> Answer:
        """Carry a call: perform it, or not, and return its answer, or not."""


class QuietLine:
    """A line on which nothing happens."""

    def carry(self, _: Call, perform: Perform, /) -> Answer:
        return perform()


class Wire:
    """Answers the calls of this process' clients.

    Attributes:
        line: What lies in between.
        function: Who is calling: a function's name, or None for the harness itself, whose calls
            go through undisturbed.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._is_installed = False
        self.stripe = StripeHere()
        self.line: Line = QuietLine()
        self.function: ContextVar[str | None] = ContextVar("function", default=None)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Hook the library that Stripe's SDK sends with, and have a Stripe of its own."""
        wire = self
        self.stripe, self.line = StripeHere(), QuietLine()

        def send(
            _: HTTPAdapter, request: requests.PreparedRequest, **_options: object
        ) -> requests.Response:
            return wire.to_stripe(request)

        with (
            patch.object(HTTPAdapter, "send", send),
            patch.object(self, "_is_installed", new=True),
        ):
            yield

    def to_aws(
        self, request: AWSPreparedRequest, event_name: str, **_rest: object
    ) -> AWSResponse | None:
        """Answer a request of botocore's: the handler of its event ``before-send``.

        None lets it go its own way: the session is the product's, and other tests have it too.
        """
        if not self._is_installed:
            return None
        _, service, operation = event_name.split(".")
        try:
            status, headers, content = self._carried(
                service,
                operation,
                lambda: self._engine.answer(
                    service,
                    request.method,
                    request.url,
                    _headers(request.headers),
                    _bytes(request.body),
                ),
            )
        except LostAnswerError:
            raise ConnectionClosedError(endpoint_url=request.url) from None
        return AWSResponse(request.url, status, CaseInsensitiveDict(headers), _Raw(content))  # type: ignore[arg-type]  # botocore wants no more of either

    def to_stripe(self, request: requests.PreparedRequest) -> requests.Response:
        """Answer a request of the library that Stripe's SDK sends with."""
        method, url = str(request.method), str(request.url)
        operation = f"{method} {_STRIPE_ID.sub('/{id}', urlsplit(url).path)}"
        try:
            status, headers, content = self._carried(
                STRIPE,
                operation,
                lambda: self.stripe.answer(
                    method, url, _headers(request.headers), _bytes(request.body)
                ),
            )
        except LostAnswerError:
            raise requests.ConnectionError from None
        response = requests.Response()
        response.status_code = status
        response.headers = CaseInsensitiveDict(headers)
        response._content = content  # noqa: SLF001  # as requests' own adapters for tests do
        response.request = request
        response.url = url
        return response

    def _carried(self, service: str, operation: str, perform: Perform) -> Answer:
        function = self.function.get()
        if function is None:
            return perform()
        return self.line.carry(Call(function, service, operation), perform)


class _Raw:
    """An answer's body, as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content


def _headers(source: Mapping[str, str | bytes] | Message) -> dict[str, str]:
    return {
        name: value.decode() if isinstance(value, bytes) else str(value)
        for name, value in source.items()
    }


def _bytes(body: object) -> bytes:
    if body is None:
        return b""
    if isinstance(body, bytes | bytearray):
        return bytes(body)
    if isinstance(body, str):
        return body.encode()
    raise TypeError(f"a body of {type(body)}")


class LostAnswerError(Exception):
    """The connection ended without an answer, or none came in time."""


def aws_error(code: str, also: str = '"message":"-"') -> Answer:
    """Return a refusal as AWS' JSON services write it: status 400, but for their own faults.

    Args:
        code: What it is called.
        also: More members of the JSON object.
    """
    status = 500 if code == "InternalServerError" else 400
    body = f'{{"__type":"com.amazonaws#{code}",{also}}}'
    return status, {"Content-Type": "application/x-amz-json-1.0"}, body.encode()


def stripe_error(status: int) -> Answer:
    """Return a refusal of what stands before Stripe: nothing reached it."""
    body = b'{"error":{"type":"api_error","message":"-"}}'
    return status, {"Content-Type": "application/json"}, body
