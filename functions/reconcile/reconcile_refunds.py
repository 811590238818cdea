"""Compares an account's refunds at Stripe with the refunds here and with the ledger."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import product

from functions.reconcile.differences import (
    amounts_differ,
    entries_differ,
    movements_differ,
)
from functions.reconcile.entered import entered
from functions.reconcile.findings import (
    Finding,
    FindingKind,
    of_currency,
    of_entry,
    of_exceeded,
    of_movements,
    of_refund,
    of_report,
)
from functions.reconcile.scope import Account, Window
from shared.clock import rfc3339
from shared.domain.errors import StripeRefusedError
from shared.domain.ledger import LedgerEntry, RecordSource
from shared.domain.order import OrderKey, OrderState
from shared.domain.refund import Refund
from shared.domain.stripe_balance import BalanceMovement, MovementType
from shared.domain.stripe_refund import StripeRefund, stripe_refund_from
from shared.gateways.conflict import StaleStateError
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.orders_table import OrdersTable
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.errors import UNKNOWN_TO_STRIPE
from shared.gateways.stripe.refunds import StripeRefunds
from shared.workflow.announcers import ChargeAnnouncer
from shared.workflow.record_stripe_refund import RecordStripeRefund, ReportOutcome

_REFUND_MOVEMENTS = (
    MovementType.REFUND,
    MovementType.PAYMENT_REFUND,
    MovementType.REFUND_FAILURE,
)

type EnteredRefund = tuple[LedgerEntry, Refund | None]


@dataclass(frozen=True, slots=True)
class _AtStripe:
    """What Stripe has of a window, by Stripe's refund id.

    Attributes:
        created: The refunds that were made in the window.
        reports: Those, and the refunds that moved the balance in the window or lately.
        movements: The movements of the balance in the window or lately.
    """

    created: frozenset[str]
    reports: dict[str, StripeRefund]
    movements: dict[str, list[BalanceMovement]]


@dataclass(frozen=True, slots=True)
class ReconcileRefunds:
    """Reconciles the refunds of one account in both directions.

    From Stripe: each refund that was made in the window, and each whose balance transaction is in
    the window, so that a failure weeks after the settlement is found. From the books: each refund
    that the ledger entered in the window. Refunds that are still open belong to ``ResumePending``.
    """

    orders: OrdersTable
    entries: LedgerEntries
    settled: SettledRefunds
    stripe: StripeRefunds
    balance: StripeBalance
    record: RecordStripeRefund
    charge_queue: ChargeAnnouncer

    def __call__(self, account: Account, window: Window) -> Iterator[Finding]:
        """Yield the differences, each healed where the ordinary path can safely do that.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
            ExceptionGroup: Others kept changing an order, or one is torn. It is raised after all
                else is done.
        """
        entered = self._entered(account, window)
        # The ledger has an entry of these and the orders' side has no refund. Recording them as
        # external refunds would enter them twice.
        torn = {entry.stripe_refund_id for entry, refund in entered if refund is None}
        if account.account_id is None:  # the platform's account has all studios: once is enough
            yield from (of_entry(entry) for entry, refund in entered if refund is None)
        found = self._at_stripe(account, window)
        errors: list[Exception] = []
        for stripe_id in found.reports.keys() - torn:
            window.keep_on()
            if _moves_later(found.movements.get(stripe_id, []), window):
                continue
            try:
                yield from self._compare(stripe_id, found, account.account_id, window)
            except (StaleStateError, LookupError) as error:
                errors.append(error)  # one that cannot be recorded does not hide the others
        for refund in _refunds_of(account, entered):
            if refund.stripe_refund_id not in found.reports:
                yield from self._reconcile_unlisted(refund, window)
        if errors:
            raise ExceptionGroup("refunds that cannot be reconciled", errors)

    def _at_stripe(self, account: Account, window: Window) -> _AtStripe:
        listed = self.stripe.list_created(window.since, window.until, account.account_id)
        reports = {each.stripe_refund_id: each for each in listed}
        created = frozenset(reports)
        # Read after the refunds, and what moved lately too: that may still be on its way to us.
        movements: dict[str, list[BalanceMovement]] = defaultdict(list)
        for kind, (since, until) in product(_REFUND_MOVEMENTS, _times_of_movements(window)):
            for movement in self.balance.list_movements(kind, since, until, account.account_id):
                report = stripe_refund_from(movement.source)
                movements[report.stripe_refund_id].append(movement)
                reports[report.stripe_refund_id] = report
        return _AtStripe(created, reports, movements)

    def _compare(
        self, stripe_id: str, found: _AtStripe, account_id: str | None, window: Window
    ) -> Iterator[Finding]:
        """Record a refund of the window, and compare how it moved the balance."""
        report = found.reports[stripe_id]
        findings = list(self._reconcile(report, account_id, window))
        yield from findings
        is_foreign = any(each.kind is FindingKind.FOREIGN_OBJECT for each in findings)
        if report.is_release or is_foreign:
            return
        moved, is_whole = found.movements.get(stripe_id, []), stripe_id in found.created
        if movements_differ(report, moved, complete=is_whole):
            # It may have moved before or after the window: only all of it shows a difference.
            moved = self.balance.list_movements_of(stripe_id, account_id)
            if not _moves_later(moved, window) and movements_differ(report, moved, complete=True):
                yield of_movements(report, moved, account_id)

    def _reconcile(
        self, report: StripeRefund, account_id: str | None, window: Window
    ) -> Iterator[Finding]:
        """Record Stripe's report of a refund, and compare the books with it."""
        outcome, refund = self.record(report, account_id)
        if outcome is ReportOutcome.ORDER_NOT_PAID:
            yield from self._reconcile_unpaid(report, account_id)
        elif outcome is ReportOutcome.CURRENCY_MISMATCH and (state := self._state_of(report)):
            yield of_currency(report, state)
        elif finding := of_report(report, outcome, refund, account_id):
            yield finding
        if refund is None:
            return
        if amounts_differ(report, refund):
            yield of_refund(FindingKind.REFUND_AMOUNT_DIFFERS, refund)
        if refund.source is RecordSource.STRIPE:
            yield from self._compare_with_order(refund)
        if not refund.settlement_owed:
            yield from self._reconcile_entries(refund)
        elif outcome is ReportOutcome.REPEATED and refund.history[-1].at < rfc3339(window.until):
            # Recording the report has announced the settlement again.
            yield of_refund(FindingKind.SETTLEMENT_MISSING, refund, healed=True)

    def _compare_with_order(self, refund: Refund) -> Iterator[Finding]:
        """Compare an external refund with its order. Those requested here cannot exceed it."""
        state = self.orders.get_state(refund.order_key)
        if state is not None and state.committed_amount > state.total_amount:
            yield of_exceeded(refund, state)

    def _reconcile_unpaid(self, report: StripeRefund, account_id: str | None) -> Iterator[Finding]:
        """Have the charge read: the order becomes a sale first, then its refunds are recorded.

        A charge that differs from its import is a finding of its own, until a person corrects it.
        """
        state = self._state_of(report)
        if state is None or state.has_wrong_payment:
            return
        self.charge_queue.announce(state.key)
        if finding := of_report(report, ReportOutcome.ORDER_NOT_PAID, None, account_id):
            yield finding

    def _state_of(self, report: StripeRefund) -> OrderState | None:
        pointer = self.record.find_order(report)
        return self.orders.get_state(pointer.order) if pointer else None

    def _reconcile_entries(self, refund: Refund) -> Iterator[Finding]:
        named = [seq for seq in (refund.settled_seq, refund.failed_seq) if seq is not None]
        found = [e for seq in named for e in self.entries.between(refund.studio_id, seq, seq)]
        if entries_differ(refund, found):
            yield of_refund(FindingKind.LEDGER_DIFFERS, refund)

    def _reconcile_unlisted(self, refund: Refund, window: Window) -> Iterator[Finding]:
        """Ask Stripe for a refund that is in the ledger and was not listed."""
        if refund.stripe_refund_id is None:
            return
        try:
            report = self.stripe.get(refund.stripe_refund_id, refund.account_id)
        except StripeRefusedError as refusal:
            if refusal.reason != UNKNOWN_TO_STRIPE:
                raise
            yield of_refund(FindingKind.REFUND_NOT_AT_STRIPE, refund)
            yield from self._reconcile_entries(refund)
        else:
            yield from self._reconcile(report, refund.account_id, window)

    def _entered(self, account: Account, window: Window) -> list[EnteredRefund]:
        """Read what was entered in the window, each entry with its refund if that names it."""
        found: list[EnteredRefund] = []
        for entry in entered(self.settled, account, window):
            if entry.refund_id is None:  # a dispute
                continue
            order = OrderKey(entry.studio_id, entry.order_id or "")
            refund = self.orders.get_refund(order, entry.refund_id)
            named = refund and entry.seq in {refund.settled_seq, refund.failed_seq}
            found.append((entry, refund if named else None))
        return found


def _times_of_movements(window: Window) -> list[tuple[datetime, datetime]]:
    """Return the times whose movements to list: the window, and what may still be on its way."""
    if window.until == window.settled_until:
        return [(window.since, window.now)]
    return [(window.since, window.until), (window.settled_until, window.now)]


def _moves_later(movements: Iterable[BalanceMovement], window: Window) -> bool:
    """Return whether a refund moved the balance after a window, which a later one compares."""
    return any(each.created >= window.until for each in movements)


def _refunds_of(account: Account, entered: list[EnteredRefund]) -> Iterator[Refund]:
    """Yield the refunds of an account's charges that were entered, each once."""
    refunds = {refund.refund_id: refund for _, refund in entered if refund is not None}
    for refund in refunds.values():
        if refund.account_id == account.account_id:
            yield refund
