"""A refund's metadata at Stripe restores it, and edited metadata does no harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.fee_refund import FeeRefund
from shared.domain.order import OrderKey, RefundItem
from shared.domain.refund import Refund, RefundStatus, RefundType
from shared.domain.refund_metadata import metadata_of, refund_metadata_from
from shared.domain.tax import TaxPart, TaxParts

from .orders import AT

ID = "rf_" + "0123456789abcdef01234567"

lines = st.text("abcdefghijklmnopqrstuvwxyz_0123456789", min_size=1, max_size=40)


@st.composite
def items(draw: st.DrawFn) -> tuple[RefundItem, ...]:
    names = draw(st.lists(lines, min_size=1, max_size=40, unique=True))
    return tuple(
        RefundItem(name, draw(st.integers(1, 500)), amount, draw(st.integers(0, amount)))
        for name in names
        for amount in [draw(st.integers(1, 99_999_999))]
    )


def refund(**changes: Any) -> Refund:  # noqa: ANN401  # a Refund's fields
    fields: dict[str, Any] = {
        "refund_id": ID,
        "order_id": "ord_1",
        "studio_id": "st_1",
        "type": RefundType.FULL,
        "status": RefundStatus.REQUESTED,
        "amount": 5000,
        "currency": "usd",
        "charge_id": "ch_1",
        "requested_by": "somebody",
        "requested_at": AT,
        "source": "api",
        "correlation_id": "c_1",
        "reason": "quality_issue",
        "note": "about a child",
        "fingerprint": "f" * 64,
    }
    return Refund(**fields | changes)


@given(st.sampled_from(RefundType), items(), st.booleans())
def test_a_refund_is_restored_as_it_was_requested(
    kind: RefundType,
    found: tuple[RefundItem, ...],
    stop_print: bool,  # noqa: FBT001  # drawn
) -> None:
    by_lines = kind is RefundType.LINE_ITEMS
    amount = sum(item.amount for item in found)
    asked = refund(type=kind, items=found if by_lines else (), amount=amount, stop_print=stop_print)
    metadata = metadata_of(asked)
    assert all(len(name) <= 40 and len(value) <= 500 for name, value in metadata.items())
    assert "somebody" not in metadata.values()
    assert "about a child" not in metadata.values()
    copy = refund_metadata_from(metadata, amount)
    assert copy is not None
    assert (copy.refund_id, copy.order_key) == (ID, OrderKey("st_1", "ord_1"))
    assert (copy.reason, copy.stop_print) == ("quality_issue", stop_print)
    assert copy.fingerprint == asked.fingerprint
    if "items" in metadata or not by_lines:
        assert (copy.type, copy.items) == (asked.type, asked.items)
    else:
        assert (copy.type, copy.items) == (RefundType.PARTIAL, ())


def _taxed(**metadata: object) -> TaxParts:
    items = (RefundItem("li_1", 1, 5000, 80),)
    parts = (TaxPart("US-IL", "6.25", 63), TaxPart("US-IL Cook", "1.75", 17))
    asked = refund(type=RefundType.LINE_ITEMS, items=items, item_tax_parts=parts)
    copy = refund_metadata_from(metadata_of(asked) | metadata, 5000)
    assert copy is not None
    assert copy.items == items
    return copy.item_tax_parts


def test_the_parts_of_the_items_tax_are_restored() -> None:
    assert _taxed() == (("US-IL", "6.25", 63), ("US-IL Cook", "1.75", 17))


@pytest.mark.parametrize(
    "text",
    [
        *("", "{", "7", "[7]", '{"abc":1}', '["abc"]', '[["US-IL","6.25"]]'),
        '[["US-IL","6.25",81]]',
        '[["US-IL","6.25",80.0]]',
        '[["US-IL",6.25,80]]',
        '[["US-IL","6.25",90],["DE","7",-10]]',
        None,
    ],
)
def test_edited_parts_of_tax_are_ignored(text: object) -> None:
    assert _taxed(item_tax_parts=text) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"refund_id": None},
        {"refund_id": "re_1"},
        {"refund_id": 7},
        {"order_id": ""},
        {"type": "everything"},
        {"type": None},
    ],
)
def test_metadata_without_a_refund_of_ours_is_none(changes: dict[str, Any]) -> None:
    assert refund_metadata_from(metadata_of(refund()) | changes, 5000) is None


@pytest.mark.parametrize(
    "rows",
    [
        "",
        "{",
        "7",
        '["abcd"]',
        [["li_1", 1, 4999, 0]],
        [["li_1", 0, 5000, 0]],
        [["li_1", -1, 5000, 0]],
        [["li_1", 1, 5000, 5001]],
        [["li_1", True, 5000, 0]],
        [["li_1", 1, 5000.0, 0]],
        [["li_1", 1, 2500, 0], ["li_1", 1, 2500, 0]],
        [["li_1", 1, 6000, 0], ["li_2", 1, -1000, -1000]],
        [[7, 1, 5000, 0]],
        [["li_1", 1, 5000]],
        None,
    ],
)
def test_edited_items_leave_a_refund_of_an_amount(rows: object) -> None:
    text = rows if isinstance(rows, str) else json.dumps(rows)
    metadata = metadata_of(refund()) | {"type": "line_items", "items": text}
    copy = refund_metadata_from(metadata, 5000)
    assert copy is not None
    assert (copy.type, copy.items) == (RefundType.PARTIAL, ())


def test_a_fee_refund_never_begins_under_a_key_that_stripe_has() -> None:
    fee = FeeRefund("ord_1", "st_1", "fee_1", target_amount=100)
    used = {"st_1:ord_1:fee:1", "st_1:ord_1:fee:2", None}
    assert fee.with_new_attempt(100, AT).idempotency_key == "st_1:ord_1:fee:1"
    assert fee.with_new_attempt(100, AT, used).idempotency_key == "st_1:ord_1:fee:3"
