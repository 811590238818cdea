"""Tells a definitive refusal of Stripe from an unknown outcome.

the answer                                         what is raised
─────────────────────────────────────────────────  ─────────────────────────────────────────
none, 408, 409, 429, 5xx, not as documented        StripeOutcomeUnknownError: it may be done
    500, or a failure that Stripe repeats              … and the idempotency key is spent
401, 403 after an earlier send under the same key  StripeOutcomeUnknownError
any other error                                    StripeRefusedError: it is not done
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

import stripe

from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.domain.refusal import INSUFFICIENT_BALANCE
from shared.domain.stripe_object import MalformedStripeObjectError

# The reason of a refusal because Stripe does not have the object that was named.
UNKNOWN_TO_STRIPE = "charge_not_found"

# https://docs.stripe.com/error-codes
_BALANCE_CODES = frozenset({"balance_insufficient", "insufficient_funds"})

_UNKNOWN_STATUSES = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS}
)

type Refusal = Callable[[stripe.StripeError], Exception]


def refund_refusal(error: stripe.StripeError) -> StripeRefusedError:
    """Return the refusal of a refund, or of a question, in words for people."""
    if error.code == "charge_already_refunded":
        return StripeRefusedError(
            "This charge was already refunded outside this system. That refund will be recorded "
            "here soon: look at the order again in a minute.",
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
            "Less is left of this charge: part of it was refunded outside this system. Look at "
            "the order again in a minute, and refund what is left.",
            "amount_exceeds_charge",
        )
    if error.code == "resource_missing":
        return StripeRefusedError(
            "Stripe does not know this order's charge. Check the charge and the account that "
            "the order was imported with.",
            UNKNOWN_TO_STRIPE,
        )
    return StripeRefusedError(
        f"Stripe refused the refund ({error.code or error.http_status}). No money was sent. Look "
        "the charge up in Stripe's dashboard.",
        "stripe_refused",
    )


def repeated_refund_refusal(error: stripe.StripeError) -> Exception:
    """Return what a refusal means if an earlier send under the same key may have taken effect.

    Stripe would have refused the earlier send for the same reason, unless our API key is refused:
    that says nothing about what was sent before.
    """
    return _refused_key(error) or refund_refusal(error)


def transfer_refusal(error: stripe.StripeError) -> Exception:
    """Return what the refusal of a transfer means.

    A refused API key says nothing about this transfer and would fail every studio's. The payout
    waits, and the next run tries again.
    """
    if unknown := _refused_key(error):
        return unknown
    reason = error.code or f"stripe_{error.http_status}"
    if reason in _BALANCE_CODES:
        reason = INSUFFICIENT_BALANCE
    return StripeRefusedError(f"Stripe refused the transfer ({reason}).", reason)


@contextmanager
def translated_errors(refusal: Refusal = refund_refusal) -> Iterator[None]:
    """Raise the SDK's errors as a refusal or as an unknown outcome.

    Args:
        refusal: Returns the error of a definitive refusal.

    Raises:
        StripeRefusedError: Stripe has not done it.
        StripeOutcomeUnknownError: Stripe may have done it.
    """
    try:
        yield
    except stripe.StripeError as error:
        raise _unknown_outcome(error) or refusal(error) from error
    except MalformedStripeObjectError as error:
        raise StripeOutcomeUnknownError(f"an answer that is {error}", key_spent=False) from error


def _unknown_outcome(error: stripe.StripeError) -> StripeOutcomeUnknownError | None:
    """Return the unknown outcome that an error stands for, or None for a definitive refusal."""
    status = error.http_status
    if (
        status is not None
        and status < HTTPStatus.INTERNAL_SERVER_ERROR
        and status not in _UNKNOWN_STATUSES
        and not isinstance(error, stripe.IdempotencyError)
    ):
        return None
    headers = error.headers or {}
    repeated = headers.get("Idempotent-Replayed") or headers.get("idempotent-replayed")
    return StripeOutcomeUnknownError(
        f"{type(error).__name__} {status or 'no answer'} {error.code or ''}".strip(),
        # Stripe saves a 500 under the key. 502 to 504 come from a proxy, and Stripe may go on.
        key_spent=status == HTTPStatus.INTERNAL_SERVER_ERROR or repeated == "true",
    )


def _refused_key(error: stripe.StripeError) -> StripeOutcomeUnknownError | None:
    if isinstance(error, stripe.AuthenticationError | stripe.PermissionError):
        return StripeOutcomeUnknownError(
            f"{type(error).__name__} {error.code or ''}", key_spent=False
        )
    return None
