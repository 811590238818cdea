"""The page that says who may do what, generated from the one table in ``shared/edge/auth.py``."""

from babel.numbers import format_decimal

from infra.paths import DOCS
from shared.edge.auth import ALLOWED, REFUND_LIMIT, Role

OUTPUT = DOCS / "roles.md"

_INTRODUCTION = """\
# Who may do what

A user's roles are groups of the Cognito user pool; the studio is the user's own, and nothing in a
request can change either. Generated from `shared/edge/auth.py` by `make openapi`.

"""

_LIMITS = """
`pps_admin` reads only, for the studio named by `?studio_id=`; that is logged. Nobody else may name
a studio. An id of another studio is answered like one that does not exist.

"""


def page() -> str:
    """Return the page, as Markdown."""
    roles = list(Role)
    lines = [
        "| | " + " | ".join(f"`{role}`" for role in roles) + " |",
        "| --- |" + " :-: |" * len(roles),
    ]
    lines += [
        f"| {action} | " + " | ".join("yes" if role in may else "" for role in roles) + " |"
        for action, may in ALLOWED.items()
    ]
    limits = [
        f"- `{role}` may refund up to {_amount(limit)} minor units of one order, all its refunds "
        f"together ({_amount(limit // 100)}.00, or {_amount(limit)} of a currency without "
        "decimals). More answers 403 `refund_limit_exceeded`."
        for role, limit in REFUND_LIMIT.items()
    ]
    return _INTRODUCTION + "\n".join(lines) + "\n" + _LIMITS + "\n".join(limits) + "\n"


def _amount(amount: int) -> str:
    return format_decimal(amount, locale="en_US")
