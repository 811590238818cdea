"""Each ledger entry names the movement of Stripe's balance behind it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from functions.payout_adjust.settlement_plan import facts_of
from shared.domain.charge_posting import ChargePosting, post_dispute, post_payment
from shared.domain.dispute import Dispute
from shared.domain.payment import payment_of
from shared.domain.payment_status import PaymentStatus
from shared.domain.payout_booking import reverse
from shared.domain.stripe_dispute import stripe_dispute_from
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.domain.stripe_refund import stripe_refund_from
from shared.domain.stripe_transfer import stripe_transfer_from
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.order_state import state_from_values, state_to_item

from .orders import AT, hundred_dollars
from .payout_ledgers import ledger, paid_out, transfer
from .settlements import failed_late, settled
from .stripe_charges import CHARGE


def dispute(taken: int, *transactions: str) -> Dispute:
    return Dispute(
        "dp_1",
        "needs_response",
        10_000,
        is_charge_refundable=False,
        created_at=AT,
        withdrawn_amount=taken,
        balance_transaction_ids=transactions,
    )


def reversal(amount: int, transaction: str | None) -> dict[str, object]:
    return {"object": "transfer_reversal", "amount": amount, "balance_transaction": transaction}


def embedded(*newest_first: dict[str, object], more: bool = False) -> dict[str, object]:
    return {"object": "list", "data": list(newest_first), "has_more": more}


def test_a_sale_names_the_movement_of_its_charge() -> None:
    sale = hundred_dollars()
    charge = replace(CHARGE, balance_transaction_id="txn_charge", stripe_fee_amount=320)
    state = replace(sale.state, payment_status=PaymentStatus.UNVERIFIED)
    (draft,) = post_payment(state, payment_of(sale.order, charge), AT, AT).drafts
    assert draft.facts.balance_transaction_id == "txn_charge"


def test_a_refund_names_its_movement_and_its_late_failure_the_one_back() -> None:
    sale = hundred_dollars()
    settlement = settled(sale, sale.state, "rf_1", 2_500)
    refund = replace(
        settlement.refund,
        balance_transaction_id="txn_out",
        failure_balance_transaction_id="txn_back",
    )
    settlement = replace(settlement, refund=refund)
    assert facts_of(settlement, AT).balance_transaction_id == "txn_out"
    assert facts_of(failed_late(settlement, 2), AT).balance_transaction_id == "txn_back"


def test_both_movements_of_a_failed_refund_are_read() -> None:
    report = stripe_refund_from(
        {
            "object": "refund",
            "id": "re_1",
            "charge": "ch_1",
            "status": "failed",
            "amount": 1_000,
            "currency": "usd",
            "balance_transaction": "txn_out",
            "failure_balance_transaction": "txn_back",
        }
    )
    assert report.balance_transaction_id == "txn_out"
    assert report.failure_balance_transaction_id == "txn_back"


def test_a_dispute_s_entry_names_only_the_movements_since_its_last_entry() -> None:
    posting = ChargePosting(hundred_dollars().state)
    named = []
    for report in (
        dispute(10_000, "txn_1"),
        dispute(0, "txn_1", "txn_2"),
        dispute(10_000, "txn_1", "txn_2", "txn_3", "txn_4", "txn_5"),
    ):
        posting = post_dispute(ChargePosting(posting.state), report, AT)
        named.append([draft.facts.balance_transaction_id for draft in posting.drafts])
    assert named == [["txn_1"], ["txn_2"], ["txn_3 txn_4 txn_5"]]
    checked = replace(posting.state, next_check_at=AT)
    stored = state_from_values(unmarshal(state_to_item(checked)))
    assert stored.disputes == posting.state.disputes


def a_dispute(*transactions: dict[str, object]) -> dict[str, object]:
    return {
        "object": "dispute",
        "id": "dp_1",
        "charge": "ch_1",
        "status": "lost",
        "amount": 100,
        "currency": "usd",
        "created": 1,
        "balance_transactions": list(transactions),
    }


@pytest.mark.parametrize("missing", ["id", "amount", "fee", "created"])
def test_a_dispute_whose_movements_are_not_as_documented_is_refused(missing: str) -> None:
    transaction = {"id": "txn_1", "amount": -100, "fee": 0, "currency": "usd", "created": 1}
    del transaction[missing]
    with pytest.raises(MalformedStripeObjectError):
        stripe_dispute_from(a_dispute(transaction))


def test_a_dispute_as_it_was_before_a_time_has_its_earlier_and_its_known_movements() -> None:
    source = a_dispute(
        {"id": "txn_1", "amount": -100, "fee": 15, "currency": "usd", "created": 100},
        {"id": "txn_2", "amount": 100, "fee": 0, "currency": "usd", "created": 200},
        {"id": "txn_3", "amount": -100, "fee": 15, "currency": "usd", "created": 300},
    )
    now = stripe_dispute_from(source)
    assert (now.withdrawn_amount, now.fee_amount) == (100, 30)
    start = datetime.fromtimestamp(200, UTC)
    before = now.as_moved_before(start, ())
    assert (before.withdrawn_amount, before.fee_amount) == (100, 15)
    assert before.balance_transaction_ids == ("txn_1",)
    assert now.as_moved_before(start, {"txn_2"}).balance_transaction_ids == ("txn_1", "txn_2")


def test_a_dispute_in_another_currency_moved_the_disputed_amount_and_an_unknown_fee() -> None:
    source = a_dispute(
        {"id": "txn_1", "amount": -90, "fee": 14, "currency": "eur", "created": 1},
        {"id": "txn_2", "amount": 90, "fee": -14, "currency": "eur", "created": 2},
        {"id": "txn_3", "amount": 0, "fee": 14, "currency": "eur", "created": 3},
    )
    found = [
        (each.withdrawn_amount, each.fee_amount) for each in stripe_dispute_from(source).movements
    ]
    assert found == [(100, 0), (-100, 0), (0, 0)]


@pytest.mark.parametrize(
    ("reversals", "named"),
    [
        (embedded(reversal(700, "txn_2"), reversal(300, "txn_1")), "txn_2"),
        (embedded(reversal(700, "txn_2"), reversal(300, None)), None),
        (embedded(reversal(700, "txn_2"), more=True), None),
        (None, None),
    ],
)
def test_money_that_came_back_names_its_movements_as_far_as_they_are_known(
    reversals: dict[str, object] | None, named: str | None
) -> None:
    closing = paid_out(ledger(1000)[1])
    booked = replace(closing.payout, reversed_amount=300)
    report = stripe_transfer_from(transfer(amount_reversed=1000) | {"reversals": reversals})
    booking = reverse(booked, closing.head, report, AT)
    assert booking
    assert booking.entry.payable_amount == 700
    assert booking.entry.balance_transaction_id == named
