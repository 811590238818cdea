"""All objects of the stand-in, in the order in which Stripe lists them."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

from infra.stripe_standin.protocol.errors import resource_missing
from infra.stripe_standin.records.accounts import AccountRecord
from infra.stripe_standin.records.application_fees import ApplicationFeeRecord, FeeRefundRecord
from infra.stripe_standin.records.balance_transactions import BalanceTransactionRecord
from infra.stripe_standin.records.base import StripeRecord
from infra.stripe_standin.records.charges import ChargeRecord
from infra.stripe_standin.records.disputes import DisputeRecord
from infra.stripe_standin.records.payment_intents import PaymentIntentRecord
from infra.stripe_standin.records.refunds import RefundRecord
from infra.stripe_standin.records.saved_responses import SavedResponse
from infra.stripe_standin.records.transfers import TransferRecord, TransferReversalRecord
from infra.stripe_standin.records.webhooks import (
    EventRecord,
    WebhookDelivery,
    WebhookEndpointRecord,
)

# When a record was created and which number it got on arrival.
type _Position = tuple[int, int]


class Timeline[R: StripeRecord]:
    """Records in the order of their creation, then of their arrival.

    Seeded charges arrive in any order of time, so the first read sorts them.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, R]] = []
        self._sorted = True

    def add(self, position: _Position, record: R) -> None:
        """Add `record` at `position`."""
        self._sorted = self._sorted and (not self._entries or self._entries[-1][:2] < position)
        self._entries.append((*position, record))

    def remove(self, record: R) -> None:
        """Remove `record`."""
        self._entries = [entry for entry in self._entries if entry[2].id != record.id]

    def newest_first(self, before: _Position | None = None) -> Iterator[R]:
        """Yield the records older than `before` (all for None), newest first."""
        entries = self._in_order()
        start = len(entries) if before is None else bisect_left(entries, before)
        for index in range(start - 1, -1, -1):
            yield entries[index][2]

    def oldest_first(self, after: _Position | None = None) -> Iterator[R]:
        """Yield the records newer than `after` (all for None), oldest first."""
        entries = self._in_order()
        start = 0 if after is None else bisect_left(entries, after) + 1
        for index in range(start, len(entries)):
            yield entries[index][2]

    def _in_order(self) -> list[tuple[int, int, R]]:
        if not self._sorted:
            self._entries.sort(key=lambda entry: entry[:2])
            self._sorted = True
        return self._entries


class Collection[R: StripeRecord]:
    """All records of one kind: by id, by account, and by group if `group_by` is given.

    Attributes:
        record_type: The type of the records.
        noun: Stripe's name of the object in error messages.
    """

    def __init__(
        self, record_type: type[R], noun: str, *, group_by: Callable[[R], str] | None = None
    ) -> None:
        self.record_type = record_type
        self.noun = noun
        self._group_by = group_by
        self._records: dict[str, R] = {}
        self._positions: dict[str, _Position] = {}
        self._by_account: defaultdict[str | None, Timeline[R]] = defaultdict(Timeline)
        self._by_group: defaultdict[str, Timeline[R]] = defaultdict(Timeline)

    def __contains__(self, id_: str) -> bool:
        return id_ in self._records

    def __getitem__(self, id_: str) -> R:
        return self._records[id_]

    def __iter__(self) -> Iterator[R]:
        return iter(self._records.values())

    def __len__(self) -> int:
        return len(self._records)

    def add(self, record: R) -> R:
        """Add a new record and return it."""
        position = (record.created, len(self._positions))
        self._records[record.id] = record
        self._positions[record.id] = position
        self._by_account[record.account].add(position, record)
        if self._group_by is not None:
            self._by_group[self._group_by(record)].add(position, record)
        return record

    def remove(self, record: R) -> None:
        """Delete a record."""
        del self._records[record.id]
        self._by_account[record.account].remove(record)
        if self._group_by is not None:
            self._by_group[self._group_by(record)].remove(record)

    def find(self, id_: str, account: str | None, *, param: str, status: int = 404) -> R:
        """Return the account's record with this id.

        Raises:
            StripeError: If the account has no such record, even if another account has it.
        """
        record = self._records.get(id_)
        if record is None or record.account != account:
            raise resource_missing(self.noun, id_, param=param, status=status)
        return record

    def position(self, record: R) -> _Position:
        """Return the position of `record` in its timelines."""
        return self._positions[record.id]

    def of_account(self, account: str | None) -> Timeline[R]:
        """Return the records of an account."""
        return self._by_account[account]

    def of_group(self, key: str) -> Timeline[R]:
        """Return the records that `group_by` gives this key."""
        return self._by_group[key]


class Store:
    """The objects of all accounts, the deliveries of events and the saved responses.

    Attributes:
        deliveries: By the id of their event.
        saved_responses: By account and idempotency key.
    """

    deliveries: defaultdict[str, list[WebhookDelivery]]
    saved_responses: dict[tuple[str | None, str], SavedResponse]

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Delete everything."""
        self.accounts = Collection(AccountRecord, "account")
        self.charges = Collection(ChargeRecord, "charge")
        self.payment_intents = Collection(PaymentIntentRecord, "payment_intent")
        self.refunds = Collection(RefundRecord, "refund", group_by=lambda refund: refund.charge)
        self.balance_transactions = Collection(
            BalanceTransactionRecord,
            "balance transaction",
            group_by=lambda transaction: transaction.source,
        )
        self.application_fees = Collection(ApplicationFeeRecord, "application fee")
        self.fee_refunds = Collection(
            FeeRefundRecord, "application fee refund", group_by=lambda refund: refund.fee
        )
        self.transfers = Collection(TransferRecord, "transfer")
        self.transfer_reversals = Collection(
            TransferReversalRecord,
            "transfer reversal",
            group_by=lambda reversal: reversal.transfer,
        )
        self.disputes = Collection(
            DisputeRecord, "dispute", group_by=lambda dispute: dispute.charge
        )
        self.events = Collection(EventRecord, "event")
        self.webhook_endpoints = Collection(WebhookEndpointRecord, "webhook endpoint")
        self.deliveries = defaultdict(list)
        self.saved_responses = {}

    def collections(self) -> dict[str, Collection[Any]]:
        """Return every collection by its name."""
        return {name: each for name, each in vars(self).items() if isinstance(each, Collection)}

    def is_connected(self, account: str | None) -> bool:
        """Return whether the platform may act for an account. It always may for itself."""
        return (
            account is None
            or account not in self.accounts
            or self.accounts[account].access == "connected"
        )

    def amount_refunded(self, charge: ChargeRecord) -> int:
        """Return the sum of the charge's refunds that neither failed nor were canceled."""
        refunds = self.refunds.of_group(charge.id).newest_first()
        return sum(refund.amount for refund in refunds if refund.counts_as_refunded)

    def amount_released(self, charge: ChargeRecord) -> int:
        """Return how much of the charge's authorization was never collected."""
        refunds = self.refunds.of_group(charge.id).newest_first()
        return sum(refund.amount for refund in refunds if refund.is_release)

    def disputes_of(self, charge: ChargeRecord) -> Iterator[DisputeRecord]:
        """Return the charge's inquiries and disputes, oldest first."""
        return self.disputes.of_group(charge.id).oldest_first()

    def fee_amount_refunded(self, fee: ApplicationFeeRecord) -> int:
        """Return how much of an application fee the platform returned."""
        refunds = self.fee_refunds.of_group(fee.id).newest_first()
        return sum(refund.amount for refund in refunds)

    def amount_reversed(self, transfer: TransferRecord) -> int:
        """Return how much of a transfer went back."""
        reversals = self.transfer_reversals.of_group(transfer.id).newest_first()
        return sum(reversal.amount for reversal in reversals)

    def count_pending_webhooks(self, event_id: str) -> int:
        """Return how many endpoints still wait for an event."""
        deliveries = self.deliveries.get(event_id, [])
        return len({delivery.endpoint for delivery in deliveries if delivery.state == "queued"})
