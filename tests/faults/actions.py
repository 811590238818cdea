"""The actions of flows: each is repeated as its caller would repeat it."""

from unittest.mock import patch

from functions.anchor_ledger import anchor_ledger
from tests.faults.world.functions import TimedContext
from tests.faults.world.import_records import ACCOUNT, charge_of, sold_order_record, studio_record
from tests.faults.world.world import RECONCILE, FaultWorld


def refund_in_full(world: FaultWorld) -> None:
    """The studio refunds all of the order."""
    world.client.request_refund("ord_1", "key-1", expected_refundable_amount=10_000)


def refund_lines(world: FaultWorld) -> None:
    """The studio refunds two prints and the shipping."""
    items = [{"line_id": "li_1", "quantity": 2}]
    world.client.request_refund("ord_1", "key-1", type="line_items", items=items, shipping=True)


def deliver_events(world: FaultWorld) -> None:
    """Stripe delivers its events."""
    world.events.deliver_due()


def settle(world: FaultWorld) -> None:
    """Lambda reads the settlement queue."""
    world.queues.process_batch("payout_adjust")


def refund_fee(world: FaultWorld) -> None:
    """Lambda reads the queue of application fees."""
    world.queues.process_batch("fee_refund")


def read_charges(world: FaultWorld) -> None:
    """Lambda reads the queue of charges."""
    world.queues.process_batch("verify_charge")


def cancel_fulfillment(world: FaultWorld) -> None:
    """The studio cancels the print."""
    world.client.request("POST", "/orders/ord_1/fulfillment/cancel")


def print_and_ship(world: FaultWorld) -> None:
    """The print station claims, prints and ships the order."""
    for step in ("claim", "print", "ship"):
        world.client.request("POST", f"/print-station/orders/ord_1/{step}")


def import_studio_and_orders(world: FaultWorld) -> None:
    """An operator imports a studio and 14 orders."""
    orders = [sold_order_record(f"ord_{number}", direct=number == 2) for number in range(1, 15)]
    for each in orders:
        world.stripe.seed_charge(charge_of(each))
    world.operator.import_all(studios=[studio_record()], orders=orders)


def update_studio(world: FaultWorld) -> None:
    """An operator imports the studio again, with a new payout account."""
    world.operator.import_studio(update=True, payout_account_id="acct_new")


def pay_out_twice(world: FaultWorld) -> None:
    """The hourly payout run runs twice."""
    world.pay_out()
    world.clock.wait(3600)
    world.pay_out()


def pay_out_now(world: FaultWorld) -> None:
    """An operator pays the studio between two payout days."""
    world.operator.act_on_payouts("pay_now")


def release_payouts(world: FaultWorld) -> None:
    """An operator releases the studio's payouts, and the next run pays."""
    world.operator.act_on_payouts("release")
    world.clock.wait(3600)
    world.pay_out()


def resume(world: FaultWorld) -> None:
    """The schedule resumes interrupted work."""
    world.resume()


def anchor(world: FaultWorld) -> None:
    """The schedule anchors the ledgers that changed."""
    world.anchor()


def anchor_in_parts(world: FaultWorld) -> None:
    """The same, but a worker has time for two entries only."""
    with (
        patch.object(anchor_ledger, "_ENTRIES_BETWEEN_LOOKS", 2),
        patch.object(TimedContext, "get_remaining_time_in_millis", lambda _: 0),
    ):
        world.anchor()


def reconnect_account(world: FaultWorld) -> None:
    """The studio connects its account again, and everything that waited ends."""
    world.stripe.change_access(ACCOUNT, "connected")
    world.run_until_idle()


def reconcile(world: FaultWorld) -> None:
    """The schedule announces the accounts that are due, and workers reconcile them."""
    world.call_scheduled(RECONCILE)
    while world.queues.process_batch(RECONCILE):
        pass


def prove_books(world: FaultWorld) -> None:
    """The schedule proves PPS's own books."""
    world.call_scheduled(RECONCILE, {"books": {}})


def send_message(world: FaultWorld) -> None:
    """The studio emails the parent about the refund."""
    (refund_id,) = world.refund_ids()
    world.client.request(
        "POST",
        "/orders/ord_1/messages",
        {"template": "refund_confirmation", "refund_id": refund_id},
        "key-message",
    )


def record_mail_events(world: FaultWorld) -> None:
    """Lambda reads the queue of SES's events."""
    world.queues.process_batch("mail_events")


def propose_adjustment(world: FaultWorld) -> None:
    """A PPS admin proposes to take $12.50 from the studio."""
    proposal = {"amount": -1250, "reason": "Prints that were billed twice"}
    world.client.request("POST", "/adjustments", proposal, "key-1", admin="ana")


def approve_adjustment(world: FaultWorld) -> None:
    """Another PPS admin approves the adjustment."""
    (adjustment_id,) = world.adjustment_ids()
    world.client.request("POST", f"/adjustments/{adjustment_id}/approve", admin="ben")


def reject_adjustment(world: FaultWorld) -> None:
    """Another PPS admin rejects the adjustment."""
    (adjustment_id,) = world.adjustment_ids()
    world.client.request("POST", f"/adjustments/{adjustment_id}/reject", admin="ben")
