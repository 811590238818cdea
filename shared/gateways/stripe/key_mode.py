"""Which mode an API key of Stripe works in, in a file that loads no SDK."""


def is_live_key(api_key: str) -> bool:
    """Return whether a secret or restricted key is of the live mode; False is test mode.

    https://docs.stripe.com/keys#obtain-api-keys

    Raises:
        ValueError: It is neither. Its message does not show the key.
    """
    kind, _, rest = api_key.partition("_")
    mode = rest.partition("_")[0]
    if kind not in {"sk", "rk"} or mode not in {"live", "test"}:
        raise ValueError("not a secret or restricted key of Stripe: it begins like none")
    return mode == "live"
