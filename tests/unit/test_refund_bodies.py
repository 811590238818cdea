"""The bodies of the refund API: strict requests, exact responses."""

from datetime import date
from typing import Annotated, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, TypeAdapter, ValidationError

from functions.refund_request.bodies import FullRefund, LineItemsRefund, PartialRefund
from functions.refund_request.notices import Notice
from functions.refund_request.payout_impact import NextPayoutEffect
from functions.refund_request.preview_refund import Preview
from functions.refund_request.views import NoticeView, PreviewView, preview_view
from shared.domain.refund import RefundStatus, RefundType
from shared.domain.refund_quote import (
    ChosenLine,
    RefundChoice,
    RefundQuote,
    RefundWarning,
    quote_refund,
)
from shared.domain.settlement import estimate, settle
from shared.views.refund import RefundView, refund_view

from .orders import AT, hundred_dollars, reserved, succeeded

BODY: TypeAdapter[FullRefund | PartialRefund | LineItemsRefund] = TypeAdapter(
    Annotated[FullRefund | PartialRefund | LineItemsRefund, Field(discriminator="type")]
)

ITEM = {"line_id": "li_1", "quantity": 1}


def full(**changed: object) -> dict[str, Any]:
    return {"type": "full", "reason": "other"} | changed


def partial(**changed: object) -> dict[str, Any]:
    return full(type="partial", amount=2_500) | changed


def line_items(**changed: object) -> dict[str, Any]:
    return full(type="line_items", items=[ITEM]) | changed


def choice_of(body: object) -> RefundChoice:
    return BODY.validate_python(body).choice()


# Accepted bodies.


@pytest.mark.parametrize(
    ("body", "choice"),
    [
        (full(), RefundChoice(RefundType.FULL)),
        (full(note=None, fulfillment=None), RefundChoice(RefundType.FULL)),
        (full(fulfillment="keep"), RefundChoice(RefundType.FULL, keep_print=True)),
        (
            full(expected_refundable_amount=0),
            RefundChoice(RefundType.FULL, expected_refundable_amount=0),
        ),
        (partial(), RefundChoice(RefundType.PARTIAL, amount=2_500)),
        (partial(amount=1), RefundChoice(RefundType.PARTIAL, amount=1)),
        (partial(amount=10**12 - 1), RefundChoice(RefundType.PARTIAL, amount=10**12 - 1)),
        (line_items(), RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine("li_1", 1),))),
        (
            line_items(items=[], shipping=True),
            RefundChoice(RefundType.LINE_ITEMS, shipping=True),
        ),
        (
            line_items(items=[ITEM, {"line_id": "li_2", "quantity": 3}], shipping=True),
            RefundChoice(
                RefundType.LINE_ITEMS,
                lines=(ChosenLine("li_1", 1), ChosenLine("li_2", 3)),
                shipping=True,
            ),
        ),
    ],
)
def test_a_good_body_is_read_exactly(body: dict[str, Any], choice: RefundChoice) -> None:
    assert choice_of(body) == choice


@pytest.mark.parametrize("reason", ["wrong_print", "parent_changed_mind", "quality_issue", "other"])
def test_each_documented_reason_is_accepted(reason: str) -> None:
    assert BODY.validate_python(full(reason=reason)).reason == reason


# Refused bodies.

NOT_AMOUNTS: list[object] = [
    None,
    0,
    -1,
    25.0,
    0.1,
    "2500",
    "",
    True,
    [2_500],
    {},
    10**12,
    10**30,
]
NOT_REASONS = [None, "", "fraudulent", "requested_by_customer", "WRONG_PRINT", 1]
NOT_LINE_IDS = [None, "", 1, "li#1", "li 1", "li_1\n", "li/1", "lí_1", "l" * 65]
NOT_QUANTITIES = [None, 0, -1, 1.0, "1", True, 10_001]


@pytest.mark.parametrize(
    "body",
    [
        *(partial(amount=amount) for amount in NOT_AMOUNTS),
        *(full(reason=reason) for reason in NOT_REASONS),
        *(full(expected_refundable_amount=amount) for amount in (-1, 1.0, "1", True, 10**12)),
        *(full(note=note) for note in (7, "x" * 501, ["x"])),
        *(full(fulfillment=told) for told in ("cancel", "", True)),
        *(line_items(items=[ITEM | {"line_id": line_id}]) for line_id in NOT_LINE_IDS),
        *(line_items(items=[ITEM | {"quantity": quantity}]) for quantity in NOT_QUANTITIES),
        *(line_items(shipping=shipping) for shipping in (None, 1, "true", "yes")),
        *(full(type=type_) for type_ in (None, "", "FULL", "half", 1)),
        full(amount=100),
        full(items=[ITEM]),
        full(studio_id="st_2"),
        full(currency="usd"),
        full(metadata={}),
        partial(items=[ITEM]),
        line_items(amount=100),
        line_items(items=[]),
        line_items(items=[], shipping=False),
        line_items(items=None),
        line_items(items=ITEM),
        line_items(items={"0": ITEM}),
        line_items(items=["li_1"]),
        line_items(items=[ITEM | {"amount": 100}]),
        line_items(items=[ITEM, ITEM]),
        line_items(items=[ITEM, {"line_id": "li_1", "quantity": 2}]),
        line_items(items=[{"line_id": f"li_{n}", "quantity": 1} for n in range(1_001)]),
        None,
        [],
        "full",
        {},
    ],
)
def test_a_bad_body_is_refused(body: object) -> None:
    with pytest.raises(ValidationError):
        BODY.validate_python(body)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        *((full(), name) for name in ("type", "reason")),
        *((partial(), name) for name in ("amount", "reason")),
        (line_items(), "reason"),
    ],
)
def test_a_body_without_a_required_field_is_refused_and_the_field_is_named(
    body: dict[str, Any], name: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        BODY.validate_python({key: value for key, value in body.items() if key != name})
    found = refused.value.errors()[0]
    assert name in found["loc"] or name in found["msg"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
        max_leaves=5,
    )
)
def test_an_amount_that_is_not_an_integer_is_refused(amount: object) -> None:
    with pytest.raises(ValidationError):
        BODY.validate_python(partial(amount=amount))


@given(st.integers())
def test_an_integer_within_the_limits_is_an_amount(amount: int) -> None:
    if 0 < amount < 10**12:
        assert choice_of(partial(amount=amount)).amount == amount
    else:
        with pytest.raises(ValidationError):
            BODY.validate_python(partial(amount=amount))


def test_the_refusal_of_a_note_does_not_repeat_the_note() -> None:
    with pytest.raises(ValidationError) as refused:
        BODY.validate_python(full(note="Dmitri Freeman " * 50))
    assert all("Dmitri" not in each["msg"] for each in refused.value.errors())


# Responses.


def test_a_refund_has_the_fields_clients_rely_on() -> None:
    assert RefundView.model_fields.keys() >= {
        *("refund_id", "order_id", "type", "status", "display_status", "amount", "currency"),
        *("items", "reason", "note", "requested_by", "requested_at", "settled_at"),
        *("stripe_refund_id", "pending_reason", "failure_reason", "source"),
        *("rev_share_reversed_amount", "stripe_fee_retained_amount", "net_deduction_amount"),
        "history",
    }


def test_a_preview_has_the_fields_clients_rely_on() -> None:
    assert PreviewView.model_fields.keys() >= {
        *("refund_amount", "currency", "refundable_amount_before", "refundable_amount_after"),
        *("rev_share_reversed_amount", "stripe_fee_retained_amount", "net_deduction_amount"),
        *("next_payout_before_amount", "next_payout_after_amount", "warnings"),
    }


def test_the_preview_of_the_hundred_dollars_is_right_to_the_cent() -> None:
    state = hundred_dollars().state
    view = preview_view(
        Preview(
            quote=RefundQuote("ch_1", 10_000),
            lines=[],
            effect=estimate(state, 10_000),
            tax_amount=0,
            state=state,
            next_payout=NextPayoutEffect(8_180, 8_180 - 8_500, -850, []),
            next_payout_date=date(2026, 10, 19),
            limit_amount=None,
            notices=[
                Notice(RefundWarning.ALREADY_SHIPPED, blocking=False, detail="It is shipped.")
            ],
            stops_print=False,
        )
    )
    assert view == PreviewView(
        refund_amount=10_000,
        currency="usd",
        refundable_amount_before=10_000,
        refundable_amount_after=0,
        rev_share_reversed_amount=1_500,
        stripe_fee_retained_amount=320,
        net_deduction_amount=-8_500,
        next_payout_before_amount=8_180,
        next_payout_after_amount=-320,
        next_payout_in_flight_amount=-850,
        warnings=[RefundWarning.ALREADY_SHIPPED],
        tax_amount=0,
        lines=[],
        next_payout_date="2026-10-19",
        notices=[NoticeView(code="already_shipped", blocking=False, detail="It is shipped.")],
        blocking=False,
        stops_print=False,
        refund_limit_amount=None,
    )


def test_a_preview_with_a_blocking_notice_is_blocking() -> None:
    state = hundred_dollars().state
    for blocking in (True, False):
        shown = Preview(
            quote=RefundQuote("ch_1", 100),
            lines=[],
            effect=estimate(state, 100),
            tax_amount=0,
            state=state,
            next_payout=NextPayoutEffect(0, -85, 0, []),
            next_payout_date=None,
            limit_amount=50,
            notices=[
                Notice(RefundWarning.REFUND_LIMIT_EXCEEDED, blocking=blocking, detail="Too much.")
            ],
            stops_print=False,
        )
        assert preview_view(shown).blocking is blocking


def test_a_refund_shows_the_same_figures_before_and_after_settlement() -> None:
    sale = hundred_dollars()
    quote = quote_refund(
        sale.order, sale.state, RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine("li_2", 1),))
    )
    state, refund = reserved(sale, sale.state, "rf_1", quote)
    settlement = settle(state, succeeded(refund), AT, "payout_adjust")
    before = refund_view(refund, state)
    after = refund_view(settlement.refund, settlement.state)

    assert (before.status, before.display_status) == (RefundStatus.REQUESTED, "Pending")
    assert (after.status, after.display_status) == (RefundStatus.SETTLED, "Refunded")
    assert [item.model_dump() for item in before.items] == [
        {"line_id": "li_2", "quantity": 1, "amount": 2_500, "tax_amount": 0}
    ]
    for view in (before, after):
        assert view.rev_share_reversed_amount == 375
        assert view.stripe_fee_retained_amount == 80
        assert view.net_deduction_amount == -2_125
    assert after.settled_at == AT


def test_a_refund_that_failed_before_settlement_deducts_nothing() -> None:
    sale = hundred_dollars()
    _, refund = reserved(sale, sale.state, "rf_1", RefundQuote("ch_1", 2_500))
    view = refund_view(refund.with_status(RefundStatus.FAILED, AT, "stripe_webhook"), sale.state)
    assert view.display_status == "Failed"
    assert view.rev_share_reversed_amount == 0
    assert view.stripe_fee_retained_amount == 0
    assert view.net_deduction_amount == 0
