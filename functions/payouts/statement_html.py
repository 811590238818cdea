"""A payout as a page that prints well."""

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from babel.core import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import parse_pattern
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from functions.payouts.show_payout import PrintedStatement
from functions.payouts.statement_sections import sections_of
from shared.domain.ledger import EntryKind
from shared.domain.money import minor_unit_digits
from shared.domain.payout import DISPUTED, Payout
from shared.domain.refusal import INSUFFICIENT_BALANCE
from shared.domain.statement import Statement, StatementLine, payable_parts

_LOCALE = Locale("en", "US")
# As wide as a digit, and no line ends after it. A hyphen is neither.
_MINUS = "\N{MINUS SIGN}"
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
_REFUND_TYPES = {"full": "full", "partial": "partial", "line_items": "line items"}
_PARTS = (
    ("sales_amount", "Sales"),
    ("refunds_amount", "Refunds"),
    ("disputes_amount", "Disputes"),
    ("adjustments_amount", "Adjustments by PPS"),
    ("transfers_amount", "Transfers that came back"),
    ("carried_in_amount", "Carried over from the previous payout"),
)
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


def statement_html(printed: PrintedStatement) -> str:
    """Return the statement: what was paid, how it adds up, the deductions, and each other line.

    A payout with too many lines has the sums of each section, and says where the lines are.
    """
    currency = printed.payout.currency

    def local_day(at: str) -> str:
        return _day(datetime.fromisoformat(at).astimezone(printed.zone).date())

    def local_moment(at: str) -> str:
        here = datetime.fromisoformat(at).astimezone(printed.zone)
        return format_datetime(here, "MMM d, y, h:mm:ss a", locale=_LOCALE)

    sections = sections_of(printed.statement)
    return _environment.get_template("statement.html.j2").render(
        payout=printed.payout,
        studio_name=printed.studio_name,
        statement=printed.statement,
        first_day=_day(date.fromisoformat(printed.payout.period_start)),
        last_day=_day(date.fromisoformat(printed.payout.period_end)),
        kinds=_KINDS,
        parts=_parts(printed.statement),
        sections=sections,
        has_lines=bool(printed.statement.lines),
        line_count=f"{printed.statement.total.count:,}",
        settled_by_stripe=any(section.total.direct_amount for section in sections),
        status=_status_of(printed.payout),
        zone=printed.zone.key,
        money=lambda amount: money(amount, currency),
        what=_what,
        reason=_reason,
        local_day=local_day,
        local_moment=local_moment,
    )


def _status_of(payout: Payout) -> str:
    """Return the state of a payout in words for the studio."""
    if payout.is_open and payout.reason == INSUFFICIENT_BALANCE:
        return _WAITS_FOR_BALANCE
    return _DISPUTED if payout.reason == DISPUTED else _STATUS[payout.status.value]


def _parts(statement: Statement) -> list[tuple[str, int]]:
    """Return what the total is made of, without parts that are zero."""
    parts = payable_parts(statement)
    return [(label, amount) for name, label in _PARTS if (amount := getattr(parts, name))]


def _what(line: StatementLine) -> str:
    """Return what a line is, and of a refund how much it was meant to be."""
    label = _KINDS[line.kind].line
    how = _REFUND_TYPES.get(line.refund_type or "") if line.kind == EntryKind.REFUND else None
    return f"{label}, {how}" if how else label


def _reason(line: StatementLine) -> str:
    return line.reason_name or ""


def money(amount: int, currency: str) -> str:
    """Return an amount for people, with as many decimals as its minor unit has.

    Args:
        amount: In minor units.
        currency: ISO 4217, in lower case.
    """
    digits = minor_unit_digits(currency)
    major = Decimal(amount).scaleb(-digits)
    # Babel's digits are how people write the currency. Stripe may count other minor units.
    pattern = _MONEY[digits]
    shown = pattern.apply(major, _LOCALE, currency=currency.upper(), currency_digits=False)
    return str(shown).replace("-", _MINUS)


def _day(day: date) -> str:
    return format_date(day, locale=_LOCALE)
