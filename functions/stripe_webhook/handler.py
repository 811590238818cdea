"""Lambda behind API Gateway: Stripe's webhooks. Each request is verified before it is read."""

import base64
import binascii
import json
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.stripe_webhook.handle_event import HandleEvent, StripeEvent, event_from
from functions.stripe_webhook.signature import Endpoint, SignatureRefusedError, verify
from shared.clock import utc_now
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.edge.observability import count, count_refused, logger, metrics
from shared.edge.problems import MEDIA_TYPE, Problem
from shared.edge.security_headers import with_security_headers
from shared.edge.settings import setting
from shared.edge.snapshot import refresh_after_restore
from shared.gateways import aws
from shared.gateways.charges import Charges
from shared.gateways.order_refunds import OrderRefunds
from shared.gateways.queues import AdjustQueue, ChargeQueue
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.api_version import API_VERSION
from shared.workflow.record_stripe_refund import RecordStripeRefund
from shared.workflow.transient_errors import TRANSIENT_ERRORS

if TYPE_CHECKING:
    from shared.gateways.stripe.connection import StripeConnection
    from shared.gateways.stripe.refunds import StripeRefunds
    from shared.workflow.account_watch import AccountWatch
    from shared.workflow.mark_transfer import MarkTransfer

ACTOR = "stripe_webhook"

# Most of Stripe's events are a few kilobytes; those with a charge are about ten.
MAX_BODY_BYTES = 256 * 1024

dynamodb = aws.client("dynamodb")
orders = OrderRefunds(dynamodb, setting("ORDERS_TABLE"))
charges = Charges(dynamodb, setting("ORDERS_TABLE"))
sqs = aws.client("sqs")
queue = AdjustQueue(sqs, setting("ADJUST_QUEUE_URL"))
charge_queue = ChargeQueue(sqs, setting("CHARGE_QUEUE_URL"))
secrets = Secrets(aws.client("secretsmanager"))
livemode = setting("STRIPE_LIVEMODE") == "true"


@cache
def connection() -> "StripeConnection":
    """Return the connection to Stripe. The first event that needs it imports Stripe's slow SDK."""
    from shared.edge.stripe_connection import connect_to_stripe  # noqa: PLC0415  # imports the SDK

    return connect_to_stripe(secrets)


@cache
def stripe_refunds() -> "StripeRefunds":
    """Return the refunds at Stripe."""
    from shared.gateways.stripe.refunds import StripeRefunds  # noqa: PLC0415  # imports the SDK

    return StripeRefunds(connection())


@cache
def accounts() -> "AccountWatch":
    """Return the watch on connected accounts."""
    from shared.gateways.account_accesses import AccountAccesses  # noqa: PLC0415  # rarely needed
    from shared.gateways.stripe.accounts import StripeAccounts  # noqa: PLC0415  # imports the SDK
    from shared.workflow.account_watch import AccountWatch  # noqa: PLC0415  # rarely needed

    accesses = AccountAccesses(dynamodb, setting("ORDERS_TABLE"))
    return AccountWatch(accesses, StripeAccounts(connection()), utc_now)


@cache
def transfers() -> "MarkTransfer":
    """Return what marks a payout's transfer for the payout run."""
    from shared.gateways.payouts_table import PayoutsTable  # noqa: PLC0415  # rarely needed
    from shared.workflow.mark_transfer import MarkTransfer  # noqa: PLC0415  # rarely needed

    return MarkTransfer(PayoutsTable(dynamodb, setting("ORDERS_TABLE")), utc_now)


def mark_transfer(payout_id: str) -> str:
    """Let the payout run look at a payout's transfer."""
    return transfers()(payout_id)


# Stripe sends the event again, with growing pauses, for three days.
_TRY_AGAIN = Problem(503, "try_again", "Not now", "Send the event again later.")

record_stripe_refund = RecordStripeRefund(orders, charges, queue, utc_now, ACTOR)
handle_event = HandleEvent(
    charges, charge_queue, record_stripe_refund, stripe_refunds, mark_transfer, accounts
)
refresh_after_restore(secrets.forget, prepare=(stripe_refunds, accounts, transfers))


@logger.inject_lambda_context(
    correlation_id_path=correlation_paths.API_GATEWAY_REST, clear_state=True
)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # Lambda's signature
    """Verify the event, record it and answer. Stripe sends it again unless the answer is 2xx."""
    try:
        stripe_event, endpoints = _verified(event)
        outcomes = _record(stripe_event, endpoints)
    except Problem as problem:
        logger.warning("webhook refused", code=problem.code)
        return _answer(problem.status, problem.body(logger.get_correlation_id()), MEDIA_TYPE)
    except TRANSIENT_ERRORS as reason:
        count("WebhookDeferred")
        logger.warning("webhook deferred", reason=str(reason) or type(reason).__name__)
        return _answer(503, _TRY_AGAIN.body(), MEDIA_TYPE)
    return _answer(200, json.dumps({"received": True, "outcomes": outcomes}), "application/json")


def _verified(event: dict[str, Any]) -> tuple[StripeEvent, frozenset[Endpoint]]:
    """Return the event of a request, and the endpoints whose secrets signed it.

    Raises:
        Problem: The request is not from Stripe, or not an event.
    """
    payload = _payload(event)
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    platform, connect = secrets.webhook_secrets(setting("STRIPE_WEBHOOK_SECRET_ARN"))
    known = [(Endpoint.PLATFORM, secret) for secret in platform]
    known += [(Endpoint.CONNECT, secret) for secret in connect]
    try:
        endpoints = verify(payload, headers.get("stripe-signature"), known, int(time.time()))
    except SignatureRefusedError as refusal:
        count_refused("SignatureRefused", refusal.reason)
        raise Problem(
            400,
            "signature_invalid",
            "The signature is not valid",
            f"Only Stripe may call this, signed and within five minutes: {refusal}.",
        ) from refusal
    try:
        return event_from(json.loads(payload)), endpoints
    except (ValueError, RecursionError, MalformedStripeObjectError) as error:
        raise _malformed(error) from error


def _payload(event: dict[str, Any]) -> bytes:
    """Return the raw body.

    Raises:
        Problem: The body is too large, or not Base64 as API Gateway says.
    """
    body = (event.get("body") or "").encode(errors="surrogatepass")
    if len(body) > MAX_BODY_BYTES:
        count("BodyTooLarge")
        raise Problem(
            413, "body_too_large", "The body is too large", f"Send at most {MAX_BODY_BYTES} bytes."
        )
    if not event.get("isBase64Encoded"):
        return bytes(body)
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise _malformed(error) from error


def _record(event: StripeEvent, endpoints: frozenset[Endpoint]) -> list[str]:
    """Apply a verified event and count the outcomes.

    Raises:
        Problem: The event's object is not as documented.
    """
    logger.append_keys(event_id=event.event_id, event_type=event.type)
    count("EventReceived")
    if event.livemode != livemode:
        # A Connect endpoint also gets test events: https://docs.stripe.com/connect/webhooks
        return _counted("LivemodeMismatch")
    if event.is_thin:
        return _counted("EventIgnored")
    expected = Endpoint.PLATFORM if event.account_id is None else Endpoint.CONNECT
    if expected not in endpoints:
        return _counted("AccountMismatch")
    if event.api_version not in {None, API_VERSION}:
        count("EventApiVersionUnexpected")
        logger.warning("event of another API version", api_version=event.api_version)
    try:
        outcomes = handle_event(event)
    except MalformedStripeObjectError as error:
        raise _malformed(error) from error
    names = []
    for outcome, refund in outcomes:
        if refund is not None:
            logger.set_correlation_id(refund.correlation_id)
            logger.append_keys(refund_id=refund.refund_id, order_id=refund.order_id)
        names += _counted(outcome)
    return names


def _counted(outcome: str) -> list[str]:
    count(outcome)
    logger.info("webhook", outcome=outcome)
    return [outcome]


def _malformed(error: Exception) -> Problem:
    count("EventMalformed")
    detail = str(error) if isinstance(error, MalformedStripeObjectError) else "not JSON"
    return Problem(
        400, "event_malformed", "The event is not one of Stripe's", f"The body is {detail}."
    )


def _answer(status: int, body: str, media_type: str) -> dict[str, Any]:
    headers = {"Content-Type": [media_type]}
    return with_security_headers({"statusCode": status, "multiValueHeaders": headers, "body": body})
