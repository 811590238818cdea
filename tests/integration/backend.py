"""The functions' use cases in this process, against real tables, real queues and the stand-in.

They do what the Lambdas do, without waiting for Lambdas. The test decides when an event arrives,
when a queue is drained and what time it is.
"""

import itertools
import json
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from functions.fee_refund.refund_application_fee import RefundApplicationFee
from functions.import_orders.import_lines import ImportReport
from functions.import_orders.import_orders import ImportOrders
from functions.import_orders.import_studios import ImportStudios
from functions.payout_adjust.settle_refund import SettleRefund
from functions.refund_request.payout_impact import PayoutImpact
from functions.refund_request.read_charge import ChargeReader
from functions.refund_request.refunds_in_flight import RefundsInFlight
from functions.refund_request.request_refund import RefundRequest, RequestRefund
from functions.resume_pending.resume_pending import ResumePending
from functions.resume_pending.resume_refund import ResumeRefund
from functions.stripe_webhook.handle_event import HandleEvent, event_from
from infra.local.stripe_server import STANDIN_KEY
from shared.clock import rfc3339
from shared.domain.order import OrderKey
from shared.domain.refund import Refund, RefundStatus, RefundType
from shared.domain.refund_quote import RefundChoice
from shared.edge.auth import Caller, Role
from shared.gateways.account_accesses import AccountAccesses
from shared.gateways.charge_store import ChargeStore
from shared.gateways.charges import Charges
from shared.gateways.connected_accounts import ConnectedAccounts
from shared.gateways.fee_refunds import FeeRefunds
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.limit_guards import LimitGuards
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.order_import_store import OrderImportStore
from shared.gateways.orders_table import OrdersTable
from shared.gateways.payout_store import PayoutStore
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.queues import AdjustQueue, ChargeQueue, FeeRefundQueue
from shared.gateways.settlement_store import SettlementStore
from shared.gateways.stops_store import StopsStore
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.fee_refunds import StripeFeeRefunds
from shared.gateways.stripe.refunds import StripeRefunds
from shared.gateways.studio_updates import StudioUpdates
from shared.gateways.studios import Studios
from shared.workflow.account_watch import AccountWatch
from shared.workflow.current_stops import CurrentStops
from shared.workflow.mark_transfer import MarkTransfer
from shared.workflow.record_stripe_refund import RecordStripeRefund
from shared.workflow.verify_charge import VerifyCharge
from tests.integration.own_resources import copy_table, drain, make_queue
from tests.integration.stripe_side import StripeSide
from tests.integration.studio_records import StudioRecords
from tests.records import line_record, order_record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient


@dataclass
class Clock:
    """A clock that a test can move."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Backend(StripeSide, StudioRecords):
    """One studio with its own tables and queues. Each test makes its own, so tests share nothing.

    ``studio`` has changes to the studio's import record. ``neighbor`` is a studio whose tables this
    one shares.
    """

    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"
    orders_table: str
    ledger_table: str
    stripe_url: str
    currency: str = "usd"
    direct: bool = False
    rev_share_bps: int = 1500
    studio: dict[str, Any] = field(default_factory=dict)
    clock: Clock = field(default_factory=Clock)
    neighbor: "Backend | None" = None
    reported_ages: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.run = uuid.uuid4().hex[:10]
        if self.neighbor is not None:
            self.orders_table = self.neighbor.orders_table
            self.ledger_table = self.neighbor.ledger_table
        else:
            # Its own tables, because scheduled work reads all open work of a table.
            self.orders_table = copy_table(self.dynamodb, self.orders_table, self.run)
            self.ledger_table = copy_table(self.dynamodb, self.ledger_table, self.run)
        self.studio_id = f"st_{self.run}"
        self.account_id = f"acct_{self.run}" if self.direct else None
        self.ids = itertools.count(1)
        self.charged: set[str] = set()
        self.orders = OrdersTable(self.dynamodb, self.orders_table)
        self.charges = Charges(self.dynamodb, self.orders_table)
        self.fee_refunds = FeeRefunds(self.dynamodb, self.orders_table)
        self.open_index = OpenWorkIndex(self.dynamodb, self.orders_table)
        tables = self.dynamodb, self.orders_table, self.ledger_table
        self.books = LedgerStore(*tables)
        self.settlements = SettlementStore(*tables)
        self.payout_store = PayoutStore(*tables)
        self.stripe = StripeConnection(self.stripe_url, lambda: STANDIN_KEY)
        self.refunds_at_stripe = StripeRefunds(self.stripe)
        self.fee_refunds_at_stripe = StripeFeeRefunds(self.stripe)
        self.accounts = AccountWatch(
            AccountAccesses(self.dynamodb, self.orders_table),
            StripeAccounts(self.stripe),
            self.clock,
        )
        self.studios = Studios(self.dynamodb, self.orders_table)
        self.stops_store = StopsStore(self.dynamodb, self.orders_table)
        self.stops = CurrentStops(self.stops_store, self.clock)
        self.import_studios = ImportStudios(
            StudioUpdates(self.dynamodb, self.orders_table),
            ConnectedAccounts(self.dynamodb, self.orders_table),
            self.clock,
        )
        self.caller = Caller("tester", self.studio_id, frozenset({Role.OWNER}))
        self.new_queues()
        self.weekday = self.clock().astimezone(ZoneInfo("America/Chicago")).weekday()
        self.import_studio()

    def new_queues(self) -> None:
        """Make empty queues, and the use cases that work with them."""
        self.adjust_url = make_queue(self.sqs, f"adjust-{self.run}")
        self.fee_url = make_queue(self.sqs, f"fee-{self.run}")
        self.charge_url = make_queue(self.sqs, f"charge-{self.run}", fifo=False)
        adjust = AdjustQueue(self.sqs, self.adjust_url)
        fees = FeeRefundQueue(self.sqs, self.fee_url)
        charges = ChargeQueue(self.sqs, self.charge_url)
        self._import_and_verify(adjust, fees, charges)
        self.handle_event = HandleEvent(
            self.charges,
            charges,
            RecordStripeRefund(self.orders, self.charges, adjust, self.clock, "stripe_webhook"),
            lambda: self.refunds_at_stripe,
            MarkTransfer(PayoutsTable(self.dynamodb, self.orders_table), self.clock),
            lambda: self.accounts,
        )
        self.settle_refund = SettleRefund(self.orders, self.settlements, fees, self.clock)
        self.refund_fee = RefundApplicationFee(
            self.fee_refunds,
            self.fee_refunds_at_stripe,
            self.orders,
            self.accounts,
            self.clock,
        )
        self.resume_pending = ResumePending(
            self.orders,
            self.fee_refunds,
            ResumeRefund(
                self.orders,
                self.refunds_at_stripe,
                adjust,
                RecordStripeRefund(self.orders, self.charges, adjust, self.clock, "resume_pending"),
                self.accounts,
                self.clock,
            ),
            fees,
            charges,
            self.clock,
            self.reported_ages.append,
        )

    def _import_and_verify(
        self, adjust: AdjustQueue, fees: FeeRefundQueue, charges: ChargeQueue
    ) -> None:
        self.record_orders = ImportOrders(
            self.studios,
            OrderImportStore(self.dynamodb, self.orders_table),
            charges,
            self.clock,
        )
        self.verify_charge = VerifyCharge(
            self.orders,
            ChargeStore(self.dynamodb, self.orders_table, self.ledger_table),
            StripeCharges(self.stripe),
            self.refunds_at_stripe,
            fees,
            RecordStripeRefund(self.orders, self.charges, adjust, self.clock, "verify_charge"),
            self.accounts,
            self.clock,
        )
        self.charge_reader = ChargeReader(self.orders, lambda: self.verify_charge, charges)
        self.request_refund = RequestRefund(
            self.orders,
            self.refunds_at_stripe,
            self.payout_impact(),
            self.charge_reader,
            self.accounts,
            self.stops,
            self.clock,
        )

    def payout_impact(self) -> PayoutImpact:
        """Return what refunds do to the next payout."""
        in_flight = RefundsInFlight(LimitGuards(self.dynamodb, self.orders_table))
        return PayoutImpact(self.books, self.studios, in_flight)

    # Setup.

    def import_studio(self, *, update: bool = False) -> ImportReport:
        """Import this studio."""
        studio = {
            "studio_id": self.studio_id,
            "name": "Test Studio",
            "timezone": "America/Chicago",
            "currency": self.currency,
            "rev_share_bps": self.rev_share_bps,
            "from_address": "orders@studio.example",
            "stripe_account_id": self.account_id,
            "negative_balance_limit": 50000,
            # The day on which a test begins: no payout is due by itself for a week.
            "payout_schedule": {"interval": "weekly", "weekday": self.weekday},
        } | self.studio
        return self.import_studios([json.dumps(studio)], update=update)

    def order(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # an import record's fields
        """Return an import record of a $100.00 order of two lines, with changes."""
        name = f"{self.run}{next(self.ids)}"
        record = order_record(
            name,
            self.studio_id,
            line_record("li_1", 3, 2500),
            line_record("li_2", 1, 2500),
            account_id=self.account_id,
            placed_at="2026-09-20T17:10:00Z",
            currency=self.currency,
            parent={"name": "Dana Parent", "email": "dana@mail.example"},
            subjects=[{"subject_id": "sub_1", "name": "Kai Parent"}],
        )
        return record | changes

    def sell(self, **changes: Any) -> str:  # noqa: ANN401  # an import record's fields
        """Sell an order: its charge is at Stripe, and its sale in the ledger. Return its id."""
        record = self.order(**changes)
        report = self.import_orders([json.dumps(record)])
        assert report.refused == [], report.refused
        return str(record["order_id"])

    def import_orders(self, lines: Iterable[str], first_line: int = 1) -> ImportReport:
        """Import orders, make the charges that Stripe does not have, and read all charges."""
        lines = list(lines)
        report = self.record_orders(lines, first_line)
        refused = {each["line"] for each in report.refused}
        for number, line in enumerate(lines, first_line):
            if number not in refused and line.strip():
                self.charge(json.loads(line))
        self.read_charges()
        return report

    def read_charges(self) -> int:
        """Read the charges that the queue asks for; return the number of messages."""
        return drain(self.sqs, self.charge_url, self._verify)

    # Actions.

    def refund(
        self,
        order_id: str,
        amount: int | None = None,
        key: str | None = None,
        **choice: Any,  # noqa: ANN401  # RefundChoice's fields
    ) -> Refund:
        """Request a refund: of an amount, of items, or in full."""
        kind = RefundType.FULL if amount is None else RefundType.PARTIAL
        kind = RefundType.LINE_ITEMS if "lines" in choice or "shipping" in choice else kind
        made = RefundChoice(kind, amount=amount, **choice)
        request = RefundRequest(
            order=self.key(order_id),
            choice=made,
            reason="other",
            note=None,
            idempotency_key=key or uuid.uuid4().hex,
            body={"choice": str(made)},
            correlation_id=f"corr-{self.run}",
        )
        refund, _ = self.request_refund(self.caller, request)
        return refund

    def refund_and_settle(
        self,
        order_id: str,
        amount: int | None = None,
        **choice: Any,  # noqa: ANN401  # RefundChoice's fields
    ) -> Refund:
        """Request a refund, let Stripe confirm it, and settle it."""
        refund = self.refund(order_id, amount, **choice)
        self.settle_all()
        settled = self.current(refund)
        assert settled.status is RefundStatus.SETTLED
        return settled

    def stripe_refund(self, order_id: str, amount: int, **params: Any) -> dict[str, Any]:  # noqa: ANN401  # form fields
        """Make a refund at Stripe without the product, as in Stripe's dashboard."""
        record = self.record(order_id)
        return self.stripe_call(
            "POST", "refunds", charge=record.order.charge_id, amount=amount, **params
        )

    def deliver(self, events: list[dict[str, Any]] | None = None) -> list[str]:
        """Deliver events, by default all in order, and read the charges that they name.

        Returns:
            The outcomes of the events.
        """
        outcomes = []
        for event in self.events() if events is None else events:
            outcomes += [outcome for outcome, _ in self.handle_event(event_from(event))]
        self.read_charges()
        return outcomes

    def drain(self) -> int:
        """Process all queues; return the number of messages."""
        return self.read_charges() + self.settle() + drain(self.sqs, self.fee_url, self._fee)

    def settle(self) -> int:
        """Process the settlement queue alone; return the number of messages."""
        return drain(self.sqs, self.adjust_url, self._settle)

    def settle_all(self) -> None:
        """Deliver all events, then process both queues."""
        self.deliver()
        self.drain()

    def _settle(self, message: dict[str, str]) -> None:
        order = OrderKey(message["studio_id"], message["order_id"])
        self.settle_refund(order, message["refund_id"])

    def _verify(self, message: dict[str, str]) -> None:
        self.verify_charge(OrderKey(message["studio_id"], message["order_id"]))

    def _fee(self, message: dict[str, str]) -> None:
        self.refund_fee(OrderKey(message["studio_id"], message["order_id"]))

    def resume(self, *, due_only: bool = False) -> dict[str, int]:
        """Resume everything that is open or due, once; return how often each outcome came."""
        works = self.open_index.due(rfc3339(self.clock()) if due_only else None)
        return dict(Counter(map(self.resume_pending, works)))

    def come_to_rest(self) -> None:
        """Resume refunds and process the queues until nothing is open."""
        for _ in range(10):
            self.resume()
            if not self.drain() and not self.open_work():
                return
            time.sleep(0.2)  # a message that failed comes back after the visibility timeout
        raise AssertionError(f"still open: {self.open_work()}")

    def stripe_refunds(self, order_id: str) -> list[dict[str, Any]]:
        """Return Stripe's refunds of an order's charge that did not fail."""
        charge_id = self.record(order_id).order.charge_id
        found = self.stripe_call("GET", "refunds", charge=charge_id, limit=100)["data"]
        return [each for each in found if each["status"] not in {"failed", "canceled"}]


# The function that the fixture ``make_backend`` gives: it takes the Backend's fields.
type MakeBackend = Callable[..., Backend]
