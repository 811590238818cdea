"""Why an outside service refused: Stripe a refund, or the mail service a message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A definitive refusal. It is stored, so that a repeated request gets the same answer.

    ``reason`` is our stable code, ``detail`` what it means and what to do. ``answered`` says that
    the person who asked was told in the answer to their request.
    """

    reason: str
    detail: str
    answered: bool = False
