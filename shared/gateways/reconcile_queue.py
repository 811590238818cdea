"""The queue of the accounts to compare with the books."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime

from shared.domain.reconciliation import AskedBy, ReconciliationWork
from shared.gateways.queues import Queue
from shared.gateways.records.keys import PLATFORM

# Stands for PPS's own books, where others have an account.
BOOKS = "books"

# The fields of a message.
RECONCILE_FIELDS = ("account_id", "asked_by", "asked_at", "since")


class ReconcileQueue(Queue):
    """Hands out the accounts to compare with the books. FIFO, one message group an account."""

    def announce(self, works: Iterable[ReconciliationWork]) -> int:
        """Announce accounts, and return how many; repeats do no harm.

        Raises:
            QueueBusyError: SQS did not take all of them. The next run announces what is due then.
        """
        return self._send_all(_account_message(each, each.asked_at) for each in works)

    def go_on(self, work: ReconciliationWork, version: int) -> None:
        """Announce an account again, because its worker ran out of time.

        Args:
            work: What the worker was asked for.
            version: The version that it has stored, so that the message is no repeat.

        Raises:
            QueueBusyError: SQS did not take it. The next run announces the account.
        """
        self._send_all([_account_message(work, f"{work.asked_at}:{version}")])

    def go_on_with_books(self, until: str, version: int) -> None:
        """Announce that the proof of PPS's own books goes on, because its run had no time left.

        Args:
            until: Up to where the books are, RFC 3339 in UTC.
            version: The books' version as stored, so that the message is no repeat.

        Raises:
            QueueBusyError: SQS did not take it. The next day's run goes on.
        """
        work = ReconciliationWork(BOOKS, AskedBy.SCHEDULE, until, until)
        self._send_all([_account_message(work, f"{until}:{version}")])


def _account_message(work: ReconciliationWork, once: str) -> dict[str, str]:
    account_id = work.account_id or PLATFORM
    body = {
        "account_id": account_id,
        "asked_by": work.asked_by.value,
        "asked_at": work.asked_at,
        "since": work.since,
    }
    return {
        "MessageGroupId": account_id,
        "MessageDeduplicationId": f"{account_id}:{work.asked_by}:{once}"[-128:],
        "MessageBody": json.dumps(body),
    }


def work_from(message: Mapping[str, str]) -> ReconciliationWork:
    """Return the work that a message's fields name.

    Raises:
        ValueError: Nobody asks so, or a time is none.
    """
    account_id = message["account_id"]
    return ReconciliationWork(
        None if account_id == PLATFORM else account_id,
        AskedBy(message["asked_by"]),
        _time(message["asked_at"]),
        _time(message["since"]),
    )


def _time(text: str) -> str:
    if datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return text
