"""A parked message: a queue message that could not be processed, kept for a person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """Which message it is, why it could not be processed, and what a person did about it.

    The message itself is in the dead-letter queue ``queue`` until it is resolved. ``resolution``
    says what an operator did. Times are RFC 3339 in UTC.
    """

    parked_id: str
    studio_id: str
    queue: str
    reason: str
    parked_at: str
    resolved_at: str | None = None
    resolved_by: str | None = None
    resolution: str | None = None
    version: int = 0
