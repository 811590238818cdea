"""The demo prints amounts with Stripe's decimals, not with Unicode's."""

import pytest

from infra.local.console import money, signed


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        (10_000, "usd", "$100.00"),
        (10_000, "jpy", "¥10,000"),
        (123_456, "eur", "€1,234.56"),
        # Unicode writes these two without decimals. Stripe's amounts are hundredths.
        (123_456, "lak", "LAK1,234.56"),
        (5, "mmk", "MMK0.05"),
    ],
)
def test_an_amount_has_as_many_decimals_as_stripe_counts(
    amount: int, currency: str, shown: str
) -> None:
    assert money(amount, currency) == shown


def test_a_signed_amount_has_a_plus_or_a_true_minus() -> None:
    assert signed(320, "usd") == "+$3.20"
    assert signed(0, "usd") == "+$0.00"
    assert signed(-123_456, "lak") == "\N{MINUS SIGN}LAK1,234.56"
