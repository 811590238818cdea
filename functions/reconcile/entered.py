"""Reads what the ledgers entered in a window: of an account's studios, or of all studios."""

from collections.abc import Iterator

from functions.reconcile.scope import Account, Window
from shared.clock import rfc3339
from shared.domain.ledger import LedgerEntry
from shared.gateways.settled_refunds import SettledRefunds

_ENTRIES_PER_PAGE = 200


def entered(settled: SettledRefunds, account: Account, window: Window) -> Iterator[LedgerEntry]:
    """Yield the entries of refunds and disputes that were recorded in a window.

    The platform's account has them of all studios. That costs what was entered, not how many
    studios there are.
    """
    since, until = rfc3339(window.since), rfc3339(window.until)
    if account.account_id is None:
        yield from settled.entries_of_all_studios(since, until)
        return
    for studio_id in account.studio_ids:
        yield from settled.entries(studio_id, since, until, None, _ENTRIES_PER_PAGE)
