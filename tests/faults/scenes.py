"""The scenes that flows begin with: what has already happened, without a fault."""

import json

from infra.stripe_standin.faults import FaultName
from tests.faults.world.import_records import ACCOUNT, STUDIO, charge_of, sold_order_record
from tests.faults.world.world import FaultWorld
from tests.ses_events import ses_event

_DAY_SECONDS = 24 * 3600
_RESUME_AFTER_SECONDS = 600
# A world begins in the middle of the month, and the studio is paid out at the end.
_SECONDS_UNTIL_PAYOUT = 17 * _DAY_SECONDS

TRANSFERS_PATH = "/v1/transfers"


def nothing(_: FaultWorld) -> None:
    """Nothing has happened yet."""


def sold(world: FaultWorld, *, direct: bool = False) -> None:
    """The studio has sold an order of $100.00."""
    world.operator.import_studio()
    world.sell("ord_1", direct=direct)


def sold_yesterday(world: FaultWorld) -> None:
    """The studio has sold four orders, and the day has ended. Its ledger has no anchor."""
    sold(world)
    for number in (2, 3, 4):
        world.sell(f"ord_{number}")
    world.run_until_idle()
    world.clock.wait(_DAY_SECONDS)


def sold_after_an_anchor(world: FaultWorld) -> None:
    """The studio has sold an order since its ledger was anchored."""
    sold_yesterday(world)
    world.anchor()
    world.sell("ord_5")
    world.clock.wait(_DAY_SECONDS)


def mostly_refunded_in_dashboard(world: FaultWorld) -> None:
    """An external refund leaves too little for a full one, and its event has not come yet."""
    sold(world)
    world.stripe.refund_in_dashboard("ord_1", 6000)


def externally_refunded(world: FaultWorld) -> None:
    """Someone has refunded a part in Stripe's dashboard."""
    sold(world)
    world.stripe.refund_in_dashboard("ord_1", 2500)


def disputed(world: FaultWorld) -> None:
    """The parent has disputed the charge."""
    sold(world)
    world.stripe.open_dispute("ord_1")


def disputed_and_won(world: FaultWorld) -> None:
    """The parent's dispute of a direct charge is in the books, and the bank has decided against."""
    sold(world, direct=True)
    dispute_id = world.stripe.open_dispute("ord_1")
    world.run_until_idle()
    world.stripe.move_dispute(dispute_id, "won")
    world.events.deliver_due()


def dispute_announced(world: FaultWorld, *, direct: bool = False) -> None:
    """The webhook has announced that a charge is disputed."""
    sold(world, direct=direct)
    world.stripe.open_dispute("ord_1")
    world.events.deliver_due()


def imported(world: FaultWorld) -> None:
    """Orders are imported, and their charges are to be read. One has an external refund."""
    world.operator.import_studio()
    orders = [sold_order_record(f"ord_{number}", direct=number == 2) for number in range(1, 4)]
    for each in orders:
        world.stripe.seed_charge(charge_of(each))
    world.stripe.refund_in_dashboard("ord_1", 2500)
    world.stripe.new_events()
    world.operator.import_all(orders=orders)


def charge_message_lost(world: FaultWorld) -> None:
    """Orders are imported, and the messages to read their charges are lost."""
    imported(world)
    world.queues.lose_messages("ChargeQueue")
    world.clock.wait(_RESUME_AFTER_SECONDS)


def not_verified(world: FaultWorld) -> None:
    """An order is imported, and nothing has read its charge."""
    world.operator.import_studio()
    record = sold_order_record("ord_1")
    world.stripe.seed_charge(charge_of(record))
    world.operator.import_all(orders=[record])
    world.queues.lose_messages("ChargeQueue")


def requested(
    world: FaultWorld, *, direct: bool = False, stripe_fault: FaultName | None = None
) -> None:
    """A refund was requested, and Stripe met a fault or none."""
    sold(world, direct=direct)
    if stripe_fault is not None:
        world.stripe.add_fault(stripe_fault)
    world.client.request_refund("ord_1", "key-1", type="partial", amount=3333)


def confirmed(world: FaultWorld, *, direct: bool = False) -> None:
    """Stripe's event has confirmed the refund."""
    requested(world, direct=direct)
    world.events.deliver_due()


def settled(world: FaultWorld, *, direct: bool = False) -> None:
    """The refund is settled, and nothing is under way."""
    confirmed(world, direct=direct)
    world.run_until_idle()


def settled_without_fee_refund(world: FaultWorld) -> None:
    """The refund is settled; the message about its application fee waits in the queue."""
    confirmed(world, direct=True)
    world.queues.process_batch("payout_adjust")


def failed_at_bank(world: FaultWorld) -> None:
    """A pending refund has failed at the parent's bank."""
    requested(world, stripe_fault="pending")
    world.events.deliver_due()
    world.stripe.move_refund(world.stripe.only_refund().id, "failed")


def failed_after_settlement(world: FaultWorld, *, direct: bool = False) -> None:
    """A settled refund has failed late, and the event is on its way."""
    settled(world, direct=direct)
    world.stripe.move_refund(world.stripe.only_refund().id, "failed")


def late_failure_recorded(world: FaultWorld) -> None:
    """The webhook has recorded that a settled refund failed late."""
    failed_after_settlement(world, direct=True)
    world.events.deliver_due()


def batch_confirmed(world: FaultWorld) -> None:
    """One order has a late failure and two confirmed refunds, another one has one; both direct."""
    failed_after_settlement(world, direct=True)
    world.sell("ord_2", direct=True)
    for order_id, amount in (("ord_1", 2000), ("ord_2", 10_000), ("ord_1", 1001)):
        world.client.request_refund(order_id, f"key-{amount}", type="partial", amount=amount)
    world.events.deliver_due()


def hopeless_message(world: FaultWorld) -> None:
    """The settlement queue has a message about a refund that does not exist."""
    sold(world)
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


def payout_due(world: FaultWorld, *, transfer_fault: FaultName | None = None) -> None:
    """The studio's payout is due, and its transfer will meet a fault or none."""
    settled(world)
    world.clock.wait(_SECONDS_UNTIL_PAYOUT)
    if transfer_fault is not None:
        world.stripe.add_fault(transfer_fault, TRANSFERS_PATH)


def settled_a_minute_ago(world: FaultWorld) -> None:
    """The refund is settled, and a payout up to now has it."""
    settled(world)
    world.clock.wait(60)


def account_closed(world: FaultWorld) -> None:
    """The studio's payout is due, and Stripe cannot pay its account."""
    settled(world)
    world.operator.import_studio(update=True, payout_account_id="closed_account")
    world.clock.wait(_SECONDS_UNTIL_PAYOUT)


def account_left(world: FaultWorld) -> None:
    """The studio has disconnected its account."""
    settled(world, direct=True)
    world.stripe.change_access(ACCOUNT, "deauthorized")


def account_left_silently(world: FaultWorld) -> None:
    """A refund was requested, then the studio disconnected its account, and no event came."""
    requested(world, direct=True)
    world.stripe.change_access(ACCOUNT, "deauthorized")
    world.stripe.new_events()
    world.clock.wait(_RESUME_AFTER_SECONDS)


def payouts_on_hold(world: FaultWorld) -> None:
    """Stripe could not pay the studio's account, and its payouts are on hold."""
    account_closed(world)
    world.pay_out()


def transfer_taken_back(world: FaultWorld, *, told: bool = False) -> None:
    """The studio was paid, and a part was taken back. The event is on its way, or was delivered."""
    payout_due(world)
    world.pay_out()
    world.run_until_idle()
    world.stripe.reverse_transfer(world.stripe.only_transfer().id, 1000)
    if told:
        world.events.deliver_due()


def answer_and_events_lost(
    world: FaultWorld, *, stripe_fault: FaultName, hours: float = 0.1
) -> None:
    """Some hours ago Stripe's answer was a saved failure, and no event came."""
    requested(world, stripe_fault=stripe_fault)
    world.stripe.new_events()
    world.clock.wait(hours * 3600)


def events_lost(world: FaultWorld) -> None:
    """A refund was requested, and no event came."""
    requested(world)
    world.stripe.new_events()
    world.clock.wait(_RESUME_AFTER_SECONDS)


def settlement_message_lost(world: FaultWorld) -> None:
    """The refund is confirmed, and the message to settle it is lost."""
    confirmed(world)
    world.queues.lose_messages("AdjustQueue")
    world.clock.wait(_RESUME_AFTER_SECONDS)


def fee_refund_message_lost(world: FaultWorld) -> None:
    """The refund is settled, and the message to refund its application fee is lost."""
    settled_without_fee_refund(world)
    world.queues.lose_messages("FeeRefundQueue")
    world.clock.wait(_RESUME_AFTER_SECONDS)


def unknown_to_the_books(world: FaultWorld) -> None:
    """One refund failed late, another is external, and no event came for either."""
    settled(world)
    refund = world.stripe.only_refund()
    world.sell("ord_2", direct=True)
    world.stripe.move_refund(refund.id, "failed")
    world.stripe.refund_in_dashboard("ord_2", 2500)
    world.stripe.new_events()
    world.clock.wait(_DAY_SECONDS)


def settled_with_verified_domain(world: FaultWorld) -> None:
    """The refund is settled, and SES may send from the studio's domain."""
    settled(world)
    world.engine.verify_domain("lakeside.example")


def message_bounced(world: FaultWorld) -> None:
    """The studio has emailed the parent, and SES says that the mail bounced."""
    settled_with_verified_domain(world)
    (refund_id,) = world.refund_ids()
    body = {"template": "refund_confirmation", "refund_id": refund_id}
    path = "/orders/ord_1/messages"
    _, message = world.client.request("POST", path, body, "key-message")
    ids = {"studio_id": STUDIO, "order_id": "ord_1", "message_id": message["message_id"]}
    world.engine.sqs(
        "SendMessage",
        QueueUrl=world.engine.queue_url("MailEventQueue"),
        MessageBody=ses_event("Bounce", ids, message["ses_message_id"]),
    )


def adjustment_proposed(world: FaultWorld) -> None:
    """A refund waits to be settled, and a PPS admin has proposed an adjustment."""
    sold(world)
    world.client.request_refund("ord_1", "key-0", type="partial", amount=3333)
    world.events.deliver_due()
    proposal = {"amount": -1250, "reason": "Prints that were billed twice"}
    world.client.request("POST", "/adjustments", proposal, "key-2", admin="ana")
