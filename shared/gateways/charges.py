"""Which order a Stripe charge paid for, in OrdersTable."""

from collections.abc import Iterable

from shared.gateways.records.charge_pointer import ChargePointer, charge_from_values
from shared.gateways.records.keys import CHARGE_SK, charge_pk, payment_intent_pk, primary_key
from shared.gateways.table import TableGateway


class Charges(TableGateway):
    """The pointers from charges and payment intents to orders."""

    def find(self, charge_id: str) -> ChargePointer | None:
        """Find the order that a Stripe charge paid for, consistently, or None."""
        values = self._table.get(charge_pk(charge_id), CHARGE_SK)
        return charge_from_values(values) if values else None

    def find_many(self, charge_ids: Iterable[str]) -> dict[str, ChargePointer]:
        """Find the orders that Stripe charges paid for, consistently, by the charge's id.

        Charges that paid for no order are left out.
        """
        keys = [primary_key(charge_pk(each), CHARGE_SK) for each in dict.fromkeys(charge_ids)]
        found = map(charge_from_values, self._table.batch_get(keys, consistent=True))
        return {each.charge_id: each for each in found}

    def find_of_payment_intent(self, payment_intent_id: str) -> ChargePointer | None:
        """Find the charge and the order of a Stripe payment intent, consistently, or None."""
        values = self._table.get(payment_intent_pk(payment_intent_id), CHARGE_SK)
        return charge_from_values(values) if values else None
