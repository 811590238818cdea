"""Stripe's errors in Stripe's own words, see https://stripe.com/docs/api/errors."""

from collections.abc import Collection
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

from infra.stripe_standin.records.base import JsonObject

_SUPPORT = "https://support.stripe.com/"


class StripeError(Exception):
    """A response of Stripe that is not 2xx.

    Attributes:
        status: The HTTP status.
        message: The explanation for people.
        kind: Stripe's `type`.
        code: Stripe's `code`; None if the error has none.
        param: The wrong parameter.
        charge: The charge that the error concerns.
    """

    def __init__(  # noqa: PLR0913 - Stripe's error object has these fields
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        charge: str | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.kind = kind
        self.code = code
        self.param = param
        self.charge = charge

    def body(self, request_id: str) -> JsonObject:
        """Return the error as Stripe's JSON, without the fields that have no value."""
        fields = {
            "charge": self.charge,
            "code": self.code,
            "doc_url": _doc_url(self.code),
            "message": self.message,
            "param": self.param,
            "request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}",
            "type": self.kind,
        }
        return {"error": {name: value for name, value in fields.items() if value is not None}}


def _doc_url(code: str | None) -> str | None:
    if code is None:
        return None
    return f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def money(amount: int, currency: str) -> str:
    """Return minor units as Stripe's messages print them, such as `$25.00` for 2500 usd."""
    code = currency.upper()
    major = Decimal(amount).scaleb(-get_currency_precision(code))
    return str(format_currency(major, code, locale="en_US"))


def no_api_key() -> StripeError:
    """Return the error for a request without a key."""
    return StripeError(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization "
        "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
        "https://stripe.com/docs/api#authentication for details, or we can help at "
        f"{_SUPPORT}.",
    )


def wrong_api_key(key: str) -> StripeError:
    """Return the error for a wrong key, which masks most of the key."""
    shown = key if len(key) < 12 else f"{key[:7]}{'*' * (len(key) - 11)}{key[-4:]}"  # noqa: PLR2004 - Stripe shows 7 + 4 characters
    return StripeError(401, f"Invalid API Key provided: {shown}")


def no_such_account(account: str) -> StripeError:
    """Return the error for a `Stripe-Account` that the platform cannot access."""
    return StripeError(
        403,
        f"The provided key does not have access to account '{account}' (or that account does "
        "not exist). Application access may have been revoked.",
        code="account_invalid",
    )


def no_such_url(method: str, path: str) -> StripeError:
    """Return the error for a method and path that Stripe does not have."""
    return StripeError(
        404,
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or "
        f"we can help at {_SUPPORT}.",
    )


def not_a_form() -> StripeError:
    """Return the error for a body that is not a form."""
    return StripeError(
        400,
        "Invalid request (check that your POST content type is "
        "application/x-www-form-urlencoded). If you have any questions, we can help at "
        f"{_SUPPORT}.",
    )


def resource_missing(noun: str, id_: str, *, param: str, status: int = 404) -> StripeError:
    """Return the error for an object that the account does not have."""
    return StripeError(status, f"No such {noun}: '{id_}'", code="resource_missing", param=param)


def unknown_parameters(names: Collection[str]) -> StripeError:
    """Return the error for parameters that Stripe does not have."""
    plural = "s" if len(names) > 1 else ""
    return StripeError(
        400,
        f"Received unknown parameter{plural}: {', '.join(names)}",
        code="parameter_unknown",
        param=next(iter(names)),
    )


def missing_parameter(name: str) -> StripeError:
    """Return the error for a required parameter that is missing."""
    return StripeError(
        400, f"Missing required param: {name}.", code="parameter_missing", param=name
    )


def empty_parameter(name: str) -> StripeError:
    """Return the error for an empty string that cannot clear its parameter."""
    return StripeError(
        400,
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to "
        f"unset a field; however '{name}' cannot be unset. You should remove '{name}' from "
        "your request or supply a non-empty value.",
        code="parameter_invalid_empty",
        param=name,
    )


def unsupported_parameter(name: str) -> StripeError:
    """Return the error for a parameter that Stripe has and the stand-in does not."""
    return StripeError(
        400, f"The stand-in does not support Stripe's parameter '{name}'.", param=name
    )


def amount_too_large(
    subject: str, amount: int, limit_name: str, limit: int, *, currency: str
) -> StripeError:
    """Return the error for an amount above its limit.

    Args:
        subject: What the amount is, such as `Refund amount`.
        amount: In minor units.
        limit_name: What the limit is, such as `charge amount`.
        limit: In minor units.
        currency: Of both amounts.
    """
    return StripeError(
        400,
        f"{subject} ({money(amount, currency)}) is greater than {limit_name} "
        f"({money(limit, currency)})",
        param="amount",
    )


def too_many_metadata_keys(count: int) -> StripeError:
    """Return the error for metadata with more than 50 pairs."""
    return StripeError(
        400,
        f"Metadata can have up to 50 keys, but you've set {count}. Email us at "
        "support+metadata@stripe.com for more information.",
        param="metadata",
    )


def rate_limited() -> StripeError:
    """Return the error for too many requests."""
    return StripeError(
        429,
        "Request rate limit exceeded. Learn more about rate limits here "
        "https://stripe.com/docs/rate-limits.",
        code="rate_limit",
    )


def server_error() -> StripeError:
    """Return the error for a failure on Stripe's side."""
    return StripeError(
        500,
        "Sorry! There was an error while talking to one of our backends. Support has been "
        f"notified, but please feel free to reach out at {_SUPPORT} with any questions.",
        kind="api_error",
    )


def key_too_long() -> StripeError:
    """Return the error for an idempotency key of more than 255 characters."""
    return StripeError(400, "Idempotency keys can be up to 255 characters long.")


def key_in_use(key: str) -> StripeError:
    """Return the error for an idempotency key whose first request is still running."""
    return StripeError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that "
        "probably means you submitted twice, and the other request is still going through): "
        f"{key}. Please try again later.",
        kind="idempotency_error",
        code="idempotency_key_in_use",
    )


def key_for_other_endpoint(key: str, first: str, now: str) -> StripeError:
    """Return the error for an idempotency key of another endpoint."""
    return StripeError(
        400,
        "Keys for idempotent requests can only be used for the same endpoint they were first "
        f"used for ('{now}' vs '{first}'). Try using a key other than '{key}' if you meant to "
        "execute a different request.",
        kind="idempotency_error",
    )


def key_for_other_parameters(key: str) -> StripeError:
    """Return the error for an idempotency key of a request with other parameters."""
    return StripeError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were "
        f"first used with. Try using a key other than '{key}' if you meant to execute a "
        "different request.",
        kind="idempotency_error",
    )
