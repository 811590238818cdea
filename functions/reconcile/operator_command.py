"""Reads the event of an operator, and answers it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from functions.reconcile.dispatch_accounts import DispatchAccounts
from shared.clock import Clock, rfc3339
from shared.domain.foreign_object import ForeignObject
from shared.domain.reconciliation import Reconciliation
from shared.edge.observability import logger
from shared.gateways.foreign_objects import ForeignObjects
from shared.gateways.reconciliations import Reconciliations
from shared.gateways.records.keys import PLATFORM

_FOREIGN_LISTED = 100


@dataclass(frozen=True, slots=True)
class OperatorCommand:
    """Reconciles all accounts now, shows how far that is, and deals with foreign objects.

    ``{"ask": {"since", "after", "asked_at"}}`` announces a page of all accounts. ``{"results":
    {"accounts", "asked_at"}}`` answers which of them are done since then, with their findings.
    ``{"foreign": {}}`` lists the objects that nobody has acknowledged, and ``{"foreign":
    {"acknowledge": [<id>], "because"}}`` acknowledges some.
    """

    dispatch: DispatchAccounts
    reconciliations: Reconciliations
    foreign: ForeignObjects
    clock: Clock

    def ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Announce a page of all accounts.

        Returns:
            ``accounts``, ``asked_at`` for the next page and the results, and ``after``, where the
            next page begins.
        """
        since = asked.get("since")
        page = self.dispatch.ask(
            since=datetime.fromisoformat(since) if since else None,
            after=asked.get("after"),
            asked_at=asked.get("asked_at"),
        )
        accounts = [each or PLATFORM for each in page.account_ids]
        return {"accounts": accounts, "asked_at": page.asked_at, "after": page.last_place}

    def results(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Return the accounts that are done, or have failed, since they were asked for.

        Returns:
            ``ended``: of each such account its findings, how many more there were, and why it
            failed or None.
        """
        account_ids = [None if each == PLATFORM else each for each in asked["accounts"]]
        return {
            "ended": {
                each.account_id or PLATFORM: {
                    "findings": list(each.findings),
                    "findings_left_out": each.finding_count - len(each.findings),
                    "failure": None if _is_done(each, asked["asked_at"]) else each.failure,
                }
                for each in self.reconciliations.get_many(account_ids)
                if _is_done(each, asked["asked_at"]) or _has_failed(each, asked["asked_at"])
            }
        }

    def deal_with_foreign(self, asked: dict[str, Any]) -> dict[str, Any]:
        """List the foreign objects that nobody has acknowledged, or acknowledge some.

        Returns:
            ``foreign``: the listed or acknowledged ones. Ids that are not known are left out.

        Raises:
            StaleStateError: Somebody else acknowledged one at the same time.
        """
        if "acknowledge" not in asked:
            listed = self.foreign.unacknowledged(_FOREIGN_LISTED)
            listed.sort(key=lambda each: (each.found_at, each.stripe_id))
            return {"foreign": list(map(asdict, listed))}
        found = map(self.foreign.get, asked["acknowledge"])
        because = str(asked["because"])
        done = [self._acknowledge(each, because) for each in found if each is not None]
        return {"foreign": list(map(asdict, done))}

    def _acknowledge(self, foreign: ForeignObject, because: str) -> ForeignObject:
        after = foreign.acknowledged(because, rfc3339(self.clock()))
        if after != foreign:
            self.foreign.save(after)
            logger.warning("foreign object", stripe_id=foreign.stripe_id, because=because)
        return after


def _is_done(account: Reconciliation, asked_at: str) -> bool:
    return account.reconciled_at is not None and account.reconciled_at >= asked_at


def _has_failed(account: Reconciliation, asked_at: str) -> bool:
    return account.failed_at is not None and account.failed_at >= asked_at
