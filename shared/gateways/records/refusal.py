"""A refusal inside the item of a refund or a message."""

from shared.domain.refusal import Refusal
from shared.gateways.records.attributes import Values


def refusal_to_values(refusal: Refusal | None) -> Values | None:
    """Return the values of a refusal, or None."""
    if refusal is None:
        return None
    return {
        "reason": refusal.reason,
        "detail": refusal.detail,
        "answered": refusal.answered,
    }


def refusal_from_values(values: Values | None) -> Refusal | None:
    """Return the refusal of stored values, or None."""
    return None if values is None else Refusal(**values)
