"""A studio's whole world in one process: functions, tables, queues, Stripe, clients, and time."""

import json
import logging
import os
import random
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

from botocore.retries.quota import RetryQuota

from infra.stripe_standin import identifiers
from infra.stripe_standin.records.webhooks import EventRecord
from shared.edge.observability import logger, metrics
from shared.gateways import aws
from shared.gateways.ledger_store import LedgerStore
from tests.faults import template
from tests.faults.engine import Engine, RefusedError
from tests.faults.processes import Processes, settings
from tests.faults.stripe_here import KEY, SECRETS, NumberedIds, StripeHere
from tests.faults.virtual_time import VirtualTime
from tests.faults.wire import Wire
from tests.records import Record, line_record, order_record

STUDIO = "st_faults"
ACCOUNT = "acct_faults"
ORDERS, LEDGER = "OrdersTable", "LedgerTable"
_OPEN = ("REFUND", "FEE_REFUND", "PAYOUT")

# The reconciler's other task, and its name in the event.
MATCH = "match"

# Signs ledgers and locks them away: neither KMS nor S3 is in this process, and no table changes.
NOT_HERE = {"anchor_ledger"}

# What the rounds count where they met an error that nobody expected.
_UNEXPECTED = {"ReconcileFailed", "PayoutRunFailed"}

_VISIBLE, _IN_WORK = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"

# An hour of rounds of five minutes, then two months of six hours: what has not ended then, never
# does. Stripe's keys, its three days of webhooks and 30 days of late failures lie in between.
_ROUNDS = [300] * 12 + [21_600] * 240

# What a match heals has to show that it is at the next one, a day later.
_MATCHES = 6
_DAY_S = 86_400.0

_SILENT = logging.getLogger("faults.silent")
_SILENT.disabled = True
# Or Powertools takes it for a new logger, and gives the product's handler another formatter.
_SILENT.init = True  # type: ignore[attr-defined]  # Powertools' own mark


class Stopped(BaseException):
    """The process has been stopped. Not an ``Exception``: no code of the product can catch it."""


class FailedError(Exception):
    """The function raised an error."""


# Either way nobody gets an answer.
_NO_ANSWER = (Stopped, FailedError)


@dataclass
class Delivery:
    """An event on its way to the webhook: the event, and when it is tried next."""

    event: EventRecord
    due: float
    tries: int = 0


class FaultWorld:
    """One studio's world. What the functions call goes through the wire, and can go wrong there.

    Attributes:
        deliveries: Stripe's events that have not been taken yet.
        errors: What no code of the product expected: nothing, in calm weather.
        client_gives_up: Whether clients ask once, whatever comes of it.
    """

    def __init__(self, wire: Wire, engine: Engine, processes: Processes, time: VirtualTime) -> None:
        self.wire = wire
        self.engine = engine
        self.time = time
        self.began = time.now
        self._processes = processes
        self.deliveries: list[Delivery] = []
        self.errors: list[str] = []
        self.client_gives_up = False
        self.dynamodb = aws.client("dynamodb")
        self.books = LedgerStore(self.dynamodb, ORDERS, LEDGER)

    @property
    def stripe(self) -> StripeHere:
        """Stripe."""
        return self.wire.stripe

    # Calling functions.

    def invoke(self, function: str, event: object) -> Any:  # noqa: ANN401  # whatever it answers
        """Call a function as Lambda does.

        Raises:
            Stopped: Its process was stopped.
            FailedError: It raised an error, which is added to ``errors``.
        """
        context = Context(self.time, self.time.now + template.functions()[function].timeout_seconds)
        token = self.wire.function.set(function)
        try:
            with self._processes.one_of(function) as process:
                return process.handle(event, context)
        except Exception as error:
            self.errors.append(f"{function}: {error!r}")
            raise FailedError from error
        finally:
            self.wire.function.reset(token)

    def request(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a request to the API once, and return status and body; 502 where a function died."""
        function = _function_of(method, path)
        headers = {"Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        event = {
            "httpMethod": method,
            "path": path,
            "resource": path,
            "headers": headers,
            "multiValueHeaders": {name: [value] for name, value in headers.items()},
            "queryStringParameters": None,
            "multiValueQueryStringParameters": None,
            "pathParameters": None,
            "body": None if body is None else json.dumps(body),
            "isBase64Encoded": False,
            "requestContext": {
                "requestId": f"request-{key}",
                "authorizer": {
                    "claims": {
                        "token_use": "id",
                        "iss": os.environ["TOKEN_ISSUER"],
                        "aud": os.environ["TOKEN_CLIENT_ID"],
                        "sub": "sub-owner",
                        "cognito:username": "owner",
                        "cognito:groups": "owner",
                        "custom:studio_id": STUDIO,
                    }
                },
            },
        }
        try:
            answer = self.invoke(function, event)
        except _NO_ANSWER:
            return 502, {}
        status, said = int(answer["statusCode"]), json.loads(answer["body"] or "{}")
        if status == 500:  # what the resolver makes of an error that nobody caught
            self.errors.append(f"{function}: {said}")
        return status, said

    def ask(
        self, method: str, path: str, body: object = None, key: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        """Send a request, again until it is answered, as a client does that has not given up."""
        for _ in range(10):
            status, answer = self.request(method, path, body, key)
            if status < 500 or self.client_gives_up:  # the server's own
                break
            self.time.pass_by(20)
        return status, answer

    def refund(self, order_id: str, key: str, **body: Any) -> tuple[int, dict[str, Any]]:  # noqa: ANN401  # its fields
        """Ask for a refund: in full, unless the body says otherwise."""
        choice = {"type": "full", "reason": "other"} | body
        return self.ask("POST", f"/orders/{order_id}/refunds", choice, key)

    def deliver(self, event: EventRecord) -> bool:
        """Deliver an event to the webhook, and return whether it was taken."""
        body, signature = self.stripe.webhook(event, int(self.time.now))
        request = {
            "httpMethod": "POST",
            "path": "/webhooks/stripe",
            "headers": {"Stripe-Signature": signature},
            "body": body,
            "isBase64Encoded": False,
            "requestContext": {"requestId": event.id},
        }
        try:
            return bool(self.invoke("stripe_webhook", request)["statusCode"] == 200)  # OK
        except _NO_ANSWER:
            return False

    def work_off(self, function: str, *, delete: bool = True) -> int:
        """Let a function work off one batch of its queue, and return how many messages it had.

        Args:
            function: Which.
            delete: Whether what it has worked off is deleted; otherwise it comes again.
        """
        url = self.engine.queue_url(str(template.functions()[function].queue))
        received = self.engine.sqs(
            "ReceiveMessage",
            QueueUrl=url,
            MaxNumberOfMessages=10,
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])
        if not received:
            return 0
        try:
            answer = self.invoke(function, {"Records": [_record(each) for each in received]})
        except _NO_ANSWER:
            return len(received)
        failed = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
        for each in received:
            if delete and each["MessageId"] not in failed:
                # One that another one has received meanwhile is not there under this receipt.
                with suppress(RefusedError):
                    self.engine.sqs(
                        "DeleteMessage", QueueUrl=url, ReceiptHandle=each["ReceiptHandle"]
                    )
        return len(received)

    def tick(self, function: str, event: object = None) -> dict[str, Any]:
        """Call a scheduled function as its first schedule does, or with another event."""
        first = next(each.event for each in template.schedules() if each.function == function)
        try:
            answer = dict(self.invoke(function, json.loads(first) if event is None else event))
        except _NO_ANSWER:
            return {}
        done, failed = answer.get("done", {}), answer.get("failed", [])
        self.errors += [f"{function}: {name}" for name in done if name in _UNEXPECTED]
        self.errors += [f"{function}: cannot match {name}" for name in failed]
        return answer

    def try_to_bring_in(self, *, update: bool = False, **lines: list[Record]) -> dict[str, Any]:
        """Import studios or orders, and return the answer, empty where there was none."""
        event: dict[str, Any] = {"update": update}
        event |= {kind: [json.dumps(each) for each in records] for kind, records in lines.items()}
        try:
            return dict(self.invoke("import_orders", event))
        except _NO_ANSWER:
            return {}

    def bring_in(self, *, update: bool = False, **lines: list[Record]) -> dict[str, Any]:
        """Import studios or orders, again until all are in, as an operator does."""
        for _ in range(10):
            if answer := self.try_to_bring_in(update=update, **lines):
                return answer
            self.time.pass_by(60)
        raise AssertionError("the import never got to its end")

    # Setting the scene.

    def studio(self, **changes: Any) -> None:  # noqa: ANN401  # an import record's fields
        """Import the studio; it is paid out on the first of the month."""
        self.bring_in(studios=[studio_record(**changes)])

    def sell(self, order_id: str, *, direct: bool = False, **changes: Any) -> None:  # noqa: ANN401  # the same
        """Import an order of $100.00 and let its charge be at Stripe."""
        record = sold_order(order_id, direct=direct, **changes)
        self.charge(record)
        answer = self.bring_in(orders=[record])
        assert answer["refused"] == [], answer

    def charge(self, record: dict[str, Any]) -> None:
        """Let an order's charge be at Stripe."""
        self.stripe.seed(
            {
                "id": record["stripe"]["charge_id"],
                "payment_intent": record["stripe"]["payment_intent_id"],
                "amount": record["total_amount"],
                "currency": record["currency"],
                "fee": record["stripe_fee_amount"],
                "account": record["stripe"]["account_id"],
                "application_fee": record["stripe"]["application_fee_id"],
                "application_fee_amount": record["rev_share_amount"]
                if record["stripe"]["application_fee_id"]
                else None,
            }
        )

    def refund_outside(self, order_id: str, amount: int) -> str:
        """Refund an order in Stripe's dashboard, and return Stripe's id."""
        charge_id = f"ch_{order_id.removeprefix('ord_')}"
        account = self.stripe.standin.store.charges[charge_id].account
        made = self.stripe.ask("POST", "refunds", account, charge=charge_id, amount=amount)
        return str(made["id"])

    # What happens by itself.

    def deliver_news(self) -> None:
        """Let Stripe deliver its events; one that is not taken comes again later."""
        for event in self.stripe.news():
            self.deliveries.append(Delivery(event, self.time.now))
        for each in [each for each in self.deliveries if each.due <= self.time.now]:
            if self.deliver(each.event):
                self.deliveries.remove(each)
            else:
                each.tries += 1
                each.due = self.time.now + 60 * 4**each.tries

    def work_off_all(self) -> None:
        """Let the queues' functions work until nothing is to be had."""
        consumers = [each.name for each in template.functions().values() if each.queue]
        while sum(self.work_off(name) for name in consumers):
            pass

    def open_work(self) -> list[str]:
        """Return the keys of what has not ended."""
        return sorted(
            f"{item['PK']['S']} {item['SK']['S']}"
            for item in self.engine.scan(ORDERS)
            if item.get("open_pk", {}).get("S") in _OPEN
        )

    def lose_messages(self, queue: str) -> None:
        """Let the messages of a queue be gone."""
        self.engine.sqs("PurgeQueue", QueueUrl=self.engine.queue_url(queue))

    def refund_ids(self) -> list[str]:
        """Return the ids of all refunds."""
        keys = (item["SK"]["S"] for item in self.engine.scan(ORDERS))
        return sorted(key.removeprefix("REFUND#") for key in keys if key.startswith("REFUND#"))

    def is_calm(self) -> bool:
        """Return whether nothing is under way any more."""
        consumers = [each.queue for each in template.functions().values() if each.queue]
        waiting = any(self._messages(name, _VISIBLE, _IN_WORK) for name in consumers)
        return not (waiting or self.deliveries or self.open_work())

    def calm_down(self) -> None:
        """Let everything that repeats by itself repeat, until nothing is under way any more.

        The match is left out: it looks for what nothing that is under way would tell.

        Raises:
            AssertionError: It never is.
        """
        due = {each: self.time.now for each in scheduled() if MATCH not in each.event}
        for pause in _ROUNDS:
            self.deliver_news()
            self.work_off_all()
            for schedule, at in due.items():
                if at <= self.time.now:
                    self.tick(schedule.function, json.loads(schedule.event))
                    due[schedule] = self.time.now + schedule.every_seconds
            self.deliver_news()
            self.work_off_all()
            if self.is_calm():
                return
            self.time.pass_by(pause)
        raise AssertionError(f"never ends: {self.open_work()} {self.deliveries}")

    def match_until_clean(self) -> None:
        """Let the days pass, each with its match, until one finds no difference.

        Raises:
            AssertionError: There is one that never goes.
        """
        answer: dict[str, Any] = {}
        for _ in range(_MATCHES):
            self.calm_down()
            self.time.pass_by(_DAY_S)
            answer = self.tick("reconcile", {MATCH: True})
            if answer["findings"] == []:
                return
        raise AssertionError(f"the match finds: {answer['findings']}")

    def has_visible(self, queue: str) -> bool:
        """Return whether a queue has something to be worked off now."""
        return self._messages(queue, _VISIBLE) > 0

    def make_visible(self, queue: str) -> None:
        """Let all that is being worked at be visible again."""
        self.engine.make_visible(queue)

    def _messages(self, queue: str, *kinds: str) -> int:
        answer = self.engine.sqs(
            "GetQueueAttributes", QueueUrl=self.engine.queue_url(queue), AttributeNames=kinds
        )
        return sum(int(answer["Attributes"][name]) for name in kinds)


@dataclass(frozen=True)
class Context:
    """Lambda's context, as far as functions look at it."""

    time: VirtualTime
    deadline: float
    function_name: str = "function"
    memory_limit_in_mb: int = 1024
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:000000000000:function:function"
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the function may go on."""
        return int((self.deadline - self.time.now) * 1000)


@dataclass(frozen=True)
class _Parts:
    """What is made once in this process and used by one world after the other."""

    engine: Engine
    wire: Wire
    processes: Processes


@cache
def _parts() -> _Parts:
    made = Engine()
    wire = Wire(made)
    aws._SESSION.register("before-send", wire.to_aws)  # type: ignore[arg-type]  # noqa: SLF001  # handlers may answer; the one session of the product
    return _Parts(made, wire, Processes())


@contextmanager
def new_world(seed: int = 0) -> Iterator[FaultWorld]:
    """Make a world with an empty studio; the same seed gives the same one."""
    parts, time = _parts(), VirtualTime()
    state = random.getstate()
    random.seed(seed)
    with ExitStack() as stack:
        stack.enter_context(time.installed())
        parts.engine.reset()
        stack.enter_context(patch.dict("os.environ", settings(parts.engine)))
        stack.enter_context(patch.object(identifiers, "secrets", NumberedIds()))
        stack.enter_context(parts.wire.installed())
        # What it says is for operators; what it does is what is looked at here.
        stack.enter_context(warnings.catch_warnings())
        warnings.filterwarnings("ignore", message="No application metrics to publish")
        stack.enter_context(patch.object(metrics, "add_metric", lambda *_, **_options: None))
        stack.enter_context(patch.object(logger, "_logger", _SILENT))
        # A client's budget of retries is what a new one has, whatever the world before used up.
        stack.enter_context(patch.object(RetryQuota, "acquire", lambda *_: True))
        parts.processes.restart_all()
        _put_secrets(parts.engine)
        world = FaultWorld(parts.wire, parts.engine, parts.processes, time)
        try:
            yield world
        finally:
            random.setstate(state)


def _put_secrets(engine: Engine) -> None:
    values: dict[str, Any] = {
        "StripeSecret": {"api_key": KEY},
        "StripeWebhookSecret": {kind: [secret] for kind, secret in SECRETS.items()},
    }
    for name, value in values.items():
        engine.call(
            "secrets-manager",
            "secretsmanager.CreateSecret",
            Name=name,
            SecretString=json.dumps(value),
            ClientRequestToken="0" * 32,
        )


def scheduled() -> Sequence[template.Schedule]:
    """Return what calls functions by itself."""
    return [each for each in template.schedules() if each.function not in NOT_HERE]


def _function_of(method: str, path: str) -> str:
    for function in template.functions().values():
        for asked, pattern in function.routes:
            if asked == method and pattern.fullmatch(path):
                return function.name
    raise LookupError(f"{method} {path}")


def _record(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as Lambda hands it over."""
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": message.get("Attributes", {}),
        "messageAttributes": {},
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:queue",
        "awsRegion": "us-east-1",
    }


def studio_record(**changes: Any) -> Record:  # noqa: ANN401  # its fields
    """Return a studio's import record."""
    return {
        "studio_id": STUDIO,
        "name": "Lakeside",
        "timezone": "America/Chicago",
        "currency": "usd",
        "rev_share_bps": 1500,
        "from_address": "orders@lakeside.example",
        "stripe_account_id": ACCOUNT,
        "payout_account_id": ACCOUNT,
        "payout_schedule": "monthly",
        "negative_balance_limit": 50_000,
    } | changes


def sold_order(order_id: str, *, direct: bool = False, **changes: Any) -> Record:  # noqa: ANN401  # its fields
    """Return an order's import record: $100.00, two lines and shipping, queued for print."""
    return order_record(
        order_id.removeprefix("ord_"),
        STUDIO,
        line_record("li_1", 3, 2500),
        line_record("li_2", 1, 1500),
        account_id=ACCOUNT if direct else None,
        shipping_amount=1000,
        fulfillment={"status": "queued", "claimed_by": None},
        **changes,
    )
