"""Balance transactions of the platform's account at Stripe, read strictly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.domain.payout import studio_of_payout
from shared.domain.stripe_object import MalformedStripeObjectError, optional_id, string


@dataclass(frozen=True, slots=True)
class PlatformMovement:
    """One movement of the platform's balance.

    Attributes:
        movement_id: The balance transaction's id.
        type: Stripe's type of it.
        net_amount: What it added to the balance after Stripe's fee, in minor units, signed.
        currency: The currency of the balance.
        created_at: When it was made, RFC 3339 in UTC, in the form that the books have.
        source_id: The object that caused it, or None.
        subject: What it is about, in the words of ``platform_books``, or None if it is PPS's own
            business: a payout to PPS's bank, a top-up, another fee of Stripe.
        reverses: The transfer whose money came back. It says what the subject is.
    """

    movement_id: str
    type: str
    net_amount: int
    currency: str
    created_at: str
    source_id: str | None = None
    subject: str | None = None
    reverses: str | None = None


def charge_subject(charge_id: str) -> str:
    """Return the subject of a charge on the platform's account: an order's sale."""
    return f"charge:{charge_id}"


def refund_subject(stripe_refund_id: str) -> str:
    """Return the subject of a refund of the platform's account, with its late failure."""
    return f"refund:{stripe_refund_id}"


def dispute_subject(dispute_id: str) -> str:
    """Return the subject of a dispute of a charge on the platform's account."""
    return f"dispute:{dispute_id}"


def fee_subject(application_fee_id: str) -> str:
    """Return the subject of a direct charge's application fee, with its refunds."""
    return f"fee:{application_fee_id}"


def payout_subject(payout_id: str) -> str:
    """Return the subject of a payout: its transfer, and what came back of it."""
    return f"payout:{payout_id}"


def transfer_subject(transfer_id: str, group: str | None) -> str:
    """Return the subject of a transfer: the payout that it was made for, or itself."""
    if group is not None and studio_of_payout(group) is not None:
        return payout_subject(group)
    return f"transfer:{transfer_id}"


# The subject of a movement, by the kind of object that caused it.
_SUBJECTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "charge": lambda source: charge_subject(string(source, "id")),
    "refund": lambda source: refund_subject(string(source, "id")),
    "dispute": lambda source: dispute_subject(string(source, "id")),
    "application_fee": lambda source: fee_subject(string(source, "id")),
    "fee_refund": lambda source: fee_subject(_id(source, "fee")),
    "transfer": lambda source: transfer_subject(
        string(source, "id"), optional_id(source, "transfer_group")
    ),
}


def platform_movement_from(found: Mapping[str, Any]) -> PlatformMovement:
    """Return the movement of a Stripe ``balance_transaction`` object whose source is expanded.

    https://docs.stripe.com/api/balance_transactions/object

    Raises:
        MalformedStripeObjectError: It is not one, or not as documented.
    """
    if found.get("object") != "balance_transaction":
        raise MalformedStripeObjectError("expected a balance transaction")
    amount, fee, net = (_integer(found, name) for name in ("amount", "fee", "net"))
    if net != amount - fee:
        raise MalformedStripeObjectError("a balance transaction whose net is not amount less fee")
    source = found.get("source")
    about: Mapping[str, Any] = source if isinstance(source, Mapping) else {}
    kind = str(about.get("object"))
    subject = _SUBJECTS.get(kind)
    return PlatformMovement(
        movement_id=string(found, "id"),
        type=string(found, "type"),
        net_amount=net,
        currency=string(found, "currency"),
        created_at=_time(_integer(found, "created")),
        source_id=optional_id(found, "source"),
        subject=subject(about) if subject else None,
        reverses=_id(about, "transfer") if kind == "transfer_reversal" else None,
    )


def platform_balance_from(found: Mapping[str, Any]) -> dict[str, int]:
    """Return the balance by currency of a Stripe ``balance`` object: available and pending funds.

    https://docs.stripe.com/api/balance/balance_object

    Raises:
        MalformedStripeObjectError: It is not one, or not as documented.
    """
    if found.get("object") != "balance":
        raise MalformedStripeObjectError("expected a balance")
    sums: dict[str, int] = {}
    for part in ("available", "pending"):
        funds = found.get(part)
        if not isinstance(funds, list) or not all(isinstance(each, Mapping) for each in funds):
            raise MalformedStripeObjectError(f"a balance without its {part} funds")
        for each in funds:
            currency = string(each, "currency")
            sums[currency] = sums.get(currency, 0) + _integer(each, "amount")
    return sums


def _time(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _id(source: Mapping[str, Any], name: str) -> str:
    found = optional_id(source, name)
    if found is None:
        raise MalformedStripeObjectError(f"no {name}")
    return found


def _integer(source: Mapping[str, Any], name: str) -> int:
    value = source.get(name)
    if type(value) is not int:
        raise MalformedStripeObjectError(f"no integer {name}")
    return value
