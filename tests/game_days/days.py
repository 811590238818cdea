"""The five bad days."""

import json
import uuid
from collections.abc import Callable

from tests.e2e.world import PLATFORM_STUDIO, until
from tests.game_days.desk import BY, Desk

# The functions that read Stripe's key, and keep it for five minutes.
_CALL_STRIPE = (
    *("refund_request", "stripe_webhook", "fee_refund", "verify_charge"),
    *("resume_pending", "reconcile", "run_payouts"),
)


def stripe_down(desk: Desk) -> None:
    """Stripe hangs up on every call about an order."""
    lost, next_order = desk.sell(), desk.sell()
    desk.happens("Stripe hangs up. A studio refunds an order.")
    desk.faults(lost, "reset_before_effect")
    refund = desk.refund(lost)
    desk.look("The alarm is StripeFailingAlarm. The refund reads Pending, its outcome unknown.")
    desk.expect("refund", refund["status"], "requested")
    desk.operate("resume", status=1)

    desk.mend("Stop new refunds until Stripe is back, and tell the studios.")
    notice = "Stripe has an outage. Refunds are possible again when it is over."
    desk.operate("stop", "refunds", "--notice", notice, *BY)
    desk.wait_for_a_stop()
    desk.expect("a new refund", desk.ask_for_refund(next_order), (409, "refunds_stopped"))
    desk.operate("stops")

    desk.mend("Stripe is back. Start refunds, and resume what was interrupted.")
    desk.no_faults()
    desk.operate("start", "refunds", *BY)
    desk.operate("resume")
    desk.settled(refund)
    until(lambda: _refunded(desk, next_order), "refunds are possible again", seconds=90)


def wrong_key(desk: Desk) -> None:
    """Somebody stores a wrong API key of Stripe."""
    open_order, refused = desk.sell(), desk.sell()
    with desk.world.webhooks_held():
        open_refund = desk.refund(open_order)
        secrets, arn = desk.world.stack.aws.secrets, _key_secret(desk)
        right = secrets.get_secret_value(SecretId=arn)["SecretString"]
        desk.happens("The secret gets a wrong key. A studio refunds another order.")
        try:
            secrets.put_secret_value(SecretId=arn, SecretString='{"api_key": "sk_test_wrong"}')
            _restart(desk)
            desk.expect("a new refund", desk.ask_for_refund(refused), (502, "stripe_refused"))
            desk.look("The alarm is StripeUnauthorizedAlarm. Nothing was refunded or reserved.")
            desk.look("A refund that had begun waits:")
            desk.operate("resume", status=1)
        finally:
            desk.mend("Store the right key. Functions take it within five minutes; here, at once.")
            secrets.put_secret_value(SecretId=arn, SecretString=right)
            _restart(desk)
        desk.operate("resume")
    desk.settled(open_refund)
    desk.settled(desk.refund(refused))


def poisoned_queue(desk: Desk) -> None:
    """A message that can never be processed is in the queue of settlements."""
    order_id = desk.sell()
    refund = desk.refund(order_id)
    desk.settled(refund)
    desk.happens("A message names a refund that does not exist.")
    wrong = f"rf_{uuid.uuid4().hex}"
    ids = {"studio_id": PLATFORM_STUDIO, "order_id": order_id, "refund_id": wrong}
    desk.world.stack.aws.sqs.send_message(
        QueueUrl=desk.world.stack.queues["adjust"],
        MessageBody=json.dumps({**ids, "correlation_id": "game-day"}),
        MessageGroupId=PLATFORM_STUDIO,
        MessageDeduplicationId=wrong,
    )
    desk.look("The alarm is AdjustDLQAlarm. The function parked the message with its reason:")
    parked = until(lambda: _parked(desk, wrong), "the message is parked", seconds=120)
    desk.tell(f"    {parked['reason']}")
    desk.mend("Correct the message, and send it back. The refund is settled already: no harm.")
    correction = ("--set", f"refund_id={refund['refund_id']}")
    fixed = desk.operate("dead-letters", "fix", parked["message_id"], *correction, "--json")
    message_id = json.loads(fixed)["message_id"]
    desk.operate("dead-letters", "redrive", message_id, "--by", "game_day")
    entries = desk.world.entries_of(order_id)
    desk.expect("entries of the refund", sum(e["kind"] == "refund" for e in entries), 1)


def lost_hour(desk: Desk) -> None:
    """The tables lose an hour in which a refund was made."""
    order_id = desk.sell()
    with desk.before_the_damage() as at:
        refund = desk.refund(order_id)
        desk.settled(refund)
        desk.happens(f"A bad deployment damages all that both tables got since {at:%H:%M:%S}.")
        desk.look("docs/restore.md has the four steps.")
        desk.mend("Put the tables back to the second before, and replay what Stripe did since.")
        desk.restore(at)
    desk.look("The refund is back under its own id, and Stripe made it once:")
    desk.settled(refund)


def rewritten_ledger(desk: Desk) -> None:
    """An administrator changes an entry of a studio's ledger."""
    order_id = desk.sell()
    refund = desk.refund(order_id)
    desk.settled(refund)
    with desk.before_the_damage() as at:
        desk.happens("Somebody gives a studio $50.00 by changing an entry in the table.")
        _rewrite_last_entry(desk)
        desk.look("The alarm is AnchorMismatchAlarm, within a day. This tells at once:")
        desk.operate("verify-ledger", "--studio", PLATFORM_STUDIO, status=1)
        desk.mend("Stop refunds and payouts until you know who did it. Then put the tables back.")
        for activity in ("refunds", "payouts"):
            desk.operate("stop", activity, *BY)
        desk.restore(at)
        for activity in ("refunds", "payouts"):
            desk.operate("start", activity, *BY)


DAYS: dict[str, Callable[[Desk], None]] = {
    "stripe-down": stripe_down,
    "wrong-key": wrong_key,
    "poisoned-queue": poisoned_queue,
    "lost-hour": lost_hour,
    "rewritten-ledger": rewritten_ledger,
}


def _refunded(desk: Desk, order_id: str) -> bool | None:
    status, code = desk.ask_for_refund(order_id)
    if status == 201 or code == "nothing_refundable":
        return bool(desk.world.entries_of(order_id)[1:]) or None
    return None


def _key_secret(desk: Desk) -> str:
    return desk.world.environment("refund_request")["STRIPE_SECRET_ARN"]


def _restart(desk: Desk) -> None:
    """Give the functions new processes, which read the key again."""
    lambda_ = desk.world.stack.aws.lambda_
    for name in _CALL_STRIPE:
        function = desk.world.stack.functions[name]
        same = lambda_.get_function_configuration(FunctionName=function)["Timeout"]
        lambda_.update_function_configuration(FunctionName=function, Timeout=same)


def _parked(desk: Desk, about: str) -> dict[str, str] | None:
    letters = json.loads(desk.run(("dead-letters", "show", "--json")).output)
    return next((each for each in letters if about in json.dumps(each)), None)


def _rewrite_last_entry(desk: Desk) -> None:
    dynamodb, table = desk.world.stack.aws.dynamodb, desk.world.stack.tables["ledger"]
    last = desk.world.entries()[-1]
    key = {"PK": {"S": f"STUDIO#{PLATFORM_STUDIO}"}, "SK": {"S": f"ENTRY#{int(last['seq']):012d}"}}
    dynamodb.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET net_amount = net_amount + :more",
        ExpressionAttributeValues={":more": {"N": "5000"}},
    )
