"""A manual adjustment takes two people, and is entered once."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from functions.adjustments.bodies import AdjustmentBody
from functions.adjustments.views import adjustment_view
from shared.domain.adjustment import (
    MAX_AMOUNT,
    Adjustment,
    AdjustmentStatus,
    adjustment_id_of,
    approve,
    reject,
)
from shared.domain.errors import AdjustmentDecidedError, OwnAdjustmentError
from shared.domain.ledger import EntryKind, LedgerHead
from shared.domain.ledger_chain import verify_chain
from shared.domain.record_source import RecordSource
from shared.gateways.records.adjustment import adjustment_from_values, adjustment_to_item
from shared.gateways.records.attributes import unmarshal

from .adjustments import decision, proposed

HEAD = LedgerHead("st_1", "usd")


def approved(by: str = "ben") -> Adjustment:
    approval = approve(proposed(), decision(by), HEAD)
    assert approval is not None
    return approval.adjustment


@given(st.integers(-MAX_AMOUNT, MAX_AMOUNT).filter(bool))
def test_an_approved_adjustment_moves_its_amount_in_one_sound_entry(amount: int) -> None:
    approval = approve(proposed(amount=amount), decision("ben", RecordSource.OPERATOR), HEAD)
    assert approval is not None
    entry, after = approval.posting.entry, approval.posting.after
    assert verify_chain([entry.content()], after) == (1, None)
    assert (entry.kind, entry.payable_amount, entry.direct_amount) == (
        EntryKind.ADJUSTMENT,
        amount,
        0,
    )
    assert after.payable_balance_amount == amount
    assert (entry.processed_by, entry.approved_by, entry.reason) == (
        "ana",
        "ben",
        "Prints that were billed twice",
    )
    assert approval.adjustment.entry_seq == entry.seq == 1
    assert [(step.status, step.by, step.source) for step in approval.adjustment.history] == [
        ("proposed", "ana", "api"),
        ("approved", "ben", "operator"),
    ]


def test_an_adjustment_entered_twice_breaks_the_chain() -> None:
    first = approve(proposed(), decision("ben"), HEAD)
    assert first is not None
    again = approve(proposed(), decision("ben"), first.posting.after)
    assert again is not None
    contents = [each.posting.entry.content() for each in (first, again)]
    fault = verify_chain(contents, again.posting.after)[1]
    assert fault is not None
    assert "adj_1 is already entered" in fault.problem


@pytest.mark.parametrize("by", ["ana", "Ana", "ANA", " ana "])
@pytest.mark.parametrize("state", [proposed(), approved()], ids=["proposed", "approved"])
def test_the_proposer_cannot_approve_in_any_spelling_of_the_same_id(
    state: Adjustment, by: str
) -> None:
    with pytest.raises(OwnAdjustmentError, match="another PPS admin"):
        approve(state, decision(by), HEAD)


@pytest.mark.parametrize("by", ["ben", "cleo"])
def test_approving_again_changes_nothing(by: str) -> None:
    assert approve(approved(), decision(by), HEAD) is None


@pytest.mark.parametrize("by", ["ana", "ben"])
def test_the_proposer_withdraws_and_others_reject(by: str) -> None:
    rejected = reject(proposed(), decision(by))
    assert rejected is not None
    assert (rejected.status, rejected.decided_by) == (AdjustmentStatus.REJECTED, by)
    assert rejected.entry_seq is None
    assert reject(rejected, decision("cleo")) is None


def test_a_decision_is_final() -> None:
    with pytest.raises(AdjustmentDecidedError, match="already approved"):
        reject(approved(), decision("ben"))
    rejected = reject(proposed(), decision("ben"))
    assert rejected is not None
    with pytest.raises(AdjustmentDecidedError, match="already rejected"):
        approve(rejected, decision("ben"), HEAD)


@pytest.mark.parametrize("head", [LedgerHead("st_2", "usd"), LedgerHead("st_1", "eur")])
def test_an_adjustment_is_never_entered_in_another_ledger(head: LedgerHead) -> None:
    with pytest.raises(ValueError, match="not of this ledger"):
        approve(proposed(), decision("ben"), head)


@pytest.mark.parametrize(
    "changes", [{"amount": 0}, {"amount": MAX_AMOUNT + 1}, {"amount": -MAX_AMOUNT - 1}]
)
def test_an_adjustment_of_nothing_or_too_much_does_not_exist(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="an adjustment of"):
        proposed(**changes)
    with pytest.raises(ValidationError):
        AdjustmentBody.model_validate({"reason": "r", **changes})


@pytest.mark.parametrize(
    "body",
    [
        {"amount": 1},
        {"amount": 1, "reason": ""},
        {"amount": 1, "reason": "   "},
        {"amount": 1, "reason": "x" * 501},
        {"amount": 1, "reason": "two\nlines"},
        {"amount": 1, "reason": "\u202ereversed"},
        {"amount": 1, "reason": "\ud800"},
        {"amount": 1, "reason": "r", "reference": ""},
        {"amount": 1, "reason": "r", "reference": " "},
        {"amount": 1, "reason": "r", "reference": "x" * 101},
        {"amount": 1, "reason": "r", "currency": "eur"},
        {"amount": 1.0, "reason": "r"},
        {"amount": "1", "reason": "r"},
        {"amount": True, "reason": "r"},
    ],
    ids=str,
)
def test_a_body_that_is_not_exact_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        AdjustmentBody.model_validate(body)


def test_a_blank_reason_does_not_exist() -> None:
    with pytest.raises(ValueError, match="without a reason"):
        proposed(reason=" ")


def test_the_same_key_of_another_studio_makes_another_adjustment() -> None:
    assert adjustment_id_of("st_1", "k") == adjustment_id_of("st_1", "k")
    assert len({adjustment_id_of(s, k) for s in ("st_1", "st_2") for k in ("k", "l")}) == 4


@pytest.mark.parametrize(
    "adjustment",
    [proposed(), proposed(reference=None), approved(), reject(proposed(), decision("ben"))],
    ids=["proposed", "without a reference", "approved", "rejected"],
)
def test_an_adjustment_comes_back_as_it_was_stored(adjustment: Adjustment) -> None:
    item = adjustment_to_item(adjustment)
    assert adjustment_from_values(unmarshal(item)) == adjustment
    assert (item["PK"], item["SK"]) == ({"S": "STUDIO#st_1"}, {"S": "ADJUSTMENT#adj_1"})
    assert item["attention_pk"] == {"S": "st_1#ADJUSTMENT"}
    assert ("open_pk" in item) == adjustment.is_proposed


def test_a_studios_people_do_not_read_who_of_pps_it_was() -> None:
    shown = adjustment_view(approved(), for_pps=False).model_dump_json()
    assert "ana" not in shown
    assert "ben" not in shown
    assert shown.count('"PPS"') == 4
    assert adjustment_view(approved(), for_pps=True).decided_by == "ben"
    assert adjustment_view(replace(proposed(), history=()), for_pps=False).decided_by is None
