"""One complete refund of a $100.00 order, metered step by step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from infra.local.engine import Aws
from infra.local.options import Options
from infra.local.stack import Stack
from infra.local.start_stack import start_stack
from infra.paths import LOCAL
from infra.progress import Progress
from infra.stripe_standin import running_standin
from shared.domain.refund import RefundStatus
from tests.bench.meter import Consumption, Meter, total
from tests.integration.backend import Backend
from tests.local_http import HTTP

PLATFORM = "platform charge"
DIRECT = "direct charge"

REQUEST = "request"
CONFIRM = "webhook, the event that confirms"
OTHER_EVENTS = "webhook, the other events"
ADJUST = "adjust"
FEE_REFUND = "fee refund"

# The calls of SQS with which one function tells another what to do: one message each here.
ANNOUNCES = frozenset({"SendMessage", "SendMessageBatch"})


@dataclass(frozen=True)
class RefundCost:
    """The consumption of one refund.

    Attributes:
        name: The kind of charge.
        steps: The consumption by step.
        other_events: The number of events besides the confirming one.
    """

    name: str
    steps: dict[str, Consumption]
    other_events: int

    @property
    def whole(self) -> Consumption:
        """The steps that every refund takes, summed up."""
        return total(step for name, step in self.steps.items() if name != OTHER_EVENTS)


@contextmanager
def local_stack(progress: Progress) -> Iterator[Stack]:
    """Run a stack of the benchmark's own, on free ports, with the demo's orders for the page."""
    options = Options(directory=LOCAL / "bench", port=0, stripe_port=0)
    with start_stack(options, progress) as stack:
        yield stack


def meter_refunds(stack: Stack) -> list[RefundCost]:
    """Make a full refund of each kind of charge, and meter it."""
    with _stripe_without_webhooks() as stripe_url:
        return [
            meter_refund(_backend(stack, stripe_url, direct=False), PLATFORM),
            meter_refund(_backend(stack, stripe_url, direct=True), DIRECT),
        ]


def meter_refund_into_debt(stack: Stack) -> RefundCost:
    """Meter a refund after which the studio owes PPS, because it has sold nothing else."""
    with _stripe_without_webhooks() as stripe_url:
        backend = _backend(stack, stripe_url, direct=False)
        return meter_refund(backend, PLATFORM, other_sales=0)


@contextmanager
def _stripe_without_webhooks() -> Iterator[str]:
    """Run a stand-in whose events the benchmark delivers by itself, and yield its address."""
    with running_standin() as standin:
        HTTP.post(f"{standin.control_url}/webhooks", json={"mode": "hold"}).raise_for_status()
        yield standin.url


def _backend(stack: Stack, stripe_url: str, *, direct: bool) -> Backend:
    clients = Aws(
        stack.aws.endpoint_url, stack.aws.region
    )  # its own clients, because the meter hooks into them
    return Backend(
        dynamodb=clients.dynamodb,
        sqs=clients.sqs,
        orders_table=stack.tables["orders"],
        ledger_table=stack.tables["ledger"],
        stripe_url=stripe_url,
        direct=direct,
    )


def meter_refund(backend: Backend, name: str, *, other_sales: int = 1) -> RefundCost:
    """Make a full refund and meter each step.

    Args:
        backend: The studio, which has sold nothing yet.
        name: The kind of charge.
        other_sales: How many orders it sells beside the refunded one. Without any, it owes PPS
            Stripe's fee afterwards.

    Raises:
        AssertionError: The refund was not completed.
    """
    meter = Meter(
        backend.dynamodb,
        backend.sqs,
        backend.stripe_url,
        {backend.orders_table: "orders", backend.ledger_table: "ledger"},
    )
    for _ in range(other_sales):
        backend.sell()
    order_id = backend.sell()
    backend.stops.load()  # as in a process that has served a request before
    meter.start()

    def metered(step: Callable[[], object]) -> Consumption:
        step()
        return meter.read()

    steps = {REQUEST: metered(lambda: backend.refund(order_id))}
    events = backend.events()
    meter.start()
    told = [metered(partial(backend.deliver, [event])) for event in events]
    confirming = next(number for number, each in enumerate(told) if each.write_units)
    steps[CONFIRM] = told.pop(confirming)
    steps[OTHER_EVENTS] = total(told)
    (refund,) = backend.record(order_id).refunds.values()
    meter.start()
    steps[ADJUST] = metered(partial(backend.settle_refund, refund.order_key, refund.refund_id))
    has_fee = not ANNOUNCES.isdisjoint(steps[ADJUST].sqs)
    steps[FEE_REFUND] = (
        metered(partial(backend.refund_fee, refund.order_key)) if has_fee else Consumption()
    )
    if backend.current(refund).status is not RefundStatus.SETTLED or backend.open_work():
        raise AssertionError(f"the refund of the {name} did not come to its end")
    return RefundCost(name, steps, len(told))
