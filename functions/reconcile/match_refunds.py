"""Holding an account's refunds at Stripe, the refunds here, and the ledger against each other."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from functions.reconcile.findings import (
    Finding,
    FindingKind,
    amounts_differ,
    entries_differ,
    movements_differ,
    of_entry,
    of_movements,
    of_refund,
    of_report,
)
from shared.clock import rfc3339
from shared.domain.errors import StripeRefusedError
from shared.domain.ledger import LedgerEntry
from shared.domain.order import OrderKey
from shared.domain.refund import Refund
from shared.domain.stripe_balance import BalanceMovement, MovementType
from shared.domain.stripe_refund import StripeRefund, stripe_refund_from
from shared.gateways.conflict import StaleStateError
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.orders_table import OrdersTable
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe_api import UNKNOWN_TO_STRIPE, StripeApi
from shared.workflow.record_stripe_refund import RecordStripeRefund, ReportOutcome

_OF_REFUNDS = (MovementType.REFUND, MovementType.PAYMENT_REFUND, MovementType.REFUND_FAILURE)
_ENTRIES_PER_PAGE = 200


@dataclass(frozen=True, slots=True)
class Account:
    """A Stripe account and whose it is; ``account_id`` is None for the platform's own."""

    account_id: str | None
    studio_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Window:
    """The time that is matched, its end not in it; what came after it may be on its way still."""

    since: datetime
    until: datetime
    now: datetime


@dataclass(frozen=True, slots=True)
class MatchRefunds:
    """Matches the refunds of one account in both directions.

    From Stripe: each refund made in the time, and each whose balance transaction is of the time,
    so that a failure weeks after the settlement is found. From here: each that the ledger entered
    in the time, which Stripe must know. What has not ended is the reconciler's rounds'.
    """

    orders: OrdersTable
    entries: LedgerEntries
    settled: SettledRefunds
    stripe: StripeApi
    record: RecordStripeRefund

    def __call__(self, account: Account, window: Window) -> Iterator[Finding]:
        """Yield the differences, each healed by the ordinary path where that is safe.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
            ExceptionGroup: Others kept changing an order, or one is torn; raised after all else.
        """
        entered = self._entered(account, window)
        # Of these the ledger has an entry and the orders' side no refund: taking them in again
        # would enter them twice.
        torn = {entry.stripe_refund_id for entry, refund in entered if refund is None}
        if account.account_id is None:  # the platform's match has all studios: once is enough
            yield from (of_entry(entry) for entry, refund in entered if refund is None)
        created = self.stripe.refunds_created(window.since, window.until, account.account_id)
        reports = {each.stripe_refund_id: each for each in created}
        new = set(reports)
        # Read after the refunds, and to the present: what a listed refund moved is there.
        movements: dict[str, list[BalanceMovement]] = defaultdict(list)
        for movement in self._movements(account, window):
            report = stripe_refund_from(movement.source)
            movements[report.stripe_refund_id].append(movement)
            reports[report.stripe_refund_id] = report
        errors: list[Exception] = []
        for stripe_id in reports.keys() - torn:
            report, moved = reports[stripe_id], movements[stripe_id]
            if any(each.created >= window.until for each in moved):
                continue
            try:
                yield from self._match(report, account.account_id, window)
            except (StaleStateError, LookupError) as error:
                errors.append(error)  # one that cannot be taken in does not hide the others
            if movements_differ(report, moved, all_there=stripe_id in new):
                yield of_movements(report, moved, account.account_id)
        ours = {refund.refund_id: refund for _, refund in entered if refund is not None}
        for refund in ours.values():
            if refund.account_id == account.account_id:
                yield from self._ask(refund, window, set(reports))
        if errors:
            raise ExceptionGroup("refunds that cannot be matched", errors)

    def _movements(self, account: Account, window: Window) -> Iterator[BalanceMovement]:
        for kind in _OF_REFUNDS:
            yield from self.stripe.movements(kind, window.since, window.now, account.account_id)

    def _match(
        self, report: StripeRefund, account_id: str | None, window: Window
    ) -> Iterator[Finding]:
        """Take in what Stripe says of a refund, and hold what is known of it against that."""
        outcome, refund = self.record(report, account_id)
        if finding := of_report(report, outcome, refund, account_id):
            yield finding
        if refund is None:
            return
        if amounts_differ(report, refund):
            yield of_refund(FindingKind.REFUND_AMOUNT_DIFFERS, refund)
        if not refund.settlement_owed:
            yield from self._match_entries(refund)
        elif outcome is ReportOutcome.REPEATED and refund.history[-1].at < rfc3339(window.until):
            # Recording the report has announced it again.
            yield of_refund(FindingKind.SETTLEMENT_MISSING, refund, healed=True)

    def _match_entries(self, refund: Refund) -> Iterator[Finding]:
        named = [seq for seq in (refund.settled_seq, refund.failed_seq) if seq is not None]
        found = [e for seq in named for e in self.entries.between(refund.studio_id, seq, seq)]
        if entries_differ(refund, found):
            yield of_refund(FindingKind.LEDGER_DIFFERS, refund)

    def _entered(self, account: Account, window: Window) -> list[tuple[LedgerEntry, Refund | None]]:
        """Read what was entered in the time, each with its refund if that names the entry."""
        since, until = rfc3339(window.since), rfc3339(window.until)
        found = []
        for studio_id in account.studio_ids:
            for entry in self.settled.entries(studio_id, since, until, None, _ENTRIES_PER_PAGE):
                order = OrderKey(entry.studio_id, entry.order_id or "")
                refund = self.orders.get_refund(order, entry.refund_id or "")
                named = refund and entry.seq in {refund.settled_seq, refund.failed_seq}
                found.append((entry, refund if named else None))
        return found

    def _ask(self, refund: Refund, window: Window, listed: set[str]) -> Iterator[Finding]:
        """Ask Stripe for a refund that it did not list."""
        if refund.stripe_refund_id is None or refund.stripe_refund_id in listed:
            return
        try:
            report = self.stripe.get_refund(refund.stripe_refund_id, refund.account_id)
        except StripeRefusedError as refusal:
            if refusal.reason != UNKNOWN_TO_STRIPE:
                raise
            yield of_refund(FindingKind.REFUND_NOT_AT_STRIPE, refund)
            yield from self._match_entries(refund)
        else:
            yield from self._match(report, refund.account_id, window)
