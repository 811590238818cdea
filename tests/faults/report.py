"""What a run of the fault tests came to, as tables."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

# The names under which tests record what they did.
CRASH_POINTS = "crash_points"
WEATHER = "weather"


type RecordProperty = Callable[[str, object], None]


def crash_table(rows: Iterable[tuple[str, int, int]]) -> Iterator[str]:
    """Yield the lines of a table: flow, points, survived."""
    counted = list(rows)
    yield f"{'flow':<34}{'points':>8}{'survived':>10}"
    for flow, points, survived in counted:
        yield f"{flow:<34}{points:>8}{survived:>10}"
    points, survived = sum(row[1] for row in counted), sum(row[2] for row in counted)
    yield f"{'all':<34}{points:>8}{survived:>10}"


def weather_line(rows: Iterable[tuple[int, int, int, float]]) -> str:
    """Return in a line how many runs there were, and how fast."""
    runs, survived, refunds, seconds = (sum(column) for column in zip(*rows, strict=True))
    return (
        f"{runs} runs in bad weather with {refunds} refunds, {survived} survived, "
        f"{runs / seconds:.1f} runs a second on one core"
    )


def recorded(reports: Iterable[Any], name: str) -> list[Any]:
    """Return what tests recorded under a name."""
    return [value for each in reports for key, value in each.user_properties if key == name]
