"""Reconciles one studio's accounts in this process, and changes records that it must find."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from functions.reconcile.find_uncovered import FindUncovered
from functions.reconcile.findings import Finding, FindingKind
from functions.reconcile.reconcile_accounts import ReconcileAccounts, Reconciliation
from functions.reconcile.reconcile_charges import ReconcileCharges
from functions.reconcile.reconcile_fee_refunds import ReconcileFeeRefunds
from functions.reconcile.reconcile_refunds import ReconcileRefunds
from functions.reconcile.reconcile_transfers import ReconcileTransfers
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.attention import Attention
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.queues import AdjustQueue, ChargeQueue, FeeRefundQueue
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import entry_sk, order_pk, primary_key, refund_sk, studio_pk
from shared.gateways.settled_refunds import SettledRefunds
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.transfers import StripeTransfers
from shared.gateways.watermarks import Watermark, Watermarks
from shared.workflow.mark_transfer import MarkTransfer
from shared.workflow.record_stripe_refund import RecordStripeRefund
from tests.integration.backend import Backend
from tests.integration.studio_payouts import WEEK, StudioPayouts


@dataclass
class ReconcileDesk:
    """One studio's accounts, reconciled in this process."""

    backend: Backend

    def __post_init__(self) -> None:
        backend = self.backend
        self.payouts = StudioPayouts(backend)
        self.watermarks = Watermarks(backend.dynamodb, backend.orders_table)
        entries = LedgerEntries(backend.dynamodb, backend.ledger_table)
        settled = SettledRefunds(backend.dynamodb, backend.ledger_table)
        payouts = PayoutsTable(backend.dynamodb, backend.orders_table)
        adjust = AdjustQueue(backend.sqs, backend.adjust_url)
        record = RecordStripeRefund(
            backend.orders, backend.charges, adjust, backend.clock, "reconcile"
        )
        balance = StripeBalance(backend.stripe)
        charge_queue = ChargeQueue(backend.sqs, backend.charge_url)
        fees = FeeRefundQueue(backend.sqs, backend.fee_url)
        self.reconcile_accounts = ReconcileAccounts(
            backend.studios,
            payouts,
            self.watermarks,
            ReconcileCharges(
                backend.orders,
                backend.charges,
                Attention(backend.dynamodb, backend.orders_table),
                StripeCharges(backend.stripe),
                balance,
                charge_queue,
            ),
            ReconcileRefunds(
                backend.orders,
                entries,
                settled,
                backend.refunds_at_stripe,
                balance,
                record,
                charge_queue,
            ),
            ReconcileFeeRefunds(
                backend.orders,
                backend.charges,
                backend.fee_refunds,
                settled,
                backend.fee_refunds_at_stripe,
                balance,
                fees,
                backend.clock,
            ),
            ReconcileTransfers(
                payouts,
                entries,
                StripeTransfers(backend.stripe),
                balance,
                MarkTransfer(payouts, backend.clock),
            ),
            FindUncovered(backend.books, entries, payouts),
            backend.accounts,
            backend.clock,
        )

    def reconcile(self, *, due_only: bool = False) -> Reconciliation:
        """Reconcile the accounts that are due, or all."""
        return self.reconcile_accounts(due_only=due_only, time_is_up=lambda: False)

    def findings(self) -> list[Finding]:
        """Reconcile all accounts to the end, and return the findings."""
        done = self.reconcile()
        assert (done.failed, done.complete) == ([], True)
        return done.findings

    def kinds(self) -> dict[FindingKind, int]:
        """Reconcile all accounts, and count the findings by kind."""
        return dict(Counter(finding.kind for finding in self.findings()))

    def watermark(self) -> Watermark:
        """Return the watermark of the account that the studio's charges are on."""
        found = self.watermarks.get(self.backend.account_id)
        assert found is not None
        return found

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
