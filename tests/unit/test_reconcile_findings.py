"""What counts as a difference between Stripe and the books, by the pure rules."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.reconcile.differences import (
    at_rest,
    entries_differ,
    movements_differ,
    source_differs,
    transfer_difference,
)
from functions.reconcile.findings import Finding, FindingKind, of_movement, of_report
from shared.domain.ledger import EntryFacts, LedgerEntry, LedgerHead, append
from shared.domain.order import OrderKey
from shared.domain.payout import Payout, PayoutStatus, studio_of_payout
from shared.domain.refund import Refund, RefundStatus
from shared.domain.settlement import settle
from shared.domain.stripe_balance import (
    BalanceMovement,
    MovementType,
    StripeFee,
    balance_movement_from,
    fee_of,
)
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.domain.stripe_refund import StripeRefund
from shared.domain.stripe_transfer import StripeTransfer
from shared.workflow.record_stripe_refund import ReportOutcome

from .orders import AT, hundred_dollars, refund_of, sold_orders, succeeded

REFUND = refund_of(hundred_dollars(), "rf_1", 500)
REPORT = StripeRefund(
    "re_1", "ch_1", RefundStatus.SUCCEEDED, 500, "usd", "rf_1", OrderKey("st_1", "ord_1")
)
PAYOUT = Payout(
    "po_st_1_2026-11-22",
    "st_1",
    "usd",
    "2026-11-16T06:00:00.000Z",
    "2026-11-23T06:00:00.000Z",
    "2026-11-16",
    "2026-11-22",
    1,
    3,
    4,
    0,
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


@pytest.mark.parametrize("outcome", ReportOutcome)
def test_all_but_a_repeat_and_a_release_is_a_difference(outcome: ReportOutcome) -> None:
    finding = of_report(REPORT, outcome, REFUND, "acct_1")
    assert (finding is None) == (outcome in {ReportOutcome.REPEATED, ReportOutcome.RELEASED})
    if finding is not None:
        recorded = outcome.value.startswith("Refund") and outcome is not ReportOutcome.OUTDATED
        assert finding.healed == recorded
        assert (finding.order_id, finding.refund_id, finding.stripe_id) == ("ord_1", "rf_1", "re_1")


def test_an_unknown_charge_is_a_difference_where_it_names_a_refund_of_ours() -> None:
    others = replace(REPORT, refund_id=None, order_key=None)
    assert of_report(others, ReportOutcome.UNKNOWN_CHARGE, None, "acct_1") is None
    foreign = of_report(others, ReportOutcome.UNKNOWN_CHARGE, None, None)
    assert foreign is not None
    assert foreign.kind is FindingKind.FOREIGN_OBJECT
    for account in (None, "acct_1"):
        finding = of_report(REPORT, ReportOutcome.UNKNOWN_CHARGE, None, account)
        assert finding is not None
        assert (finding.kind, finding.healed) == (FindingKind.CHARGE_UNKNOWN_HERE, False)


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
    assert movements_differ(report, moved, complete=True) is differs


@given(st.lists(st.sampled_from([AWAY, BACK]), max_size=2, unique_by=id))
def test_where_a_part_was_read_only_its_amounts_can_differ(moved: list[BalanceMovement]) -> None:
    assert not movements_differ(REPORT, moved, complete=False)
    wrong = [replace(each, amount=each.amount * 2) for each in moved]
    assert movements_differ(REPORT, wrong, complete=False) is bool(wrong)


@pytest.mark.parametrize(
    ("payout", "transfer", "kind"),
    [
        (PAYOUT, TRANSFER, None),
        (None, TRANSFER, FindingKind.TRANSFER_UNKNOWN_HERE),
        (None, replace(TRANSFER, group=None), FindingKind.FOREIGN_OBJECT),
        (None, replace(TRANSFER, group="of another business"), FindingKind.FOREIGN_OBJECT),
        (PAYOUT, replace(TRANSFER, transfer_id="tr_2"), FindingKind.TRANSFER_UNKNOWN_HERE),
        (PAYOUT, replace(TRANSFER, transfer_id="tr_2", amount_reversed=8180), None),
        (PAYOUT, replace(TRANSFER, amount=1), FindingKind.TRANSFER_AMOUNT_DIFFERS),
        (PAYOUT, replace(TRANSFER, amount_reversed=1), FindingKind.TRANSFER_REVERSED),
        (replace(PAYOUT, reversed_amount=1), replace(TRANSFER, amount_reversed=1), None),
        (
            replace(PAYOUT, reversed_amount=1),
            replace(TRANSFER, amount_reversed=2),
            FindingKind.TRANSFER_REVERSED,
        ),
        (replace(PAYOUT, status=PayoutStatus.FAILED), TRANSFER, FindingKind.TRANSFER_UNKNOWN_HERE),
        (
            replace(PAYOUT, status=PayoutStatus.FAILED),
            replace(TRANSFER, amount_reversed=8180),
            None,
        ),
        (replace(PAYOUT, status=PayoutStatus.HELD), TRANSFER, FindingKind.TRANSFER_UNKNOWN_HERE),
        (replace(PAYOUT, status=PayoutStatus.TRANSFERRING), TRANSFER, None),
    ],
)
def test_how_a_transfer_can_differ_from_its_payout(
    payout: Payout | None, transfer: StripeTransfer, kind: FindingKind | None
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
    content = Finding(FindingKind.TRANSFER_REVERSED, payout_id="po_1", amount=0).content()
    assert content == {
        "kind": "transfer_reversed",
        "healed": False,
        "payout_id": "po_1",
        "amount": 0,
    }


# Refunds and the ledger.


@st.composite
def booked(draw: st.DrawFn) -> tuple[list[Refund], dict[int, LedgerEntry]]:
    """Draw an order whose refunds settled one after another, some of which failed afterwards."""
    sale = draw(sold_orders())
    state, head = sale.state, LedgerHead("st_1", sale.order.currency)
    left, refunds, entries = sale.order.total_amount, list[Refund](), dict[int, LedgerEntry]()
    while left and len(refunds) < 4:
        made = refund_of(sale, f"rf_{len(refunds)}", draw(st.integers(1, left)))
        now = succeeded(replace(made, stripe_refund_id=f"re_{len(refunds)}"))
        for late in (False, True)[: draw(st.integers(1, 2))]:
            now = now.with_status(RefundStatus.FAILED, AT, "stripe_webhook") if late else now
            settlement = settle(state, now, AT, "payout_adjust")
            facts = EntryFacts(
                kind=settlement.kind,
                order_id=now.order_id,
                recorded_at=AT,
                refund_id=now.refund_id,
                stripe_refund_id=now.stripe_refund_id,
            )
            entry, head = append(head, facts, settlement.amounts)
            entries[entry.seq], state = entry, settlement.state
            now = settlement.refund
            now = (
                replace(now, failed_seq=entry.seq) if late else replace(now, settled_seq=entry.seq)
            )
        left -= 0 if now.status is RefundStatus.FAILED else now.amount
        refunds.append(now)
    return refunds, entries


def named_by(refund: Refund, entries: dict[int, LedgerEntry]) -> list[LedgerEntry]:
    return [entries[seq] for seq in (refund.settled_seq, refund.failed_seq) if seq in entries]


@given(booked())
def test_whatever_settled_and_failed_agrees_with_its_entries(
    world: tuple[list[Refund], dict[int, LedgerEntry]],
) -> None:
    refunds, entries = world
    assert sum(len(named_by(each, entries)) for each in refunds) == len(entries)
    assert not any(entries_differ(each, named_by(each, entries)) for each in refunds)


@given(
    booked(),
    st.sampled_from(
        ["gross_amount", "rev_share_amount", "order_id", "refund_id", "stripe_refund_id", "kind"]
    ),
    st.data(),
)
def test_an_entry_with_anything_changed_or_gone_does_not_agree(
    world: tuple[list[Refund], dict[int, LedgerEntry]], name: str, data: st.DataObject
) -> None:
    refunds, entries = world
    refund = data.draw(st.sampled_from(refunds))
    settled, *later = named_by(refund, entries)
    value = getattr(settled, name)
    other = value + 1 if isinstance(value, int) else f"{value}x"
    changed = replace(settled, **{name: other})  # type: ignore[arg-type]  # one of its fields
    assert entries_differ(refund, [changed, *later])
    assert entries_differ(refund, later)


# The balance, by what moved it.


@pytest.mark.parametrize("kind", MovementType)
def test_a_balance_moves_by_the_amount_of_what_moved_it(kind: MovementType) -> None:
    back = {MovementType.REFUND_FAILURE, MovementType.TRANSFER_REFUND}
    sign = 1 if kind in back | {MovementType.TRANSFER_FAILURE} else -1
    source = {"amount": 500, "currency": "usd"}
    assert not source_differs(replace(movement(kind, sign * 500), source=source))
    for wrong in (-sign * 500, sign * 501, 0):
        moved = replace(movement(kind, wrong), source=source)
        assert source_differs(moved)
        assert (of_movement(moved).amount, of_movement(moved).stripe_amount) == (sign * 500, wrong)
    # Changed into the currency of the account's balance, the amount says nothing.
    assert not source_differs(replace(movement(kind, 1, "eur"), source=source))


@pytest.mark.parametrize("source", [{"currency": "usd"}, {"currency": "usd", "amount": "500"}])
def test_what_moved_a_balance_has_an_amount(source: dict[str, object]) -> None:
    with pytest.raises(MalformedStripeObjectError):
        source_differs(replace(AWAY, source=source))


FEE = {"object": "application_fee", "id": "fee_1", "charge": "ch_1", "amount_refunded": 750}


def test_a_fee_comes_with_what_was_given_back_of_it() -> None:
    assert fee_of(replace(AWAY, source={"fee": FEE})) == StripeFee("fee_1", "ch_1", 750)


@pytest.mark.parametrize(
    "fee",
    ["fee_1", FEE | {"object": "charge"}, FEE | {"charge": None}, FEE | {"amount_refunded": "1"}],
)
def test_a_fee_that_is_not_as_documented_is_refused(fee: object) -> None:
    with pytest.raises(MalformedStripeObjectError):
        fee_of(replace(AWAY, source={"fee": fee}))


def test_a_fee_is_looked_at_once_nothing_moves_it_any_more() -> None:
    settled = replace(succeeded(REFUND).with_status(RefundStatus.SETTLED, AT, "x"), settled_seq=1)
    later = AT.replace("000Z", "001Z")
    assert at_rest([settled], later)
    assert not at_rest([settled], AT)
    assert not at_rest([settled, REFUND], later)
    assert not at_rest([succeeded(REFUND)], later)
