"""Connected accounts, and the platform as their application, as Stripe's JSON."""

from infra.stripe_standin.records.accounts import AccountRecord
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.rendering.embedded import APPLICATION

# The platform's own account, which no command changes.
PLATFORM = AccountRecord(id="acct_standin", account="acct_standin", created=1_700_000_000)


def render_account(account: AccountRecord) -> JsonObject:
    """Render an account."""
    capability = "active" if account.charges_enabled else "inactive"
    return {
        "id": account.id,
        "object": "account",
        "business_type": "company",
        "capabilities": {"card_payments": capability, "transfers": capability},
        "charges_enabled": account.charges_enabled,
        "country": "US",
        "created": account.created,
        "default_currency": "usd",
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": account.payouts_enabled,
        "requirements": {
            "current_deadline": None,
            "currently_due": [],
            "disabled_reason": account.disabled_reason,
            "errors": [],
            "eventually_due": [],
            "past_due": [],
            "pending_verification": [],
        },
        "type": "standard",
    }


def render_application() -> JsonObject:
    """Render the platform as the application that accounts connect to."""
    return {"id": APPLICATION, "object": "application", "name": "Stand-in platform"}
