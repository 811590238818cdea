"""What to try on a running stack: commands that work as printed, and who can sign in."""

import json
import shlex
from typing import Any

from infra.local.demo_refund import DEMO_ORDER, ROLE
from infra.local.demo_users import ADMIN_ROLE, STUDIO_ROLES
from infra.local.stack import Stack

DEMO_STUDIO = "st_lakeside"
_ROLES = (*STUDIO_ROLES, ADMIN_ROLE)


def next_steps(stack: Stack) -> str:
    """Return shell lines to paste, in order. Their token is valid for a day."""
    order = _order_to_try(stack)
    if order is None:
        return f"API: {stack.api_url}"
    refunds = f"{stack.api_url}/orders/{order['order_id']}/refunds"
    line = order["line_items"][0]["line_id"]
    token = stack.tokens[order["studio_id"]][ROLE]
    one_unit = {
        "type": "line_items",
        "items": [{"line_id": line, "quantity": 1}],
        "reason": "wrong_print",
    }
    return "\n".join(
        [
            f"TOKEN={token}",
            "",
            f"# What would a refund of one {order['line_items'][0]['product']} do?",
            _post(f"{refunds}/preview", one_unit),
            "",
            "# Do it (the same key again returns the same refund):",
            _post(refunds, one_unit, "-H 'Idempotency-Key: try-1'"),
            "",
            "# The API refuses more than is left:",
            _post(
                f"{refunds}/preview",
                {"type": "partial", "amount": order["total_amount"] + 1, "reason": "other"},
            ),
            "",
            "# All tokens, table and queue names, log files:",
            "cat .local/stack.json",
        ]
    )


def dashboard_users(stack: Stack) -> str:
    """Return the dashboard's address, and a user with a password for each role."""
    studio = DEMO_STUDIO if DEMO_STUDIO in stack.users else next(iter(stack.users))
    rows = [(role, user.name, user.password) for role, user in stack.users[studio].items()]
    rows = [("role", "user", "password"), *sorted(rows, key=lambda row: _ROLES.index(row[0]))]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    lines = ("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)
    return "\n".join([f"Dashboard: {stack.dashboard_url}", "", *(f"  {line}" for line in lines)])


def _post(url: str, body: dict[str, Any], *more: str) -> str:
    parts = [
        f"curl -s {url}",
        '-H "Authorization: $TOKEN"',
        *more,
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(json.dumps(body, separators=(',', ':')))}; echo",
    ]
    return " \\\n  ".join(parts)


def _order_to_try(stack: Stack) -> dict[str, Any] | None:
    """Return an order that is neither the demo's nor in production, or None."""
    for order in stack.orders:
        free = order["fulfillment"]["status"] not in {"claimed", "printed"}
        if free and order["order_id"] != DEMO_ORDER and order["studio_id"] in stack.tokens:
            return order
    return None
