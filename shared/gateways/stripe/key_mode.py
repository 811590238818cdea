"""Which mode an API key of Stripe works in, in a file that loads no SDK."""


class StripeKeyError(RuntimeError):
    """The stored API key cannot be used. Nothing was sent to Stripe. The key is not shown."""


def is_live_key(api_key: str) -> bool:
    """Return whether a secret or restricted key is of the live mode; False is test mode.

    https://docs.stripe.com/keys#obtain-api-keys

    Raises:
        StripeKeyError: It is neither.
    """
    kind, _, rest = api_key.partition("_")
    mode = rest.partition("_")[0]
    if kind not in {"sk", "rk"} or mode not in {"live", "test"}:
        raise StripeKeyError("The API key is not a secret or restricted key of Stripe.")
    return mode == "live"


def require_mode(api_key: str, *, livemode: bool) -> str:
    """Return a key that works in the stack's mode.

    Raises:
        StripeKeyError: It works in the other mode.
    """
    if is_live_key(api_key) is not livemode:
        key, stack = ("test", "live") if livemode else ("live", "test")
        raise StripeKeyError(
            f"The API key is of Stripe's {key} mode, and this stack of its {stack} mode. "
            f"Use a key of the {stack} mode."
        )
    return api_key
