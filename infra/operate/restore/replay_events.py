"""Replays Stripe's events into restored tables, and enters its transfers.

Uses the product's own steps: the webhook's for an event, the queue's for a settlement, and the
resumption's for an open refund. So repeating the replay changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from functions.payout_adjust.settle_refund import SettleRefund
from functions.resume_pending.resume_pending import ResumePending
from functions.resume_pending.resume_refund import ResumeRefund
from functions.stripe_webhook.handle_event import (
    CHARGE_EVENTS,
    DISPUTE_EVENTS,
    REFUND_EVENTS,
    TRANSFER_REVERSED,
    HandleEvent,
    event_from,
)
from infra.operate.restore.adopt_transfers import AdoptTransfers
from shared.clock import Clock
from shared.domain.errors import StripeRefusedError
from shared.domain.order import OrderKey
from shared.domain.refund import Refund
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.edge.observability import logger
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.charge_store import ChargeStore
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.settlement_store import SettlementStore
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.events import StripeEvents
from shared.gateways.stripe.refunds import StripeRefunds
from shared.gateways.stripe.transfers import StripeTransfers
from shared.gateways.studios import Studios
from shared.workflow.account_watch import AccountWatch
from shared.workflow.mark_transfer import MarkTransfer
from shared.workflow.record_stripe_refund import RecordStripeRefund
from shared.workflow.verify_charge import VerifyCharge

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTOR = "restore"

# Refund events first: their order is that of settlements and failures, which decides how much of
# an application fee goes back. `charge.refunded` adds the refunds that have no event of their own.
_EVENT_GROUPS = (
    sorted(REFUND_EVENTS | DISPUTE_EVENTS | CHARGE_EVENTS),
    ["charge.refunded"],
    [TRANSFER_REVERSED],
)

# Covers a torn second and differing clocks. Replaying an event twice changes nothing.
_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _SettleAtOnce:
    """Settles a refund directly, because the queue's function is stopped."""

    settle: SettleRefund

    def announce(self, refund: Refund) -> None:
        self.settle(refund.order_key, refund.refund_id)


@dataclass(frozen=True, slots=True)
class _VerifyAtOnce:
    """Reads a charge directly, because the queue's function is stopped."""

    verify_charge: VerifyCharge

    def announce(self, *orders: OrderKey) -> None:
        for order in orders:
            self.verify_charge(order)


@dataclass(frozen=True, slots=True)
class ReplayStripeEvents:
    """Brings restored tables up to date with Stripe.

    Args:
        dynamodb: A low-level client.
        orders_table: OrdersTable's name.
        ledger_table: LedgerTable's name.
        fee_refunds: The queue that refunds application fees once the functions run again.
        stripe: The connection to Stripe.
        clock: The clock.
    """

    dynamodb: "DynamoDBClient"
    orders_table: str
    ledger_table: str
    fee_refunds: FeeRefundQueue
    stripe: StripeConnection
    clock: Clock

    def __call__(self, since: datetime) -> Counter[str]:
        """Replay everything since a time and return the outcomes, counted.

        Refunds come first, so that an entered payout contains what it contained before.

        Args:
            since: The time that the tables were restored to.
        """
        begin, now = since - _MARGIN, self.clock() + _MARGIN
        done: Counter[str] = Counter()
        for account_id in self._accounts():
            try:
                done += self._replay(begin, now, account_id)
            except StripeRefusedError:
                logger.exception("access withdrawn", account_id=account_id)
                done["AccountRefused"] += 1
        done += self._resume()
        adopt = AdoptTransfers(
            Studios(self.dynamodb, self.orders_table),
            PayoutStore(self.dynamodb, self.orders_table, self.ledger_table),
            LedgerEntries(self.dynamodb, self.ledger_table),
            PayoutsTable(self.dynamodb, self.orders_table),
            self.clock,
        )
        return done + adopt(StripeTransfers(self.stripe).list_created(begin, now)[::-1])

    def _accounts(self) -> Iterable[str | None]:
        """Return the accounts with charges. None is the platform's own account."""
        table = Studios(self.dynamodb, self.orders_table)
        payouts = PayoutsTable(self.dynamodb, self.orders_table)
        studios = (table.get(studio_id) for studio_id in payouts.studios())
        named = (studio.stripe_account_id for studio in studios if studio)
        return [None, *sorted({account for account in named if account is not None})]

    def _replay(self, begin: datetime, now: datetime, account_id: str | None) -> Counter[str]:
        """Replay an account's events through the webhook's use case, oldest first."""
        handle = HandleEvent(
            Charges(self.dynamodb, self.orders_table),
            self._verify(),
            self._record(),
            lambda: StripeRefunds(self.stripe),
            MarkTransfer(PayoutsTable(self.dynamodb, self.orders_table), self.clock),
            self._watch,
        )
        done: Counter[str] = Counter()
        events = StripeEvents(self.stripe)
        for types in _EVENT_GROUPS:
            for body in events.list_created(begin, now, types, account_id)[::-1]:
                try:
                    # Events listed for an account do not name it.
                    outcomes = handle(event_from({**body, "account": account_id}))
                except MalformedStripeObjectError:
                    logger.exception("malformed", event_id=body.get("id"))
                    done["EventMalformed"] += 1
                else:
                    done.update(outcome for outcome, _ in outcomes)
        return done

    def _resume(self) -> Counter[str]:
        settle = _SettleAtOnce(self._settle())
        orders = OrdersTable(self.dynamodb, self.orders_table)
        refunds = StripeRefunds(self.stripe)
        resume_pending = ResumePending(
            orders,
            FeeRefunds(self.dynamodb, self.orders_table),
            ResumeRefund(orders, refunds, settle, self._record(), self._watch(), self.clock),
            self.fee_refunds,
            self._verify(),
            self.clock,
        )
        works = OpenWorkIndex(self.dynamodb, self.orders_table).due(None)
        return Counter(map(resume_pending, works))

    def _record(self) -> RecordStripeRefund:
        return RecordStripeRefund(
            OrdersTable(self.dynamodb, self.orders_table),
            Charges(self.dynamodb, self.orders_table),
            _SettleAtOnce(self._settle()),
            self.clock,
            ACTOR,
        )

    def _verify(self) -> _VerifyAtOnce:
        return _VerifyAtOnce(
            VerifyCharge(
                OrdersTable(self.dynamodb, self.orders_table),
                ChargeStore(self.dynamodb, self.orders_table, self.ledger_table),
                StripeCharges(self.stripe),
                StripeRefunds(self.stripe),
                self.fee_refunds,
                self._record(),
                self._watch(),
                self.clock,
            )
        )

    def _watch(self) -> AccountWatch:
        accesses = AccountAccesses(self.dynamodb, self.orders_table)
        return AccountWatch(accesses, StripeAccounts(self.stripe), self.clock)

    def _settle(self) -> SettleRefund:
        return SettleRefund(
            OrdersTable(self.dynamodb, self.orders_table),
            SettlementStore(self.dynamodb, self.orders_table, self.ledger_table),
            self.fee_refunds,
            self.clock,
        )
