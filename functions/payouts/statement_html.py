"""A payout as a page that prints well."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import parse_pattern
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from functions.payouts.show_payout import WholeStatement
from shared.domain.ledger import ORDER_KINDS
from shared.domain.money import minor_unit_digits
from shared.domain.payout import DISPUTED, Payout
from shared.domain.refusal import INSUFFICIENT_BALANCE
from shared.domain.statement import Statement, Sum

MEDIA_TYPE = "text/html; charset=utf-8"

# The page loads nothing and runs nothing. https://www.w3.org/TR/CSP3/
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

_LOCALE = Locale("en", "US")
# By number of decimals. Parsed once, because a statement has tens of thousands of amounts.
_MONEY = {0: parse_pattern("¤#,##0"), 2: parse_pattern("¤#,##0.00")}


class _Label(NamedTuple):
    """The name of a kind of line, and of the sum of such lines."""

    line: str
    sum: str


_KINDS = {
    "sale": _Label("Sale", "Sales"),
    "refund": _Label("Refund", "Refunds"),
    "refund_failed": _Label("Refund failed, added back", "Refunds that failed, added back"),
    "opening_sale": _Label("Sale, paid out before", "Sales that were paid out before"),
    "opening_refund": _Label("Refund, deducted before", "Refunds that were deducted before"),
    "dispute": _Label("Dispute", "Disputes"),
    "dispute_reversed": _Label("Dispute, money back", "Disputes, money back"),
    "payout_failed": _Label("Transfer failed, added back", "Transfers that failed, added back"),
    "payout_reversed": _Label("Transfer came back", "Transfers that came back"),
    "adjustment": _Label("Adjustment by PPS", "Adjustments by PPS"),
    "carried": _Label("Carried over", "Carried over from the previous payout"),
}
_STATUS = {
    "closing": "The transfer is about to be made.",
    "transferring": "The transfer is under way.",
    "paid": "Transferred to your account.",
    "failed": "Stripe could not pay your account. The amount is in the next payout.",
    "held": "Not paid: we do not know an account to pay to. The amount is in the next payout.",
    "carried": "Nothing to pay. A negative balance is carried into the next payout.",
}
_WAITS_FOR_BALANCE = (
    "Our balance at Stripe is too low to transfer this today. We will keep trying every hour."
)
_DISPUTED = "Not paid yet: it may be needed for open disputes. It is carried into the next payout."

_environment = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def statement_html(whole: WholeStatement) -> str:
    """Return the statement: the studio, the days, each line, the sums and the payment."""
    currency = whole.payout.currency

    def local_day(at: str) -> str:
        return _day(datetime.fromisoformat(at).astimezone(whole.zone).date())

    def local_moment(at: str) -> str:
        here = datetime.fromisoformat(at).astimezone(whole.zone)
        return format_datetime(here, "MMM d, y, h:mm:ss a", locale=_LOCALE)

    return _environment.get_template("statement.html.j2").render(
        payout=whole.payout,
        studio_name=whole.studio_name,
        statement=whole.statement,
        first_day=_day(date.fromisoformat(whole.payout.period_start)),
        last_day=_day(date.fromisoformat(whole.payout.period_end)),
        kinds=_KINDS,
        order_kinds=ORDER_KINDS,
        orders=_sum_of_orders(whole.statement),
        status=_status_of(whole.payout),
        zone=whole.zone.key,
        money=lambda amount: money(amount, currency),
        local_day=local_day,
        local_moment=local_moment,
    )


def _status_of(payout: Payout) -> str:
    """Return the state of a payout in words for the studio."""
    if payout.is_open and payout.reason == INSUFFICIENT_BALANCE:
        return _WAITS_FOR_BALANCE
    return _DISPUTED if payout.reason == DISPUTED else _STATUS[payout.status.value]


def _sum_of_orders(statement: Statement) -> Sum:
    """Return the sum of sales and refunds, without the balance that is carried over."""
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
    # Babel's digits are how people write the currency. Stripe may count other minor units.
    pattern = _MONEY[digits]
    return str(pattern.apply(major, _LOCALE, currency=currency.upper(), currency_digits=False))


def _day(day: date) -> str:
    return format_date(day, locale=_LOCALE)
