"""The API's resolver and Lambda handler. Every refusal is problem JSON."""

import json
from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, CORSConfig, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.event_handler.openapi.exceptions import (
    RequestUnsupportedContentType,
    RequestValidationError,
)
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel, ConfigDict

from shared.clock import utc_now
from shared.domain.errors import BusyError, DomainError, ForbiddenError
from shared.edge.audit import AuditEvent, record
from shared.edge.auth import Audience, Caller, SignedIn, signed_in_from
from shared.edge.cursor import MAX_CURSOR_LENGTH
from shared.edge.fair_share import FairShare, Share, share_of
from shared.edge.observability import count, count_refused, logger, metrics
from shared.edge.problems import MEDIA_TYPE, Problem, problem_of
from shared.edge.security_headers import with_security_headers
from shared.edge.settings import setting
from shared.edge.snapshot import refresh_after_restore
from shared.gateways.conflict import StaleStateError
from shared.gateways.request_counts import RequestCounts

# Pydantic's paths also name the body and its `type`, which are not fields.
_NOT_FIELDS = frozenset({"body", "full", "partial", "line_items"})

# A request's body has a few hundred bytes. API Gateway alone would accept 10 MB.
MAX_BODY_BYTES = 16 * 1024

IDEMPOTENCY_KEY = "Idempotency-Key"

OrderId = Annotated[str, Path(description="The order's id.", max_length=64)]
RefundId = Annotated[str, Path(description="The refund's id.", max_length=64)]
# Routes only declare it. `caller` reads it, after it knows the user's roles.
NamedStudio = Annotated[
    str | None,
    Query(description="The studio's id. Only a PPS admin sends it.", max_length=64),
]
Cursor = Annotated[
    str | None, Query(description="The last page's `next_cursor`.", max_length=MAX_CURSOR_LENGTH)
]


def day_query(alias: str, description: str) -> Any:  # noqa: ANN401  # a parameter of the resolver
    """Return a query parameter that is a day, YYYY-MM-DD."""
    return Query(alias=alias, description=description, pattern=r"^\d{4}-\d\d-\d\d$")


IdempotencyKey = Annotated[
    str,
    Header(
        alias=IDEMPOTENCY_KEY,
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="Your own key, a new one for each action. A repeat gets the same answer.",
    ),
]


class FieldError(BaseModel):
    """Why one field of the input was refused."""

    model_config = ConfigDict(defer_build=True)

    field: str
    message: str


class ProblemView(BaseModel):
    """Problem details, RFC 9457, with a stable ``code``.

    PPS finds the request in its logs by ``request_id``.
    """

    model_config = ConfigDict(defer_build=True)

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | None = None
    request_id: str | None = None


def _described(status: int) -> OpenAPIResponse:
    title = HTTPStatus(status).phrase
    return {"description": title, "content": {MEDIA_TYPE: {"model": ProblemView}}}


# Any route may refuse with these. Some come from API Gateway itself.
_REFUSED = (400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 502, 503, 504)


def described(success: int, model: type[BaseModel], what: str) -> dict[int, OpenAPIResponse]:
    """Return a route's responses for the API's description: its success, and every refusal.

    Args:
        success: The HTTP status of a success.
        model: The model of its body.
        what: What the body is, in words.
    """
    refusals = {status: _described(status) for status in _REFUSED}
    return {
        success: {"description": what, "content": {"application/json": {"model": model}}},
        **refusals,
    }


class Api(APIGatewayRestResolver):
    """A resolver that also knows how much of the API each studio has used."""

    def __init__(self, cors: CORSConfig) -> None:
        super().__init__(enable_validation=True, cors=cors)
        self.fair_share = FairShare(RequestCounts(setting("REQUEST_COUNTS_TABLE")), utc_now)


def api_resolver() -> Api:
    """Return a resolver that checks input by its types and answers refusals as problem JSON."""
    cors = CORSConfig(
        allow_origin=setting("ALLOWED_ORIGIN"),
        allow_headers=["Authorization", "Content-Type", IDEMPOTENCY_KEY],
    )
    app = Api(cors)
    for refused, problem_for in (
        (DomainError, problem_of),
        (StaleStateError, _busy),
        (RequestValidationError, _invalid_input),
        (RequestUnsupportedContentType, _unsupported_media_type),
        (NotFoundError, _no_such_resource),
        (Exception, _unexpected),
    ):
        app.exception_handler(refused)(_answering(problem_for))
    return app


def _answering(problem_for: Callable[[Any], Problem]) -> Callable[[Exception], Response[str]]:
    def answer(error: Exception) -> Response[str]:
        problem = problem_for(error)
        logger.info("refused", code=problem.code, status=problem.status)
        count("RequestRefused")
        if isinstance(error, ForbiddenError):
            count_refused("AccessRefused", error.reason)
        return Response(
            problem.status,
            content_type=MEDIA_TYPE,
            headers={**problem.headers},
            body=problem.body(logger.get_correlation_id()),
        )

    return answer


def api_handler(
    app: Api,
    max_body_bytes: int = MAX_BODY_BYTES,
    refresh: Sequence[Callable[[], object]] = (),
    prepare: Sequence[Callable[[], object]] = (),
) -> Callable[[dict[str, Any], LambdaContext], dict[str, Any]]:
    """Return the Lambda handler that answers API Gateway's events with a resolver's routes.

    Args:
        app: The resolver.
        max_body_bytes: The largest body to accept.
        refresh: What to refresh when Lambda restores a snapshot, besides what all functions have.
        prepare: What to make before the snapshot, besides the models.
    """
    refresh_after_restore(*refresh, prepare=(*prepare, _build_models, app.fair_share.connect))

    @logger.inject_lambda_context(
        correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True
    )
    @metrics.log_metrics
    def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        problem = _refused_early(event, max_body_bytes)
        if problem is None:
            return with_security_headers(app.resolve(event, context))
        count("RequestRefused")
        return with_security_headers(
            {
                "statusCode": problem.status,
                "multiValueHeaders": {
                    "Content-Type": [MEDIA_TYPE],
                    "Access-Control-Allow-Origin": [setting("ALLOWED_ORIGIN")],
                },
                "body": problem.body(logger.get_correlation_id()),
            }
        )

    return lambda_handler


def _build_models() -> None:
    """Build the checks of all models. Without a snapshot each is built when it is first used."""
    models = BaseModel.__subclasses__()
    while models:
        model = models.pop()
        model.model_rebuild()  # those that are built stay as they are
        models += model.__subclasses__()


def _refused_early(event: dict[str, Any], max_body_bytes: int) -> Problem | None:
    """Return the problem of a body that cannot be parsed, or None."""
    body = event.get("body") or ""
    if len(body.encode(errors="surrogatepass")) > max_body_bytes:
        return Problem(
            413,
            "body_too_large",
            "The body is too large",
            f"Send at most {max_body_bytes} bytes.",
        )
    if body and _media_type(event) not in {None, "application/json"}:
        return _unsupported_media_type()
    try:
        json.loads(body or "null")
    except (ValueError, RecursionError):  # also a number with thousands of digits
        return Problem(
            400,
            "invalid_json",
            "The body is not JSON",
            "Send a JSON object with Content-Type application/json.",
        )
    return None


def _media_type(event: dict[str, Any]) -> str | None:
    """Return the body's media type without its parameters, or None without a Content-Type."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    named = headers.get("content-type")
    # Media types ignore case: https://www.rfc-editor.org/rfc/rfc9110#section-8.3.1
    return named.partition(";")[0].strip().lower() if named else None


def caller(app: Api, share: Share | None = None) -> Caller:
    """Return the caller of the current request, and count it in the studio's share of the API.

    Args:
        app: The resolver.
        share: The share that the request takes from. None: reads or writes, by its method.

    Raises:
        ForbiddenError: The token is not accepted, or names no studio that the user may read.
        TooManyRequestsError: The studio has used up its share.
    """
    return signed_in(app, share).caller()


def signed_in(app: Api, share: Share | None = None) -> SignedIn:
    """Return the user of the current request, like ``caller``. A PPS admin may have no studio.

    Raises:
        ForbiddenError: The token is not accepted, or names a studio that the user may not read.
        TooManyRequestsError: The studio has used up its share.
    """
    authorizer = app.current_event.raw_event["requestContext"].get("authorizer") or {}
    named = (app.current_event.query_string_parameters or {}).get("studio_id")
    audience = Audience(setting("TOKEN_ISSUER"), setting("TOKEN_CLIENT_ID"))
    who = signed_in_from(authorizer.get("claims") or {}, audience, named)
    if who.studio_id is not None:
        app.fair_share.take(who.studio_id, share or share_of(app.current_event.http_method))
    if who.is_pps_admin and who.studio_id is not None:
        record(
            AuditEvent.STUDIO_READ_BY_PPS,
            user=who.user,
            studio_id=who.studio_id,
            method=app.current_event.http_method,
            route=str(app.current_event.raw_event.get("resource")),
        )
    return who


def _path(location: Sequence[object]) -> Iterator[str]:
    """Yield the parts of a field's path as the caller wrote them."""
    for part in location:
        if part not in _NOT_FIELDS:
            yield str(part)


def _no_such_resource(_: NotFoundError) -> Problem:
    return Problem(404, "not_found", "Not found", "There is no such resource.")


def _busy(_: StaleStateError) -> Problem:
    return problem_of(
        BusyError("Too many others use this right now. Send the request again in a moment.")
    )


def _unexpected(_: Exception) -> Problem:
    logger.exception("unexpected error")
    count("UnexpectedError")
    return Problem(
        500,
        "internal_error",
        "Internal error",
        "Something went wrong on our side. It is safe to repeat the request with the same "
        "Idempotency-Key.",
    )


def _unsupported_media_type(_: RequestUnsupportedContentType | None = None) -> Problem:
    return Problem(
        415,
        "unsupported_media_type",
        "The body is not JSON",
        "Send a JSON object with Content-Type application/json.",
    )


def _invalid_input(error: RequestValidationError) -> Problem:
    found = error.errors()
    if any(tuple(each["loc"])[:2] == ("header", IDEMPOTENCY_KEY.lower()) for each in found):
        return Problem(
            HTTPStatus.BAD_REQUEST,
            "idempotency_key_invalid",
            "The Idempotency-Key is missing or not valid",
            f"Send a header {IDEMPOTENCY_KEY} of 1 to 255 printable ASCII characters: a new one "
            "for each action, and the same one to repeat a request.",
        )
    fields = [
        {
            "field": ".".join(_path(each["loc"])) or "body",
            "message": str(each["msg"]),
        }
        for each in found
    ]
    return Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "invalid_input",
        "The input is not valid",
        "Nothing was changed. Correct the fields in `errors` and send the request again.",
        fields,
    )
