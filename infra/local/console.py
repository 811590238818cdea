"""How the demo tells what it does: a step, a note, an amount."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import httpx
from babel.numbers import format_currency, get_currency_precision
from rich.console import Console
from rich.markup import escape


def money(minor: int, currency: str) -> str:
    """Format an amount for people: 10000 usd is $100.00, 10000 jpy is ¥10,000."""
    exponent = get_currency_precision(currency.upper())
    return format_currency(Decimal(abs(minor)).scaleb(-exponent), currency.upper(), locale="en_US")


def signed(minor: int, currency: str) -> str:
    """Format an amount with its sign, a true minus for a negative one."""
    return ("+" if minor >= 0 else "\N{MINUS SIGN}") + money(minor, currency)


@dataclass(frozen=True)
class Teller:
    """Prints what happens, a line each."""

    console: Console

    def step(self, text: str) -> None:
        """Say what was done."""
        self.console.print(f"[cyan]→[/] {escape(text)}", highlight=False, soft_wrap=True)

    def note(self, text: str) -> None:
        """Say something about it."""
        self.console.print(f"  [dim]{escape(text)}[/]", highlight=False, soft_wrap=True)


def code_of(answer: httpx.Response) -> str:
    """Return the code of an answer that is a problem, or nothing."""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        return str(answer.json().get("code"))
    return ""


def problem_of(answer: httpx.Response) -> str:
    """Return in a few words what an answer refuses."""
    return f"{answer.status_code} {code_of(answer) or answer.text[:200]}"


type Json = dict[str, Any]
