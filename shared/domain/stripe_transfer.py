"""A transfer as Stripe reports it, read strictly from an API answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.stripe_object import MalformedStripeObjectError, string


@dataclass(frozen=True, slots=True)
class StripeTransfer:
    """A transfer to a connected account; amounts in minor units.

    ``group`` is the id of the payout that it was made for. Nobody can edit it afterwards.
    """

    transfer_id: str
    amount: int
    amount_reversed: int
    group: str | None = None
    destination: str | None = None

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
    )
