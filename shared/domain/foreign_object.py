"""An object on the platform's Stripe account that belongs to other business than ours."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class ForeignObject:
    """A refund, transfer or application fee that names no object of ours.

    Attributes:
        stripe_id: Stripe's id of it.
        found_at: When it was found and named, RFC 3339 in UTC.
        amount: In minor units, as Stripe had it when it was found.
        currency: None where we do not read it from Stripe's object.
        acknowledged_at: When a person said that it is not ours; None until then.
        because: Who said so, and why; no personal data.
    """

    stripe_id: str
    found_at: str
    amount: int | None = None
    currency: str | None = None
    acknowledged_at: str | None = None
    because: str | None = None
    version: int = 0

    def acknowledged(self, because: str, at: str) -> "ForeignObject":
        """Return it after a person has dealt with it. The first one stays."""
        if self.acknowledged_at is not None:
            return self
        return replace(self, acknowledged_at=at, because=because)
