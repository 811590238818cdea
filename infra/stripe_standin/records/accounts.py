"""Connected accounts."""

from typing import Literal

from infra.stripe_standin.records.base import StripeRecord

type AccountAccess = Literal["connected", "deauthorized", "closed"]


class AccountRecord(StripeRecord):
    """A connected account that a command or a request has named. Any other one is connected.

    Attributes:
        access: Whether the platform may act for the account.
        disabled_reason: Why Stripe disabled something; None if it did not.
    """

    access: AccountAccess = "connected"
    charges_enabled: bool = True
    payouts_enabled: bool = True
    disabled_reason: str | None = None
