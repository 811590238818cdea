"""Stripe's errors, with its wording, as https://stripe.com/docs/api/errors describes them."""

from collections.abc import Collection
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision

from infra.stripe_standin.records import Json

_SUPPORT = "https://support.stripe.com/"


class StripeError(Exception):
    """An answer of Stripe's that is not 2xx.

    Attributes:
        status: The HTTP status.
        message: The human-readable explanation.
        kind: Stripe's `type`.
        code: Stripe's `code`, where it gives one.
        param: The parameter the error is about.
        charge: The charge a refusal is about.
    """

    def __init__(  # noqa: PLR0913 - the fields of Stripe's error object
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

    def body(self, request_id: str) -> Json:
        """Return the error as Stripe's JSON, which leaves out what it has no value for."""
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
    """Return minor units as Stripe's messages print them: 2500 usd is `$25.00`."""
    code = currency.upper()
    major = Decimal(amount).scaleb(-get_currency_precision(code))
    return str(format_currency(major, code, locale="en_US"))


def no_api_key() -> StripeError:
    """Say that the request carried no key."""
    return StripeError(
        401,
        "You did not provide an API key. You need to provide your API key in the Authorization "
        "header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
        "https://stripe.com/docs/api#authentication for details, or we can help at "
        f"{_SUPPORT}.",
    )


def wrong_api_key(key: str) -> StripeError:
    """Say that the key is not ours, without repeating it."""
    shown = key if len(key) < 12 else f"{key[:7]}{'*' * (len(key) - 11)}{key[-4:]}"  # noqa: PLR2004 - what Stripe leaves readable
    return StripeError(401, f"Invalid API Key provided: {shown}")


def no_such_account(account: str) -> StripeError:
    """Say that `Stripe-Account` names no account of this platform."""
    return StripeError(
        403,
        f"The provided key does not have access to account '{account}' (or that account does "
        "not exist). Application access may have been revoked.",
        code="account_invalid",
    )


def no_such_url(method: str, path: str) -> StripeError:
    """Say that there is no such route."""
    return StripeError(
        404,
        f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs or "
        f"we can help at {_SUPPORT}.",
    )


def not_a_form() -> StripeError:
    """Say that the body could not be read as a form."""
    return StripeError(
        400,
        "Invalid request (check that your POST content type is "
        "application/x-www-form-urlencoded). If you have any questions, we can help at "
        f"{_SUPPORT}.",
    )


def resource_missing(noun: str, id_: str, *, param: str, status: int = 404) -> StripeError:
    """Say that the account has no such object (it may exist on another account)."""
    return StripeError(status, f"No such {noun}: '{id_}'", code="resource_missing", param=param)


def unknown_parameters(names: Collection[str]) -> StripeError:
    """Say which parameters Stripe does not know."""
    plural = "s" if len(names) > 1 else ""
    return StripeError(
        400,
        f"Received unknown parameter{plural}: {', '.join(names)}",
        code="parameter_unknown",
        param=next(iter(names)),
    )


def missing_parameter(name: str) -> StripeError:
    """Say that a required parameter was not given."""
    return StripeError(
        400, f"Missing required param: {name}.", code="parameter_missing", param=name
    )


def empty_parameter(name: str) -> StripeError:
    """Say that a parameter that cannot be unset was given as an empty string."""
    return StripeError(
        400,
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to "
        f"unset a field; however '{name}' cannot be unset. You should remove '{name}' from "
        "your request or supply a non-empty value.",
        code="parameter_invalid_empty",
        param=name,
    )


def unsupported_parameter(name: str) -> StripeError:
    """Say that Stripe knows a parameter which the stand-in does not."""
    return StripeError(400, f"The stand-in does not speak Stripe's parameter '{name}'.", param=name)


def too_many_metadata_keys(count: int) -> StripeError:
    """Say that metadata would have more than 50 pairs."""
    return StripeError(
        400,
        f"Metadata can have up to 50 keys, but you've set {count}. Email us at "
        "support+metadata@stripe.com for more information.",
        param="metadata",
    )


def rate_limited() -> StripeError:
    """Say that there were too many requests."""
    return StripeError(
        429,
        "Request rate limit exceeded. Learn more about rate limits here "
        "https://stripe.com/docs/rate-limits.",
        code="rate_limit",
    )


def broken() -> StripeError:
    """Say that something went wrong on Stripe's side."""
    return StripeError(
        500,
        "Sorry! There was an error while talking to one of our backends. Support has been "
        f"notified, but please feel free to reach out at {_SUPPORT} with any questions.",
        kind="api_error",
    )


def key_too_long() -> StripeError:
    """Say that an idempotency key has more than 255 characters."""
    return StripeError(400, "Idempotency keys can be up to 255 characters long.")


def key_in_use(key: str) -> StripeError:
    """Say that the key's first request has not been answered yet."""
    return StripeError(
        409,
        "There is currently another in-progress request using this Idempotent Key (that "
        "probably means you submitted twice, and the other request is still going through): "
        f"{key}. Please try again later.",
        kind="idempotency_error",
        code="idempotency_key_in_use",
    )


def key_for_other_endpoint(key: str, first: str, now: str) -> StripeError:
    """Say that the key was first used for another endpoint."""
    return StripeError(
        400,
        "Keys for idempotent requests can only be used for the same endpoint they were first "
        f"used for ('{now}' vs '{first}'). Try using a key other than '{key}' if you meant to "
        "execute a different request.",
        kind="idempotency_error",
    )


def key_for_other_parameters(key: str) -> StripeError:
    """Say that the key was first used with other parameters."""
    return StripeError(
        400,
        "Keys for idempotent requests can only be used with the same parameters they were "
        f"first used with. Try using a key other than '{key}' if you meant to execute a "
        "different request.",
        kind="idempotency_error",
    )
