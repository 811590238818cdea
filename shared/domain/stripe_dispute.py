"""A dispute as Stripe reports it, read strictly from an API answer."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from shared.domain.stripe_object import MalformedStripeObjectError, optional_id, string


@dataclass(frozen=True, slots=True)
class DisputeMovement:
    """What a balance transaction took for a dispute, or gave back (negative), and its fee."""

    movement_id: str
    moved_at: datetime
    withdrawn_amount: int
    fee_amount: int


@dataclass(frozen=True, slots=True)
class StripeDispute:
    """A dispute. Amounts in minor units of the charge's currency.

    ``movements`` are its balance transactions, the oldest first.
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
    movements: tuple[DisputeMovement, ...] = ()

    @property
    def withdrawn_amount(self) -> int:
        """What the dispute took in all, less what it gave back."""
        return sum(each.withdrawn_amount for each in self.movements)

    @property
    def fee_amount(self) -> int:
        """What Stripe charged for it in all, less what it gave back."""
        return sum(each.fee_amount for each in self.movements)

    @property
    def balance_transaction_ids(self) -> tuple[str, ...]:
        """The ids of its movements, the oldest first."""
        return tuple(each.movement_id for each in self.movements)

    def as_moved_before(self, at: datetime, known: Collection[str]) -> "StripeDispute":
        """Return it with what it had moved before a time.

        Args:
            at: The time.
            known: The ids of movements that it keeps, whenever they were.
        """
        kept = (each for each in self.movements if each.moved_at < at or each.movement_id in known)
        return replace(self, movements=tuple(kept))


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
        movements=tuple(_movements(_transactions(source), currency, amount)),
    )


def _transactions(source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found = source.get("balance_transactions")
    if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
        raise MalformedStripeObjectError("a dispute without its balance transactions")
    return found


def _movements(
    transactions: Iterable[Mapping[str, Any]], currency: str, disputed: int
) -> Iterator[DisputeMovement]:
    """Yield the movement of each balance transaction.

    If the account keeps its balance in another currency, the disputed amount stands for the
    amount, and the fee cannot be known.
    """
    for each in transactions:
        amount, fee, created = each.get("amount"), each.get("fee"), each.get("created")
        if type(amount) is not int or type(fee) is not int or type(created) is not int:
            raise MalformedStripeObjectError("a dispute's balance transaction without amounts")
        if each.get("currency") != currency:
            amount, fee = disputed * ((amount > 0) - (amount < 0)), 0
        moved_at = datetime.fromtimestamp(created, UTC)
        yield DisputeMovement(string(each, "id"), moved_at, -amount, fee)
