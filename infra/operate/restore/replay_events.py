"""Bringing restored tables level with Stripe: its events are told again, its transfers entered.

Everything goes the ordinary ways: an event as the webhook takes it in, a settlement as the queue
asks for it, an open refund as the reconciler carries it on. So a repeat changes nothing.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from functions.payout_adjust.settle_refund import SettleRefund
from functions.reconcile.carry_on_refund import CarryOnRefund
from functions.reconcile.reconcile_open_work import ReconcileOpenWork
from functions.stripe_webhook.handle_event import (
    DISPUTE_EVENTS,
    REFUND_EVENTS,
    HandleEvent,
    event_from,
)
from infra.operate.restore.adopt_transfers import AdoptTransfers
from shared.clock import Clock
from shared.domain.errors import StripeRefusedError
from shared.domain.refund import Refund
from shared.domain.stripe_refund import MalformedStripeObjectError
from shared.edge.observability import logger
from shared.gateways.charges import Charges
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.order_states import OrderStates
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.queues import FeeRefundQueue
from shared.gateways.settlement_store import SettlementStore
from shared.gateways.stripe_api import StripeApi
from shared.gateways.studios import Studios
from shared.workflow.record_stripe_refund import RecordStripeRefund

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ACTOR = "restore"

# In this order. An event of a refund tells what it was then, and so the order in which refunds
# settled and failed, on which it hangs how much of an application fee went back. What a charge's
# refunds are, Stripe is asked now: that comes after, for what no event of its own tells.
_EVENTS = (sorted(REFUND_EVENTS | DISPUTE_EVENTS), ["charge.refunded"])

# The second that the tables were restored to may be torn, and clocks differ; what is told twice
# changes nothing.
_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _SettleAtOnce:
    """Settles a refund where the functions would ask the queue for it: they are stopped."""

    settle: SettleRefund

    def announce(self, refund: Refund) -> None:
        self.settle(refund.order_key, refund.refund_id)


@dataclass(frozen=True, slots=True)
class ReplayStripeEvents:
    """Takes in what happened at Stripe since a point in time.

    Args:
        dynamodb: A low-level client.
        orders_table: OrdersTable's name.
        ledger_table: LedgerTable's name.
        fee_refunds: Where refunds of application fees are asked for, once the functions run again.
        stripe: The API.
        clock: The clock.
    """

    dynamodb: "DynamoDBClient"
    orders_table: str
    ledger_table: str
    fee_refunds: FeeRefundQueue
    stripe: StripeApi
    clock: Clock

    def __call__(self, since: datetime) -> Counter[str]:
        """Bring the tables level, and return what was done, counted.

        Refunds first, so that a payout that is entered anew has in it what it had.

        Args:
            since: What the tables were restored to.
        """
        begin, now = since - _MARGIN, self.clock() + _MARGIN
        done: Counter[str] = Counter()
        for account_id in self._accounts():
            try:
                done += self._tell_again(begin, now, account_id)
            except StripeRefusedError:
                logger.exception("not open to us any more", account_id=account_id)
                done["AccountRefused"] += 1
        done += self._carry_on()
        adopt = AdoptTransfers(
            Studios(self.dynamodb, self.orders_table),
            PayoutStore(self.dynamodb, self.orders_table, self.ledger_table),
            PayoutsTable(self.dynamodb, self.orders_table),
            self.clock,
        )
        return done + adopt(self.stripe.transfers_created(begin, now)[::-1])

    def _accounts(self) -> Iterable[str | None]:
        """Return the accounts that charges are on, the platform's own (None) among them."""
        table = Studios(self.dynamodb, self.orders_table)
        payouts = PayoutsTable(self.dynamodb, self.orders_table)
        studios = (table.get(studio_id) for studio_id in payouts.studios())
        named = (studio.stripe_account_id for studio in studios if studio)
        return [None, *sorted({account for account in named if account is not None})]

    def _tell_again(self, begin: datetime, now: datetime, account_id: str | None) -> Counter[str]:
        """Hand an account's events to the webhook's use case, oldest first."""
        handle = HandleEvent(
            OrderStates(self.dynamodb, self.orders_table),
            Charges(self.dynamodb, self.orders_table),
            self._record(),
            lambda: self.stripe,
        )
        done: Counter[str] = Counter()
        for types in _EVENTS:
            for body in self.stripe.events_created(begin, now, types, account_id)[::-1]:
                try:
                    # Listed as an account's own, events do not name it.
                    outcomes = handle(event_from({**body, "account": account_id}))
                except MalformedStripeObjectError:
                    logger.exception("malformed", event_id=body.get("id"))
                    done["EventMalformed"] += 1
                else:
                    done.update(outcome for outcome, _ in outcomes)
        return done

    def _carry_on(self) -> Counter[str]:
        settle = _SettleAtOnce(self._settle())
        orders = OrdersTable(self.dynamodb, self.orders_table)
        reconcile = ReconcileOpenWork(
            orders,
            FeeRefunds(self.dynamodb, self.orders_table),
            OpenWorkIndex(self.dynamodb, self.orders_table),
            CarryOnRefund(orders, self.stripe, settle, self._record(), self.clock),
            self.fee_refunds,
            self.clock,
        )
        return reconcile(due_only=False, time_is_up=lambda: False).done

    def _record(self) -> RecordStripeRefund:
        return RecordStripeRefund(
            OrdersTable(self.dynamodb, self.orders_table),
            Charges(self.dynamodb, self.orders_table),
            _SettleAtOnce(self._settle()),
            self.clock,
            ACTOR,
        )

    def _settle(self) -> SettleRefund:
        return SettleRefund(
            OrdersTable(self.dynamodb, self.orders_table),
            SettlementStore(self.dynamodb, self.orders_table, self.ledger_table),
            self.fee_refunds,
            self.clock,
        )
