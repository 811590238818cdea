"""Reconciles all accounts of the deployed stack, as an operator does."""

from datetime import datetime
from typing import Any

from shared.clock import rfc3339
from tests.e2e.world import DeployedStack, until

# Tests beside this one make Stripe slow at times.
_SECONDS = 180


def reconcile_now(world: DeployedStack, since: datetime) -> dict[str, Any]:
    """Reconcile all accounts from a time on, and wait for the result.

    Returns:
        ``findings`` of all accounts, and ``failed``: why an account failed, by its name.
    """
    asked = world.invoke("reconcile", {"ask": {"since": rfc3339(since)}})
    assert asked["after"] is None  # one page has all accounts of the tests
    wanted = {name: asked[name] for name in ("accounts", "asked_at")}

    def ended() -> dict[str, Any] | None:
        found: dict[str, Any] = world.invoke("reconcile", {"results": wanted})["ended"]
        return found if len(found) == len(asked["accounts"]) else None

    results = until(ended, "all accounts reconciled", seconds=_SECONDS)
    return {
        "findings": [each for result in results.values() for each in result["findings"]],
        "failed": {name: each["failure"] for name, each in results.items() if each["failure"]},
    }
