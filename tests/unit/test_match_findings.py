"""What counts as a difference between Stripe and the books, by the pure rules."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.reconcile.findings import (
    Finding,
    Kind,
    movements_differ,
    of_report,
    transfer_difference,
)
from shared.domain.payout import Payout, PayoutStatus, studio_of_payout
from shared.domain.refund import RefundStatus
from shared.domain.stripe_balance import BalanceMovement, MovementType, balance_movement_from
from shared.domain.stripe_refund import MalformedStripeObjectError, StripeRefund
from shared.domain.stripe_transfer import StripeTransfer
from shared.workflow.record_stripe_refund import Outcome

from .orders import hundred_dollars, refund_of

REFUND = refund_of(hundred_dollars(), "rf_1", 500)
REPORT = StripeRefund("re_1", "ch_1", RefundStatus.SUCCEEDED, 500, "usd", "rf_1", "ord_1")
PAYOUT = Payout(
    "po_st_1_2026-11-22",
    "st_1",
    "usd",
    "2026-11-16",
    "2026-11-22",
    1,
    3,
    8180,
    8180,
    0,
    PayoutStatus.PAID,
    "2026-11-23T06:00:00.000Z",
    transfer_id="tr_1",
)
TRANSFER = StripeTransfer("tr_1", 8180, 0, PAYOUT.payout_id)


def movement(kind: MovementType, amount: int, currency: str = "usd") -> BalanceMovement:
    return BalanceMovement("txn_1", kind, amount, currency, datetime(2026, 11, 1, tzinfo=UTC), {})


AWAY = movement(MovementType.REFUND, -500)
BACK = movement(MovementType.REFUND_FAILURE, 500)


@pytest.mark.parametrize("outcome", Outcome)
def test_all_but_a_repeat_is_a_difference(outcome: Outcome) -> None:
    finding = of_report(REPORT, outcome, REFUND, "acct_1")
    assert (finding is None) == (outcome is Outcome.REPEATED)
    if finding is not None:
        recorded = outcome.value.startswith("Refund") and outcome is not Outcome.OUTDATED
        assert finding.healed == recorded
        assert (finding.order_id, finding.refund_id, finding.stripe_id) == ("ord_1", "rf_1", "re_1")


def test_an_unknown_charge_is_a_difference_on_our_account_or_where_it_names_us() -> None:
    others = replace(REPORT, refund_id=None, order_id=None)
    assert of_report(others, Outcome.UNKNOWN_CHARGE, None, "acct_1") is None
    for report, account in ((others, None), (REPORT, "acct_1")):
        finding = of_report(report, Outcome.UNKNOWN_CHARGE, None, account)
        assert finding is not None
        assert (finding.kind, finding.healed) == (Kind.CHARGE_UNKNOWN_HERE, False)


@pytest.mark.parametrize(
    ("status", "moved", "differs"),
    [
        ("succeeded", [AWAY], False),
        ("succeeded", [], True),
        ("succeeded", [AWAY, AWAY], True),
        ("succeeded", [AWAY, BACK], True),
        ("pending", [], False),
        ("pending", [AWAY], False),
        ("failed", [], False),
        ("failed", [AWAY, BACK], False),
        ("failed", [AWAY], True),
        ("failed", [AWAY, BACK, BACK], True),
        ("canceled", [AWAY, BACK], False),
        ("succeeded", [movement(MovementType.PAYMENT_REFUND, -500)], False),
        ("succeeded", [movement(MovementType.REFUND, -499)], True),
        ("failed", [AWAY, movement(MovementType.REFUND_FAILURE, 499)], True),
        ("succeeded", [movement(MovementType.REFUND, -431, "eur")], False),
    ],
)
def test_a_refund_moves_its_amount_away_once_and_back_once_if_it_fails(
    status: str, moved: list[BalanceMovement], *, differs: bool
) -> None:
    report = replace(REPORT, status=RefundStatus(status))
    assert movements_differ(report, moved, all_there=True) is differs


@given(st.lists(st.sampled_from([AWAY, BACK]), max_size=2, unique_by=id))
def test_where_a_part_was_read_only_its_amounts_can_differ(moved: list[BalanceMovement]) -> None:
    assert not movements_differ(REPORT, moved, all_there=False)
    wrong = [replace(each, amount=each.amount * 2) for each in moved]
    assert movements_differ(REPORT, wrong, all_there=False) is bool(wrong)


@pytest.mark.parametrize(
    ("payout", "transfer", "kind"),
    [
        (PAYOUT, TRANSFER, None),
        (None, TRANSFER, Kind.TRANSFER_UNKNOWN_HERE),
        (PAYOUT, replace(TRANSFER, transfer_id="tr_2"), Kind.TRANSFER_UNKNOWN_HERE),
        (PAYOUT, replace(TRANSFER, transfer_id="tr_2", amount_reversed=8180), None),
        (PAYOUT, replace(TRANSFER, amount=1), Kind.TRANSFER_AMOUNT_DIFFERS),
        (PAYOUT, replace(TRANSFER, amount_reversed=1), Kind.TRANSFER_REVERSED),
        (replace(PAYOUT, status=PayoutStatus.FAILED), TRANSFER, Kind.TRANSFER_UNKNOWN_HERE),
        (
            replace(PAYOUT, status=PayoutStatus.FAILED),
            replace(TRANSFER, amount_reversed=8180),
            None,
        ),
        (replace(PAYOUT, status=PayoutStatus.HELD), TRANSFER, Kind.TRANSFER_UNKNOWN_HERE),
        (replace(PAYOUT, status=PayoutStatus.TRANSFERRING), TRANSFER, None),
    ],
)
def test_how_a_transfer_can_differ_from_its_payout(
    payout: Payout | None, transfer: StripeTransfer, kind: Kind | None
) -> None:
    assert transfer_difference(transfer, payout) is kind


def test_a_payouts_id_names_its_studio() -> None:
    assert studio_of_payout("po_st_1_2026-11-22") == "st_1"
    for other in ("", "po_2026-11-22", "tr_st_1_2026-11-22", "po_st_1", "po_st_1_2026-11-22x"):
        assert studio_of_payout(other) is None


@pytest.mark.parametrize("lacks", ["object", "amount", "created", "source", "type", "id"])
def test_a_movement_is_read_strictly(lacks: str) -> None:
    whole = {
        "id": "txn_1",
        "object": "balance_transaction",
        "type": "refund",
        "amount": -500,
        "currency": "usd",
        "created": 1,
        "source": {"id": "re_1"},
    }
    assert balance_movement_from(whole).amount == -500
    with pytest.raises(MalformedStripeObjectError):
        balance_movement_from({name: value for name, value in whole.items() if name != lacks})


def test_a_finding_says_what_is_known_of_it() -> None:
    content = Finding(Kind.TRANSFER_REVERSED, payout_id="po_1", amount=0).content()
    assert content == {
        "kind": "transfer_reversed",
        "healed": False,
        "payout_id": "po_1",
        "amount": 0,
    }
