"""What a local stack can be told."""

from dataclasses import dataclass, field
from pathlib import Path

from infra.paths import LOCAL

DEMO = Path(__file__).parent / "demo"
DEMO_STUDIOS = DEMO / "studios.jsonl"
DEMO_ORDERS = DEMO / "orders.jsonl"


@dataclass(frozen=True)
class StripeServer:
    """A Stripe API to talk to instead of the stand-in.

    Attributes:
        api_base: Its address, `https://api.stripe.com` for Stripe itself.
        api_key: A test key.
        webhook_secret: What it signs webhooks with.
    """

    api_base: str
    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True)
class Options:
    """How to start a local stack.

    Attributes:
        directory: Where logs, state and `stack.json` go.
        studios: Studios to import, JSON lines.
        orders: Orders to import; None for none.
        port: The engine's port; 0 for a free one.
        stripe_port: The stand-in's port; 0 for a free one.
        stripe: A Stripe to use instead of the stand-in.
        region: The region to play.
        keep: Whether to carry state over from the last such start to the next.
        retry_after_s: When a failed queue message is tried again.
    """

    directory: Path = LOCAL
    studios: Path = DEMO_STUDIOS
    orders: Path | None = DEMO_ORDERS
    port: int = 4566
    stripe_port: int = 4242
    stripe: StripeServer | None = None
    region: str = "us-east-1"
    keep: bool = False
    retry_after_s: int = 5

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.directory / "logs"

    @property
    def state(self) -> Path:
        """The folder of what `keep` keeps."""
        return self.directory / "state"
