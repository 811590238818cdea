"""One load: a number of concurrent refunds, their durations, and a check of the books."""

import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, cycle, islice
from pathlib import Path

import httpx

from infra.failure import Failure
from infra.local.api_user import ApiUser
from infra.local.month_files import MonthFiles
from infra.operate.dead_letter_queues import DeadLetters
from shared.domain.ledger_chain import verify_chain
from shared.domain.order import OrderKey
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.charges import Charges
from shared.gateways.ledger_store import LedgerStore
from shared.gateways.open_work import OpenWorkIndex
from shared.gateways.orders_table import OrdersTable
from shared.gateways.parked_messages import ParkedRecords
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, Json

STUDIOS = (PLATFORM_STUDIO, DIRECT_STUDIO)
REQUEST = "request: POST to 201"
WEBHOOK = "webhook: intent on disk to Stripe's confirmation recorded"
ADJUST = "adjust: confirmation to ledger entry"

# Stripe repeats a webhook after some seconds, SQS a message after the visibility timeout. The
# test waits for both, and then runs resume_pending.
_END_WITHIN_S = 400
# API Gateway ends a request after 29 s; the local engine may leave one without an answer.
_ANSWER_WITHIN_S = 30
_TRIES = 40


@dataclass(frozen=True)
class RefundableOrder:
    """An order that is to be refunded in full."""

    order_id: str
    charge_id: str
    studio_id: str


@dataclass
class Load:
    """The results of a load.

    Attributes:
        refunds: The number of refunds.
        seconds: The time from the first request to the last ledger entry.
        stages: The seconds that each refund spent, by stage.
        depth: The number of messages in the settlement queue, every fifth of a second.
        repeats: The number of requests that were sent again.
        dead_letters: The number of messages that killed workers received too often. An operator
            sends those back, and so does the test.
        faults: The errors in the books.
    """

    refunds: int
    seconds: float = 0
    stages: dict[str, list[float]] = field(default_factory=dict)
    depth: list[int] = field(default_factory=list)
    repeats: int = 0
    dead_letters: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Completed refunds a second."""
        return self.refunds / self.seconds


class LoadTest:
    """Sells orders, refunds them all, and checks the books.

    Args:
        world: The running stack.
    """

    def __init__(self, world: DeployedStack) -> None:
        self._world = world
        world.http.timeout = httpx.Timeout(_ANSWER_WITHIN_S)
        dynamodb, tables = world.stack.aws.dynamodb, world.stack.tables
        self._orders = OrdersTable(dynamodb, tables["orders"])
        self._charges = Charges(dynamodb, tables["orders"])
        self._open_index = OpenWorkIndex(dynamodb, tables["orders"])
        self._books = LedgerStore(dynamodb, tables["orders"], tables["ledger"])
        self._dead = DeadLetters(
            world.stack.aws.sqs, dict(world.stack.queues), ParkedRecords(dynamodb, tables["orders"])
        )

    def sell(self, count: int) -> list[RefundableOrder]:
        """Import orders, half of them charged on the studio's own account."""
        records = [self._world.order(studio) for studio in islice(cycle(STUDIOS), count)]
        self._world.import_orders(records)
        return [
            RefundableOrder(each["order_id"], each["stripe"]["charge_id"], each["studio_id"])
            for each in records
        ]

    def run(self, sales: list[RefundableOrder], at_once: int, *, resume: bool) -> Load:
        """Refund all the orders and wait until every refund is in the ledger.

        Args:
            sales: The orders to refund.
            at_once: The number of concurrent clients.
            resume: Whether the scheduled resume_pending runs while the load test waits, and an
                operator sends dead letters back.

        Raises:
            Failure: A request was never accepted, or a refund never ended.
        """
        load = Load(len(sales))
        with self._watching_the_queue(load), ThreadPoolExecutor(at_once) as pool:
            answers = list(pool.map(lambda sale: self._refund(sale, load), sales))
            self._wait_for_the_end(load, resume=resume)
        refunds = [
            self._refund_of(sale, answer) for sale, (answer, _) in zip(sales, answers, strict=True)
        ]
        load.stages = {
            REQUEST: [seconds for _, seconds in answers],
            WEBHOOK: _between(refunds, RefundStatus.REQUESTED, RefundStatus.SUCCEEDED),
            ADJUST: _between(refunds, RefundStatus.SUCCEEDED, RefundStatus.SETTLED),
        }
        requested, settled = (
            [_at(each, status) for each in refunds]
            for status in (RefundStatus.REQUESTED, RefundStatus.SETTLED)
        )
        load.seconds = (max(settled) - min(requested)).total_seconds()
        load.faults = list(self._faults(sales))
        return load

    def _refund(self, sale: RefundableOrder, load: Load) -> tuple[Json, float]:
        """Request a refund as a patient client does: repeat the request with the same key."""
        key = uuid.uuid4().hex
        for attempt in range(_TRIES):
            began = time.monotonic()
            answer = self._sent(sale, key)
            if answer is not None and answer.status_code == httpx.codes.CREATED:
                return dict(answer.json()), time.monotonic() - began
            load.repeats += 1
            time.sleep(min(2.0, 0.1 * 2**attempt))
        raise Failure(f"{sale.order_id} was not refunded in {_TRIES} tries")

    def _sent(self, sale: RefundableOrder, key: str) -> httpx.Response | None:
        choice = {"type": "full", "reason": "other"}
        try:
            return self._world.request_refund(
                sale.order_id, choice, key=key, studio_id=sale.studio_id
            )
        except httpx.TransportError:
            return None

    def _refund_of(self, sale: RefundableOrder, answer: Json) -> Refund:
        order = OrderKey(sale.studio_id, sale.order_id)
        refund = self._orders.get_refund(order, answer["refund_id"])
        if refund is None:
            raise Failure(f"{answer['refund_id']} was accepted and is not there")
        return refund

    def _wait_for_the_end(self, load: Load, *, resume: bool) -> None:
        deadline = time.monotonic() + _END_WITHIN_S
        queues = ("adjust", "adjust_dlq", "fee_refund", "fee_refund_dlq") if resume else ()
        while (left := self._open()) or self._messages(*queues):
            if time.monotonic() > deadline:
                raise Failure(
                    f"after {_END_WITHIN_S} s {left} of {load.refunds} are still open and the "
                    f"queues have {self._messages(*queues)} messages"
                )
            if resume:
                self._resume()
                load.dead_letters += self._send_back()
            time.sleep(0.5)

    def _resume(self) -> None:
        """Resume what is open; repeat a run that was killed."""
        self._world.stack.aws.lambda_.invoke(
            FunctionName=self._world.stack.functions["resume_pending"], Payload=b"{}"
        )

    def _send_back(self) -> int:
        """Send the dead letters back, and return how many there were."""
        with self._dead.held() as letters:
            for letter in letters:
                self._dead.redrive(letter, "load_test")
        return len(letters)

    def _open(self) -> int:
        return sum(
            1 for _ in chain(self._open_index.refunds(None), self._open_index.fee_refunds(None))
        )

    @contextmanager
    def _watching_the_queue(self, load: Load) -> Iterator[None]:
        over = threading.Event()

        def watch() -> None:
            while not over.wait(0.2):
                load.depth.append(self._messages("adjust"))

        thread = threading.Thread(target=watch, name="queue depth")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _messages(self, *queues: str) -> int:
        found = 0
        for queue in queues:
            counted = self._world.stack.aws.sqs.get_queue_attributes(
                QueueUrl=self._world.stack.queues[queue],
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )
            found += sum(map(int, counted["Attributes"].values()))
        return found

    def _faults(self, sales: list[RefundableOrder]) -> Iterator[str]:
        """Compare Stripe, the orders and the ledger; return the differences."""
        for queue in ("adjust_dlq", "fee_refund_dlq"):
            if self._messages(queue):
                yield f"there are messages in {queue}"
        refunded: dict[str, list[int]] = {}
        for studio_id in STUDIOS:
            entries = self._world.entries(studio_id)
            head = self._books.load_head(studio_id)
            if head is None or verify_chain(entries, head)[1] is not None:
                yield f"the ledger of {studio_id} does not verify"
            for entry in entries:
                if entry["kind"] == "refund":
                    refunded.setdefault(str(entry["order_id"]), []).append(
                        int(entry["gross_amount"])
                    )
        for sale in sales:
            yield from self._faults_of(sale, refunded.get(sale.order_id, []))
        yield from self._unexplained(sales)

    def _unexplained(self, sales: list[RefundableOrder]) -> Iterator[str]:
        """Match the month's files of all studios with Stripe's balance; return a difference."""
        stack, files = self._world.stack, list[Path]()
        if stack.standin is None:
            return
        with tempfile.TemporaryDirectory() as folder:
            month = MonthFiles(Path(folder))
            for studio_id in stack.users:
                files += month.tables(ApiUser(self._world.http, stack, studio_id))
            accounts = filter(None, {self._account(sale) for sale in sales})
            try:
                month.matched(stack.standin, files, accounts)
            except Failure as difference:
                yield str(difference)

    def _faults_of(self, sale: RefundableOrder, entries: list[int]) -> Iterator[str]:
        state = self._orders.get_state(OrderKey(sale.studio_id, sale.order_id))
        account = None if sale.studio_id == PLATFORM_STUDIO else self._account(sale)
        at_stripe = self._world.stripe("GET", "refunds", account, charge=sale.charge_id, limit=100)
        sent = [int(each["amount"]) for each in at_stripe["data"]]
        if state is None or state.settled_amount != state.total_amount:
            yield f"{sale.order_id}: its state does not say that it is refunded"
        elif sent != [state.total_amount]:
            yield f"{sale.order_id}: Stripe refunded {sent}"
        elif entries != [-state.total_amount]:
            yield f"{sale.order_id}: the ledger has {entries}"

    def _account(self, sale: RefundableOrder) -> str | None:
        pointer = self._charges.find(sale.charge_id)
        return pointer.account_id if pointer else None


def _at(refund: Refund, status: RefundStatus) -> datetime:
    """Return when a refund first had a status.

    Raises:
        Failure: The refund never had it.
    """
    for entry in refund.history:
        if entry.status is status:
            return datetime.fromisoformat(entry.at)
    raise Failure(f"{refund.refund_id} was never {status}")


def _between(refunds: list[Refund], first: RefundStatus, then: RefundStatus) -> list[float]:
    return [(_at(each, then) - _at(each, first)).total_seconds() for each in refunds]
