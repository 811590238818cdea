"""Rounding, line refunds, settlement: each rule of design section 2 by itself."""

from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import (
    AmountTooSmallError,
    ChargeDisputedError,
    DomainError,
    FulfillmentInProgressError,
    NothingRefundableError,
    OrderNotChargedError,
    RefundableAmountChangedError,
    ShippingNotRefundableError,
    UnknownLineError,
)
from shared.domain.ledger import EntryAmounts, EntryFacts, LedgerHead, append
from shared.domain.money import (
    SUPPORTED_CURRENCIES,
    TWO_DECIMAL_CURRENCIES,
    ZERO_DECIMAL_CURRENCIES,
    share_of,
)
from shared.domain.order import SHIPPING_LINE_ID, FulfillmentStatus, OrderKey, OrderLine, OrderState
from shared.domain.refund import Refund, RefundStatus, RefundType, refund_id_of_request
from shared.domain.refund_quote import (
    ChosenLine,
    RefundChoice,
    RefundQuote,
    check_fulfillment,
    print_warnings,
    quote_refund,
    stops_print,
)
from shared.domain.reservation import record_external_refund, release, reserve
from shared.domain.settlement import (
    Settlement,
    estimate,
    next_to_settle,
    payable_effect,
    sale_amounts,
    settle,
)

from .orders import (
    AT,
    STUDIO,
    Sold,
    half_up,
    hundred_dollars,
    refund_of,
    reserved,
    sold,
    sold_orders,
    succeeded,
)

FULL = RefundChoice(RefundType.FULL)


def one_unit(line_id: str = "li_1") -> RefundChoice:
    return RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine(line_id, 1),))


def settled(sale: Sold, state: OrderState, refund_id: str, amount: int) -> Settlement:
    """Reserve, confirm and settle a refund of that amount."""
    state, refund = reserved(sale, state, refund_id, RefundQuote("ch_1", amount))
    return settle(state, succeeded(refund), AT, "payout_adjust")


def failed_late(settlement: Settlement, seq: int) -> Settlement:
    """Fail a settled refund and settle that."""
    refund = replace(settlement.refund, settled_seq=seq)
    return settle(
        settlement.state,
        refund.with_status(RefundStatus.FAILED, AT, "stripe_webhook"),
        AT,
        "payout_adjust",
    )


# Rounding.


@given(amount=st.integers(0, 10**8), part=st.integers(0, 10**8), whole=st.integers(1, 10**8))
def test_a_share_is_rounded_half_up(amount: int, part: int, whole: int) -> None:
    assert share_of(amount, part, whole) == half_up(Fraction(amount * part, whole))


@pytest.mark.parametrize(
    ("amount", "part", "whole", "share"),
    [(1, 1, 2, 1), (3, 1, 2, 2), (5, 1, 2, 3), (1, 1, 3, 0), (2, 1, 3, 1), (320, 1, 1, 320)],
)
def test_exactly_half_goes_up_not_to_even(amount: int, part: int, whole: int, share: int) -> None:
    assert share_of(amount, part, whole) == share


def test_a_currency_has_two_decimals_or_none_and_none_has_three() -> None:
    assert not ZERO_DECIMAL_CURRENCIES & TWO_DECIMAL_CURRENCIES
    assert {"usd", "eur", "jpy"} <= SUPPORTED_CURRENCIES
    assert "jpy" in ZERO_DECIMAL_CURRENCIES
    assert not {"bhd", "jod", "kwd", "omr", "tnd"} & SUPPORTED_CURRENCIES
    assert all(len(code) == 3 and code.islower() for code in SUPPORTED_CURRENCIES)


# The example.


@pytest.mark.parametrize("direct", [False, True])
def test_a_full_refund_of_the_hundred_dollars_costs_the_studio_exactly_its_stripe_fee(
    *, direct: bool
) -> None:
    sale = hundred_dollars(direct=direct)
    quote = quote_refund(sale.order, sale.state, FULL)
    state, refund = reserved(sale, sale.state, "rf_1", quote)
    settlement = settle(state, succeeded(refund), AT, "payout_adjust")

    assert quote.amount == 10_000
    assert settlement.refund.rev_share_reversed_amount == 1_500
    assert settlement.refund.stripe_fee_retained_amount == 320
    assert settlement.refund.net_deduction_amount == -8_500
    assert settlement.amounts.gross_amount == -10_000
    assert settlement.amounts.rev_share_amount == 1_500
    assert settlement.amounts.stripe_fee_amount == 0
    assert settlement.amounts.net_amount == -8_500
    assert settlement.state.refundable_amount == 0
    assert settlement.state.rev_share_reversed_amount == 1_500
    assert sale_amounts(sale.state).net_amount + settlement.amounts.net_amount == -320


def test_the_hundred_dollars_on_the_platform_move_what_pps_owes() -> None:
    sale = hundred_dollars()
    amounts = settled(sale, sale.state, "rf_1", 10_000).amounts
    assert sale_amounts(sale.state) == EntryAmounts(10_000, -320, -1_500, 8_180, 0)
    assert (amounts.payable_amount, amounts.direct_amount) == (-8_500, 0)


def test_the_hundred_dollars_of_a_direct_charge_leave_what_pps_owes_alone() -> None:
    sale = hundred_dollars(direct=True)
    settlement = settled(sale, sale.state, "rf_1", 10_000)
    assert sale_amounts(sale.state) == EntryAmounts(10_000, -320, -1_500, 0, 8_180)
    assert (settlement.amounts.payable_amount, settlement.amounts.direct_amount) == (0, -8_500)
    assert settlement.effect.fee_refund_amount == 1_500


def test_three_thirds_of_an_order_reverse_its_share_and_retain_its_fee_once() -> None:
    sale = hundred_dollars()
    state, effects = sale.state, []
    for number, amount in enumerate([3_333, 3_333, 3_334]):
        settlement = settled(sale, state, f"rf_{number}", amount)
        state = settlement.state
        effects.append(settlement.effect)
    assert [effect.rev_share_reversed_amount for effect in effects] == [500, 500, 500]
    assert [effect.stripe_fee_retained_amount for effect in effects] == [107, 106, 107]


# Settlement.


@given(sale=sold_orders(), data=st.data())
def test_totals_do_not_depend_on_the_order_of_settlement(sale: Sold, data: st.DataObject) -> None:
    total = sale.order.total_amount
    cuts = sorted(data.draw(st.lists(st.integers(0, total), max_size=5)))
    parts = [high - low for low, high in zip([0, *cuts], [*cuts, total], strict=True)]
    amounts = [part for part in parts if part]

    def settled_all(ordered: list[int]) -> OrderState:
        state = sale.state
        for number, amount in enumerate(ordered):
            state = settled(sale, state, f"rf_{number}", amount).state
        return state

    shuffled = data.draw(st.permutations(amounts))
    assert settled_all(amounts) == settled_all(shuffled)
    assert settled_all(amounts).rev_share_reversed_amount == sale.order.rev_share_amount


@given(sale=sold_orders(), data=st.data())
def test_the_share_reversed_so_far_is_rounded_from_the_whole_and_never_drifts(
    sale: Sold, data: st.DataObject
) -> None:
    order = sale.order
    pieces = data.draw(st.lists(st.integers(1, max(1, order.total_amount // 3)), max_size=3))
    state = sale.state
    for number, out in enumerate(accumulate(pieces)):
        state = settled(sale, state, f"rf_{number}", pieces[number]).state
        exact = Fraction(order.rev_share_amount * min(out, order.total_amount), order.total_amount)
        assert state.rev_share_reversed_amount == half_up(exact)


@given(sale=sold_orders(), data=st.data())
def test_a_late_failure_and_the_same_refund_again_bring_everything_back(
    sale: Sold, data: st.DataObject
) -> None:
    total = sale.order.total_amount
    first = data.draw(st.integers(0, total - 1), "refunded before")
    amount = data.draw(st.integers(1, total - first), "amount")
    before = settled(sale, sale.state, "rf_0", first).state if first else sale.state
    head = LedgerHead(STUDIO, sale.order.currency)

    def enter(head: LedgerHead, settlement: Settlement) -> LedgerHead:
        return append(head, EntryFacts(settlement.kind, "ord_1", AT), settlement.amounts)[1]

    done = settled(sale, before, "rf_1", amount)
    undone = failed_late(done, seq=1)
    again = settled(sale, undone.state, "rf_2", amount)

    assert undone.kind == "refund_failed"
    assert undone.refund.net_deduction_amount == done.refund.net_deduction_amount
    assert undone.effect.refunded_amount == -amount
    assert undone.effect.fee_refund_amount == 0
    assert replace(undone.state, fee_refund_target_amount=0) == replace(
        before, fee_refund_target_amount=0
    )
    assert again.state == done.state
    after = enter(head, done)
    after_all = enter(enter(after, undone), again)
    assert (after_all.payable_balance_amount, after_all.direct_balance_amount) == (
        after.payable_balance_amount,
        after.direct_balance_amount,
    )


def test_share_given_back_for_a_direct_charge_that_fails_late_is_owed_until_it_is_used_up() -> None:
    sale = hundred_dollars(direct=True)
    done = settled(sale, sale.state, "rf_1", 10_000)
    undone = failed_late(done, seq=2)
    again = settled(sale, undone.state, "rf_2", 5_000)
    assert (undone.amounts.payable_amount, undone.amounts.direct_amount) == (-1_500, 10_000)
    assert (again.amounts.payable_amount, again.amounts.direct_amount) == (750, -5_000)
    assert (done.effect.fee_refund_amount, again.effect.fee_refund_amount) == (1_500, 0)


@given(sale=sold_orders(), data=st.data())
def test_the_estimate_is_what_comes_true_once_what_is_in_flight_has_settled(
    sale: Sold, data: st.DataObject
) -> None:
    total = sale.order.total_amount
    first = data.draw(st.integers(0, total - 1), "in flight")
    amount = data.draw(st.integers(1, total - first), "amount")
    in_flight = reserve(sale.state, "rf_0", RefundQuote("ch_1", first), stop_print=False)
    expected = estimate(in_flight, amount)
    before = settled(sale, sale.state, "rf_0", first).state if first else sale.state
    came_true = settled(sale, before, "rf_1", amount)
    assert came_true.effect.net_deduction_amount == expected.net_deduction_amount
    assert came_true.effect.rev_share_reversed_amount == expected.rev_share_reversed_amount
    assert came_true.effect.stripe_fee_retained_amount == expected.stripe_fee_retained_amount


@given(sale=sold_orders(), data=st.data())
def test_the_preview_of_the_payout_is_what_settling_moves(sale: Sold, data: st.DataObject) -> None:
    amount = data.draw(st.integers(1, sale.order.total_amount))
    expected = payable_effect(sale.state, estimate(sale.state, amount))
    assert settled(sale, sale.state, "rf_1", amount).amounts.payable_amount == expected


def test_money_refunded_outside_beyond_a_reservation_leaves_nothing_and_never_less() -> None:
    sale = hundred_dollars()
    state, _ = reserved(sale, sale.state, "rf_1", RefundQuote("ch_1", 8_000))
    state = state.with_reservation(10_000, ())
    assert state.refundable_amount == 0
    assert state.line_refundable_quantity(sale.order.lines[0]) == 0
    assert state.line_refundable_amount(sale.order.lines[0]) == 0
    with pytest.raises(NothingRefundableError):
        quote_refund(sale.order, state, RefundChoice(RefundType.PARTIAL, amount=1))


def test_settling_what_is_not_owed_is_an_error() -> None:
    sale = hundred_dollars()
    with pytest.raises(ValueError, match="rf_1"):
        settle(sale.state, refund_of(sale, "rf_1", 1), AT, "payout_adjust")


# Line items.


@given(
    quantity=st.integers(1, 40),
    more=st.integers(0, 50_000),
    failing=st.integers(0, 39),
    currency=st.sampled_from(["usd", "jpy"]),
)
def test_refunds_of_single_units_come_to_the_line_exactly_also_when_one_in_between_failed(
    quantity: int, more: int, failing: int, currency: str
) -> None:
    # At least one minor unit each; what is cheaper cannot be refunded singly (see below).
    line = OrderLine("li_1", quantity, quantity + more)
    sale = sold(line, OrderLine("li_2", 1, 500), currency=currency)
    state, failed = sale.state, None
    for number in range(quantity):
        quote = quote_refund(sale.order, state, one_unit())
        state, refund = reserved(sale, state, f"rf_{number}", quote)
        assert abs(Fraction(line.net_amount, quantity) - quote.amount) < 1
        if number == failing:
            failed = refund
    assert state.committed_amount == state.line_committed("li_1").amount == line.net_amount
    if failed is not None:
        state = release(state, failed)
        quote = quote_refund(sale.order, state, one_unit())
        assert quote.amount == failed.amount
        state, _ = reserved(sale, state, "rf_again", quote)
    assert state.line_committed("li_1").amount == line.net_amount
    assert state.line_refundable_quantity(line) == 0


@given(quantity=st.integers(1, 20), net=st.integers(0, 400), data=st.data())
def test_a_line_comes_to_its_price_whatever_fails_and_however_little_its_units_cost(
    quantity: int, net: int, data: st.DataObject
) -> None:
    line = OrderLine("li_1", quantity, net)
    sale = sold(line, OrderLine("li_2", 1, 500))
    state = sale.state
    alive: list[Refund] = []
    for number in range(data.draw(st.integers(0, 25), "steps")):
        fails = data.draw(st.integers(-len(alive) - 1, len(alive) - 1), "fails, if any")
        if fails >= 0:
            state = release(state, alive.pop(fails))
            continue
        quote = smallest_quote(sale, state, line)
        if quote is None:
            break
        state, refund = reserved(sale, state, f"rf_{number}", quote)
        alive.append(refund)
    while quote := smallest_quote(sale, state, line):
        state, _ = reserved(sale, state, "rf_last", quote)
    assert state.line_committed("li_1").amount == net


def smallest_quote(sale: Sold, state: OrderState, line: OrderLine) -> RefundQuote | None:
    """Quote as few units of the line as are worth anything; None where none are left that are."""
    for units in range(1, state.line_refundable_quantity(line) + 1):
        choice = RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine(line.line_id, units),))
        try:
            return quote_refund(sale.order, state, choice)
        except AmountTooSmallError:
            continue
    return None


@given(sale=sold_orders())
def test_all_units_of_all_lines_and_shipping_are_the_order(sale: Sold) -> None:
    lines = [line for line in sale.order.lines if line.line_id != SHIPPING_LINE_ID]
    choice = RefundChoice(
        RefundType.LINE_ITEMS,
        lines=tuple(ChosenLine(line.line_id, line.quantity) for line in lines),
        shipping=sale.order.line(SHIPPING_LINE_ID) is not None,
    )
    quote = quote_refund(sale.order, sale.state, choice)
    assert quote.amount == sale.order.total_amount
    reserved_totals = reserve(sale.state, "rf_1", quote, stop_print=False)
    assert all(reserved_totals.line_refundable_quantity(line) == 0 for line in lines)


@given(quantity=st.integers(1, 30), net=st.integers(0, 5_000))
def test_units_taken_together_cost_what_they_cost_one_by_one(quantity: int, net: int) -> None:
    line = OrderLine("li_1", quantity, net)
    state = sold(line, OrderLine("li_2", 1, 500)).state
    together = [state.line_refund_amount(line, units) for units in range(1, quantity + 1)]
    assert together == [half_up(Fraction(net * k, quantity)) for k in range(1, quantity + 1)]
    assert together == sorted(together)


def test_a_release_gives_back_what_the_reservation_took() -> None:
    sale = hundred_dollars()
    state, refund = reserved(
        sale, sale.state, "rf_1", quote_refund(sale.order, sale.state, one_unit())
    )
    assert state != sale.state
    assert release(state, refund) == sale.state


def test_shipping_is_refunded_whole_and_once() -> None:
    sale = sold(OrderLine("li_1", 1, 1_000), OrderLine(SHIPPING_LINE_ID, 1, 799))
    shipping = RefundChoice(RefundType.LINE_ITEMS, shipping=True)
    quote = quote_refund(sale.order, sale.state, shipping)
    assert quote.amount == 799
    state, _ = reserved(sale, sale.state, "rf_1", quote)
    with pytest.raises(ShippingNotRefundableError):
        quote_refund(sale.order, state, shipping)


def test_free_shipping_cannot_be_refunded() -> None:
    sale = hundred_dollars()
    with pytest.raises(ShippingNotRefundableError):
        quote_refund(sale.order, sale.state, RefundChoice(RefundType.LINE_ITEMS, shipping=True))


def test_after_a_partial_refund_a_line_shows_what_is_left_of_the_order() -> None:
    sale = hundred_dollars()
    state, _ = reserved(sale, sale.state, "rf_1", RefundQuote("ch_1", 9_000))
    assert [state.line_refundable_amount(line) for line in sale.order.lines] == [1_000, 1_000]


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


def test_the_expected_amount_lets_the_refund_through_when_it_is_right() -> None:
    sale = hundred_dollars()
    choice = RefundChoice(RefundType.FULL, expected_refundable_amount=10_000)
    assert quote_refund(sale.order, sale.state, choice).amount == 10_000


def test_units_that_come_to_nothing_are_refused() -> None:
    sale = sold(OrderLine("li_1", 1, 0), OrderLine("li_2", 1, 100))
    with pytest.raises(AmountTooSmallError):
        quote_refund(sale.order, sale.state, one_unit())


def test_an_order_without_a_charge_has_nothing_to_refund() -> None:
    sale = hundred_dollars()
    with pytest.raises(OrderNotChargedError):
        quote_refund(replace(sale.order, charge_id=None), sale.state, FULL)


@pytest.mark.parametrize("status", ["needs_response", "warning_needs_response", "lost"])
def test_a_disputed_charge_is_not_refunded(status: str) -> None:
    sale = hundred_dollars()
    disputed = replace(sale.state, dispute_id="dp_1", dispute_status=status)
    with pytest.raises(ChargeDisputedError):
        quote_refund(sale.order, disputed, FULL)


@pytest.mark.parametrize("status", ["won", "warning_closed"])
def test_a_dispute_that_ended_well_is_in_nobodys_way(status: str) -> None:
    sale = hundred_dollars()
    closed = replace(sale.state, dispute_id="dp_1", dispute_status=status)
    assert quote_refund(sale.order, closed, FULL).amount == 10_000


# The print.


def choice_of(sale: Sold, type_: RefundType, amount: int = 1) -> tuple[RefundChoice, RefundQuote]:
    """Return a choice of the type, and what it comes to."""
    match type_:
        case RefundType.FULL:
            choice = FULL
        case RefundType.PARTIAL:
            choice = RefundChoice(type_, amount=amount)
        case RefundType.LINE_ITEMS:
            choice = RefundChoice(type_, lines=(ChosenLine("li_1", 1),))
    return choice, quote_refund(sale.order, sale.state, choice)


@pytest.mark.parametrize("status", ["claimed", "printed"])
def test_a_full_refund_of_a_print_in_production_wants_a_word_about_it(status: str) -> None:
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
def test_any_other_print_goes_through_and_a_shipped_one_warns(
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
def test_a_refund_stops_what_it_pays_for_and_can_still_be_stopped(
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


def test_a_refund_that_fails_puts_the_print_it_stopped_back() -> None:
    sale = hundred_dollars()
    queued = replace(sale.state, fulfillment_status=FulfillmentStatus.QUEUED)
    stopped = reserve(queued, "rf_1", RefundQuote("ch_1", 10_000), stop_print=True)
    assert stopped.fulfillment_status == "canceled"
    assert release(stopped, refund_of(sale, "rf_1", 10_000)) == queued


def test_a_refund_that_fails_leaves_a_print_alone_that_another_stopped() -> None:
    sale = hundred_dollars()
    stopped = replace(
        sale.state, fulfillment_status=FulfillmentStatus.CANCELED, fulfillment_canceled_by="rf_2"
    )
    out = reserve(stopped, "rf_1", RefundQuote("ch_1", 100), stop_print=False)
    assert release(out, refund_of(sale, "rf_1", 100)) == stopped


# Tax.


def test_tax_of_a_refund_that_failed_before_an_external_one_settled_is_returned_once() -> None:
    """Stripe failed the second refund, and somebody made it again in Stripe's dashboard.

    We hear of the external refund first, and only then of the failure.
    """
    sale = sold(OrderLine("li_1", 1, 10_000, 936))
    first = settled(sale, sale.state, "rf_1", 2_500)
    second = settled(sale, first.state, "rf_2", 7_500)
    external = refund_of(sale, "rf_3", 7_500)
    state = record_external_refund(second.state, external)
    again = settle(state, succeeded(external), AT, "payout_adjust")
    failed = replace(second.refund, settled_seq=3).with_status(RefundStatus.FAILED, AT, "stripe")
    end = settle(again.state, failed, AT, "payout_adjust").state
    assert end.settled_amount == 10_000
    assert end.tax_refunded_amount == 936


def test_a_late_failure_settles_before_a_success() -> None:
    sale = hundred_dollars()
    first = settled(sale, sale.state, "rf_1", 10_000)
    failed = replace(first.refund, settled_seq=2).with_status(RefundStatus.FAILED, AT, "stripe")
    success = succeeded(refund_of(sale, "rf_2", 10_000))
    assert next_to_settle([success, failed], success) is failed
    assert next_to_settle([success, replace(failed, failed_seq=3)], success) is success


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
