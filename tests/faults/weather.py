"""Weather: a studio's busy days, with everything going wrong that can, drawn from one seed.

A simulation of discrete events: what happens next is the earliest thing that was put down to
happen. Each call of a function is a thread that runs alone, from one call out of it to the next;
between them others run. So what overlaps, and how, hangs on the seed and on nothing else.
"""

import heapq
import random
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from infra.stripe_standin.changes.disputes import DisputeTransitionError
from infra.stripe_standin.faults import FaultName
from infra.stripe_standin.records.webhooks import EventRecord
from shared.domain.order import OrderKey
from shared.domain.refund import RefundStatus, refund_id_of_request
from tests.faults import template
from tests.faults.books import MoneyOracle, faults_of, read_books
from tests.faults.engine import Answer
from tests.faults.wire import (
    STRIPE,
    Call,
    LostAnswerError,
    Perform,
    QuietLine,
    aws_error,
    stripe_error,
)
from tests.faults.world import MATCH, STUDIO, Delivery, FaultWorld, Stopped, new_world, sold_order

_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86_400.0

# Stripe's SDK waits so long, see shared/gateways/stripe_api.py.
_STRIPE_TIMEOUT_S = 9.0

# What goes wrong inside Stripe, as the stand-in calls it.
_INSIDE_STRIPE: dict[str, FaultName] = {
    "saved 500 before": "status_500_before_effect",
    "saved 500 after": "status_500_after_effect",
    "pending": "pending",
    "insufficient_funds": "insufficient_funds",
    "fail_at_once": "fail_at_once",
}

# A problem of status 502 that is an answer all the same, see shared/edge/problems.py.
_REFUSED = "stripe_refused"

_WRITES = {"PutItem", "TransactWriteItems"}


@dataclass(frozen=True)
class Climate:
    """How bad the weather of a run is; each a chance, for each call or each event.

    Attributes:
        aws: That a call of AWS goes wrong.
        stripe: That a call of Stripe goes wrong.
        outcome: That what Stripe is asked for does not end well, or not at once.
        stop: That the process ends at a call, at once or when its time is up.
        drop: That an event never comes.
        skew_s: How far a function's clock may be off, in seconds.
    """

    aws: float
    stripe: float
    outcome: float
    stop: float
    drop: float
    skew_s: float

    @classmethod
    def drawn(cls, dice: random.Random) -> "Climate":
        """Draw one, from calm to a storm."""
        return cls(
            aws=dice.choice((0.0, 0.03, 0.1, 0.25)),
            stripe=dice.choice((0.0, 0.1, 0.4, 0.8)),
            outcome=dice.choice((0.0, 0.1, 0.5)),
            stop=dice.choice((0.0, 0.01, 0.04)),
            drop=dice.choice((0.0, 0.2, 0.9)),
            skew_s=dice.choice((0.0, 150.0)),
        )


class Task:
    """A function's call under way, in a thread that runs only when it is its turn."""

    def __init__(self, run: Callable[[], object], simulation: "Simulation") -> None:
        self.turn = threading.Semaphore(0)
        self.ended = False
        self.failure: BaseException | None = None
        self._run = run
        self._simulation = simulation
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Let it run until it waits for something, or ends."""
        self.turn.release()
        self._simulation.back.acquire()
        if self.ended:
            self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _main(self) -> None:
        self.turn.acquire()
        self._simulation.world.time.adopt_thread()
        self._simulation.here.task = self
        try:
            self._run()
        except BaseException as failure:  # noqa: BLE001  # raised in the main thread
            self.failure = failure
        self.ended = True
        self._simulation.back.release()


class Simulation:
    """What happens when.

    Attributes:
        schedule: What has happened, in words: printed where a run fails.
    """

    def __init__(self, world: FaultWorld) -> None:
        self.world = world
        self.back = threading.Semaphore(0)
        self.here = threading.local()
        self.schedule: list[str] = []
        self._numbers = count()
        self._to_come: list[tuple[float, int, Callable[[], None]]] = []
        world.time.pass_by = self.wait  # type: ignore[method-assign]  # others run meanwhile

    def at(self, when: float, happens: Callable[[], None]) -> None:
        """Put something down to happen at a time, or now if that is past."""
        heapq.heappush(self._to_come, (when, next(self._numbers), happens))

    def after(self, seconds: float, happens: Callable[[], None]) -> None:
        """Put something down to happen in a while."""
        self.at(self.world.time.now + seconds, happens)

    def start(self, run: Callable[[], object]) -> None:
        """Begin a function's call, which goes on by itself."""
        Task(run, self).step()

    def wait(self, seconds: float) -> None:
        """Let others run for a while: called in a task's thread."""
        task: Task = self.here.task
        self.after(seconds, task.step)
        self.back.release()
        task.turn.acquire()

    def note(self, what: str) -> None:
        """Write down what happens."""
        self.schedule.append(f"{self.world.time.now - self.world.began:12.3f}  {what}")

    def run(self) -> None:
        """Let everything happen that is to come."""
        while self._to_come:
            when, _, happens = heapq.heappop(self._to_come)
            self.world.time.now = max(self.world.time.now, when)
            happens()


@dataclass
class StormyLine:
    """What lies between a function and what it calls, in bad weather."""

    simulation: Simulation
    dice: random.Random
    climate: Climate

    def carry(self, call: Call, perform: Perform, /) -> Answer:
        """Carry a call: late, twice, in part, or not at all."""
        fault = self._drawn(call)
        self.simulation.note(f"{call}{f'  ✱ {fault}' if fault else ''}")
        self._wait()
        answer = self._met(fault, call, lambda: self._performed(perform))
        self._wait()
        return answer

    def _drawn(self, call: Call) -> str | None:
        if self.dice.random() < self.climate.stop:
            return self.dice.choice(("stopped", "stopped", "out of time"))
        stripe = call.service == STRIPE
        if self.dice.random() >= (self.climate.stripe if stripe else self.climate.aws):
            return self._outcome(call) if self.dice.random() < self.climate.outcome else None
        faults = ["reset before", "reset after", "throttled", "broken"]
        if stripe:
            faults += [
                "unauthorized",
                "slow",
                "time-out before",
                "time-out after",
                "time-out, then effect",
            ]
            faults += ["saved 500 before", "saved 500 after"] if "POST" in call.operation else []
        elif call.operation in _WRITES:
            faults += ["conflict"] * 3
        return self.dice.choice(faults)

    def _outcome(self, call: Call) -> str | None:
        """Draw how what is made at Stripe shall end, where that is to be drawn."""
        if call.operation == "POST /v1/refunds":
            return self.dice.choice(("pending", "insufficient_funds", "fail_at_once"))
        if call.operation == "POST /v1/transfers":
            return self.dice.choice(("insufficient_funds", "fail_at_once"))
        return None

    def _met(self, fault: str | None, call: Call, perform: Perform) -> Answer:
        if fault is None:
            return perform()
        if fault in {"stopped", "out of time"}:
            if self.dice.random() < 0.5:
                perform()
            if fault == "out of time":
                self.simulation.wait(self.simulation.here.deadline - self.simulation.world.time.now)
            raise Stopped
        if refusal := _refusal(fault, call):
            return refusal
        if inside := _INSIDE_STRIPE.get(fault):
            # An outcome is of what the call makes; the rest is of any call.
            path = call.operation.split()[1] if inside == fault else None
            with self.simulation.world.stripe.faulty(inside, path):
                return perform()
        if fault == "slow":
            self.simulation.wait(self.dice.uniform(1, _STRIPE_TIMEOUT_S - 1))
            return perform()
        return self._lost(fault, perform)

    def _lost(self, fault: str, perform: Perform) -> Answer:
        """Let a call's answer be lost, whether it took effect or not, or will."""
        if fault.endswith("after"):
            perform()
        if fault.endswith("then effect"):
            # It was on its way all the time: Stripe gets it when nobody waits any more.
            self.simulation.after(self.dice.uniform(1, 30 * _MINUTE), lambda: _ignored(perform))
        if fault.startswith("time-out"):
            self.simulation.wait(_STRIPE_TIMEOUT_S)
        raise LostAnswerError

    def _performed(self, perform: Perform) -> Answer:
        """Perform a call on the other side, whose clock is right, and see what it led to."""
        skew = self.simulation.world.time.skew
        token = skew.set(0.0)
        try:
            return perform()
        finally:
            skew.reset(token)

    def _wait(self) -> None:
        """Let the network take its time, and end with the function's time."""
        self.simulation.wait(self.dice.expovariate(1 / 0.02))
        if self.simulation.world.time.now > self.simulation.here.deadline:
            self.simulation.note("  ✱ out of time")
            raise Stopped


def _ignored(perform: Perform) -> None:
    perform()


def _refusal(fault: str, call: Call) -> Answer | None:
    """Return the answer of a fault that is a refusal, or None."""
    match fault:
        case "throttled":
            return stripe_error(429) if call.service == STRIPE else aws_error("ThrottlingException")
        case "broken":
            return stripe_error(503) if call.service == STRIPE else aws_error("InternalServerError")
        case "unauthorized":
            return stripe_error(401)
        case "conflict" if call.operation == "PutItem":
            return aws_error("TransactionConflictException")
        case "conflict":
            reasons = '"CancellationReasons":[{"Code":"TransactionConflict"}]'
            return aws_error("TransactionCanceledException", reasons)
    return None


@dataclass
class Days:
    """A studio's busy days: who does what, and what comes of it by itself."""

    world: FaultWorld
    dice: random.Random
    climate: Climate
    simulation: Simulation
    clients: dict[tuple[str, str], int] = field(default_factory=dict)
    skews: dict[str, float] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    rush: float = 0.0
    sold: int = 0
    pending: set[str] = field(default_factory=set)
    pollers: Counter[str] = field(default_factory=Counter)

    # What people do.

    def open(self) -> None:
        """Put down what people will do, and when the schedules call."""
        self.orders = [f"ord_{number}" for number in range(1, self.dice.randint(1, 3) + 1)]
        self.world.studio(payout_schedule="daily")
        for order_id in self.orders:
            self._sell(order_id)
        # When it is busy: at once, or when the payout is made that is due at the studio's midnight.
        self.rush = self.dice.choice((0.0, 18 * _HOUR))
        hurry = self.dice.choice((0.2, 5.0, 10 * _MINUTE, 2 * _HOUR))
        for number in range(self.dice.randint(3, 10)):
            self._client(f"key-{number}", hurry)
        for happens in (self._outside, self._print_step, self._import, self._dispute):
            for _ in range(self.dice.choice((0, 0, 1, 2))):
                self._in(hurry, happens)
        for _ in range(self.dice.choice((0, 0, 1, 2))):
            self._in(3 * _DAY, self._bank)
        # Schedules that miss most of their turns: what they owe, they owe later as well.
        self._in(hurry, lambda: self._tick("run_payouts", [_HOUR, 20 * _HOUR, _DAY, _DAY]))
        reconciled = [5 * _MINUTE] * 5 + [_HOUR] * 2 + [8 * _HOUR] * 6
        self._in(hurry, lambda: self._tick("reconcile", reconciled))
        self._in(
            hurry, lambda: self._tick("reconcile", [_DAY] * 3, {MATCH: True, "due_only": True})
        )

    def _sell(self, order_id: str) -> None:
        share = self.dice.randint(1, 3333)
        self.world.sell(order_id, direct=self.dice.random() < 0.5, rev_share_amount=share)

    def _in(self, hurry: float, happens: Callable[[], None]) -> None:
        """Let something happen within a while from now, or from the rush on."""
        begin = max(self.world.time.now, self.world.began + self.rush)
        self.simulation.at(begin + self.dice.uniform(0, hurry), happens)

    def _client(self, key: str, hurry: float) -> None:
        order_id = self.dice.choice(self.orders)
        body = self._choice()
        for _ in range(self.dice.choice((1, 1, 1, 2))):  # some press the button twice
            self._in(hurry, lambda: self._ask(order_id, key, body, self.dice.randint(0, 4)))

    def _choice(self) -> dict[str, Any]:
        reason = {"reason": "other"}
        if self.dice.random() < 0.5:
            reason["fulfillment"] = "keep"
        kind = self.dice.choice(("full", "partial", "partial", "line_items"))
        if kind == "partial":
            return reason | {"type": kind, "amount": self.dice.randint(1, 3000)}
        if kind == "line_items":
            items = [{"line_id": "li_1", "quantity": self.dice.randint(1, 3)}]
            return reason | {"type": kind, "items": items, "shipping": self.dice.random() < 0.3}
        return reason | {"type": kind}

    def _ask(self, order_id: str, key: str, body: dict[str, Any], tries: int) -> None:
        def call() -> None:
            path = f"/orders/{order_id}/refunds"
            status, answer = self.world.request("POST", path, body, key)
            code = answer.get("code", "")
            self.simulation.note(f"client {key} of {order_id}: {status} {code}")
            if status < 500 or code == _REFUSED:
                self.clients[order_id, key] = status
            elif tries:
                again = self.dice.choice((1.0, 30.0, 20 * _MINUTE))
                self._in(again, lambda: self._ask(order_id, key, body, tries - 1))

        self._start("refund_request", call)

    def _outside(self) -> None:
        order_id, amount = self.dice.choice(self.orders), self.dice.randint(1, 5000)
        try:
            made = self.world.refund_outside(order_id, amount)
        except RuntimeError:
            return  # more than is left: Stripe refuses it
        self.simulation.note(f"in Stripe's dashboard: {made}, {amount} of {order_id}")
        self._news()

    def _dispute(self) -> None:
        """Let a parent charge back: Stripe refuses to refund what is disputed."""
        order_id = self.dice.choice(self.orders)
        with suppress(DisputeTransitionError):
            self.world.stripe.dispute(f"ch_{order_id.removeprefix('ord_')}")
            self.simulation.note(f"{order_id} is disputed")
            self._news()

    def _import(self) -> None:
        """Bring in one more order, again until it is in."""
        self.sold += 1
        record = sold_order(f"ord_new_{self.sold}")
        self.world.charge(record)

        def call() -> None:
            answer = self.world.try_to_bring_in(orders=[record])
            self.simulation.note(f"import of {record['order_id']}: {answer}")
            if not answer:
                self._in(_HOUR, lambda: self._start("import_orders", call))

        self._start("import_orders", call)

    def _print_step(self) -> None:
        order_id = self.dice.choice(self.orders)
        step = self.dice.choice(("claim", "print", "cancel"))
        path = f"/orders/{order_id}/fulfillment/cancel"
        path = path if step == "cancel" else f"/print-station/orders/{order_id}/{step}"

        def call() -> None:
            self.simulation.note(f"{step} {order_id}: {self.world.request('POST', path)[0]}")

        self._start("print_station", call)

    def _decide(self) -> None:
        """Let banks decide on what they have pending, each after a while."""
        for each in self.world.stripe.standin.store.refunds:
            if each.status == "pending" and each.id not in self.pending:
                self.pending.add(each.id)
                outcome = self.dice.choice(("succeeded", "succeeded", "failed"))
                self._in(2 * _DAY, lambda each=each, outcome=outcome: self._move(each.id, outcome))  # type: ignore[misc]  # those of its turn

    def _move(self, stripe_refund_id: str, outcome: str) -> None:
        refund = self.world.stripe.standin.store.refunds[stripe_refund_id]
        if refund.status == "pending":
            self.simulation.note(f"{stripe_refund_id} {outcome}")
            self.world.stripe.move(stripe_refund_id, outcome)
            self._news()

    def _bank(self) -> None:
        """Let a bank send a refund back, late or not."""
        able = [
            each.id
            for each in self.world.stripe.standin.store.refunds
            if each.status in {"pending", "succeeded"} and each.charge.startswith("ch_")
        ]
        if able:
            chosen = self.dice.choice(able)
            self.simulation.note(f"the bank fails {chosen}")
            self.world.stripe.move(chosen, "failed")
            self._news()

    # What comes of it.

    def _start(self, function: str, call: Callable[[], object]) -> None:
        """Begin a call of a function, whose clock is off by its own measure."""
        deadline = self.world.time.now + template.functions()[function].timeout_seconds
        if function not in self.skews:
            self.skews[function] = self.dice.uniform(-self.climate.skew_s, self.climate.skew_s)

        def run() -> None:
            self.simulation.here.deadline = deadline
            self.world.time.skew.set(self.skews[function])
            call()
            self.world.time.skew.set(0.0)
            self._news()
            if template.functions()[function].queue is None:
                self._queues()

        self.simulation.start(run)

    def _tick(self, function: str, pauses: list[float], event: object = None) -> None:
        """Let a schedule call a function now, at times twice, and again after each pause."""
        for _ in range(self.dice.choice((1, 1, 2))):
            self._in(1.0, lambda: self._start(function, lambda: self.world.tick(function, event)))
        if pauses:
            again = pauses[0] * self.dice.uniform(0.9, 1.1)
            self.simulation.after(again, lambda: self._tick(function, pauses[1:], event))

    def _news(self) -> None:
        """Let Stripe send off what is new: soon or late, once or more often, in any order."""
        self._decide()
        for event in self.world.stripe.news():
            if self.dice.random() < self.climate.drop:
                self.simulation.note(f"{event.id} {event.type} will never come")
                continue
            for _ in range(self.dice.choice((1, 1, 1, 2, 3))):
                delay = self.dice.choice((0.0, 0.1, 2.0, 5 * _MINUTE, 2 * _DAY))
                self._in(delay, lambda event=event: self._deliver(event, 0))  # type: ignore[misc]  # the event of its turn

    def _deliver(self, event: EventRecord, tries: int) -> None:
        def call() -> None:
            taken = self.world.deliver(event)
            self.simulation.note(f"{event.id} {event.type}: {'taken' if taken else 'not taken'}")
            if not taken and tries < 5:
                self._in(_MINUTE * 4**tries, lambda: self._deliver(event, tries + 1))
            elif not taken:
                # Stripe tries for three days; the storm is over before.
                self.world.deliveries.append(Delivery(event, self.world.time.now))

        self._start("stripe_webhook", call)

    def _queues(self) -> None:
        """Let queues that have something be worked off, by one or two at a time."""
        for function in template.functions().values():
            if function.queue and self.world.has_visible(function.queue):
                self._poll(function.name, self.dice.uniform(0, 3))

    def _poll(self, function: str, seconds: float) -> None:
        if self.pollers[function] < 2:
            self.pollers[function] += 1
            self.simulation.after(seconds, lambda: self._work_off(function))

    def _work_off(self, function: str) -> None:
        self.pollers[function] -= 1
        if self.dice.random() < self.climate.aws:
            # Early visibility: what one is working at, another one gets as well.
            self.simulation.after(self.dice.uniform(0, 1), lambda: self._early(function))
        keep = self.dice.random() < self.climate.aws  # deleting it fails: it comes again

        def call() -> None:
            worked = self.world.work_off(function, delete=not keep)
            self.simulation.note(f"{function} worked off {worked}{' and again' if keep else ''}")
            if worked:
                self._queues()
                self._poll(function, 200.0)  # when what was not deleted is visible again

        self._start(function, call)

    def _early(self, function: str) -> None:
        self.world.make_visible(str(template.functions()[function].queue))
        self._poll(function, 0.0)


@dataclass(frozen=True)
class Run:
    """A run in bad weather.

    Attributes:
        faults: What does not hold afterwards; nothing where all is well.
        schedule: What happened.
    """

    seed: int
    faults: list[str]
    schedule: list[str]
    books: MoneyOracle

    def __str__(self) -> str:
        """Tell it whole."""
        return "\n".join([f"seed {self.seed}", *self.schedule, *self.faults])


def run(seed: int) -> Run:
    """Let a storm pass over a studio, and look at its books when it is calm again."""
    dice = random.Random(seed)  # noqa: S311  # the same seed, the same weather
    with new_world(seed) as world:
        simulation = Simulation(world)
        climate = Climate.drawn(dice)
        days = Days(world, dice, climate, simulation)
        days.open()
        simulation.note(str(climate))
        world.wire.line = StormyLine(simulation, dice, climate)
        simulation.run()
        world.wire.line = QuietLine()
        del world.time.pass_by
        world.errors.clear()
        try:
            world.match_until_clean()
            found = []
        except AssertionError as never:
            found = [str(never)]
        books = read_books(world)
        found += world.errors + [f"parked: {reason}" for reason in books.parked]
        found += faults_of(books) + client_faults(books, days.clients)
    return Run(seed, found, simulation.schedule, books)


def client_faults(books: MoneyOracle, clients: dict[tuple[str, str], int]) -> list[str]:
    """Compare what clients were told with what is so."""
    found = []
    for (order_id, key), status in clients.items():
        refund = books.refunds.get(refund_id_of_request(OrderKey(STUDIO, order_id), key))
        if status == 201 and refund is None:
            found.append(f"{key} of {order_id} was told 201, and there is no refund")
        if status >= 400 and refund and refund.status is not RefundStatus.FAILED:
            found.append(f"{key} of {order_id} was told {status}, and it is {refund.status}")
    return found
