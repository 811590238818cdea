"""The options of a local stack."""

from dataclasses import dataclass, field
from pathlib import Path

from infra.failure import Failure
from infra.local.aws_session import local_session
from infra.paths import LOCAL

DEMO = Path(__file__).parent / "demo"
DEMO_STUDIOS = DEMO / "studios.jsonl"
DEMO_ORDERS = DEMO / "orders.jsonl"


@dataclass(frozen=True)
class StripeServer:
    """A Stripe API.

    Attributes:
        api_base: Its address, `https://api.stripe.com` for Stripe itself.
        api_key: A test key.
        webhook_secret: The secret that signs its webhooks.
    """

    api_base: str
    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True)
class Options:
    """How to start a local stack.

    Attributes:
        directory: The folder of logs, state and `stack.json`.
        studios: The studios to import, JSON Lines or CSV.
        orders: The orders to import, JSON Lines or CSV; None for no orders.
        port: The engine's port; 0 for a free one.
        stripe_port: The stand-in's port; 0 for a free one.
        stripe: The Stripe to use instead of the stand-in.
        region: The AWS region that the engine plays.
        keep: Whether the next start with this option finds the state again.
        retry_after_s: Seconds until a queue delivers a failed message again.

    Raises:
        Failure: The ports are the same, or AWS has no such region.
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

    def __post_init__(self) -> None:
        if self.stripe is None and self.port and self.port == self.stripe_port:
            raise Failure(f"PORT and STRIPE_PORT are both {self.port}. Choose another STRIPE_PORT.")
        if not _is_region(self.region):
            raise Failure(f"AWS has no region {self.region}. Choose one such as us-east-1.")

    @property
    def logs(self) -> Path:
        """The folder of the log files."""
        return self.directory / "logs"

    @property
    def state(self) -> Path:
        """The folder of the state that `keep` keeps."""
        return self.directory / "state"


def _is_region(name: str) -> bool:
    session = local_session()
    return any(
        name in session.get_available_regions("dynamodb", partition)
        for partition in session.get_available_partitions()
    )
