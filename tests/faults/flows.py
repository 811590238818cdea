"""The flows that are crashed at every outside call.

To add a flow, write its scene in ``scenes.py``, its action in ``actions.py``, and a row in
``FLOWS``. The harness finds the outside calls by itself. Each function that writes must be in a
flow: ``test_crash_points.py`` checks it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from shared.clock import rfc3339, utc_now
from tests.faults import actions, scenes
from tests.faults.world.import_records import STUDIO
from tests.faults.world.world import RECONCILE, FaultWorld


@dataclass(frozen=True)
class Flow:
    """A flow.

    Attributes:
        function: The function that crashes.
        scene: What has already happened, without a fault.
        action: What happens now. Its caller repeats it: a client, Stripe, a queue or a schedule.
        client_may_give_up: Whether the caller is a client, who may also ask only once.
        afterwards: What happens by itself, until nothing is under way.
    """

    name: str
    function: str
    scene: Callable[[FaultWorld], None]
    action: Callable[[FaultWorld], None]
    client_may_give_up: bool = False
    afterwards: Callable[[FaultWorld], None] = FaultWorld.run_until_idle


def prove_to_the_end(world: FaultWorld) -> None:
    """Finish all work, and prove the books without a difference.

    Raises:
        AssertionError: There is one.
    """
    world.run_until_idle()
    problems = world.books_problems()
    assert problems == [], problems


def anchor_to_the_end(world: FaultWorld) -> None:
    """Finish all work, and let the run of the next day leave nothing to anchor.

    Raises:
        AssertionError: The newest anchor is not the ledger's head, or the ledger is still due.
    """
    world.run_until_idle()
    world.clock.wait(24 * 3600)
    world.anchor()
    head = world.ledger.load_head(STUDIO)
    newest = world.anchors.newest(STUDIO)
    assert newest is not None
    assert head is not None
    assert newest.head == head
    assert str(head.anchor_due_at) > rfc3339(utc_now())


_REQUEST_FLOWS = (
    Flow(
        "request, full",
        "refund_request",
        scenes.sold,
        actions.refund_in_full,
        client_may_give_up=True,
    ),
    Flow(
        "request, lines, direct",
        "refund_request",
        partial(scenes.sold, direct=True),
        actions.refund_lines,
        client_may_give_up=True,
    ),
    Flow(
        "request, refused by Stripe",
        "refund_request",
        scenes.mostly_refunded_in_dashboard,
        actions.refund_in_full,
        client_may_give_up=True,
    ),
)

_WEBHOOK_FLOWS = (
    Flow("webhook, confirmed", "stripe_webhook", scenes.requested, actions.deliver_events),
    Flow(
        "webhook, external refund",
        "stripe_webhook",
        scenes.externally_refunded,
        actions.deliver_events,
    ),
    Flow("webhook, failed", "stripe_webhook", scenes.failed_at_bank, actions.deliver_events),
    Flow(
        "webhook, failed late",
        "stripe_webhook",
        scenes.failed_after_settlement,
        actions.deliver_events,
    ),
    Flow("webhook, disputed", "stripe_webhook", scenes.disputed, actions.deliver_events),
    Flow("webhook, account left", "stripe_webhook", scenes.account_left, actions.deliver_events),
    Flow(
        "webhook, transfer taken back",
        "stripe_webhook",
        scenes.transfer_taken_back,
        actions.deliver_events,
    ),
)

_SETTLEMENT_FLOWS = (
    Flow("adjust", "payout_adjust", scenes.confirmed, actions.settle),
    Flow("adjust, direct", "payout_adjust", partial(scenes.confirmed, direct=True), actions.settle),
    Flow("adjust, failed late", "payout_adjust", scenes.late_failure_recorded, actions.settle),
    Flow("adjust, a batch", "payout_adjust", scenes.batch_confirmed, actions.settle),
    Flow("adjust, parked", "payout_adjust", scenes.hopeless_message, actions.settle),
    Flow("fee refund", "fee_refund", scenes.settled_without_fee_refund, actions.refund_fee),
)

_CHARGE_FLOWS = (
    Flow("charges after an import", "verify_charge", scenes.imported, actions.read_charges),
    Flow("charge, disputed", "verify_charge", scenes.dispute_announced, actions.read_charges),
    Flow(
        "charge, disputed, direct",
        "verify_charge",
        partial(scenes.dispute_announced, direct=True),
        actions.read_charges,
    ),
    Flow("charge, dispute won", "verify_charge", scenes.disputed_and_won, actions.read_charges),
    Flow(
        "request, not verified yet",
        "refund_request",
        scenes.not_verified,
        actions.refund_in_full,
        client_may_give_up=True,
    ),
    Flow(
        "resume, charge's message lost",
        "resume_pending",
        scenes.charge_message_lost,
        actions.resume,
    ),
)

_FULFILLMENT_FLOWS = (
    Flow(
        "fulfillment cancel",
        "print_station",
        scenes.sold,
        actions.cancel_fulfillment,
        client_may_give_up=True,
    ),
    Flow("print and ship", "print_station", scenes.sold, actions.print_and_ship),
)

_IMPORT_FLOWS = (
    Flow("import", "import_orders", scenes.nothing, actions.import_studio_and_orders),
    Flow("import, update", "import_orders", scenes.sold, actions.update_studio),
    Flow(
        "import, update releases payouts",
        "import_orders",
        scenes.payouts_on_hold,
        actions.update_studio,
    ),
)

_PAYOUT_FLOWS = (
    Flow("payout run", "run_payouts", scenes.payout_due, actions.pay_out_twice),
    Flow(
        "payout run, refused",
        "run_payouts",
        partial(scenes.payout_due, transfer_fault="insufficient_funds"),
        actions.pay_out_twice,
    ),
    Flow(
        "payout run, reversed",
        "run_payouts",
        partial(scenes.payout_due, transfer_fault="fail_at_once"),
        actions.pay_out_twice,
    ),
    Flow(
        "payout run, outcome unknown",
        "run_payouts",
        partial(scenes.payout_due, transfer_fault="status_500_after_effect"),
        actions.pay_out_twice,
    ),
    Flow(
        "payout run, account closed",
        "run_payouts",
        scenes.account_closed,
        actions.pay_out_twice,
    ),
    Flow(
        "payout run, transfer taken back",
        "run_payouts",
        partial(scenes.transfer_taken_back, told=True),
        actions.pay_out_twice,
    ),
    Flow("payout now", "run_payouts", scenes.settled_a_minute_ago, actions.pay_out_now),
    Flow("payouts released", "run_payouts", scenes.payouts_on_hold, actions.release_payouts),
)

_RESUME_FLOWS = (
    Flow("resume, events lost", "resume_pending", scenes.events_lost, actions.resume),
    Flow(
        "resume, saved failure",
        "resume_pending",
        partial(scenes.answer_and_events_lost, stripe_fault="status_500_before_effect"),
        actions.resume,
    ),
    Flow(
        "resume, failure after effect",
        "resume_pending",
        partial(scenes.answer_and_events_lost, stripe_fault="status_500_after_effect"),
        actions.resume,
    ),
    Flow(
        "resume, key expired",
        "resume_pending",
        # Stripe keeps idempotency keys for 24 hours.
        partial(scenes.answer_and_events_lost, stripe_fault="status_500_before_effect", hours=25),
        actions.resume,
    ),
    Flow(
        "resume, account left",
        "resume_pending",
        scenes.account_left_silently,
        actions.resume,
        afterwards=actions.reconnect_account,
    ),
    Flow("resume, message lost", "resume_pending", scenes.settlement_message_lost, actions.resume),
    Flow(
        "resume, fee's message lost",
        "resume_pending",
        scenes.fee_refund_message_lost,
        actions.resume,
    ),
)

_ANCHOR_FLOWS = (
    Flow(
        "anchor",
        "anchor_ledger",
        scenes.sold_after_an_anchor,
        actions.anchor,
        afterwards=anchor_to_the_end,
    ),
    Flow(
        "anchor, in parts",
        "anchor_ledger",
        scenes.sold_yesterday,
        actions.anchor_in_parts,
        afterwards=anchor_to_the_end,
    ),
)

_RECONCILE_FLOWS = (
    Flow(
        "reconcile",
        RECONCILE,
        scenes.unknown_to_the_books,
        actions.reconcile,
        afterwards=FaultWorld.reconcile_until_clean,
    ),
    Flow("books", RECONCILE, scenes.settled, actions.prove_books, afterwards=prove_to_the_end),
)

_MESSAGE_FLOWS = (
    Flow(
        "message to the parent",
        "send_message",
        scenes.settled_with_verified_domain,
        actions.send_message,
        client_may_give_up=True,
    ),
    Flow("mail event", "mail_events", scenes.message_bounced, actions.record_mail_events),
)

_ADJUSTMENT_FLOWS = (
    Flow(
        "adjustment, proposed",
        "adjustments",
        scenes.sold,
        actions.propose_adjustment,
        client_may_give_up=True,
    ),
    Flow(
        "adjustment, approved",
        "adjustments",
        scenes.adjustment_proposed,
        actions.approve_adjustment,
        client_may_give_up=True,
    ),
    Flow(
        "adjustment, rejected",
        "adjustments",
        scenes.adjustment_proposed,
        actions.reject_adjustment,
        client_may_give_up=True,
    ),
)

FLOWS = (
    *_REQUEST_FLOWS,
    *_WEBHOOK_FLOWS,
    *_SETTLEMENT_FLOWS,
    *_CHARGE_FLOWS,
    *_FULFILLMENT_FLOWS,
    *_IMPORT_FLOWS,
    *_PAYOUT_FLOWS,
    *_RESUME_FLOWS,
    *_ANCHOR_FLOWS,
    *_RECONCILE_FLOWS,
    *_MESSAGE_FLOWS,
    *_ADJUSTMENT_FLOWS,
)
