"""A studio whose tables lose an hour, and its restore."""

from dataclasses import dataclass
from datetime import UTC, datetime

from infra.local.stack import Stack
from infra.operate.restore.put_back import put_back
from infra.operate.restore.replay_events import ReplayStripeEvents
from infra.operate.restore.tables import Copies
from shared.gateways.queues import FeeRefundQueue
from tests.integration.backend import Backend


def replay_for(backend: Backend) -> ReplayStripeEvents:
    """Return the use case that replays Stripe's events into a backend's tables."""
    return ReplayStripeEvents(
        backend.dynamodb,
        backend.orders_table,
        backend.ledger_table,
        FeeRefundQueue(backend.sqs, backend.fee_url),
        backend.stripe,
        backend.clock,
    )


@dataclass
class Disaster:
    """A studio's backend, a copy of its tables at one time, and the restore from Stripe."""

    backend: Backend
    stack: Stack

    def keep(self) -> None:
        """Copy the tables as they are now, as point-in-time recovery does."""
        self.at = datetime.now(UTC)
        for table in (self.backend.orders_table, self.backend.ledger_table):
            self.backend.dynamodb.restore_table_to_point_in_time(
                SourceTableName=table, TargetTableName=f"{table}-kept", UseLatestRestorableTime=True
            )

    def strike(self) -> None:
        """Lose everything since the copy, and the messages in the queues."""
        backend = self.backend
        resource = self.stack.aws.dynamodb_resource
        kept = f"{backend.orders_table}-kept", f"{backend.ledger_table}-kept"
        assert Copies(backend.dynamodb, *kept).torn() == []
        both = list(zip(kept, (backend.orders_table, backend.ledger_table), strict=True))
        assert sum(sum(put_back(resource, *each, segments=3).values()) for each in both) > 0
        assert sum(sum(put_back(resource, *each).values()) for each in both) == 0
        # An hour later SQS has forgotten its deduplication ids.
        backend.new_queues()

    def replay(self) -> dict[str, int]:
        """Replay Stripe's events, then run the functions again."""
        backend = self.backend
        done = dict(replay_for(backend)(self.at))
        backend.come_to_rest()
        return done
