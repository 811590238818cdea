"""Responses about patterns, for a studio's owner. Rates are decimal strings."""

from typing import Literal

from pydantic import Field

from shared.domain.attribution import By, Key
from shared.domain.money import share_of
from shared.domain.outliers import Comparison, Outlier
from shared.domain.patterns import Pattern, Patterns
from shared.domain.refund_reason import reason_name
from shared.views.view import View

_KINDS = {
    By.SUBJECT: ("subject", "subjects"),
    By.PRODUCT: ("product", "products"),
    By.PHOTO_DAY: ("photo day", "photo days"),
    By.REASON: ("reason", "reasons"),
    By.PROCESSED_BY: ("operator", "operators"),
}

# How many outliers the summary names. It counts the others.
_NAMED = 3

# More zeros would tell the reader nothing more.
_MOST_REPORTS = 1_000_000

# A float below this is 0, and no difference is impossible.
_LEAST_P_VALUE = 1e-300


class PatternView(View):
    """The refunds of one subject, product, photo day, reason or operator.

    ``key`` is its id, or null for refunds that belong to none. ``refund_count`` and
    ``refunded_amount`` cover its refunds that settled in the range and have not failed since. For
    a subject, product or photo day, ``orders`` counts the orders placed in the range that have it.
    For a reason or operator it counts the orders that were refunded so. ``refunded_orders`` were
    placed in the range and refunded in it. ``refund_rate`` is their share of ``orders``; for a
    reason or operator, of all orders placed in the range. It is null if there are none.
    """

    key: str | None
    name: str | None
    refund_count: int
    refunded_amount: int
    orders: int
    refunded_orders: int
    refund_rate: str | None


class StandingOutView(View):
    """A key that is refunded more often than chance explains.

    ``compared_with`` says what its orders were compared with: the studio's other orders in the
    range, or all orders of the time before. ``p_value`` is how often chance alone would produce a
    report with an outlier as strong (Fisher's exact test, one-sided, adjusted by Holm for all
    tested keys), as a decimal in scientific notation.
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


class PatternsView(View):
    """A studio's refunds by key, and the outliers.

    ``orders`` were placed in the range and charged. ``refunded_orders`` of them were refunded in
    it. ``items`` are the keys with the most refunds; ``truncated`` says that there are more.
    ``standing_out`` are the outliers. ``from`` and ``to`` are days in the studio's time zone, both
    included.
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


def patterns_view(found: Patterns) -> PatternsView:
    """Return patterns as the API shows them."""
    return PatternsView(
        from_day=found.days.first.isoformat(),
        to_day=found.days.last.isoformat(),
        by=found.by,
        currency=found.currency,
        orders=found.count.orders,
        refunded_orders=found.count.refunded_orders,
        refund_count=found.count.refund_count,
        refunded_amount=found.count.refunded_amount,
        items=[_pattern_view(found, each) for each in found.patterns],
        truncated=found.truncated,
        standing_out=[_outlier_view(found, each) for each in found.findings.found],
        summary=_summary(found),
    )


def _pattern_view(found: Patterns, pattern: Pattern) -> PatternView:
    return PatternView(
        key=pattern.key,
        name=_name(found, pattern.key),
        refund_count=pattern.refund_count,
        refunded_amount=pattern.refunded_amount,
        orders=pattern.orders,
        refunded_orders=pattern.refunded_orders,
        refund_rate=rate(pattern.refunded_orders, pattern.base_orders),
    )


def _outlier_view(found: Patterns, finding: Outlier) -> StandingOutView:
    here = finding.comparison
    return StandingOutView(
        key=here.key,
        name=_name(found, here.key),
        orders=here.orders,
        refunded_orders=here.refunded_orders,
        refund_rate=rate(here.refunded_orders, here.orders),
        compared_with="time_before" if found.before else "other_orders",
        compared_orders=here.other_orders,
        compared_refunded_orders=here.other_refunded_orders,
        compared_refund_rate=rate(here.other_refunded_orders, here.other_orders),
        p_value=f"{max(finding.p_value, _LEAST_P_VALUE):.1e}",
        statement=_statement(found, finding),
    )


def rate(part: int, whole: int) -> str | None:
    """Return a rate with four decimals, rounded half up. It is None if ``whole`` is 0."""
    if not whole:
        return None
    return "{}.{:04d}".format(*divmod(share_of(10_000, part, whole), 10_000))


def _name(found: Patterns, key: Key) -> str | None:
    if key is None:
        return None
    match found.by:
        case By.REASON:
            return reason_name(key)
        case By.PROCESSED_BY:
            return "Stripe's dashboard" if key == "stripe" else found.names.get(key, key)
        case _:
            return found.names.get(key)


def _statement(found: Patterns, finding: Outlier) -> str:
    here = finding.comparison
    reports = once_in(finding.p_value)
    return (
        f"{_refunded(found, here)} Chance alone would make such a difference less than once in "
        f"{reports:,} reports."
    )


def _refunded(found: Patterns, here: Comparison) -> str:
    name = _name(found, here.key) or here.key
    rest = f"{here.other_refunded_orders:,} of {here.other_orders:,}."
    these = f"{here.refunded_orders:,} of {here.orders:,} orders"
    if found.before is None:
        return f"{these} with {name} were refunded; elsewhere {rest}"
    how = f"for the reason “{name}”" if found.by is By.REASON else f"by {name}"
    then = f"from {found.before.first} to {found.before.last}"
    return f"{these} were refunded {how}; {then} {rest}"


def once_in(p_value: float) -> int:
    """Return n for "less than once in n reports": a power of ten."""
    reports = 1
    while reports < _MOST_REPORTS and p_value * reports * 10 < 1:
        reports *= 10
    return reports


def _summary(found: Patterns) -> str:
    kind, kinds = _KINDS[found.by]
    outliers = [each.comparison.key for each in found.findings.found]
    tested = found.findings.tested
    if not tested:
        return (
            f"No outliers: no {kind} has enough orders and refunds to tell an outlier from chance."
        )
    if not outliers:
        compared = f"{tested:,} {kind if tested == 1 else kinds}"
        return (
            f"No outliers: of {compared} with enough orders to compare, none is refunded more "
            "often than chance explains."
        )
    named = [_name(found, key) or key for key in outliers[:_NAMED]]
    more = len(outliers) - len(named)
    names = ", ".join(named) + (f" and {more:,} more" if more else "")
    if len(outliers) == 1:
        return f"1 {kind} is an outlier: {names}."
    return f"{len(outliers):,} {kinds} are outliers: {names}."
