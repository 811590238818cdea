"""A payout as a page that prints well."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import parse_pattern
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from functions.payouts.show_payout import WholeStatement
from shared.domain.ledger import ORDER_KINDS
from shared.domain.money import minor_unit_digits
from shared.domain.statement import Statement, Sum

MEDIA_TYPE = "text/html; charset=utf-8"

# The page loads nothing and runs nothing. https://www.w3.org/TR/CSP3/
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_LOCALE = Locale("en", "US")
# Parsed once: a statement has tens of thousands of amounts. By how many decimals there are.
_MONEY = {0: parse_pattern("¤#,##0"), 2: parse_pattern("¤#,##0.00")}


class _Label(NamedTuple):
    """What a kind of line is called, and the sum of such lines."""

    line: str
    sum: str


_KINDS = {
    "sale": _Label("Sale", "Sales"),
    "refund": _Label("Refund", "Refunds"),
    "refund_failed": _Label("Refund failed, taken back", "Refunds that failed, taken back"),
    "payout_failed": _Label("Transfer failed, taken back in", "Transfers that failed"),
    "carried": _Label("Carried in", "Carried in from the payout before"),
}
_STATUS = {
    "closing": "The transfer is about to be made.",
    "transferring": "The transfer is under way.",
    "paid": "Transferred to your account.",
    "failed": "Stripe refused the transfer; the amount is in the next payout.",
    "held": "Not paid: no account to pay to is known. The amount is in the next payout.",
    "carried": "Nothing to pay. A balance below zero is carried into the next payout.",
}

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def statement_html(whole: WholeStatement) -> str:
    """Return the statement: who, which days, each line, the sums, and where the money went."""
    currency = whole.payout.currency

    def local_day(at: str) -> str:
        return _day(datetime.fromisoformat(at).astimezone(whole.zone).date())

    return _environment.get_template("statement.html.j2").render(
        payout=whole.payout,
        studio_name=whole.studio_name,
        statement=whole.statement,
        first_day=_day(date.fromisoformat(whole.payout.period_start)),
        last_day=_day(date.fromisoformat(whole.payout.period_end)),
        kinds=_KINDS,
        order_kinds=ORDER_KINDS,
        orders=_sum_of_orders(whole.statement),
        status=_STATUS[whole.payout.status.value],
        money=lambda amount: money(amount, currency),
        local_day=local_day,
    )


def _sum_of_orders(statement: Statement) -> Sum:
    """Return what the sales and refunds come to: what is carried in is no sale of this period."""
    total = Sum()
    for line in statement.lines:
        if line.kind in ORDER_KINDS:
            total = total.plus(line)
    return total


def money(amount: int, currency: str) -> str:
    """Return an amount for people, ``-$85.00``, with as many decimals as its minor unit has.

    Args:
        amount: In minor units.
        currency: ISO 4217, in lower case.
    """
    digits = minor_unit_digits(currency)
    major = Decimal(amount).scaleb(-digits)
    # Babel's own digits are how people write the currency, which is not always as Stripe counts.
    pattern = _MONEY[digits]
    return str(pattern.apply(major, _LOCALE, currency=currency.upper(), currency_digits=False))


def _day(day: date) -> str:
    return format_date(day, locale=_LOCALE)
