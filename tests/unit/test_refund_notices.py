"""Each warning of a preview has words, and blocks exactly when a request would be refused."""

from dataclasses import replace

import pytest

from functions.refund_request.notices import notices_of
from shared.domain.errors import FulfillmentInProgressError
from shared.domain.order import FulfillmentStatus, OrderState
from shared.domain.refund import RefundType
from shared.domain.refund_quote import (
    ChosenLine,
    RefundChoice,
    RefundWarning,
    check_fulfillment,
    print_warnings,
    quote_refund,
)
from shared.domain.studio import OnNegativeLimit
from tests.unit.orders import FULL, hundred_dollars
from tests.unit.studios import LAKESIDE

SALE = hundred_dollars()
PART = RefundChoice(RefundType.PARTIAL, amount=100)
REST = RefundChoice(RefundType.PARTIAL, amount=10_000)
LINE = RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine("li_1", 1),))
CHOICES = [FULL, replace(FULL, keep_print=True), PART, REST, LINE, replace(LINE, keep_print=True)]


def at(status: FulfillmentStatus) -> OrderState:
    return replace(SALE.state, fulfillment_status=status)


def is_refused(state: OrderState, choice: RefundChoice) -> bool:
    try:
        check_fulfillment(state, choice, quote_refund(SALE.order, state, choice))
    except FulfillmentInProgressError:
        return True
    return False


@pytest.mark.parametrize("choice", CHOICES)
@pytest.mark.parametrize("status", list(FulfillmentStatus))
def test_a_print_blocks_exactly_the_refunds_that_it_would_refuse(
    status: FulfillmentStatus, choice: RefundChoice
) -> None:
    state = at(status)
    quote = quote_refund(SALE.order, state, choice)
    notices = notices_of(print_warnings(state), LAKESIDE, state, choice, quote)
    assert any(notice.blocking for notice in notices) == is_refused(state, choice)
    in_production = status in {FulfillmentStatus.CLAIMED, FulfillmentStatus.PRINTED}
    shipped = status is FulfillmentStatus.SHIPPED
    assert len(notices) == (in_production or shipped)


def test_the_words_say_what_to_do_about_a_claimed_print() -> None:
    state = at(FulfillmentStatus.CLAIMED)

    def words(choice: RefundChoice) -> str:
        quote = quote_refund(SALE.order, state, choice)
        (notice,) = notices_of(print_warnings(state), LAKESIDE, state, choice, quote)
        return notice.detail

    assert "Cancel fulfillment first" in words(FULL)
    assert "taken off" in words(LINE)
    assert "goes on" in words(PART)
    assert "as you chose" in words(replace(FULL, keep_print=True))


# A stop has its own words, see test_stops.py.
WORDED = [code for code in RefundWarning if code is not RefundWarning.REFUNDS_STOPPED]


@pytest.mark.parametrize("code", WORDED)
@pytest.mark.parametrize("on_limit", list(OnNegativeLimit))
def test_every_warning_has_words_and_only_limits_block(
    code: RefundWarning, on_limit: OnNegativeLimit
) -> None:
    studio = replace(LAKESIDE, on_negative_limit=on_limit)
    quote = quote_refund(SALE.order, SALE.state, PART)
    (notice,) = notices_of([code], studio, SALE.state, PART, quote)
    assert notice.detail.endswith(".")
    refuses = on_limit is OnNegativeLimit.REFUSE
    assert notice.blocking == (
        code is RefundWarning.REFUND_LIMIT_EXCEEDED
        or (code is RefundWarning.NEGATIVE_BALANCE_LIMIT and refuses)
    )
