"""A dispute as Stripe reports it, read strictly from an API answer."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.domain.stripe_object import MalformedStripeObjectError, optional_id, string


@dataclass(frozen=True, slots=True)
class StripeDispute:
    """A dispute. Amounts in minor units of the charge's currency.

    ``withdrawn_amount`` and ``fee_amount`` are what its balance transactions took in all, less
    what they gave back.
    """

    dispute_id: str
    charge_id: str
    status: str
    amount: int
    currency: str
    is_charge_refundable: bool
    created: datetime
    due_by: datetime | None
    reason: str | None
    withdrawn_amount: int
    fee_amount: int
    balance_transaction_ids: tuple[str, ...]


def stripe_dispute_from(source: Mapping[str, Any]) -> StripeDispute:
    """Return the dispute of a Stripe ``dispute`` object.

    https://docs.stripe.com/api/disputes/object

    Raises:
        MalformedStripeObjectError: It is not one, or not as documented.
    """
    if source.get("object") != "dispute":
        raise MalformedStripeObjectError("expected a dispute object")
    amount, created = source.get("amount"), source.get("created")
    if type(amount) is not int or type(created) is not int:
        raise MalformedStripeObjectError("a dispute without amount or time")
    charge_id = optional_id(source, "charge")
    if charge_id is None:
        raise MalformedStripeObjectError("a dispute without a charge")
    currency = string(source, "currency")
    transactions = _transactions(source)
    movements = list(_movements(transactions, currency, amount))
    details = source.get("evidence_details")
    due_by = details.get("due_by") if isinstance(details, Mapping) else None
    return StripeDispute(
        dispute_id=string(source, "id"),
        charge_id=charge_id,
        status=string(source, "status"),
        amount=amount,
        currency=currency,
        is_charge_refundable=source.get("is_charge_refundable") is True,
        created=datetime.fromtimestamp(created, UTC),
        due_by=datetime.fromtimestamp(due_by, UTC) if type(due_by) is int else None,
        reason=optional_id(source, "reason"),
        withdrawn_amount=-sum(moved for moved, _ in movements),
        fee_amount=sum(fee for _, fee in movements),
        balance_transaction_ids=tuple(string(each, "id") for each in transactions),
    )


def _transactions(source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = source.get("balance_transactions")
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise MalformedStripeObjectError("a dispute without its balance transactions")
    return found


def _movements(
    transactions: Iterable[Mapping[str, Any]], currency: str, disputed: int
) -> Iterator[tuple[int, int]]:
    """Yield the amount and the fee of each balance transaction, both as Stripe signs them.

    If the account keeps its balance in another currency, the disputed amount stands for the
    amount, and the fee cannot be known.
    """
    for each in transactions:
        amount, fee = each.get("amount"), each.get("fee")
        if type(amount) is not int or type(fee) is not int:
            raise MalformedStripeObjectError("a dispute's balance transaction without amounts")
        if each.get("currency") == currency:
            yield amount, fee
        elif amount:
            yield (disputed if amount > 0 else -disputed), 0
