"""A studio's whole world in one process, and the time until nothing is under way in it."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from shared.gateways import aws
from shared.gateways.anchors import Anchors
from shared.gateways.ledger_store import LedgerStore
from tests.faults.one_process import template
from tests.faults.one_process.execution_environments import ExecutionEnvironments
from tests.faults.one_process.in_process_engine import InProcessEngine, bucket_name
from tests.faults.one_process.in_process_stripe import InProcessStripe
from tests.faults.one_process.outside_calls import OutsideCalls
from tests.faults.one_process.template import Schedule
from tests.faults.one_process.virtual_clock import VirtualClock
from tests.faults.world.api_client import ApiClient
from tests.faults.world.event_deliveries import EventDeliveries
from tests.faults.world.functions import FunctionRuntime
from tests.faults.world.import_records import charge_of, sold_order_record
from tests.faults.world.operator import Operator
from tests.faults.world.queues import Queues

ORDERS_TABLE, LEDGER_TABLE, ANCHOR_BUCKET = "OrdersTable", "LedgerTable", "AnchorBucket"

# Every other scheduled function finishes open work; this one compares finished work with Stripe.
RECONCILE = "reconcile"

_OPEN_WORK_INDEX_KEYS = ("LATE_FAILURE", "FEE_REFUND", "PAYOUT")

# An hour of five-minute rounds, then two months of six-hour rounds. That is longer than Stripe's
# idempotency keys, its three days of webhooks and its 30 days of late failures.
_ROUND_SECONDS = [300] * 12 + [21_600] * 240

# One reconciliation may heal a finding. The next one, a day later, must not find it again.
_RECONCILIATIONS = 6
_DAY_SECONDS = 86_400.0


class FaultWorld:
    """One studio's world. Faults are injected into the outside calls of its functions.

    Attributes:
        outside_calls: Injects the faults, with the interceptor that is set there.
        started_at: When the world began, in seconds since the Unix epoch.
        client: The studio's user.
        operator: The operator of PPS.
        events: Stripe's events on their way to the webhook.
    """

    def __init__(
        self,
        engine: InProcessEngine,
        outside_calls: OutsideCalls,
        environments: ExecutionEnvironments,
        clock: VirtualClock,
    ) -> None:
        self.engine = engine
        self.outside_calls = outside_calls
        self.clock = clock
        self.started_at = clock.now
        self.functions = FunctionRuntime(outside_calls, environments, clock)
        self.client = ApiClient(self.functions, clock)
        self.operator = Operator(self.functions, clock)
        self.queues = Queues(engine, self.functions)
        self.events = EventDeliveries(outside_calls, self.functions, clock)
        self.dynamodb = aws.client("dynamodb")
        self.ledger = LedgerStore(self.dynamodb, ORDERS_TABLE, LEDGER_TABLE)
        self.anchors = Anchors(aws.files_client(), bucket_name(ANCHOR_BUCKET))

    @property
    def stripe(self) -> InProcessStripe:
        """Stripe."""
        return self.outside_calls.stripe

    def sell(self, order_id: str, *, direct: bool = False, **changes: Any) -> None:  # noqa: ANN401  # an import record's fields
        """Charge an order of $100.00 at Stripe and import it, with changes to its record."""
        record = sold_order_record(order_id, direct=direct, **changes)
        self.stripe.seed_charge(charge_of(record))
        answer = self.operator.import_all(orders=[record])
        assert answer["refused"] == [], answer
        while self.queues.process_batch("verify_charge"):
            pass

    def call_scheduled(self, function: str, event: object = None) -> dict[str, Any]:
        """Call a scheduled function with its first schedule's event, or with another one.

        Returns:
            The function's answer, empty if none came.
        """
        if event is None:
            first = next(each for each in template.schedules() if each.function == function)
            event = json.loads(first.event)
        return dict(self.functions.invoke(function, event) or {})

    def pay_out(self) -> Counter[str]:
        """Let a payout run announce what is due, and its messages be processed."""
        return self._hand_out("run_payouts")

    def resume(self) -> Counter[str]:
        """Let a resume round announce what is due, and its messages be processed."""
        return self._hand_out("resume_pending")

    def anchor(self) -> Counter[str]:
        """Let an anchor run announce the ledgers that are due, and its messages be processed."""
        return self._hand_out("anchor_ledger")

    def _hand_out(self, function: str) -> Counter[str]:
        """Let a function announce what is due, and its messages be processed.

        Returns:
            How often each outcome came.
        """
        self.call_scheduled(function)
        before = Counter(self.queues.outcomes)
        while self.queues.process_batch(function):
            pass
        return self.queues.outcomes - before

    def schedules(self) -> Sequence[Schedule]:
        """Return the schedules that call functions."""
        return template.schedules()

    def open_work(self) -> list[str]:
        """Return the keys of the refunds, fee refunds, charges and payouts that are not finished.

        A paid order with an open dispute is polled until the bank decides, which may take months.
        """
        return sorted(
            f"{item['PK']['S']} {item['SK']['S']}"
            for item in self.engine.scan(ORDERS_TABLE)
            if item.get("attention_pk", {}).get("S") == "OPEN"
            or item.get("open_pk", {}).get("S") in _OPEN_WORK_INDEX_KEYS
            or (item.get("open_pk", {}).get("S") == "CHARGE" and "payment_status" in item)
        )

    def refund_ids(self) -> list[str]:
        """Return the ids of all refunds."""
        return self._ids("REFUND#")

    def adjustment_ids(self) -> list[str]:
        """Return the ids of all adjustments."""
        return self._ids("ADJUSTMENT#")

    def _ids(self, prefix: str) -> list[str]:
        keys = (item["SK"]["S"] for item in self.engine.scan(ORDERS_TABLE))
        return sorted(key.removeprefix(prefix) for key in keys if key.startswith(prefix))

    def is_idle(self) -> bool:
        """Return whether nothing is under way: no message, no event and no open work."""
        return self.queues.are_empty() and not self.events.undelivered and not self.open_work()

    def run_until_idle(self) -> None:
        """Repeat events, queues and schedules until nothing is under way.

        Reconciliation is left out: it looks for errors in finished work.

        Raises:
            AssertionError: Some work never ends.
        """
        due = {each: self.clock.now for each in self.schedules() if each.function != RECONCILE}
        for seconds in _ROUND_SECONDS:
            self._deliver_and_process()
            for schedule, due_at in due.items():
                if due_at <= self.clock.now:
                    self.call_scheduled(schedule.function, json.loads(schedule.event))
                    due[schedule] = self.clock.now + schedule.interval_seconds
            self._deliver_and_process()
            if self.is_idle():
                return
            self.clock.wait(seconds)
        raise AssertionError(f"never ends: {self.open_work()} {self.events.undelivered}")

    def reconcile_until_clean(self) -> None:
        """Reconcile once a day until there are no findings.

        Raises:
            AssertionError: A finding never goes away.
        """
        found: list[Any] = []
        for _ in range(_RECONCILIATIONS):
            self.run_until_idle()
            self.clock.wait(_DAY_SECONDS)
            found = self.reconcile()
            # A studio that owes is no difference, and nothing heals it.
            if {each["kind"] for each in found} <= {"negative_balance_uncovered"}:
                return
        raise AssertionError(f"reconcile still finds: {found}")

    def reconcile(self) -> list[Any]:
        """Let an operator reconcile all accounts, and return the findings.

        An account that cannot be reconciled is an error of the function.
        """
        asked = self.call_scheduled(RECONCILE, {"ask": {}})
        while self.queues.process_batch(RECONCILE):
            pass
        results = {name: asked[name] for name in ("accounts", "asked_at")}
        ended = self.call_scheduled(RECONCILE, {"results": results})["ended"]
        for account in asked["accounts"]:
            result = ended.get(account, {"failure": "it has not ended", "findings": []})
            if result["failure"] is not None:
                self.functions.report_error(
                    RECONCILE, f"cannot reconcile {account}: {result['failure']}"
                )
        return [each for result in ended.values() for each in result["findings"]]

    def books_problems(self) -> list[str]:
        """Prove PPS's own books two days later, and return what is wrong or still under way."""
        self.clock.wait(2 * _DAY_SECONDS)
        proof = self.call_scheduled(RECONCILE, {"books": {}})
        problems = [*proof["findings"], *proof["in_transit"]]
        return [f"the books differ: {each}" for each in problems]

    def _deliver_and_process(self) -> None:
        self.events.deliver_due()
        self.queues.process_all()
