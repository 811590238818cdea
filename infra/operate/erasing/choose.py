"""Whom an erasure is about: an order's people, a parent, a subject, those of long ago, a user."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import typer

from shared.clock import rfc3339
from shared.domain.imported_order import ImportedOrder
from shared.domain.order import OrderKey
from shared.gateways.records.imported_order import imported_order_from_values
from shared.gateways.records.keys import DATE_INDEX
from shared.gateways.table import TableGateway

_AGE = re.compile(r"([1-9][0-9]?)y")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which orders of a studio are chosen, or which user. Exactly one of the fields is set."""

    order_id: str | None = None
    email: str | None = None
    subject: str | None = None
    older_than_years: int | None = None
    user_id: str | None = None

    @property
    def kind(self) -> str:
        """How they were chosen, for the record: without the name or the address."""
        if self.older_than_years is not None:
            return f"older than {self.older_than_years}y"
        named = {
            "order": self.order_id,
            "email": self.email,
            "subject": self.subject,
            "user": self.user_id,
        }
        return next(name for name, value in named.items() if value is not None)


def choice(
    order: str | None,
    email: str | None,
    subject: str | None,
    *,
    user: str | None = None,
    older_than: str | None = None,
) -> Choice:
    """Return the choice that a command's options make.

    Raises:
        BadParameter: Not exactly one is there, or the age is not in years.
    """
    if sum(each is not None for each in (order, email, subject, user, older_than)) != 1:
        raise typer.BadParameter("name the orders or the user in exactly one way; see --help")
    if older_than is None:
        return Choice(order, email, subject, user_id=user)
    years = _AGE.fullmatch(older_than)
    if years is None:
        raise typer.BadParameter(f"{older_than} is not an age in years such as 7y")
    return Choice(older_than_years=int(years[1]))


class ChosenOrders(TableGateway):
    """The orders of a studio that a choice names. It reads the studio's orders by date."""

    def find(self, studio_id: str, chosen: Choice, now: datetime) -> Iterator[OrderKey]:
        """Yield the chosen orders, the oldest first. Each is read once."""
        if chosen.order_id is not None:
            yield OrderKey(studio_id, chosen.order_id)
            return
        condition, values = "studio_id = :studio", {":studio": studio_id}
        if chosen.older_than_years is not None:
            condition += " AND date_sk < :before"
            values[":before"] = rfc3339(_years_before(now, chosen.older_than_years))
        fits = _fits(chosen)
        for found in self._table.query(condition, values, IndexName=DATE_INDEX):
            order = imported_order_from_values(found)
            if fits(order):
                yield order.key


def _fits(chosen: Choice) -> Callable[[ImportedOrder], bool]:
    if chosen.email is not None:
        email = _folded(chosen.email)
        return lambda order: _folded(order.parent.email or "") == email
    if chosen.subject is not None:
        subject = _folded(chosen.subject)
        return lambda order: any(
            subject in {_folded(each.name or ""), _folded(each.subject_id)}
            for each in order.subjects
        )
    return lambda order: order.erased() != order


def _folded(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def _years_before(now: datetime, years: int) -> datetime:
    try:
        return now.replace(year=now.year - years)
    except ValueError:  # February 29 has no such day in most years
        return now.replace(year=now.year - years, day=28)
