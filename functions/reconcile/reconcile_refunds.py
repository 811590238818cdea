"""Compares an account's refunds at Stripe with the refunds here and with the ledger."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from functions.reconcile.differences import (
    amounts_differ,
    entries_differ,
    movements_differ,
)
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
from shared.domain.ledger import LedgerEntry
from shared.domain.order import OrderKey, OrderState
from shared.domain.record_source import RecordSource
from shared.domain.refund import Refund, RefundKey, RefundStatus
from shared.domain.stripe_balance import BalanceMovement, MovementType
from shared.domain.stripe_refund import StripeRefund, stripe_refund_from
from shared.gateways.conflict import StaleStateError
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.orders_table import OrdersTable
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
_HAS_FAILED = {RefundStatus.FAILED, RefundStatus.CANCELED}


@dataclass(frozen=True, slots=True)
class _AtStripe:
    """What Stripe has of a window, by Stripe's refund id.

    Attributes:
        created: The refunds that were made in the window.
        reports: Those, and the refunds that moved the balance in the window.
        movements: The movements of the balance in the window.
    """

    created: frozenset[str]
    reports: dict[str, StripeRefund]
    movements: dict[str, list[BalanceMovement]]


@dataclass(frozen=True, slots=True)
class _Books:
    """What the books have of a window, read a hundred at a time.

    Attributes:
        refunds: The refunds that Stripe's reports or the ledger's entries name.
        entries: The ledger entries that these refunds name, by studio and number.
    """

    refunds: Mapping[RefundKey, Refund]
    entries: Mapping[tuple[str, int], LedgerEntry]

    def refund_of(self, entry: LedgerEntry) -> Refund | None:
        """Return the refund that an entry is of, if that refund names the entry, too."""
        refund = self.refunds.get(_key_of_entry(entry))
        return refund if refund and entry.seq in _seqs(refund) else None

    def named_in(self, report: StripeRefund) -> Refund | None:
        """Return the refund that a report's metadata names, if it was there."""
        if report.order_key is None or report.refund_id is None:
            return None
        return self.refunds.get(RefundKey(report.order_key, report.refund_id))


@dataclass(frozen=True, slots=True)
class ReconcileRefunds:
    """Reconciles the refunds of one account in both directions.

    From Stripe: each refund that was made in the window, and each whose balance transaction is in
    the window, so that a failure weeks after the settlement is found. From the books: each refund
    that the ledger entered in the window. Refunds that are still open belong to ``ResumePending``.

    Both sides are read in pages of a hundred. Only a refund that differs is read by itself.
    """

    orders: OrdersTable
    entries: LedgerEntries
    stripe: StripeRefunds
    balance: StripeBalance
    record: RecordStripeRefund
    charge_queue: ChargeAnnouncer

    def __call__(
        self, account: Account, window: Window, entered: Sequence[LedgerEntry]
    ) -> Iterator[Finding]:
        """Yield the differences, each healed where the ordinary path can safely do that.

        Args:
            account: The account.
            window: The window.
            entered: What the ledgers entered in the window of refunds and disputes.

        Raises:
            StripeOutcomeUnknownError, StripeRefusedError: Stripe did not answer everything.
            ExceptionGroup: Others kept changing an order, or one is torn. It is raised after all
                else is done.
        """
        found = self._at_stripe(account, window)
        of_refunds = [each for each in entered if each.refund_id is not None]
        books = self._read_books(found.reports.values(), of_refunds)
        # The ledger has an entry of these and the orders' side has no refund. Recording them as
        # external refunds would enter them twice.
        torn = [each for each in of_refunds if books.refund_of(each) is None]
        if account.account_id is None:  # the platform's account has all studios: once is enough
            yield from map(of_entry, torn)
        errors: list[Exception] = []
        for stripe_id in found.reports.keys() - {each.stripe_refund_id for each in torn}:
            window.keep_on()
            try:
                yield from self._compare(stripe_id, found, books, account.account_id, window)
            except (StaleStateError, LookupError) as error:
                errors.append(error)  # one that cannot be recorded does not hide the others
        settled = {each.refund_id: each for each in map(books.refund_of, of_refunds) if each}
        for refund in settled.values():
            is_listed = refund.stripe_refund_id in found.reports
            if refund.account_id == account.account_id and not is_listed:
                yield from self._reconcile_unlisted(refund, books, window)
        if errors:
            raise ExceptionGroup("refunds that cannot be reconciled", errors)

    def _at_stripe(self, account: Account, window: Window) -> _AtStripe:
        listed = self.stripe.list_created(window.since, window.until, account.account_id)
        reports = {each.stripe_refund_id: each for each in listed}
        created = frozenset(reports)
        movements: dict[str, list[BalanceMovement]] = defaultdict(list)
        for kind in _REFUND_MOVEMENTS:
            for movement in self.balance.list_movements(
                kind, window.since, window.until, account.account_id
            ):
                report = stripe_refund_from(movement.source)
                movements[report.stripe_refund_id].append(movement)
                reports[report.stripe_refund_id] = report
        return _AtStripe(created, reports, movements)

    def _read_books(
        self, reports: Iterable[StripeRefund], entered: Iterable[LedgerEntry]
    ) -> _Books:
        keys = {_key_of_entry(each) for each in entered}
        keys |= {
            RefundKey(each.order_key, each.refund_id)
            for each in reports
            if each.order_key is not None and each.refund_id is not None
        }
        read = self.orders.read_refunds(keys, consistent=True)
        refunds = {RefundKey(each.order_key, each.refund_id): each for each in read}
        places = [(each.studio_id, seq) for each in refunds.values() for seq in _seqs(each)]
        entries = self.entries.get_many(dict.fromkeys(places))
        return _Books(refunds, {(each.studio_id, each.seq): each for each in entries})

    def _compare(
        self,
        stripe_id: str,
        found: _AtStripe,
        books: _Books,
        account_id: str | None,
        window: Window,
    ) -> Iterator[Finding]:
        """Compare how a refund of the window moved the balance, and record it.

        What moved the balance after the window is left to a later window: its event may still be on
        its way to us. Only a refund that the window does not explain has moved at another time, so
        only of such a refund all movements are read.
        """
        report, moved = found.reports[stripe_id], found.movements.get(stripe_id, [])
        # The window has all movements of a refund that was made in it. A failure comes last.
        is_whole = stripe_id in found.created or report.status in _HAS_FAILED
        differs = not report.is_release and movements_differ(report, moved, complete=is_whole)
        if differs:
            moved = self.balance.list_movements_of(stripe_id, account_id)
            if _moves_later(moved, window):
                return
            differs = movements_differ(report, moved, complete=True)
        findings = list(self._reconcile(report, books, account_id, window))
        yield from findings
        if differs and all(each.kind is not FindingKind.FOREIGN_OBJECT for each in findings):
            yield of_movements(report, moved, account_id)

    def _reconcile(
        self, report: StripeRefund, books: _Books, account_id: str | None, window: Window
    ) -> Iterator[Finding]:
        """Record Stripe's report of a refund, and compare the books with it."""
        outcome, refund = self.record(report, account_id, books.named_in(report))
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
            yield from self._reconcile_entries(refund, books)
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

    def _reconcile_entries(self, refund: Refund, books: _Books) -> Iterator[Finding]:
        found = []
        for seq in _seqs(refund):
            place = refund.studio_id, seq
            entry = books.entries.get(place) or self.entries.get(*place)
            found += [entry] if entry else []
        if entries_differ(refund, found):
            yield of_refund(FindingKind.LEDGER_DIFFERS, refund)

    def _reconcile_unlisted(
        self, refund: Refund, books: _Books, window: Window
    ) -> Iterator[Finding]:
        """Ask Stripe for a refund that is in the ledger and was not listed."""
        if refund.stripe_refund_id is None:
            return
        try:
            report = self.stripe.get(refund.stripe_refund_id, refund.account_id)
        except StripeRefusedError as refusal:
            if refusal.reason != UNKNOWN_TO_STRIPE:
                raise
            yield of_refund(FindingKind.REFUND_NOT_AT_STRIPE, refund)
            yield from self._reconcile_entries(refund, books)
        else:
            yield from self._reconcile(report, books, refund.account_id, window)


def _moves_later(movements: Iterable[BalanceMovement], window: Window) -> bool:
    """Return whether a refund moved the balance after a window, which a later one compares."""
    return any(each.created >= window.until for each in movements)


def _key_of_entry(entry: LedgerEntry) -> RefundKey:
    return RefundKey(OrderKey(entry.studio_id, entry.order_id or ""), entry.refund_id or "")


def _seqs(refund: Refund) -> list[int]:
    """Return the numbers of the ledger entries that a refund names: settled, and failed late."""
    return [seq for seq in (refund.settled_seq, refund.failed_seq) if seq is not None]
