"""A message between the functions that can never work, put aside for a person."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ParkedMessage:
    """Which message it was, why it cannot work, and what a person did about it.

    The message itself lies in the dead-letter queue ``queue`` until then; ``resolution`` says in
    words what was done, if an operator did it. Times are RFC 3339 in UTC.
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
