"""``smoke``: refunds $100.00 through a stack in Stripe's test mode, and checks each cent."""

import time
from typing import Annotated, Any

import typer

from infra.failure import Failure
from infra.operate.options import StackName
from infra.operate.output import print_line, progress
from infra.operate.smoke.orders import REV_SHARE, STUDIO, TOTAL, sell, test_mode_client
from infra.operate.smoke.user import SmokeUser, signed_in, wait_for
from infra.operate.stack import OperatedStack, find_stack
from shared.gateways.ledger_entries import read_contents

_STUDIO_ID = str(STUDIO["studio_id"])
# Of Stripe's events about a refund, the webhook handles one itself and hands another to
# `verify_charge`. Whichever comes first confirms the refund.
_ON_EVENTS = {"stripe_webhook", "verify_charge"}
# The import's verification of the charge lists its refunds right after it entered the sale. It
# would find this one, too, and nobody could tell that no event came.
_VERIFIED_SECONDS = 2
_FULL = {"type": "full"}


def smoke(
    stack: StackName = None,
    *,
    within_seconds: Annotated[
        float, typer.Option("--within", metavar="SECONDS", help="The longest wait for each step.")
    ] = 90,
) -> None:
    """Sell and refund $100.00 in Stripe's test mode, and check every step to the cent.

    The studio st_smoke keeps the orders. It can be run again at any time.
    """
    operated = find_stack(stack)
    client = test_mode_client(operated)
    with progress.stage("charge and import"):
        order = sell(operated, client)
    with signed_in(operated, _STUDIO_ID) as user:
        with progress.stage("sale"):
            wait_for(lambda: _paid(user, order), "the sale", within_seconds=within_seconds)
            time.sleep(_VERIFIED_SECONDS)
        with progress.stage("refund"):
            refund = _request(user, order)
        with progress.stage("webhook and settlement"):
            refund = wait_for(
                lambda: _settled(user, refund),
                f"Stripe's webhook and the settlement of {refund['refund_id']}",
                within_seconds=within_seconds,
            )
        with progress.stage("ledger and next payout"):
            fee = _check_ledger(operated, order, refund)
            _check_next_payout(user, refund)
    print_line(
        f"$100.00 refunded: share reversed {REV_SHARE}, Stripe's fee kept {fee}, deduction "
        f"{REV_SHARE - TOTAL} (cents), {refund['refund_id']}."
    )


def _paid(user: SmokeUser, order: dict[str, Any]) -> bool | None:
    shown = user.get(f"orders/{order['order_id']}")
    status = shown["payment_status"]
    if status not in {"paid", "unverified", "pending"}:
        raise Failure(f"The charge of {order['order_id']} is {status}.")
    return status == "paid" or None


def _request(user: SmokeUser, order: dict[str, Any]) -> dict[str, Any]:
    path = f"orders/{order['order_id']}/refunds"
    preview = user.post(f"{path}/preview", _FULL)
    _expect("the preview's refund", preview["refund_amount"], TOTAL)
    body = _FULL | {"reason": "parent_changed_mind"}
    refund: dict[str, Any] = user.post(path, body, order["order_id"])
    again = user.post(path, body, order["order_id"])
    _expect("the same request again", again["refund_id"], refund["refund_id"])
    return refund


def _settled(user: SmokeUser, refund: dict[str, Any]) -> dict[str, Any] | None:
    """Return the settled refund, or None if it is still on its way.

    Raises:
        Failure: It failed, or something other than Stripe's events moved it on.
    """
    path = f"orders/{refund['order_id']}/refunds/{refund['refund_id']}"
    now: dict[str, Any] = user.get(path)
    if now["status"] in {"failed", "canceled"}:
        raise Failure(f"The refund {refund['refund_id']} {now['status']}: {now['failure_detail']}")
    if now["status"] != "settled":
        return None
    by = {each["by"] for each in now["history"] if each["status"] == "succeeded"}
    if not by or by - _ON_EVENTS:
        raise Failure(
            f"The refund settled, but {', '.join(sorted(by))} confirmed it and no event of "
            "Stripe's. Check the webhook endpoint at Stripe, and the signing secrets."
        )
    return now


def _check_ledger(stack: OperatedStack, order: dict[str, Any], refund: dict[str, Any]) -> int:
    """Check the order's entries, and return the fee that Stripe kept, in cents."""
    table = stack.output("LedgerTableName")
    entries = {
        str(entry["kind"]): entry
        for entry in read_contents(stack.aws.dynamodb, table, _STUDIO_ID)
        if entry.get("order_id") == order["order_id"]
    }
    _expect("the order's ledger entries", sorted(entries), ["refund", "sale"])
    fee = int(order["stripe_fee_amount"])
    for kind, expected in {
        "sale": {"gross_amount": TOTAL, "rev_share_amount": -REV_SHARE},
        "refund": {
            "refund_id": refund["refund_id"],
            "gross_amount": -TOTAL,
            "rev_share_amount": REV_SHARE,
            "net_amount": REV_SHARE - TOTAL,
            "stripe_fee_retained_amount": fee,
        },
    }.items():
        for name, value in expected.items():
            _expect(f"{name} of the {kind}", entries[kind][name], value)
    return fee


def _check_next_payout(user: SmokeUser, refund: dict[str, Any]) -> None:
    cursor = ""
    while True:
        page = user.get(f"payouts/next?lines=deductions{cursor}")
        for line in page["lines"]:
            if line["refund_id"] == refund["refund_id"]:
                _expect("the deduction line", line["payable_amount"], REV_SHARE - TOTAL)
                return
        if page["next_cursor"] is None:
            raise Failure(f"The next payout has no deduction line for {refund['refund_id']}.")
        cursor = f"&cursor={page['next_cursor']}"


def _expect(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise Failure(f"Expected {what} to be {expected}, but it is {found}.")
