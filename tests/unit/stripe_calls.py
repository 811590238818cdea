"""All calls to Stripe by name, each with the object that it asks for."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from shared.domain.fee_refund import FeeRefund
from shared.domain.payout import Payout, PayoutStatus
from shared.domain.stripe_balance import MovementType
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.balance import StripeBalance
from shared.gateways.stripe.connection import StripeConnection
from shared.gateways.stripe.events import StripeEvents
from shared.gateways.stripe.fee_refunds import StripeFeeRefunds
from shared.gateways.stripe.refunds import StripeRefunds
from shared.gateways.stripe.transfers import StripeTransfers
from tests.unit.orders import AT, hundred_dollars, refund_of
from tests.unit.scripted_stripe import HttpAnswer, json_answer

SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 8, tzinfo=UTC)
REFUND = refund_of(hundred_dollars(), "rf_1", 2500)
FEE = FeeRefund(
    "ord_1", "st_1", "fee_1", target_amount=375, in_flight_amount=375, attempt=1, attempt_at=AT
)
PAYOUT = Payout(
    payout_id="po_st_1_2026-10-14",
    studio_id="st_1",
    currency="usd",
    period_start="2026-10-08",
    period_end="2026-10-14",
    period_started_at="2026-10-08T05:00:00.000Z",
    period_ended_at="2026-10-15T05:00:00.000Z",
    first_seq=1,
    last_seq=2,
    entry_seq=3,
    carried_in_amount=0,
    total_amount=8180,
    paid_amount=8180,
    carried_amount=0,
    status=PayoutStatus.TRANSFERRING,
    closed_at=AT,
    account_id="acct_1",
    attempt=1,
    attempt_at=AT,
)

REFUND_OBJECT = {
    "object": "refund",
    "id": "re_1",
    "charge": "ch_1",
    "status": "succeeded",
    "amount": 2500,
    "currency": "usd",
    "created": 1_792_000_000,
    "metadata": {},
}
FEE_REFUND_OBJECT = {
    "object": "fee_refund",
    "id": "fr_1",
    "fee": "fee_1",
    "amount": 375,
    "metadata": {"key": FEE.idempotency_key},
}
FEE_OBJECT = {"object": "application_fee", "id": "fee_1", "charge": "ch_1", "amount_refunded": 0}
TRANSFER_OBJECT = {
    "object": "transfer",
    "id": "tr_1",
    "amount": 8180,
    "amount_reversed": 0,
    "transfer_group": PAYOUT.payout_id,
    "destination": "acct_1",
}
MOVEMENT_OBJECT = {
    "object": "balance_transaction",
    "id": "txn_1",
    "type": "refund",
    "amount": -2500,
    "currency": "usd",
    "created": 1_792_000_000,
    "source": REFUND_OBJECT,
}
ACCOUNT_OBJECT = {"object": "account", "id": "acct_1"}
EVENT_OBJECT = {"object": "event", "id": "evt_1", "type": "refund.created"}

type Call = Callable[[StripeConnection], object]
# Calls by name, each with the object that it asks for.
type Calls = dict[str, tuple[Call, Mapping[str, object]]]


def a_list(*objects: object, more: bool = False) -> dict[str, object]:
    return {"object": "list", "url": "/v1/things", "has_more": more, "data": list(objects)}


def create_first(connection: StripeConnection) -> object:
    return StripeRefunds(connection).create(REFUND, first=True, retry=False)


def create_first_with_retry(connection: StripeConnection) -> object:
    return StripeRefunds(connection).create(REFUND, first=True)


def create_again(connection: StripeConnection) -> object:
    return StripeRefunds(connection).create(REFUND, retry=False)


def refund_fee(connection: StripeConnection) -> None:
    StripeFeeRefunds(connection).create(FEE)


def transfer(connection: StripeConnection) -> object:
    return StripeTransfers(connection).create(PAYOUT)


def list_transfers_of_payout(connection: StripeConnection) -> object:
    return StripeTransfers(connection).list_of_payout(PAYOUT.payout_id)


READS: Calls = {
    "get a refund": (lambda c: StripeRefunds(c).get("re_1", None), REFUND_OBJECT),
    "get a transfer": (lambda c: StripeTransfers(c).get("tr_1"), TRANSFER_OBJECT),
    "get an account": (lambda c: StripeAccounts(c).is_connected("acct_1"), ACCOUNT_OBJECT),
    "get a fee": (lambda c: StripeFeeRefunds(c).get_fee("fee_1"), FEE_OBJECT),
}
LISTS: Calls = {
    "list a charge's refunds": (
        lambda c: StripeRefunds(c).list_of_charge("ch_1", "acct_1"),
        REFUND_OBJECT,
    ),
    "list a charge's newest refunds": (
        lambda c: list(StripeRefunds(c).newest_of_charge("ch_1", "acct_1")),
        REFUND_OBJECT,
    ),
    "list refunds": (lambda c: StripeRefunds(c).list_created(SINCE, UNTIL, None), REFUND_OBJECT),
    "list a fee's refunds": (
        lambda c: StripeFeeRefunds(c).list_of_fee("fee_1"),
        FEE_REFUND_OBJECT,
    ),
    "list transfers": (lambda c: StripeTransfers(c).list_created(SINCE, UNTIL), TRANSFER_OBJECT),
    "list movements": (
        lambda c: StripeBalance(c).list_movements(MovementType.REFUND, SINCE, UNTIL),
        MOVEMENT_OBJECT,
    ),
    "list events": (
        lambda c: StripeEvents(c).list_created(SINCE, UNTIL, ["refund.created"], None),
        EVENT_OBJECT,
    ),
}
SENDS: Calls = {
    "refund again": (create_again, REFUND_OBJECT),
    "refund a fee": (refund_fee, FEE_REFUND_OBJECT),
    "transfer": (transfer, TRANSFER_OBJECT),
}
FIRST: Calls = {"refund first": (create_first, REFUND_OBJECT)}
# Its refusals are those of the transfer itself.
TRANSFER_LIST: Calls = {"list a payout's transfers": (list_transfers_of_payout, TRANSFER_OBJECT)}
ALL: Calls = FIRST | SENDS | READS | LISTS | TRANSFER_LIST


def success_of(name: str) -> HttpAnswer:
    """Return the answer that a call asks for."""
    body = ALL[name][1]
    return json_answer(200, a_list(body) if name in LISTS | TRANSFER_LIST else body)
