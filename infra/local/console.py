"""Prints the demo: steps, notes, tables and amounts."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import format_currency, get_currency_precision
from rich.console import Console, RenderableType
from rich.markup import escape

from shared.domain.money import minor_unit_digits


def money(amount: int, currency: str) -> str:
    """Return an amount for people, without its sign: 10000 usd is $100.00, 10000 jpy is ¥10,000.

    Args:
        amount: The amount in minor units.
        currency: The currency's ISO 4217 code in lower case.
    """
    digits, code = minor_unit_digits(currency), currency.upper()
    major = Decimal(abs(amount)).scaleb(-digits)
    # Unicode's data counts fewer decimals than Stripe for some currencies, see DECISIONS.md.
    same_digits = get_currency_precision(code) == digits
    return format_currency(major, code, locale="en_US", currency_digits=same_digits)


def signed(amount: int, currency: str) -> str:
    """Return an amount for people with its sign, + or a true minus, see `money`."""
    return ("+" if amount >= 0 else "\N{MINUS SIGN}") + money(amount, currency)


@dataclass(frozen=True)
class DemoConsole:
    """Prints each step of the demo on a line of its own."""

    console: Console

    def step(self, text: str) -> None:
        """Print what was done."""
        self.console.print(f"[cyan]→[/] {escape(text)}", highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """Print a detail of the step before."""
        self.console.print(f"  [dim]{escape(text)}[/]", highlight=False, soft_wrap=True)

    def show(self, content: RenderableType) -> None:
        """Print a table, or text with Rich markup."""
        self.console.print(content, highlight=False, soft_wrap=isinstance(content, str))

    def waiting(self, reason: str) -> AbstractContextManager[object]:
        """Show that the demo waits for as long as the context lasts."""
        return self.console.status(reason)
