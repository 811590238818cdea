"""The keys of the tables and their indexes. The keys of a studio's data begin with the studio.

    STUDIO#{studio_id}                     STUDIO, LEDGER_HEAD, LIMIT_GUARD, NEXT_PAYOUT,
                                           PAYOUT_HOLD, ADJUSTMENT#…, PAYOUT#…, PARKED#…, SUMS#…,
                                           USER#…
    STUDIO#{studio_id}                     ENTRY#…  (LedgerTable)
    STUDIO#{studio_id}#ORDER#{order_id}    ORDER, MESSAGE#…, REFUND#…, REFUND_FEE, STATE
    STUDIO#{studio_id}#SEARCH              {token}#{order_id}
    STUDIO#{studio_id}#USERS               ROSTER, MEMBER#…, CHANGE#…
    CHARGE#{charge_id}                     CHARGE: the order that Stripe's charge paid for
    PAYMENT_INTENT#{payment_intent_id}     CHARGE: the same, and the charge
    RECONCILE#platform                     BOOKS
    ACCOUNT#{account_id, or platform}      ACCESS: whether PPS may act for a connected account,
                                           RECONCILIATION: how far it is compared, STUDIO#…
    FOREIGN#{stripe_id}                    FOREIGN: an object at Stripe that is not ours
    MIGRATIONS                             MIGRATION#…: which migrations of the data were run
    PLATFORM                               STOPS: what operators stopped; STOP_CHANGE#…
    STUDIO#{studio_id}                     {minute}#{share}  (RequestCountsTable)

Ids contain no ``#``. Import refuses it.
"""

from datetime import UTC, datetime
from enum import StrEnum

from shared.domain.order import FulfillmentStatus, OrderKey, OrderRefundStatus
from shared.gateways.records.attributes import Item, Values

OPEN_INDEX = "OpenIndex"
DATE_INDEX = "DateIndex"
STATUS_INDEX = "StatusIndex"
PRINT_INDEX = "PrintIndex"
ATTENTION_INDEX = "AttentionIndex"
SETTLED_INDEX = "SettledIndex"
KIND_INDEX = "KindIndex"
STUDIO_INDEX = "StudioIndex"
PLATFORM_INDEX = "PlatformIndex"

# The platform's own Stripe account, where others have their id.
PLATFORM = "platform"
# PPS's own books, in a partition of their own: they are large.
BOOKS_PK = "RECONCILE#platform"

# The one partition of StudioIndex.
STUDIOS = "STUDIO"

STUDIO_SK = "STUDIO"
HEAD_SK = "LEDGER_HEAD"
NEXT_PAYOUT_SK = "NEXT_PAYOUT"
PAYOUT_HOLD_SK = "PAYOUT_HOLD"
LIMIT_GUARD_SK = "LIMIT_GUARD"
ORDER_SK = "ORDER"
STATE_SK = "STATE"
# It sorts between the refunds and the state, so that one Query reads all that a settlement needs.
FEE_REFUND_SK = "REFUND_FEE"
CHARGE_SK = "CHARGE"
RECONCILIATION_SK = "RECONCILIATION"
ACCESS_SK = "ACCESS"
BOOKS_SK = "BOOKS"
FOREIGN_SK = "FOREIGN"
MIGRATIONS_PK = "MIGRATIONS"
PLATFORM_PK = "PLATFORM"
STOPS_SK = "STOPS"

ROSTER_SK = "ROSTER"

MEMBER_PREFIX = "MEMBER#"
CHANGE_PREFIX = "CHANGE#"
REFUND_PREFIX = "REFUND#"
MESSAGE_PREFIX = "MESSAGE#"
PAYOUT_PREFIX = "PAYOUT#"
PARKED_PREFIX = "PARKED#"
SUMS_PREFIX = "SUMS#"
ADJUSTMENT_PREFIX = "ADJUSTMENT#"
ENTRY_PREFIX = "ENTRY#"
USER_PREFIX = "USER#"
# The studios of a Stripe account, in the account's partition.
ACCOUNT_STUDIO_PREFIX = "STUDIO#"
MIGRATION_PREFIX = "MIGRATION#"
STOP_CHANGE_PREFIX = "STOP_CHANGE#"

# A sort key has at most 1,024 bytes, and folding may lengthen a name.
_STUDIO_NAME_LENGTH = 100

# Places in a list begin with a time, which begins with a digit.
_BEFORE_ALL_TIMES = "0"
_AFTER_ALL_TIMES = "~"


class OpenWork(StrEnum):
    """Partitions of OpenIndex: work of all studios, most of it for a scheduled function."""

    # Refunds that failed after they settled, until the ledger has that too. Refunds that are not
    # settled yet are in AttentionIndex.
    LATE_FAILURE = "LATE_FAILURE"
    FEE_REFUND = "FEE_REFUND"
    # Orders whose charge must be read at Stripe again.
    CHARGE = "CHARGE"
    PAYOUT = "PAYOUT"
    # Each studio, with the time when its next payout is due.
    PAYOUT_DUE = "PAYOUT_DUE"
    # Ledgers that changed in the last days, with the time of their next anchor.
    ANCHOR = "ANCHOR"
    # Each adjustment that waits for a PPS admin's decision, with the time of its proposal.
    ADJUSTMENT = "ADJUSTMENT"
    # Each Stripe account, with the time when it is due to be compared with the books.
    RECONCILIATION = "RECONCILIATION"


class AttentionPartition(StrEnum):
    """The lists in AttentionIndex. A studio has a partition for each, except for ``OPEN``.

    ``OPEN`` is one partition with the refunds of all studios that are not settled yet, studio by
    studio. So one entry serves the studio's lists and ``resume_pending``, which reads them all.
    ``FAILED_DONE`` has the resolved refunds, ``ADJUSTMENT`` all adjustments, decided or not.
    """

    OPEN = "OPEN"
    FAILED = "FAILED"
    FAILED_DONE = "FAILED_DONE"
    DISPUTE = "DISPUTE"
    # Orders whose charge differs from the import, or is not at Stripe.
    PAYMENT = "PAYMENT"
    MESSAGE = "MESSAGE"
    PARKED = "PARKED"
    PAYOUT_HOLD = "PAYOUT_HOLD"
    ADJUSTMENT = "ADJUSTMENT"


class PlatformPartition(StrEnum):
    """Partitions of PlatformIndex: what PPS looks at across all studios."""

    # Orders whose charge differs from the import, or is not at Stripe, by when they were placed.
    WRONG_PAYMENT = "WRONG_PAYMENT"
    # Ledger heads of studios that owe PPS.
    OWING = "OWING"
    # Payouts, by when they were paid.
    PAID_PAYOUT = "PAID_PAYOUT"
    # Objects at Stripe that are not ours and that nobody has acknowledged, by when they were found.
    FOREIGN = "FOREIGN"


def primary_key(pk: str, sk: str) -> Item:
    """Return an item's primary key."""
    return {"PK": {"S": pk}, "SK": {"S": sk}}


def studio_pk(studio_id: str) -> str:
    """Return the partition key of a studio, in either table."""
    return f"STUDIO#{studio_id}"


def studio_id_of(pk: str) -> str:
    """Return the studio's id in a partition key that begins with the studio."""
    return pk.split("#")[1]


def order_pk(order: OrderKey) -> str:
    """Return the partition key of an order's item collection."""
    return f"{studio_pk(order.studio_id)}#ORDER#{order.order_id}"


def order_key_of(pk: str) -> OrderKey:
    """Return the order in a partition key of an order."""
    _, studio_id, _, order_id = pk.split("#")
    return OrderKey(studio_id, order_id)


def search_pk(studio_id: str) -> str:
    """Return the partition key of a studio's search entries."""
    return f"{studio_pk(studio_id)}#SEARCH"


def users_pk(studio_id: str) -> str:
    """Return the partition key of a studio's users."""
    return f"{studio_pk(studio_id)}#USERS"


def member_sk(user_id: str) -> str:
    """Return the sort key of one of a studio's users."""
    return f"{MEMBER_PREFIX}{user_id}"


def charge_pk(charge_id: str) -> str:
    """Return the partition key of the pointer from a Stripe charge to its order."""
    return f"CHARGE#{charge_id}"


def payment_intent_pk(payment_intent_id: str) -> str:
    """Return the partition key of the pointer from a Stripe payment intent to its charge."""
    return f"PAYMENT_INTENT#{payment_intent_id}"


def account_pk(account_id: str | None) -> str:
    """Return the partition key of what is known about a Stripe account. None is the platform's."""
    return f"ACCOUNT#{account_id or PLATFORM}"


def account_id_of(pk: str) -> str | None:
    """Return the account in a partition key of an account."""
    account_id = pk.removeprefix("ACCOUNT#")
    return None if account_id == PLATFORM else account_id


def foreign_pk(stripe_id: str) -> str:
    """Return the partition key of an object at Stripe that is not ours."""
    return f"FOREIGN#{stripe_id}"


def refund_sk(refund_id: str) -> str:
    """Return the sort key of a refund."""
    return f"{REFUND_PREFIX}{refund_id}"


def message_sk(message_id: str) -> str:
    """Return the sort key of a message about an order."""
    return f"{MESSAGE_PREFIX}{message_id}"


def payout_sk(payout_id: str) -> str:
    """Return the sort key of a payout. Payouts sort by their days."""
    return f"{PAYOUT_PREFIX}{payout_id}"


def parked_sk(parked_id: str) -> str:
    """Return the sort key of a parked message."""
    return f"{PARKED_PREFIX}{parked_id}"


def adjustment_sk(adjustment_id: str) -> str:
    """Return the sort key of an adjustment."""
    return f"{ADJUSTMENT_PREFIX}{adjustment_id}"


def user_sk(user: str) -> str:
    """Return the sort key of a user of a studio."""
    return f"{USER_PREFIX}{user}"


def folded_studio_name(name: str) -> str:
    """Return a studio's name, or the beginning of one, as StudioIndex sorts it."""
    return name.casefold()[:_STUDIO_NAME_LENGTH]


def in_studio_list(studio_id: str, name: str) -> Values:
    """Return the attributes that put a studio into the list of all studios, by name."""
    return {"studios_pk": STUDIOS, "name_sk": f"{folded_studio_name(name)}#{studio_id}"}


def entry_sk(seq: int) -> str:
    """Return the sort key of a ledger entry. As text the keys sort like the numbers."""
    return f"{ENTRY_PREFIX}{seq:012d}"


def stop_change_sk(version: int) -> str:
    """Return the sort key of a change of the stops. As text the keys sort like the versions."""
    return f"{STOP_CHANGE_PREFIX}{version:09d}"


def sums_sk(seq: int) -> str:
    """Return the sort key of a ledger's running sums. As text the keys sort like the numbers."""
    return f"{SUMS_PREFIX}{seq:012d}"


def request_count_sk(minute: datetime, share: str) -> str:
    """Return the sort key of a studio's requests in a minute.

    Args:
        minute: When the minute began.
        share: What is counted.
    """
    return f"{minute.astimezone(UTC):%Y-%m-%dT%H:%MZ}#{share}"


def search_sk(token: str, order_id: str) -> str:
    """Return the sort key of a search entry."""
    return f"{token}#{order_id}"


def status_pk(studio_id: str, status: OrderRefundStatus) -> str:
    """Return the StatusIndex partition of a studio's orders with a refund status."""
    return f"{studio_id}#{status}"


def placed_sk(placed_at: str, order_id: str) -> str:
    """Return the sort key by which lists of orders are in order of time.

    Args:
        placed_at: RFC 3339 in UTC, in the form of ``shared.clock.rfc3339``.
        order_id: The order's id. It makes the key unique.
    """
    return f"{placed_at}#{order_id}"


def print_pk(studio_id: str, status: FulfillmentStatus) -> str:
    """Return the PrintIndex partition of a studio's prints with a status."""
    return f"{studio_id}#{status}"


def attention_pk(studio_id: str, partition: AttentionPartition) -> str:
    """Return the AttentionIndex partition that has one of a studio's lists."""
    if partition is AttentionPartition.OPEN:
        return partition.value
    return f"{studio_id}#{partition}"


def attention_sk(studio_id: str, partition: AttentionPartition, place: str) -> str:
    """Return the sort key of a place in one of a studio's lists."""
    return f"{studio_id}#{place}" if partition is AttentionPartition.OPEN else place


def attention_place(partition: AttentionPartition, sk: str) -> str:
    """Return the place in a studio's list that a sort key of AttentionIndex has."""
    return sk.partition("#")[2] if partition is AttentionPartition.OPEN else sk


def attention_query(
    studio_id: str,
    partition: AttentionPartition,
    start: str = _BEFORE_ALL_TIMES,
    end: str = _AFTER_ALL_TIMES,
) -> tuple[str, dict[str, str]]:
    """Return the key condition, with its values, that finds a studio's list in AttentionIndex.

    Args:
        studio_id: The studio's id.
        partition: The list.
        start: The first time or place, RFC 3339 in UTC.
        end: The last one.
    """
    return "attention_pk = :pk AND attention_sk BETWEEN :start AND :end", {
        ":pk": attention_pk(studio_id, partition),
        ":start": attention_sk(studio_id, partition, start),
        ":end": attention_sk(studio_id, partition, end),
    }


def attention(studio_id: str, partition: AttentionPartition, since: str, name: str) -> Values:
    """Return the attributes that put an item on one of a studio's attention lists.

    Args:
        studio_id: The studio's id.
        partition: The list.
        since: When the item came on the list, RFC 3339 in UTC. The list is in that order.
        name: The item's id. It makes the key unique.
    """
    return {
        "attention_pk": attention_pk(studio_id, partition),
        "attention_sk": attention_sk(studio_id, partition, f"{since}#{name}"),
    }


def open_refund(studio_id: str, requested_at: str, refund_id: str, poll_at: str | None) -> Values:
    """Return the attributes that put a refund into AttentionIndex until it is settled.

    Args:
        studio_id: The studio's id.
        requested_at: When it was requested, RFC 3339 in UTC. A studio's list is in that order.
        refund_id: The refund's id.
        poll_at: When ``resume_pending`` must look at it, RFC 3339 in UTC. The index has it too.

    Raises:
        ValueError: The time is missing. Without it, nothing would ever resume the refund.
    """
    if poll_at is None:
        raise ValueError("an open refund needs a time when it is polled next")
    place = attention(studio_id, AttentionPartition.OPEN, requested_at, refund_id)
    return place | {"next_poll_at": poll_at}


def platform_list(partition: PlatformPartition, name: str) -> Values:
    """Return the attributes that put an item on one of PPS's own lists.

    Args:
        partition: The list.
        name: Where it is on the list, which is in that order.
    """
    return {"platform_pk": partition.value, "platform_sk": name}


def open_work(kind: OpenWork, due_at: str | None) -> Values:
    """Return the attributes that put an item into OpenIndex.

    Args:
        kind: The kind of work.
        due_at: When a scheduled function must do it, RFC 3339 in UTC.

    Raises:
        ValueError: The time is missing. Without it, nothing would ever do the work.
    """
    if due_at is None:
        raise ValueError("open work needs a time when it is due")
    return {"open_pk": kind.value, "open_due": due_at}


def open_work_query(kind: OpenWork, now: str | None = None) -> tuple[str, dict[str, str]]:
    """Return the key condition, with its values, that finds open work in OpenIndex.

    Args:
        kind: The kind of work.
        now: Find what is due at this time or before (RFC 3339, UTC). None finds all.
    """
    condition, values = "open_pk = :pk", {":pk": kind.value}
    if now is not None:
        condition += " AND open_due <= :now"
        values[":now"] = now
    return condition, values
