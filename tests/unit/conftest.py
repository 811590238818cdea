"""How Hypothesis runs here: a third of its examples in ``make test``, a tenth in ``make unit``.

Both try the same examples each time, so that a failure is the change's own. ``make explore`` tries
others each time, and ten times all of them.

And a server in Stripe's place.
"""

import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, settings

from shared.gateways.stripe.connection import StripeConnection
from tests.own_thread import in_own_thread

from .examples import ALL_EXAMPLES
from .scripted_stripe import ScriptedStripe, scripted_stripe

settings.register_profile(
    "unit",
    deadline=None,  # how long an example takes says nothing about the code
    max_examples=ALL_EXAMPLES // 3,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    # Without `explain`: for a failing sequence of refunds it takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
settings.register_profile(
    "explore", settings.get_profile("unit"), max_examples=ALL_EXAMPLES * 10, derandomize=False
)
settings.register_profile("quick", settings.get_profile("unit"), max_examples=ALL_EXAMPLES // 10)
# `make unit` asks for "quick" with an option, which pytest reads after this file.
settings.load_profile("unit")


@pytest.fixture(scope="module")
def running_server() -> Iterator[ScriptedStripe]:
    """A server in Stripe's place."""
    with scripted_stripe() as running:
        yield running


@pytest.fixture(scope="module")
def connection(running_server: ScriptedStripe) -> StripeConnection:
    """A connection to the server in Stripe's place."""
    return StripeConnection(running_server.url, lambda: "sk_test")


@pytest.fixture
def server(running_server: ScriptedStripe, monkeypatch: pytest.MonkeyPatch) -> ScriptedStripe:
    """The server without requests of other tests. Calls are retried at once."""
    monkeypatch.setattr("time.sleep", in_own_thread(lambda _: None, time.sleep))
    running_server.keys.clear()
    running_server.paths.clear()
    return running_server
