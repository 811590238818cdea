"""A local, stateful stand-in for the part of Stripe's API that refunds need.

It speaks HTTP, so the product is never mocked from the inside: Stripe's own SDK, or any HTTP
client, talks to it as to `https://api.stripe.com`. Next to Stripe's API it has a control API
under `/_standin`, which seeds charges, moves refunds, injects faults and steers webhooks.
"""

from infra.stripe_standin.app import create_app
from infra.stripe_standin.server import RunningStandin, running_standin

__all__ = ["RunningStandin", "create_app", "running_standin"]
