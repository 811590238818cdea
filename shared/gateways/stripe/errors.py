"""Tells a definitive refusal of Stripe from an unknown outcome.

the answer                                         what is raised
─────────────────────────────────────────────────  ─────────────────────────────────────────
400, 402, 403, 404 with Stripe's error object      StripeRefusedError: it is not done
401 with it, on the first send of a refund         StripeRefusedError
403 with it, after an earlier send                 StripeOutcomeUnknownError: it may be done
anything else, readable or not                     StripeOutcomeUnknownError
    500 or a repeated failure, with the object         … and the idempotency key is spent

Whatever stands between us and Stripe can answer too: an HTML page with 403 or 404, or a body that
is cut short or labeled as something else than JSON. It does not show what Stripe did.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import stripe

from shared.domain.account_access import ACCOUNT_DISCONNECTED
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.refusal import INSUFFICIENT_BALANCE
from shared.domain.stripe_object import MalformedStripeObjectError

# The reason of a refusal because Stripe does not have the object that was named.
UNKNOWN_TO_STRIPE = "charge_not_found"
# The reasons of refusals that say that Stripe knows more about a charge than the books.
BOOKS_ARE_BEHIND = frozenset(
    {"charge_already_refunded", "amount_exceeds_charge", "charge_disputed", UNKNOWN_TO_STRIPE}
)

# https://docs.stripe.com/error-codes
_BALANCE_CODES = frozenset({"balance_insufficient", "insufficient_funds"})
# The account withdrew its access, was closed, or does not exist.
_ACCOUNT_CODE = "account_invalid"
_DENIED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})

# These errors say that the request came at a bad time or under a used key, not that it was refused.
_NOT_REFUSALS = (stripe.RateLimitError, stripe.IdempotencyError)

# The SDK fails with these on a body that it does not expect: {"error": null}, or not UTF-8.
_SDK_CANNOT_READ = (AttributeError, TypeError, UnicodeDecodeError)


def refund_refusal(error: stripe.StripeError) -> StripeRefusedError:
    """Return the refusal of a refund, or of a question, in words for people."""
    if error.code == "charge_already_refunded":
        return StripeRefusedError(
            "This charge was already refunded outside this system. That refund is being recorded "
            "here now: look at the order again.",
            "charge_already_refunded",
        )
    if error.code in {"charge_disputed", "refund_disputed_payment"}:
        return StripeRefusedError(
            "The parent disputes this charge with their bank, and Stripe refuses to refund it. "
            "Answer the dispute in Stripe.",
            "charge_disputed",
        )
    if error.code in _BALANCE_CODES:
        return StripeRefusedError(
            "The Stripe account does not hold enough to refund this. Add funds to it in Stripe, "
            "then send the refund again with a new Idempotency-Key.",
            INSUFFICIENT_BALANCE,
        )
    # An amount over what is left has no code: https://docs.stripe.com/error-codes
    if getattr(error, "param", None) == "amount":
        return StripeRefusedError(
            "Less is left of this charge: part of it was refunded outside this system. That is "
            "being recorded here now: look at the order again, and refund what is left.",
            "amount_exceeds_charge",
        )
    if error.code == "resource_missing":
        return StripeRefusedError(
            "Stripe does not know this order's charge. Check the charge and the account that "
            "the order was imported with.",
            UNKNOWN_TO_STRIPE,
        )
    return _other_refusal(error)


def _other_refusal(error: stripe.StripeError) -> StripeRefusedError:
    """Return the refusal if the account of the charge has left, or one without a better reason."""
    # The SDK leaves out the code of a 403.
    if _details(error).get("code") == _ACCOUNT_CODE:
        return StripeRefusedError(
            "The Stripe account of this order is not connected to PPS any more, so PPS cannot "
            "refund it. No money was sent. Connect the account again, then send the refund again "
            "with a new Idempotency-Key.",
            ACCOUNT_DISCONNECTED,
            access_denied=True,
        )
    return StripeRefusedError(
        f"Stripe refused the refund ({error.code or error.http_status}). No money was sent. Look "
        "the charge up in Stripe's dashboard.",
        "stripe_refused",
        access_denied=error.http_status in _DENIED,
    )


def transfer_refusal(error: stripe.StripeError) -> StripeRefusedError:
    """Return the refusal of a transfer. Its reason is Stripe's code."""
    reason = error.code or f"stripe_{error.http_status}"
    if reason in _BALANCE_CODES:
        reason = INSUFFICIENT_BALANCE
    return StripeRefusedError(f"Stripe refused the transfer ({reason}).", reason)


@dataclass(frozen=True, slots=True)
class Refusals:
    """Which of Stripe's errors refuse a call for good, and how such a refusal reads.

    Attributes:
        statuses: The HTTP statuses of a definitive refusal.
        refusal: Returns the refusal that an error stands for.
    """

    statuses: frozenset[HTTPStatus]
    refusal: Callable[[stripe.StripeError], StripeRefusedError]


_DEFINITIVE = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.PAYMENT_REQUIRED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
    }
)
# Stripe would have refused an earlier send under the same key for the same reason. But if our API
# key has lost its access since then, that says nothing about the earlier send.
_DEFINITIVE_AFTER_A_SEND = _DEFINITIVE - {HTTPStatus.FORBIDDEN}

READ = Refusals(_DEFINITIVE, refund_refusal)
FIRST_REFUND = Refusals(_DEFINITIVE | {HTTPStatus.UNAUTHORIZED}, refund_refusal)
REPEATED_REFUND = Refusals(_DEFINITIVE_AFTER_A_SEND, refund_refusal)
# A payout cannot know that a transfer was never sent: a restore may have lost the attempt.
TRANSFER = Refusals(_DEFINITIVE_AFTER_A_SEND, transfer_refusal)


@contextmanager
def translated_errors(refusals: Refusals = READ) -> Iterator[None]:
    """Raise the SDK's errors as a refusal or as an unknown outcome.

    Args:
        refusals: Which errors are definitive refusals.

    Raises:
        StripeRefusedError: Stripe has not done it.
        StripeOutcomeUnknownError: Stripe may have done it.
    """
    try:
        yield
    except stripe.StripeError as error:
        if is_definitive(error, refusals):
            raise refusals.refusal(error) from error
        raise _unknown_outcome(error) from error
    except MalformedStripeObjectError as error:
        raise StripeOutcomeUnknownError(f"an answer that is {error}", key_spent=False) from error
    except _SDK_CANNOT_READ as error:
        raise StripeOutcomeUnknownError("an unreadable answer", key_spent=False) from error


def is_definitive(error: stripe.StripeError, refusals: Refusals) -> bool:
    """Return whether an error proves that Stripe refused the call and did nothing."""
    return (
        error.http_status in refusals.statuses
        and _is_from_stripe(error)
        and not isinstance(error, _NOT_REFUSALS)
    )


def _is_from_stripe(error: stripe.StripeError) -> bool:
    """Return whether the body is Stripe's error object: https://docs.stripe.com/api/errors."""
    if not _header(error, "content-type").startswith("application/json"):
        return False
    details = _details(error)
    return isinstance(details.get("type"), str) and isinstance(details.get("code"), str | None)


def _details(error: stripe.StripeError) -> Mapping[str, object]:
    """Return the error object in the body, or nothing."""
    try:
        body = json.loads(error.http_body or "")
    except (ValueError, RecursionError):  # RecursionError: nested too deeply
        return {}
    details = body.get("error") if isinstance(body, Mapping) else None
    return details if isinstance(details, Mapping) else {}


def _unknown_outcome(error: stripe.StripeError) -> StripeOutcomeUnknownError:
    status = error.http_status
    if status is not None and not _is_from_stripe(error):
        # It comes from a proxy, or from Stripe through one that spoiled it.
        return StripeOutcomeUnknownError(f"a {status} that is not Stripe's", key_spent=False)
    return StripeOutcomeUnknownError(
        f"{type(error).__name__} {status or 'no answer'} {error.code or ''}".strip(),
        # Stripe saves a 500 under the key. 502 to 504 come from a proxy.
        key_spent=status == HTTPStatus.INTERNAL_SERVER_ERROR
        or _header(error, "idempotent-replayed") == "true",
        access_denied=status in _DENIED,
    )


def _header(error: stripe.StripeError, name: str) -> str:
    """Return a header of an answer, or nothing. Names have any case."""
    headers = error.headers or {}
    return next((value for each, value in headers.items() if each.lower() == name), "")
