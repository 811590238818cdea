"""The flows whose every call is a place to stop at: what was before, and what happens."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.faults.world import MATCH, STUDIO, FaultWorld, sold_order, studio_record

_DAY_S = 24 * 3600
# From the middle of the month, when a world begins, to its end.
_UNTIL_PAYOUT_S = 17 * _DAY_S


@dataclass(frozen=True)
class Flow:
    """A flow.

    Attributes:
        functions: Whose calls are stopped at.
        before: What has happened already, undisturbed.
        act: What happens now, as it is done by whoever does it: a client that asks again, Stripe
            that delivers again, a queue, a schedule.
        client: Whether a client asks, who might give up instead of asking again.
        after: What goes on by itself, until nothing is under way.
    """

    name: str
    functions: tuple[str, ...]
    before: Callable[[FaultWorld], object]
    act: Callable[[FaultWorld], object]
    client: bool = False
    after: Callable[[FaultWorld], None] = FaultWorld.calm_down


def _sold(*, direct: bool = False) -> Callable[[FaultWorld], None]:
    def before(world: FaultWorld) -> None:
        world.studio()
        world.sell("ord_1", direct=direct)

    return before


def _requested(*, direct: bool = False, fault: str | None = None) -> Callable[[FaultWorld], None]:
    """Return a scene: a refund was asked for, and met a fault in Stripe, if any."""

    def before(world: FaultWorld) -> None:
        _sold(direct=direct)(world)
        if fault is not None:
            world.stripe.fault(fault)  # type: ignore[arg-type]  # one of the stand-in's
        world.refund("ord_1", "key-1", type="partial", amount=3333)

    return before


def _confirmed(*, direct: bool = False) -> Callable[[FaultWorld], None]:
    def before(world: FaultWorld) -> None:
        _requested(direct=direct)(world)
        world.deliver_news()

    return before


def _settled(*, direct: bool = False) -> Callable[[FaultWorld], None]:
    def before(world: FaultWorld) -> None:
        _confirmed(direct=direct)(world)
        world.calm_down()

    return before


def _refund_in_full(world: FaultWorld) -> None:
    world.refund("ord_1", "key-1", expected_refundable_amount=10_000)


def _refund_lines(world: FaultWorld) -> None:
    items = [{"line_id": "li_1", "quantity": 2}]
    world.refund("ord_1", "key-1", type="line_items", items=items, shipping=True)


def _most_refunded_outside(world: FaultWorld) -> None:
    _sold()(world)
    world.refund_outside("ord_1", 6000)


def _events(world: FaultWorld) -> None:
    world.deliver_news()


def _outside(world: FaultWorld) -> None:
    _sold()(world)
    world.refund_outside("ord_1", 2500)


def _fails_at_bank(world: FaultWorld) -> None:
    _requested(fault="pending")(world)
    world.deliver_news()
    (refund,) = world.stripe.standin.store.refunds
    world.stripe.move(refund.id, "failed")


def _fails_late(world: FaultWorld) -> None:
    _settled()(world)
    (refund,) = world.stripe.standin.store.refunds
    world.stripe.move(refund.id, "failed")


def _failed_late_in_the_books(world: FaultWorld) -> None:
    _settled(direct=True)(world)
    (refund,) = world.stripe.standin.store.refunds
    world.stripe.move(refund.id, "failed")
    world.deliver_news()


def _disputed(world: FaultWorld) -> None:
    _sold()(world)
    world.stripe.dispute("ch_1")


def _settle(world: FaultWorld) -> None:
    world.work_off("payout_adjust")


def _nothing_to_settle(world: FaultWorld) -> None:
    """Put a message into the queue that can never work."""
    _sold()(world)
    body = {
        "studio_id": STUDIO,
        "order_id": "ord_1",
        "refund_id": "rf_none",
        "correlation_id": "corr",
    }
    world.engine.sqs(
        "SendMessage",
        QueueUrl=world.engine.queue_url("AdjustQueue"),
        MessageGroupId=STUDIO,
        MessageDeduplicationId="rf_none",
        MessageBody=json.dumps(body),
    )


def _settled_but_for_the_fee(world: FaultWorld) -> None:
    _confirmed(direct=True)(world)
    world.work_off("payout_adjust")


def _refund_fee(world: FaultWorld) -> None:
    world.work_off("fee_refund")


def _cancel(world: FaultWorld) -> None:
    world.ask("POST", "/orders/ord_1/fulfillment/cancel")


def _print_and_ship(world: FaultWorld) -> None:
    for step in ("claim", "print", "ship"):
        world.ask("POST", f"/print-station/orders/ord_1/{step}")


def _import(world: FaultWorld) -> None:
    orders = [sold_order(f"ord_{number}", direct=number == 2) for number in range(1, 15)]
    for each in orders:
        world.charge(each)
    world.bring_in(studios=[studio_record()], orders=orders)


def _update(world: FaultWorld) -> None:
    world.bring_in(studios=[studio_record(payout_account_id="acct_new")], update=True)


def _due(world: FaultWorld) -> None:
    _settled()(world)
    world.time.pass_by(_UNTIL_PAYOUT_S)


def _due_and_refused(world: FaultWorld) -> None:
    _due(world)
    world.stripe.fault("insufficient_funds", "/v1/transfers")


def _due_and_comes_back(world: FaultWorld) -> None:
    _due(world)
    world.stripe.fault("fail_at_once", "/v1/transfers")


def _due_and_unknown(world: FaultWorld) -> None:
    _due(world)
    world.stripe.fault("status_500_after_effect", "/v1/transfers")


def _pay_out(world: FaultWorld) -> None:
    world.tick("run_payouts")
    world.time.pass_by(3600)
    world.tick("run_payouts")


def _lost(fault: str, *, hours: float = 0.1) -> Callable[[FaultWorld], None]:
    """Return a scene: Stripe's answer to a refund was a saved failure, some hours ago."""

    def before(world: FaultWorld) -> None:
        _requested(fault=fault)(world)
        world.stripe.news()  # nor did its events ever arrive
        world.time.pass_by(hours * 3600)

    return before


def _events_lost(world: FaultWorld) -> None:
    _requested()(world)
    world.stripe.news()
    world.time.pass_by(600)


def _message_lost(world: FaultWorld) -> None:
    _confirmed()(world)
    world.lose_messages("AdjustQueue")
    world.time.pass_by(600)


def _fee_message_lost(world: FaultWorld) -> None:
    _settled_but_for_the_fee(world)
    world.lose_messages("FeeRefundQueue")
    world.time.pass_by(600)


def _reconcile(world: FaultWorld) -> None:
    world.tick("reconcile")


def _only_stripe_knows(world: FaultWorld) -> None:
    """One refund failed late, another was made outside, and no event came."""
    _settled()(world)
    (refund,) = world.stripe.standin.store.refunds
    world.sell("ord_2", direct=True)
    world.stripe.move(refund.id, "failed")
    world.refund_outside("ord_2", 2500)
    world.stripe.news()
    world.time.pass_by(_DAY_S)


def _match(world: FaultWorld) -> None:
    world.tick("reconcile", {MATCH: True})


def _may_write(world: FaultWorld) -> None:
    _settled()(world)
    world.engine.verify_domain("lakeside.example")


def _write(world: FaultWorld) -> None:
    (refund_id,) = (each for each in world.refund_ids())
    world.ask(
        "POST",
        "/orders/ord_1/messages",
        {"template": "refund_confirmation", "refund_id": refund_id},
        "key-message",
    )


FLOWS = (
    Flow("request, full", ("refund_request",), _sold(), _refund_in_full, client=True),
    Flow(
        "request, lines, direct",
        ("refund_request",),
        _sold(direct=True),
        _refund_lines,
        client=True,
    ),
    Flow(
        "request, refused by Stripe",
        ("refund_request",),
        _most_refunded_outside,
        _refund_in_full,
        client=True,
    ),
    Flow("webhook, confirmed", ("stripe_webhook",), _requested(), _events),
    Flow("webhook, made outside", ("stripe_webhook",), _outside, _events),
    Flow("webhook, failed", ("stripe_webhook",), _fails_at_bank, _events),
    Flow("webhook, failed late", ("stripe_webhook",), _fails_late, _events),
    Flow("webhook, disputed", ("stripe_webhook",), _disputed, _events),
    Flow("adjust", ("payout_adjust",), _confirmed(), _settle),
    Flow("adjust, direct", ("payout_adjust",), _confirmed(direct=True), _settle),
    Flow("adjust, failed late", ("payout_adjust",), _failed_late_in_the_books, _settle),
    Flow("adjust, parked", ("payout_adjust",), _nothing_to_settle, _settle),
    Flow("fee refund", ("fee_refund",), _settled_but_for_the_fee, _refund_fee),
    Flow("fulfillment cancel", ("print_station",), _sold(), _cancel, client=True),
    Flow("print and ship", ("print_station",), _sold(), _print_and_ship),
    Flow("import", ("import_orders",), lambda _: None, _import),
    Flow("import, update", ("import_orders",), _sold(), _update),
    Flow("payout run", ("run_payouts",), _due, _pay_out),
    Flow("payout run, refused", ("run_payouts",), _due_and_refused, _pay_out),
    Flow("payout run, comes back", ("run_payouts",), _due_and_comes_back, _pay_out),
    Flow("payout run, unknown", ("run_payouts",), _due_and_unknown, _pay_out),
    Flow("reconcile, events lost", ("reconcile",), _events_lost, _reconcile),
    Flow("reconcile, saved failure", ("reconcile",), _lost("status_500_before_effect"), _reconcile),
    Flow(
        "reconcile, failure after effect",
        ("reconcile",),
        _lost("status_500_after_effect"),
        _reconcile,
    ),
    Flow(
        "reconcile, key forgotten",
        ("reconcile",),
        _lost("status_500_before_effect", hours=25),
        _reconcile,
    ),
    Flow("reconcile, message lost", ("reconcile",), _message_lost, _reconcile),
    Flow("reconcile, fee's message lost", ("reconcile",), _fee_message_lost, _reconcile),
    Flow("match", ("reconcile",), _only_stripe_knows, _match, after=FaultWorld.match_until_clean),
    Flow("message to the parent", ("send_message",), _may_write, _write, client=True),
)
