"""What people do on a studio's busy days."""

from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from infra.stripe_standin.changes.charge_states import ChargeTransition
from infra.stripe_standin.changes.disputes import DisputeTransitionError
from infra.stripe_standin.records.accounts import AccountAccess
from infra.stripe_standin.records.charges import ChargeState
from infra.stripe_standin.records.disputes import DisputeStatus, OpeningStatus
from shared.domain.adjustment import adjustment_id_of
from tests.faults.one_process.in_process_stripe import DashboardRefusedError
from tests.faults.weather.aws_activity import AwsActivity
from tests.faults.weather.simulation import Simulation
from tests.faults.weather.stripe_activity import StripeActivity
from tests.faults.world.import_records import ACCOUNT, STUDIO, charge_of, sold_order_record
from tests.faults.world.world import RECONCILE

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0

# Each activity happens so often in a run.
_TIMES = (0, 0, 1, 2)
_MOST_TRIES = 4
_SECONDS_UNTIL_RETRY = (1.0, 30.0, 20 * _MINUTE)

# The schedules miss most of their turns. They make up for it later.
_PAYOUT_PAUSES = (_HOUR, 20 * _HOUR, _DAY, _DAY)
_RESUME_PAUSES = (*(5 * _MINUTE,) * 5, *(_HOUR,) * 2, *(8 * _HOUR,) * 6)
_RECONCILE_PAUSES = (_DAY,) * 3

# The chance that the studio disconnects its Stripe account for some hours.
_LEAVES = 0.25

_DISPUTE_OPENINGS: tuple[OpeningStatus, ...] = ("needs_response", "warning_needs_response")
# What the bank does with a dispute, one after the other.
_BANK_DECISIONS: dict[OpeningStatus, tuple[tuple[DisputeStatus, ...], ...]] = {
    "needs_response": (
        ("won",),
        ("lost",),
        ("under_review", "won"),
        ("lost", "won"),
        ("prevented",),
    ),
    "warning_needs_response": (
        ("warning_closed",),
        ("warning_under_review", "warning_closed"),
        ("needs_response", "lost"),
        ("needs_response", "won"),
    ),
}
_CHARGE_STATES: tuple[ChargeState, ...] = ("paid", "paid", "pending", "uncaptured")
_AUTHORIZED_AMOUNT = 14_000
_CHARGE_DECISIONS = {
    "pending": (ChargeTransition("paid"), ChargeTransition("failed")),
    "uncaptured": (
        ChargeTransition("paid", amount_captured=10_000),
        ChargeTransition("paid", amount_captured=10_000),
        ChargeTransition("expired"),
        ChargeTransition("canceled"),
    ),
}

# A problem with status 502 that is a final answer, see shared/edge/problems.py.
_REFUSED_BY_STRIPE = "stripe_refused"
_MADE = 201


@dataclass
class People:
    """The studio's users, its parents, Stripe's dashboard users, PPS admins and an operator."""

    simulation: Simulation
    aws: AwsActivity
    stripe: StripeActivity
    _answers: dict[tuple[str, str], int] = field(default_factory=dict)
    _unanswered: set[tuple[str, str]] = field(default_factory=set)
    _orders: list[str] = field(default_factory=list)
    _imported_count: int = 0
    _adjustment_count: int = 0

    def plan(self) -> None:
        """Plan the actions of people and the calls of the schedules."""
        dice, plan = self.simulation.dice, self.simulation.within
        self._orders = [f"ord_{number}" for number in range(1, dice.randint(1, 3) + 1)]
        self._sell_orders()
        # The rush is now, or when the payout is made that is due at the studio's midnight.
        self.simulation.rush_starts_at += dice.choice((0.0, 18 * _HOUR))
        rush = dice.choice((0.2, 5.0, 10 * _MINUTE, 2 * _HOUR))
        for number in range(dice.randint(3, 10)):
            self._plan_refund(f"key-{number}", rush)
        for action in (
            self._refund_in_dashboard,
            self._move_print,
            self._import_order,
            self._open_dispute,
            self._adjust,
        ):
            for _ in range(dice.choice(_TIMES)):
                plan(rush, action)
        for late in (self.stripe.fail_any_refund, self._reverse_transfer):
            for _ in range(dice.choice(_TIMES)):
                plan(3 * _DAY, late)
        if dice.random() < _LEAVES:
            plan(_DAY, self._leave)
        for function, pauses in (
            ("run_payouts", _PAYOUT_PAUSES),
            ("resume_pending", _RESUME_PAUSES),
            (RECONCILE, _RECONCILE_PAUSES),
        ):
            plan(rush, partial(self.aws.run_schedule, function, pauses))

    def _sell_orders(self) -> None:
        world, dice = self.simulation.world, self.simulation.dice
        world.operator.import_studio(payout_schedule="daily")
        for order_id in self._orders:
            share = dice.randint(1, 3333)
            world.sell(order_id, direct=dice.random() < 0.5, rev_share_amount=share)

    def _plan_refund(self, key: str, rush: float) -> None:
        """Plan a client's request. Some clients click the button twice."""
        dice = self.simulation.dice
        order_id, body = dice.choice(self._orders), self._draw_refund()
        for _ in range(dice.choice((1, 1, 1, 2))):
            self.simulation.within(
                rush,
                lambda: self._request_refund(order_id, key, body, dice.randint(0, _MOST_TRIES)),
            )

    def _draw_refund(self) -> dict[str, Any]:
        dice = self.simulation.dice
        body: dict[str, Any] = {"reason": "other"}
        if dice.random() < 0.5:
            body["fulfillment"] = "keep"
        kind = dice.choice(("full", "partial", "partial", "line_items"))
        if kind == "partial":
            body["amount"] = dice.randint(1, 3000)
        elif kind == "line_items":
            body["items"] = [{"line_id": "li_1", "quantity": dice.randint(1, 3)}]
            body["shipping"] = dice.random() < 0.3
        return body | {"type": kind}

    def _request_refund(
        self, order_id: str, key: str, body: dict[str, Any], tries_left: int
    ) -> None:
        def call() -> None:
            path = f"/orders/{order_id}/refunds"
            status, answer = self.simulation.world.client.request_once("POST", path, body, key)
            code = answer.get("code", "")
            self.simulation.note(f"client {key} of {order_id}: {status} {code}")
            if status < 500 or code == _REFUSED_BY_STRIPE:
                self._heard(order_id, key, status)
            elif tries_left:
                self.simulation.within(self.simulation.dice.choice(_SECONDS_UNTIL_RETRY), retry)
            else:
                self._unanswered.add((order_id, key))

        def retry() -> None:
            self._request_refund(order_id, key, body, tries_left - 1)

        self.aws.start("refund_request", call)

    def _heard(self, order_id: str, key: str, status: int) -> None:
        """Record a click's answer. If another click has made the refund, a refusal is old news."""
        if self._answers.get((order_id, key)) != _MADE:
            self._answers[order_id, key] = status

    def final_answers(self) -> dict[tuple[str, str], int]:
        """Return the status of what each client knows, by order id and idempotency key.

        Who clicked twice and got one answer knows that a refund was made, but not that none was:
        the other click may have made it since.
        """
        return {
            request: status
            for request, status in self._answers.items()
            if status == _MADE or request not in self._unanswered
        }

    def _refund_in_dashboard(self) -> None:
        dice = self.simulation.dice
        order_id, amount = dice.choice(self._orders), dice.randint(1, 5000)
        with suppress(DashboardRefusedError):  # more than is left
            made = self.simulation.world.stripe.refund_in_dashboard(order_id, amount)
            self.simulation.note(f"external refund {made}: {amount} of {order_id}")
            self.stripe.send_events()

    def _reverse_transfer(self) -> None:
        """Let PPS take a part of some transfer back."""
        dice, stripe = self.simulation.dice, self.simulation.world.stripe
        transfers = list(stripe.standin.store.transfers)
        if not transfers:
            return
        transfer = dice.choice(transfers)
        amount = dice.randint(1, transfer.amount)
        with suppress(DashboardRefusedError):  # more than is left
            stripe.reverse_transfer(transfer.id, amount)
            self.simulation.note(f"{transfer.id}: {amount} taken back")
            self.stripe.send_events()

    def _leave(self) -> None:
        """Let the studio disconnect its Stripe account, and connect it again hours later."""
        self._change_access("deauthorized")
        self.simulation.within(_DAY, partial(self._change_access, "connected"))

    def _change_access(self, access: AccountAccess) -> None:
        self.simulation.note(f"{ACCOUNT} {access}")
        self.simulation.world.stripe.change_access(ACCOUNT, access)
        self.stripe.send_events()

    def _open_dispute(self) -> None:
        """Let a parent's bank ask about a charge, or take its money back, and decide later."""
        dice = self.simulation.dice
        order_id, status = dice.choice(self._orders), dice.choice(_DISPUTE_OPENINGS)
        amount = dice.choice((None, dice.randint(1, 4000)))
        with suppress(DisputeTransitionError):
            made = self.simulation.world.stripe.open_dispute(order_id, status, amount)
            self.simulation.note(f"{order_id} is disputed: {made} {status}")
            self.stripe.send_events()
            decisions = dice.choice(_BANK_DECISIONS[status])
            self.simulation.within(2 * _DAY, partial(self._decide_dispute, made, decisions))

    def _decide_dispute(self, dispute_id: str, decisions: tuple[DisputeStatus, ...]) -> None:
        """Let the bank take its next decision about a dispute."""
        dice = self.simulation.dice
        status, *later = decisions
        self.simulation.note(f"{dispute_id} {status}")
        stripe, return_fee = self.simulation.world.stripe, dice.random() < 0.5
        try:
            stripe.move_dispute(dispute_id, status, return_fee=return_fee)
        except DisputeTransitionError:  # all of the charge went back meanwhile: nothing to take
            later = []
            stripe.move_dispute(dispute_id, "warning_closed")
        self.stripe.send_events()
        if later:
            self.simulation.within(_DAY, partial(self._decide_dispute, dispute_id, tuple(later)))

    def _import_order(self) -> None:
        """Let an operator import one more order, and repeat it until an answer comes.

        Its charge may be paid already, or wait for the bank or for its capture.
        """
        self._imported_count += 1
        dice = self.simulation.dice
        order_id, state = f"ord_new_{self._imported_count}", dice.choice(_CHARGE_STATES)
        record = sold_order_record(order_id)
        charge = charge_of(record) | {"state": state}
        if state == "uncaptured":
            charge["amount"] = _AUTHORIZED_AMOUNT  # more than the shop captures in the end
        self.simulation.world.stripe.seed_charge(charge)
        if state != "paid":
            transition = dice.choice(_CHARGE_DECISIONS[state])
            self.simulation.within(2 * _DAY, partial(self._decide_charge, order_id, transition))

        def call() -> None:
            answer = self.simulation.world.operator.import_once(orders=[record])
            self.simulation.note(f"import of {record['order_id']}: {answer}")
            if not answer:
                self.simulation.within(_HOUR, lambda: self.aws.start("import_orders", call))

        self.aws.start("import_orders", call)

    def _decide_charge(self, order_id: str, transition: ChargeTransition) -> None:
        """Let the bank pay a charge or not, or the shop capture it or not."""
        self.simulation.note(f"charge of {order_id} {transition}")
        self.simulation.world.stripe.move_charge(order_id, transition)
        self.stripe.send_events()

    def _move_print(self) -> None:
        """Let the print station claim or print an order, or the studio cancel its print."""
        dice = self.simulation.dice
        order_id = dice.choice(self._orders)
        step = dice.choice(("claim", "print", "cancel"))
        path = f"/print-station/orders/{order_id}/{step}"
        if step == "cancel":
            path = f"/orders/{order_id}/fulfillment/cancel"

        def call() -> None:
            status, _ = self.simulation.world.client.request_once("POST", path)
            self.simulation.note(f"{step} {order_id}: {status}")

        self.aws.start("print_station", call)

    def _adjust(self) -> None:
        """Let a PPS admin propose an adjustment, and others decide about it, some at once."""
        self._adjustment_count += 1
        dice, key = self.simulation.dice, f"adjust-{self._adjustment_count}"
        amount = dice.choice((-1, 1)) * dice.randint(1, 5000)
        proposal = {"amount": amount, "reason": "Agreed by phone"}
        self._call_as_admin("ana", "/adjustments", proposal, key)
        path = f"/adjustments/{adjustment_id_of(STUDIO, key)}"
        for admin in ("ana", "ben", "cleo"):
            decision = dice.choice(("approve", "approve", "approve", "reject"))
            for _ in range(dice.choice((1, 1, 2))):
                self._call_as_admin(admin, f"{path}/{decision}")

    def _call_as_admin(
        self, admin: str, path: str, body: object = None, key: str | None = None
    ) -> None:
        def call() -> None:
            client = self.simulation.world.client
            status, answer = client.request_once("POST", path, body, key, admin=admin)
            self.simulation.note(f"{admin} {path}: {status} {answer.get('code', '')}")

        self.simulation.within(10.0, lambda: self.aws.start("adjustments", call))
