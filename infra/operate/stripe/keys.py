"""Stripe's keys, one for each purpose: which functions use it, and what it may do.

`docs/operations.md` has the same table for people, and `tests/e2e/test_stripe_keys.py` compares it
with the calls that the functions make.
"""

from dataclasses import dataclass
from enum import StrEnum


class KeyPurpose(StrEnum):
    """What a key is for."""

    REFUNDS = "refunds"
    FEE_REFUNDS = "fee-refunds"
    TRANSFERS = "transfers"
    READS = "reads"


@dataclass(frozen=True, slots=True)
class StripeKey:
    """A key of the stack.

    Attributes:
        output: The stack's output that names its secret.
        functions: The functions that use it, and no others can.
        own: Its permissions on the platform's account, as Stripe's API names them.
        connect: Its permissions on connected accounts.
    """

    purpose: KeyPurpose
    output: str
    functions: frozenset[str]
    own: frozenset[str]
    connect: frozenset[str]


# What reading a charge with its refunds and disputes takes.
_READ_CHARGES = frozenset(
    {"rak_charge_read", "rak_dispute_read", "rak_balance_transaction_source_read"}
)
_REFUND = _READ_CHARGES - {"rak_charge_read"} | {"rak_charge_write"}
# Each function asks whether an account is still connected when a call on it is denied.
_ACCOUNTS = frozenset({"rak_connected_account_read"})

STRIPE_KEYS = (
    StripeKey(
        KeyPurpose.REFUNDS,
        "StripeRefundKeyArn",
        frozenset({"refund_request", "resume_pending"}),
        own=_REFUND | _ACCOUNTS,
        connect=_REFUND,
    ),
    StripeKey(
        KeyPurpose.FEE_REFUNDS,
        "StripeFeeRefundKeyArn",
        frozenset({"fee_refund"}),
        own=frozenset({"rak_application_fee_write"}) | _ACCOUNTS,
        connect=frozenset(),
    ),
    StripeKey(
        KeyPurpose.TRANSFERS,
        "StripeTransferKeyArn",
        frozenset({"run_payouts"}),
        own=frozenset({"rak_transfer_write"}) | _ACCOUNTS,
        connect=frozenset(),
    ),
    StripeKey(
        KeyPurpose.READS,
        "StripeReadKeyArn",
        frozenset({"stripe_webhook", "verify_charge", "reconcile"}),
        own=_READ_CHARGES
        | _ACCOUNTS
        | {"rak_application_fee_read", "rak_balance_read", "rak_transfer_read"},
        connect=_READ_CHARGES | {"rak_event_read"},
    ),
)
