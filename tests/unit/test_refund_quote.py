"""Which refunds are refused, what a refund does to the print, and how refunds get their ids."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dispute import Dispute
from shared.domain.errors import (
    AmountTooSmallError,
    ChargeDisputedError,
    DomainError,
    FulfillmentInProgressError,
    NothingRefundableError,
    OrderNotChargedError,
    OrderNotPaidError,
    RefundableAmountChangedError,
    UnknownLineError,
)
from shared.domain.money import money_text
from shared.domain.order import SHIPPING_LINE_ID, FulfillmentStatus, OrderKey, OrderLine, OrderState
from shared.domain.payment_status import PAYMENT_WORDS, PaymentStatus
from shared.domain.refund import RefundType, refund_id_of_request
from shared.domain.refund_quote import (
    ChosenLine,
    RefundChoice,
    RefundQuote,
    check_fulfillment,
    print_warnings,
    quote_refund,
    stops_print,
)
from shared.domain.reservation import release, reserve

from .orders import FULL, Sold, hundred_dollars, refund_of, reserved, sold
from .settlements import one_unit

# Settlement.


def test_an_external_refund_beyond_a_reservation_leaves_zero_and_never_less() -> None:
    sale = hundred_dollars()
    state, _ = reserved(sale, sale.state, "rf_1", RefundQuote("ch_1", 8_000))
    state = state.with_reservation(10_000, ())
    assert state.refundable_amount == 0
    assert state.line_refundable_quantity(sale.order.lines[0]) == 0
    assert state.line_refundable_amount(sale.order.lines[0]) == 0
    with pytest.raises(NothingRefundableError):
        quote_refund(sale.order, state, RefundChoice(RefundType.PARTIAL, amount=1))


# What is refused, and in which order.


@pytest.mark.parametrize(
    ("choice", "refusal"),
    [
        (one_unit("li_9"), UnknownLineError),
        (one_unit(SHIPPING_LINE_ID), UnknownLineError),
        (
            RefundChoice(RefundType.FULL, expected_refundable_amount=9_999),
            RefundableAmountChangedError,
        ),
        (RefundChoice(RefundType.PARTIAL, amount=0), AmountTooSmallError),
    ],
)
def test_a_choice_that_does_not_fit_is_refused(
    choice: RefundChoice, refusal: type[DomainError]
) -> None:
    sale = hundred_dollars()
    with pytest.raises(refusal):
        quote_refund(sale.order, sale.state, choice)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (
            RefundChoice(RefundType.FULL, expected_refundable_amount=123_456),
            "100.00 USD can be refunded now, not 1,234.56 USD.",
        ),
        (
            RefundChoice(RefundType.PARTIAL, amount=10_001),
            "You asked for 100.01 USD. Only 100.00 USD of this order can still be refunded.",
        ),
        (
            RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine("li_1", 5),)),
            "You asked for 5 of Print 8x10. 2 of 2 can still be refunded.",
        ),
    ],
)
def test_a_refusal_has_amounts_and_products_as_people_write_them(
    choice: RefundChoice, words: str
) -> None:
    sale = sold(OrderLine("li_1", 2, 7_500, product="Print 8x10"), OrderLine("li_2", 1, 2_500))
    with pytest.raises(DomainError) as refusal:
        quote_refund(sale.order, sale.state, choice)
    assert refusal.value.detail.startswith(words)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        (0, "usd", "0.00 USD"),
        (5, "eur", "0.05 EUR"),
        (-123_456_789, "usd", "-1,234,567.89 USD"),
        (1_234_567, "jpy", "1,234,567 JPY"),
        (-50, "krw", "-50 KRW"),
        (150, "lbp", "1.50 LBP"),  # people write no decimals, but Stripe counts hundredths
    ],
)
def test_money_is_text_with_the_digits_of_its_currency(
    amount: int, currency: str, text: str
) -> None:
    assert money_text(amount, currency) == text


def test_a_full_refund_of_the_expected_amount_is_accepted() -> None:
    sale = hundred_dollars()
    choice = RefundChoice(RefundType.FULL, expected_refundable_amount=10_000)
    assert quote_refund(sale.order, sale.state, choice).amount == 10_000


def test_units_worth_nothing_are_refused() -> None:
    sale = sold(OrderLine("li_1", 1, 0), OrderLine("li_2", 1, 100))
    with pytest.raises(AmountTooSmallError):
        quote_refund(sale.order, sale.state, one_unit())


def test_an_order_without_a_charge_has_nothing_to_refund() -> None:
    sale = hundred_dollars()
    with pytest.raises(OrderNotChargedError):
        quote_refund(replace(sale.order, charge_id=None), sale.state, FULL)


def disputed(sale: Sold, status: str, *, refundable: bool) -> OrderState:
    dispute = Dispute("dp_1", status, 10_000, refundable, "2026-10-01T00:00:00.000Z")
    return replace(sale.state, disputes=(dispute,))


@pytest.mark.parametrize("status", ["needs_response", "under_review", "lost", "newer_than_us"])
def test_a_charge_that_stripe_does_not_refund_is_not_refunded(status: str) -> None:
    sale = hundred_dollars()
    with pytest.raises(ChargeDisputedError):
        quote_refund(sale.order, disputed(sale, status, refundable=False), FULL)


@pytest.mark.parametrize("status", ["won", "warning_closed", "prevented"])
@pytest.mark.parametrize("refundable", [True, False])
def test_a_dispute_that_ended_well_does_not_block_a_refund(
    status: str, *, refundable: bool
) -> None:
    sale = hundred_dollars()
    state = disputed(sale, status, refundable=refundable)
    assert quote_refund(sale.order, state, FULL).amount == 10_000


def test_an_inquiry_does_not_block_a_refund() -> None:
    sale = hundred_dollars()
    state = disputed(sale, "warning_needs_response", refundable=True)
    assert quote_refund(sale.order, state, FULL).amount == 10_000


@pytest.mark.parametrize("status", sorted(set(PaymentStatus) - {PaymentStatus.PAID}))
def test_an_order_that_is_not_paid_is_not_refunded_and_the_answer_says_why(
    status: PaymentStatus,
) -> None:
    sale = hundred_dollars()
    with pytest.raises(OrderNotPaidError) as refused:
        quote_refund(sale.order, replace(sale.state, payment_status=status), FULL)
    assert refused.value.detail == PAYMENT_WORDS[status]


# The print.


def choice_of(sale: Sold, type_: RefundType, amount: int = 1) -> tuple[RefundChoice, RefundQuote]:
    """Return a choice of the type, and its quote."""
    match type_:
        case RefundType.FULL:
            choice = FULL
        case RefundType.PARTIAL:
            choice = RefundChoice(type_, amount=amount)
        case RefundType.LINE_ITEMS:
            choice = RefundChoice(type_, lines=(ChosenLine("li_1", 1),))
    return choice, quote_refund(sale.order, sale.state, choice)


@pytest.mark.parametrize("status", ["claimed", "printed"])
def test_a_full_refund_of_a_print_in_production_requires_keep_print(status: str) -> None:
    sale = hundred_dollars()
    state = replace(sale.state, fulfillment_status=FulfillmentStatus(status))
    for type_ in (RefundType.FULL, RefundType.PARTIAL):
        choice, quote = choice_of(sale, type_, amount=10_000)
        with pytest.raises(FulfillmentInProgressError):
            check_fulfillment(state, choice, quote)
        check_fulfillment(state, replace(choice, keep_print=True), quote)
    for type_ in (RefundType.LINE_ITEMS, RefundType.PARTIAL):
        check_fulfillment(state, *choice_of(sale, type_, amount=9_999))
    assert print_warnings(state) == ["fulfillment_in_progress"]


@pytest.mark.parametrize(
    ("status", "warnings"),
    [("none", []), ("queued", []), ("canceled", []), ("shipped", ["already_shipped"])],
)
def test_a_print_in_any_other_status_is_refunded_and_a_shipped_one_warns(
    status: str, warnings: list[str]
) -> None:
    sale = hundred_dollars()
    state = replace(sale.state, fulfillment_status=FulfillmentStatus(status))
    check_fulfillment(state, *choice_of(sale, RefundType.FULL))
    assert print_warnings(state) == warnings


@pytest.mark.parametrize("status", ["none", "queued", "claimed", "printed", "shipped", "canceled"])
@pytest.mark.parametrize("type_", list(RefundType))
@pytest.mark.parametrize("amount", [1, 10_000])
@pytest.mark.parametrize("keep", [False, True])
def test_a_refund_stops_the_print_it_pays_for_unless_it_is_too_late(
    status: str, type_: RefundType, amount: int, *, keep: bool
) -> None:
    sale = hundred_dollars()
    state = replace(sale.state, fulfillment_status=FulfillmentStatus(status))
    choice, quote = choice_of(sale, type_, amount)
    stops = {
        RefundType.FULL: status == "queued",
        RefundType.PARTIAL: status == "queued" and amount == 10_000,
        # Also of a canceled job, which may be resumed.
        RefundType.LINE_ITEMS: status in {"queued", "claimed", "canceled"},
    }[type_]
    assert stops_print(state, replace(choice, keep_print=keep), quote) == (stops and not keep)


def test_a_refund_that_fails_resumes_the_print_it_stopped() -> None:
    sale = hundred_dollars()
    queued = replace(sale.state, fulfillment_status=FulfillmentStatus.QUEUED)
    stopped = reserve(queued, "rf_1", RefundQuote("ch_1", 10_000), stop_print=True)
    assert stopped.fulfillment_status == "canceled"
    assert release(stopped, refund_of(sale, "rf_1", 10_000)) == queued


def test_a_refund_that_fails_does_not_resume_a_print_that_another_stopped() -> None:
    sale = hundred_dollars()
    stopped = replace(
        sale.state, fulfillment_status=FulfillmentStatus.CANCELED, fulfillment_canceled_by="rf_2"
    )
    out = reserve(stopped, "rf_1", RefundQuote("ch_1", 100), stop_print=False)
    assert release(out, refund_of(sale, "rf_1", 100)) == stopped


# Ids.


IDS = st.text("a1_-", min_size=1, max_size=4)


ORDER_KEYS = st.builds(OrderKey, IDS, IDS)


@given(st.lists(st.tuples(ORDER_KEYS, st.text(max_size=8)), unique=True, max_size=8))
def test_a_key_always_names_the_same_refund_of_its_order_and_no_other(
    names: list[tuple[OrderKey, str]],
) -> None:
    ids = [refund_id_of_request(order, key) for order, key in names]
    assert ids == [refund_id_of_request(order, key) for order, key in names]
    assert len(set(ids)) == len(ids)
