"""Patterns as the API shows them. Amounts in minor units, rates as decimal strings."""

from typing import Literal

from pydantic import BaseModel, Field

from functions.refund_report.attribution import By


class PatternView(BaseModel):
    """What is counted of one subject, product, photo day, reason or operator.

    ``key`` is its id, and null for what belongs to none. ``refund_count`` and ``refunded_amount``
    are of all its refunds that settled in the range and have not failed since. ``orders`` are
    those behind it: by subject, product and photo day all that were placed in the range and have
    it, by reason and operator those that were refunded so. ``refunded_orders`` were placed in the
    range and refunded in it; ``refund_rate`` is their part of ``orders``, by reason and operator
    of all orders placed in the range, and null where there are none.
    """

    key: str | None
    name: str | None
    refund_count: int
    refunded_amount: int
    orders: int
    refunded_orders: int
    refund_rate: str | None


class StandingOutView(BaseModel):
    """A key that is refunded more often than chance explains.

    ``compared_with`` says what its orders were held against: the studio's others in the range, or
    all orders of the time before. ``p_value`` is how often chance alone would make a report in
    which anything stands out as much (Fisher's exact test, one-sided, adjusted by Holm for all
    keys that were tested), as a decimal in scientific notation.
    """

    key: str
    name: str | None
    orders: int
    refunded_orders: int
    refund_rate: str | None
    compared_with: Literal["other_orders", "time_before"]
    compared_orders: int
    compared_refunded_orders: int
    compared_refund_rate: str | None
    p_value: str
    statement: str


class PatternsView(BaseModel):
    """A studio's refunds by key, and what stands out.

    ``orders`` were placed in the range and charged, ``refunded_orders`` of them refunded in it.
    ``items`` are the keys with the most refunds; ``truncated`` says that there are more. ``from``
    and ``to`` are days in the studio's time zone, both included.
    """

    from_day: str = Field(serialization_alias="from")
    to_day: str = Field(serialization_alias="to")
    by: By
    currency: str
    orders: int
    refunded_orders: int
    refund_count: int
    refunded_amount: int
    items: list[PatternView]
    truncated: bool
    standing_out: list[StandingOutView]
    summary: str
