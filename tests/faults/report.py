"""The tables that a run of the fault tests prints at its end."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

# Tests record their results under these names.
CRASH_POINTS = "crash_points"
WEATHER = "weather"

type RecordProperty = Callable[[str, object], None]


def crash_table(rows: Iterable[tuple[str, int, int]]) -> Iterator[str]:
    """Yield the lines of a table.

    Args:
        rows: A flow's name, its crash points, and those it survived with the same records.
    """
    rows = sorted(rows)
    crashes, survived = sum(row[1] for row in rows), sum(row[2] for row in rows)
    name_width = max(len(name) for name, _, _ in rows)
    heading = f"{'flow':<{name_width}}  {'crashes':>7}  {'survived':>8}  {'failed':>6}"
    yield heading
    yield "-" * len(heading)
    for name, count, good in rows:
        yield f"{name:<{name_width}}  {count:>7}  {good:>8}  {count - good or '':>6}"
    yield "-" * len(heading)
    yield f"{'all':<{name_width}}  {crashes:>7}  {survived:>8}  {crashes - survived:>6}"


def weather_table(rows: Iterable[tuple[int, int, int, float]]) -> Iterator[str]:
    """Yield the lines of a table.

    Args:
        rows: A test's runs, those it survived, their refunds, and the seconds they took.
    """
    runs, survived, refunds, seconds = (sum(column) for column in zip(*rows, strict=True))
    speed = runs / seconds
    yield f"{'runs':>6}  {'survived':>8}  {'failed':>6}  {'refunds':>7}  {'runs/s on one core':>18}"
    yield f"{runs:>6}  {survived:>8}  {runs - survived:>6}  {refunds:>7}  {speed:>18.1f}"


def recorded(reports: Iterable[Any], name: str) -> list[Any]:
    """Return the values that tests recorded under a name."""
    return [value for each in reports for key, value in each.user_properties if key == name]
