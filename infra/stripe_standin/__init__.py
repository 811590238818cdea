"""A local, stateful stand-in for the part of Stripe's API that refunds need.

Clients talk to it over HTTP, as they talk to `https://api.stripe.com`: with Stripe's own SDK or
any HTTP client. A second API, the control API under `/_standin`, seeds charges, changes refunds
and disputes, injects faults and controls webhooks.
"""

from infra.stripe_standin.app import create_app
from infra.stripe_standin.server import RunningStandin, running_standin

__all__ = ["RunningStandin", "create_app", "running_standin"]
