"""Limits mean about the same in every currency."""

from dataclasses import replace

import pytest

from shared.domain.errors import RefundLimitError
from shared.domain.limits import (
    LARGEST_AMOUNT,
    UNITS_PER_1000_USD,
    amount_worth,
    largest_amount,
)
from shared.domain.money import SUPPORTED_CURRENCIES, money_text
from shared.edge.auth import Caller, Role
from shared.workflow.refund_limit import refund_limit, require_within_limit
from tests.unit.studios import LAKESIDE

STAFF = Caller("sam", "st_1", frozenset({Role.STAFF}))
OWNER = Caller("ana", "st_1", frozenset({Role.OWNER}))


def test_every_supported_currency_has_a_value_in_dollars() -> None:
    assert UNITS_PER_1000_USD.keys() == SUPPORTED_CURRENCIES


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("usd", 100_000),
        ("eur", 88_000),
        ("jpy", 160_000),
        ("idr", 1_800_000_000),
        ("vnd", 26_000_000),
        ("lbp", 9_000_000_000),
    ],
)
def test_a_thousand_dollars_in_minor_units(currency: str, amount: int) -> None:
    assert amount_worth(1_000, currency) == amount


@pytest.mark.parametrize("currency", sorted(SUPPORTED_CURRENCIES))
def test_a_large_order_fits_and_an_amount_stripe_cannot_have_does_not(currency: str) -> None:
    assert amount_worth(100_000, currency) <= largest_amount(currency) <= LARGEST_AMOUNT


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("usd", 8), ("eur", 8), ("jpy", 8), ("idr", 12), ("cop", 12), ("inr", 12), ("lbp", 12)],
)
def test_an_amount_has_at_least_the_digits_that_stripe_takes_by_any_method(
    currency: str, digits: int
) -> None:
    assert largest_amount(currency) == 10**digits - 1


@pytest.mark.parametrize(
    ("currency", "amount"),
    [
        ("idr", 15_000_000),
        ("cop", 4_000_000),
        ("vnd", 1_250_000),
        ("lbp", 89_500_000),
        ("jpy", 155_000),
        ("usd", 100_000),
    ],
)
def test_staff_refund_everyday_orders_in_any_currency(currency: str, amount: int) -> None:
    require_within_limit(STAFF, replace(LAKESIDE, currency=currency), amount)


@pytest.mark.parametrize("currency", sorted(SUPPORTED_CURRENCIES))
def test_staff_do_not_refund_two_thousand_dollars_and_owners_do(currency: str) -> None:
    studio = replace(LAKESIDE, currency=currency)
    beyond = amount_worth(2_000, currency)
    with pytest.raises(RefundLimitError, match=money_text(beyond, currency)):
        require_within_limit(STAFF, studio, beyond)
    require_within_limit(OWNER, studio, beyond)


def test_a_studios_own_limit_binds_its_staff_exactly_and_its_owners_not() -> None:
    studio = replace(LAKESIDE, staff_refund_limit_amount=2_500)
    assert refund_limit(STAFF, studio) == 2_500
    require_within_limit(STAFF, studio, 2_500)
    with pytest.raises(RefundLimitError, match=r"at most 25\.00 USD"):
        require_within_limit(STAFF, studio, 2_501)
    assert refund_limit(OWNER, studio) is None


def test_a_studio_may_leave_every_refund_to_its_owners() -> None:
    with pytest.raises(RefundLimitError):
        require_within_limit(STAFF, replace(LAKESIDE, staff_refund_limit_amount=0), 1)
