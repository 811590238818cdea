"""The audit log: who signed in, who changed whom, and what PPS read.

A record is a line in the function's own log, which its role can add to and not change or delete.
``python -m infra.operate audit`` reads the records of all functions. They have ids and no names.
"""

from enum import StrEnum

from shared.edge.observability import logger


class AuditEvent(StrEnum):
    """What was done."""

    SIGNED_IN = "signed_in"
    STUDIO_READ_BY_PPS = "studio_read_by_pps"
    USER_CHANGED = "user_changed"


def record(event: AuditEvent, *, user: str, studio_id: str | None, **details: str | None) -> None:
    """Add a record to the audit log.

    Args:
        event: What was done.
        user: Who did it: an id, never a name or an address.
        studio_id: The studio that it is about; None for none.
        details: What else identifies it, without personal data.
    """
    fields = {"audit": event.value, "user": user, "studio_id": studio_id, **details}
    logger.info("audit", extra=fields)
