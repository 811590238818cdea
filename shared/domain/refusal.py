"""A refusal: why Stripe refused a refund, or the mail service a message."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A definitive refusal. It is stored, so that a repeated request gets the same answer.

    ``reason`` is our stable code. ``detail`` says what it means and what to do. ``answered`` says
    that the requester already got the refusal as the answer to their request.
    """

    reason: str
    detail: str
    answered: bool = False
