"""Requests of the attention list."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.edge.bodies import LongVisibleLine, StrictBody


class NoteBody(StrictBody):
    """What was done about it, for the studio's own people."""

    note: LongVisibleLine | None = None


class ResolutionBody(StrictBody):
    """How the parent of a failed refund was paid. Send it once that has happened."""

    paid_by: Literal["bank_transfer", "check", "cash", "new_refund", "not_owed"]
    reference: (
        Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\x20-\x7e]+$")]
        | None
    ) = None
    note: LongVisibleLine | None = None
