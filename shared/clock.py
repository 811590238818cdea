"""The clock, and the one format in which times are stored and shown."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def rfc3339(at: datetime) -> str:
    """Return a time as RFC 3339 in UTC with milliseconds. As strings they sort by time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
