"""Ids that look like Stripe's."""

import secrets


def new_id(prefix: str) -> str:
    """Return a new id such as `re_` and 24 hexadecimal digits."""
    return f"{prefix}_{secrets.token_hex(12)}"
