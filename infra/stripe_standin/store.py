"""Everything the stand-in remembers, in the order Stripe lists it."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator

from infra.stripe_standin.errors import resource_missing
from infra.stripe_standin.records import (
    ApplicationFee,
    BalanceTransaction,
    Charge,
    Delivery,
    Dispute,
    Event,
    FeeRefund,
    PaymentIntent,
    Record,
    Refund,
    SavedAnswer,
    Transfer,
    TransferReversal,
    WebhookEndpoint,
)

type _Position = tuple[int, int]


class Chronicle[R: Record]:
    """Records ordered by creation time, then by arrival.

    Seeded charges arrive with times in any order, so sorting waits until somebody reads.
    """

    def __init__(self) -> None:
        self._entries: list[tuple[int, int, R]] = []
        self._sorted = True

    def add(self, position: _Position, record: R) -> None:
        """Add `record` at its place."""
        self._sorted = self._sorted and (not self._entries or self._entries[-1][:2] < position)
        self._entries.append((*position, record))

    def remove(self, record: R) -> None:
        """Take `record` out."""
        self._entries = [entry for entry in self._entries if entry[2].id != record.id]

    def newest_first(self, before: _Position | None = None) -> Iterator[R]:
        """Yield records from the newest (or the one just older than `before`) backwards."""
        entries = self._in_order()
        start = len(entries) if before is None else bisect_left(entries, before)
        for index in range(start - 1, -1, -1):
            yield entries[index][2]

    def oldest_first(self, after: _Position | None = None) -> Iterator[R]:
        """Yield records from the oldest (or the one just newer than `after`) onwards."""
        entries = self._in_order()
        start = 0 if after is None else bisect_left(entries, after) + 1
        for index in range(start, len(entries)):
            yield entries[index][2]

    def _in_order(self) -> list[tuple[int, int, R]]:
        if not self._sorted:
            self._entries.sort(key=lambda entry: entry[:2])
            self._sorted = True
        return self._entries


class Collection[R: Record]:
    """All records of one kind, by id, by account, and by one more thing if asked.

    Attributes:
        noun: What Stripe calls the object in its messages.
    """

    def __init__(self, noun: str, group_by: Callable[[R], str] | None = None) -> None:
        self.noun = noun
        self._group_by = group_by
        self._records: dict[str, R] = {}
        self._positions: dict[str, _Position] = {}
        self._by_account: defaultdict[str | None, Chronicle[R]] = defaultdict(Chronicle)
        self._by_group: defaultdict[str, Chronicle[R]] = defaultdict(Chronicle)

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
        """Forget a record."""
        del self._records[record.id]
        self._by_account[record.account].remove(record)
        if self._group_by is not None:
            self._by_group[self._group_by(record)].remove(record)

    def find(self, id_: str, account: str | None, *, param: str, status: int = 404) -> R:
        """Return the account's record.

        Raises:
            StripeError: If the account has no such record, though another may.
        """
        record = self._records.get(id_)
        if record is None or record.account != account:
            raise resource_missing(self.noun, id_, param=param, status=status)
        return record

    def position(self, record: R) -> _Position:
        """Return where `record` stands in its chronicles."""
        return self._positions[record.id]

    def of_account(self, account: str | None) -> Chronicle[R]:
        """Return the records of an account."""
        return self._by_account[account]

    def of_group(self, key: str) -> Chronicle[R]:
        """Return the records grouped under `key`."""
        return self._by_group[key]


class Store:
    """The objects of all accounts, the deliveries of events, and the saved answers."""

    def __init__(self) -> None:
        self.forget_everything()

    def forget_everything(self) -> None:
        """Start over with nothing."""
        self.charges: Collection[Charge] = Collection("charge")
        self.payment_intents: Collection[PaymentIntent] = Collection("payment_intent")
        self.refunds: Collection[Refund] = Collection("refund", lambda refund: refund.charge)
        self.balance_transactions: Collection[BalanceTransaction] = Collection(
            "balance transaction", lambda transaction: transaction.source
        )
        self.application_fees: Collection[ApplicationFee] = Collection("application fee")
        self.fee_refunds: Collection[FeeRefund] = Collection(
            "application fee refund", lambda refund: refund.fee
        )
        self.transfers: Collection[Transfer] = Collection("transfer")
        self.transfer_reversals: Collection[TransferReversal] = Collection(
            "transfer reversal", lambda reversal: reversal.transfer
        )
        self.disputes: Collection[Dispute] = Collection("dispute")
        self.events: Collection[Event] = Collection("event")
        self.webhook_endpoints: Collection[WebhookEndpoint] = Collection("webhook endpoint")
        self.deliveries: defaultdict[str, list[Delivery]] = defaultdict(list)
        self.saved_answers: dict[tuple[str | None, str], SavedAnswer] = {}

    def amount_refunded(self, charge: Charge) -> int:
        """Return the sum of the charge's refunds that stand."""
        refunds = self.refunds.of_group(charge.id).newest_first()
        return sum(refund.amount for refund in refunds if refund.stands)

    def fee_amount_refunded(self, fee: ApplicationFee) -> int:
        """Return what the platform gave back of an application fee."""
        refunds = self.fee_refunds.of_group(fee.id).newest_first()
        return sum(refund.amount for refund in refunds)

    def amount_reversed(self, transfer: Transfer) -> int:
        """Return what came back of a transfer."""
        reversals = self.transfer_reversals.of_group(transfer.id).newest_first()
        return sum(reversal.amount for reversal in reversals)

    def undelivered(self, event_id: str) -> int:
        """Return to how many endpoints an event has still to be delivered."""
        deliveries = self.deliveries.get(event_id, [])
        return len({delivery.endpoint for delivery in deliveries if delivery.state == "queued"})
