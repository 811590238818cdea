"""Who did something, as people read it."""

from collections.abc import Mapping

# What users are called, by their ids.
type Names = Mapping[str, str]

NO_NAMES: Names = {}

# What functions and Stripe are called. Their names are in histories where a user's id could be.
_NOT_PEOPLE = {
    "stripe": "Stripe",
    "stripe_webhook": "Stripe",
    "payout_adjust": "PPS",
    "refund_request": "PPS",
    "resume_pending": "PPS",
    "reconcile": "PPS",
    "verify_charge": "PPS",
}


def shown_name(names: Names, by: str) -> str:
    """Return what somebody is called, or their id if that is not known."""
    return names.get(by) or _NOT_PEOPLE.get(by, by)


def optional_name(names: Names, by: str | None) -> str | None:
    """Return the same, or None for nobody."""
    return None if by is None else shown_name(names, by)
