"""The roles page, generated from the table in ``shared/edge/auth.py``."""

from babel.numbers import format_decimal

from infra.paths import DOCS
from shared.edge.auth import ALLOWED, REFUND_LIMIT_USD, Role

OUTPUT = DOCS / "roles.md"

_INTRODUCTION = """\
# Who may do what

A user's roles are groups in the Cognito user pool, and each user belongs to one studio. The owner
gives roles, and nobody can change a user's studio. `make openapi` generates this page from
`shared/edge/auth.py`.

"""

_LIMITS = """
`pps_admin` reads for the studio that `?studio_id=` names, and each such request is logged. It
changes nothing there but manual adjustments, which two different PPS admins must agree on. No other
role may name a studio. The API answers an id of another studio like an unknown id.

"""


def page() -> str:
    """Return the page in Markdown."""
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
        f"- `{role}` may refund up to {_amount(limit)} US dollars of one order, all its refunds "
        "together, or about as much in the studio's currency (`shared/domain/limits.py`). A studio "
        "may set its own limit: `staff_refund_limit_amount` of its import line. More answers 403 "
        "`refund_limit_exceeded`."
        for role, limit in REFUND_LIMIT_USD.items()
    ]
    return _INTRODUCTION + "\n".join(lines) + "\n" + _LIMITS + "\n".join(limits) + "\n"


def _amount(amount: int) -> str:
    return format_decimal(amount, locale="en_US")
