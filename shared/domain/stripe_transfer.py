"""A transfer as Stripe reports it, read strictly from an API answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.stripe_object import MalformedStripeObjectError, optional_id, string


@dataclass(frozen=True, slots=True)
class StripeTransferReversal:
    """Money of a transfer that came back, in minor units, with its movement of the balance."""

    amount: int
    balance_transaction_id: str


@dataclass(frozen=True, slots=True)
class StripeTransfer:
    """A transfer to a connected account; amounts in minor units.

    ``group`` is the id of the payout that it was made for. Nobody can edit it afterwards.
    ``reversals`` are the oldest first, and empty if there are more than ten.
    """

    transfer_id: str
    amount: int
    amount_reversed: int
    group: str | None = None
    destination: str | None = None
    balance_transaction_id: str | None = None
    reversals: tuple[StripeTransferReversal, ...] = ()

    def reversed_since(self, amount: int) -> tuple[str, ...]:
        """Return the ids of the movements that brought back more than an amount, in minor units."""
        found, total = list[str](), 0
        for each in self.reversals:
            total += each.amount
            if total > amount:
                found.append(each.balance_transaction_id)
        return tuple(found)

    @property
    def is_fully_reversed(self) -> bool:
        """Whether all of its money was reversed."""
        return self.amount_reversed >= self.amount


def stripe_transfer_from(source: Mapping[str, Any]) -> StripeTransfer:
    """Return the transfer of a Stripe ``transfer`` object.

    https://docs.stripe.com/api/transfers/object

    Raises:
        MalformedStripeObjectError: It is not one, or not as documented.
    """
    if source.get("object") != "transfer":
        raise MalformedStripeObjectError("expected a transfer object")
    amount, amount_reversed = source.get("amount"), source.get("amount_reversed")
    if type(amount) is not int or type(amount_reversed) is not int:
        raise MalformedStripeObjectError("a transfer whose amounts are not integers")
    group, destination = source.get("transfer_group"), source.get("destination")
    return StripeTransfer(
        transfer_id=string(source, "id"),
        amount=amount,
        amount_reversed=amount_reversed,
        group=group if isinstance(group, str) else None,
        destination=destination if isinstance(destination, str) else None,
        balance_transaction_id=optional_id(source, "balance_transaction"),
        reversals=_reversals(source),
    )


def _reversals(source: Mapping[str, Any]) -> tuple[StripeTransferReversal, ...]:
    """Return the reversals in a transfer. Stripe embeds the newest ten, the newest first.

    If there are more, the older ones are unknown, and so is what each of these brought back.
    """
    embedded = source.get("reversals")
    if not isinstance(embedded, Mapping) or embedded.get("has_more"):
        return ()
    found = []
    for each in reversed(embedded.get("data") or ()):
        amount = each.get("amount")
        if type(amount) is not int:
            raise MalformedStripeObjectError("a transfer's reversal without an amount")
        transaction = optional_id(each, "balance_transaction")
        if transaction is None:
            return ()
        found.append(StripeTransferReversal(amount, transaction))
    return tuple(found)
