"""The one place that every call out of a function passes, to AWS or to Stripe.

botocore's clients are hooked at their session, and Stripe's SDK at its HTTP library.
So the harness finds each new call by itself, and can inject a fault before, instead of or after
the answer.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.message import Message
from io import BytesIO
from typing import Any, Protocol
from unittest.mock import patch
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ConnectionClosedError
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from urllib3 import HTTPHeaderDict, HTTPResponse, PoolManager
from urllib3.exceptions import ProtocolError

from tests.faults.one_process.answer import Answer
from tests.faults.one_process.failed_calls import LostAnswerError
from tests.faults.one_process.in_process_engine import InProcessEngine
from tests.faults.one_process.in_process_stripe import InProcessStripe

STRIPE = "stripe"

_STRIPE_ID = re.compile(r"/(?:re|fee|tr|ch|fr|dp)_\w+")


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """A call out of a function.

    Attributes:
        operation: AWS's operation, or the method and path at Stripe with ``{id}`` for each id.
        is_first: Whether it is its invocation's first call.
        is_last_try: Whether the invocation has a message that is parked if it fails again.
    """

    function: str
    service: str
    operation: str
    is_first: bool
    is_last_try: bool

    def __str__(self) -> str:
        return f"{self.function} → {self.service} {self.operation}"


@dataclass(slots=True)
class Invocation:
    """One invocation of a function, and how many outside calls it has made."""

    function: str
    is_last_try: bool
    call_count: int = 0


type Perform = Callable[[], Answer]


class Interceptor(Protocol):
    """Decides what happens to each outside call."""

    def intercept(self, call: OutsideCall, perform: Perform, /) -> Answer:
        """Return a call's answer, or raise. ``perform`` makes the call itself.

        Raises:
            LostAnswerError: The function gets no answer.
            FunctionCrash: The function ends here.
        """


class PassThrough:
    """An interceptor that injects no fault."""

    def intercept(self, _: OutsideCall, perform: Perform, /) -> Answer:
        return perform()


class OutsideCalls:
    """Answers the outside calls of this process.

    Attributes:
        interceptor: Injects the faults.
        invocation: What calls, or None for the harness, whose calls meet no fault.
    """

    def __init__(self, engine: InProcessEngine) -> None:
        self._engine = engine
        self._is_installed = False
        self.stripe = InProcessStripe()
        self.interceptor: Interceptor = PassThrough()
        self.invocation: ContextVar[Invocation | None] = ContextVar("invocation", default=None)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Hook the HTTP library of Stripe's SDK, and start with a new Stripe."""
        self.stripe, self.interceptor = InProcessStripe(), PassThrough()

        def send(_: PoolManager, method: str, url: str, **request: Any) -> HTTPResponse:  # noqa: ANN401  # urllib3's options
            return self.to_stripe(method, url, request["headers"], request.get("body"))

        with (
            patch.object(PoolManager, "urlopen", send),
            # An eighth of a run's time. Nobody reads the signature or the user agent here.
            patch.object(RequestSigner, "handler", lambda *_args, **_rest: None),
            patch.object(UserAgentString, "to_string", lambda _: "fault tests"),
            patch.object(self, "_is_installed", new=True),
        ):
            yield

    def calling_function(self) -> str | None:
        """Return the function that runs, or None if the harness calls."""
        invocation = self.invocation.get()
        return None if invocation is None else invocation.function

    def to_aws(
        self, request: AWSPreparedRequest, event_name: str, **_rest: object
    ) -> AWSResponse | None:
        """Answer a request of botocore: the handler of its event ``before-send``.

        None lets botocore send the request. Other tests share the product's session.
        """
        if not self._is_installed:
            return None
        _, service, operation = event_name.split(".")
        try:
            status, headers, content = self._intercepted(
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
        return AWSResponse(request.url, status, HTTPHeaderDict(headers), _RawBody(content))  # type: ignore[arg-type]  # botocore needs no more of either

    def to_stripe(
        self, method: str, url: str, headers: Mapping[str, str], body: str | None
    ) -> HTTPResponse:
        """Answer a request of Stripe's SDK, as urllib3 would."""
        operation = f"{method} {_STRIPE_ID.sub('/{id}', urlsplit(url).path)}"
        try:
            status, answered, content = self._intercepted(
                STRIPE,
                operation,
                lambda: self.stripe.answer(method, url, _headers(headers), _bytes(body)),
            )
        except LostAnswerError:
            raise ProtocolError("the connection broke") from None
        return HTTPResponse(content, answered, status, preload_content=False)

    def _intercepted(self, service: str, operation: str, perform: Perform) -> Answer:
        invocation = self.invocation.get()
        if invocation is None:
            return perform()
        is_first = invocation.call_count == 0
        invocation.call_count += 1
        call = OutsideCall(
            invocation.function, service, operation, is_first, invocation.is_last_try
        )
        return self.interceptor.intercept(call, perform)


class _RawBody(BytesIO):
    """An answer's body, in the form that botocore reads: at once, or as a stream."""

    def stream(self) -> Iterator[bytes]:
        yield self.read()


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
    if isinstance(body, BytesIO):  # botocore's, for the body of an object in S3
        return body.read()
    raise TypeError(f"the harness cannot read a body of {type(body)}")
