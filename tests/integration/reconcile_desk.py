"""Reconciles one studio's accounts in this process, and changes records that it must find."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from functions.reconcile.compare_account import CompareAccount
from functions.reconcile.dispatch_accounts import DispatchAccounts
from functions.reconcile.find_uncovered import FindUncovered
from functions.reconcile.findings import Finding, FindingKind
from functions.reconcile.operator_command import OperatorCommand
from functions.reconcile.reconcile_account import ReconcileAccount
from functions.reconcile.reconcile_charges import ReconcileCharges
from functions.reconcile.reconcile_fee_refunds import ReconcileFeeRefunds
from functions.reconcile.reconcile_refunds import ReconcileRefunds
from functions.reconcile.reconcile_transfers import ReconcileTransfers
from infra.local.stripe_server import STANDIN_KEY
from shared.domain.reconciliation import Reconciliation
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.foreign_objects import ForeignObjects
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.platform_lists import PlatformLists
from shared.gateways.queues import AdjustQueue, ChargeQueue, FeeRefundQueue
from shared.gateways.reconcile_queue import ReconcileQueue, work_from
from shared.gateways.reconciliations import Reconciliations
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import (
    PLATFORM,
    entry_sk,
    order_pk,
    primary_key,
    refund_sk,
    studio_pk,
)
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.events import StripeEvents
from shared.gateways.stripe.fee_refunds import StripeFeeRefunds
from shared.gateways.stripe.pace import Pace
from shared.gateways.stripe.refunds import StripeRefunds
from shared.gateways.stripe.transfers import StripeTransfers
from shared.workflow.mark_transfer import MarkTransfer
from shared.workflow.record_stripe_refund import RecordStripeRefund
from tests.integration.backend import Backend
from tests.integration.own_resources import drain, make_queue
from tests.integration.studio_payouts import WEEK, StudioPayouts

# The outcomes after which an account has findings of its own.
_ENDS = {
    "AccountReconciled",
    "AccountReconcileDeferred",
    "AccountReconcileFailed",
    "AccountReconcileDisconnected",
}


def never() -> bool:
    """Say that there is time."""
    return False


@dataclass
class Reconciled:
    """What reconciling some accounts found.

    Attributes:
        outcomes: The outcomes of the messages, counted.
        failed: The accounts that could not be compared to the end.
        oldest_seconds: How long the account that waited longest has waited.
    """

    findings: list[Finding] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    failed: list[str] = field(default_factory=list)
    oldest_seconds: int = 0

    @property
    def reconciled(self) -> int:
        """How many accounts were compared to the end, or found to be away."""
        ended = self.outcomes["AccountReconciled"]
        return ended + self.outcomes["AccountReconcileDisconnected"]


@dataclass
class ReconcileDesk:
    """One studio's accounts, reconciled in this process."""

    backend: Backend

    def __post_init__(self) -> None:
        backend = self.backend
        self.payouts = StudioPayouts(backend)
        self.reconciliations = Reconciliations(backend.dynamodb, backend.orders_table)
        self.foreign = ForeignObjects(backend.dynamodb, backend.orders_table)
        self.queue_url = make_queue(backend.sqs, f"reconcile-{backend.run}")
        self.queue = ReconcileQueue(backend.sqs, self.queue_url)
        pace = Pace()
        self.stripe = StripeConnection(backend.stripe_url, lambda: STANDIN_KEY, pace=pace)
        self.reconcile_account = ReconcileAccount(
            self.reconciliations,
            self._compare(),
            self.foreign,
            backend.accounts,
            self.queue,
            pace,
            backend.clock,
        )
        self.dispatch = DispatchAccounts(self.reconciliations, self.queue, backend.clock)
        self.operator = OperatorCommand(
            self.dispatch, self.reconciliations, self.foreign, backend.clock
        )

    def _compare(self) -> CompareAccount:
        backend, stripe = self.backend, self.stripe
        entries = LedgerEntries(backend.dynamodb, backend.ledger_table)
        settled = SettledRefunds(backend.dynamodb, backend.ledger_table)
        payouts = PayoutsTable(backend.dynamodb, backend.orders_table)
        lists = PlatformLists(backend.dynamodb, backend.orders_table)
        adjust = AdjustQueue(backend.sqs, backend.adjust_url)
        record = RecordStripeRefund(
            backend.orders, backend.charges, adjust, backend.clock, "reconcile"
        )
        balance = StripeBalance(stripe)
        charge_queue = ChargeQueue(backend.sqs, backend.charge_url)
        return CompareAccount(
            ReconcileCharges(
                backend.orders,
                backend.charges,
                lists,
                StripeCharges(stripe),
                balance,
                charge_queue,
            ),
            ReconcileRefunds(
                backend.orders,
                entries,
                StripeRefunds(stripe),
                balance,
                record,
                charge_queue,
            ),
            ReconcileFeeRefunds(
                backend.orders,
                backend.charges,
                backend.fee_refunds,
                StripeFeeRefunds(stripe),
                balance,
                FeeRefundQueue(backend.sqs, backend.fee_url),
                backend.clock,
            ),
            ReconcileTransfers(
                payouts,
                lists,
                entries,
                StripeTransfers(stripe),
                balance,
                MarkTransfer(payouts, backend.clock),
            ),
            FindUncovered(lists, entries, payouts),
            settled,
            StripeEvents(stripe),
            backend.clock,
        )

    def reconcile(
        self,
        *,
        due_only: bool = False,
        since: datetime | None = None,
    ) -> Reconciled:
        """Announce the accounts that are due, or all for an operator, and let workers do them.

        Args:
            due_only: As the schedule does, and not as an operator does.
            since: Where the operator wants to begin.
        """
        done = Reconciled()
        if due_only:
            done.oldest_seconds = self.dispatch(time_is_up=never).oldest_seconds
        else:
            self.dispatch.ask(since=since, after=None, asked_at=None)
        self.work(done)
        return done

    def work(self, done: Reconciled, *stops: Callable[[], bool]) -> None:
        """Let workers do what the queue has, and note what they found.

        Args:
            done: Where to note it.
            stops: What the first workers are told when they ask whether to stop. Others have time.
        """
        left = iter(stops)

        def handle(message: dict[str, str]) -> None:
            work = work_from(message)
            outcome = self.reconcile_account(work, time_is_up=next(left, never))
            done.outcomes[outcome] += 1
            if outcome in _ENDS:
                done.findings += self.found(work.account_id)
            if outcome in {"AccountReconcileDeferred", "AccountReconcileFailed"}:
                done.failed.append(work.account_id or PLATFORM)

        drain(self.backend.sqs, self.queue_url, handle)

    def found(self, account_id: str | None) -> list[Finding]:
        """Return what the last pass of an account found."""
        return [
            Finding(**dict(each) | {"kind": FindingKind(each["kind"])})  # type: ignore[arg-type]  # its fields
            for each in self.known(account_id).findings
        ]

    def known(self, account_id: str | None) -> Reconciliation:
        """Return how far an account is compared."""
        found = self.reconciliations.load(account_id)
        assert found is not None
        return found.reconciliation

    def findings(self) -> list[Finding]:
        """Reconcile all accounts to the end, and return the findings."""
        done = self.reconcile()
        assert done.failed == []
        return done.findings

    def kinds(self) -> dict[FindingKind, int]:
        """Reconcile all accounts, and count the findings by kind."""
        return dict(Counter(finding.kind for finding in self.findings()))

    def watermark(self) -> Reconciliation:
        """Return how far the account is compared that the studio's charges are on."""
        return self.known(self.backend.account_id)

    def settled(self, order_id: str | None = None, amount: int | None = None) -> Refund:
        """Refund an order and settle it."""
        refund = self.backend.refund(order_id or self.backend.sell(), amount)
        self.backend.settle_all()
        refund = self.backend.current(refund)
        assert refund.status is RefundStatus.SETTLED
        return refund

    def pass_time(self, time: timedelta) -> None:
        """Let time pass, here and at Stripe."""
        self.backend.clock.ahead += time
        self.backend.control("clock", advance_s=int(time.total_seconds()))

    def paid_out(self) -> dict[str, Any]:
        """Pay the studio out, and return the transfer."""
        self.pass_time(WEEK)
        assert self.payouts.run().done == {"PayoutPaid": 1}
        return self.payouts.transfers()[0]

    def change(self, table: str, pk: str, sk: str, **values: object) -> None:
        """Change an item without the product."""
        self.backend.dynamodb.update_item(
            TableName=table,
            Key=primary_key(pk, sk),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues=marshal({f":{n}": v for n, v in values.items()}),
        )

    def change_refund(self, refund: Refund, **values: object) -> None:
        """Change a refund without the product."""
        pk, sk = order_pk(refund.order_key), refund_sk(refund.refund_id)
        self.change(self.backend.orders_table, pk, sk, **values)

    def change_entry(self, seq: int, **values: object) -> None:
        """Change a ledger entry without the product."""
        pk = studio_pk(self.backend.studio_id)
        self.change(self.backend.ledger_table, pk, entry_sk(seq), **values)


def late(reconcile_desk: ReconcileDesk) -> None:
    """Let half an hour pass: what was still on its way has then arrived or is lost."""
    reconcile_desk.pass_time(timedelta(minutes=30))
