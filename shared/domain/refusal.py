"""A refusal: why Stripe refused a refund, or the mail service a message."""

from dataclasses import dataclass

# The reason of a refusal because the Stripe account does not hold enough.
INSUFFICIENT_BALANCE = "insufficient_balance"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A definitive refusal. It is stored, so that a repeated request gets the same answer.

    ``reason`` is our stable code. ``detail`` says what it means and what to do. ``answered`` says
    that the requester already got the refusal as the answer to their request.
    """

    reason: str
    detail: str
    answered: bool = False
