"""What is stored about the people of one order, and erasing it.

Only these items have names, addresses or words that people wrote: the order, its messages, its
search entries, and notes at refunds and disputes. docs/privacy.md lists all places.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from shared.domain.imported_order import ImportedOrder
from shared.domain.message import Message
from shared.domain.order import OrderKey, OrderState
from shared.domain.refund import Refund
from shared.domain.search import order_tokens
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.messages import Messages
from shared.gateways.order_panels import OrderPanels
from shared.gateways.orders_table import OrdersTable
from shared.gateways.records.imported_order import imported_order_to_item, search_items
from shared.gateways.records.keys import primary_key, search_pk, search_sk
from shared.gateways.table import TableGateway

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_CONTENTION_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class OrderPeople:
    """One order with all that says who its people are. ``tokens`` are its search words."""

    imported: ImportedOrder
    state: OrderState
    refunds: list[Refund]
    messages: list[Message]
    tokens: list[str]

    @property
    def key(self) -> OrderKey:
        """The order."""
        return self.imported.key

    @property
    def messages_with_words(self) -> list[Message]:
        """The messages that were not erased."""
        return [each for each in self.messages if each.erased() != each]

    @property
    def notes(self) -> list[str]:
        """The notes that people wrote about the order."""
        resolutions = (each.resolution for each in self.refunds)
        found = [
            *(each.note for each in self.refunds),
            *(each.note for each in resolutions if each),
            *(each.dismissal_note for each in self.state.disputes),
            *(report.note for each in self.messages for report in each.reports),
        ]
        return [each for each in found if each]

    @property
    def words_of_names(self) -> list[str]:
        """The search words that are not only of the order's id."""
        return sorted(set(self.tokens) - set(order_tokens(self.imported.order_id, [])))

    @property
    def is_erased(self) -> bool:
        """Whether nothing is left that says who the people are."""
        return (
            self.imported.erased() == self.imported
            and not self.messages_with_words
            and not self.notes
            and not self.words_of_names
        )


class PeopleOfOrders(TableGateway):
    """The people of a studio's orders, in OrdersTable."""

    def __init__(self, dynamodb: "DynamoDBClient", name: str) -> None:
        super().__init__(dynamodb, name)
        self._dynamodb, self._name = dynamodb, name
        self._panels = OrderPanels(dynamodb, name)
        self._orders = OrdersTable(dynamodb, name)
        self._messages = Messages(dynamodb, name)

    def load(self, order: OrderKey) -> OrderPeople | None:
        """Read what is stored about an order's people, consistently, or None if there is none."""
        panel = self._panels.load(order)
        if panel is None:
            return None
        record = panel.record
        refunds = list(record.refunds.values())
        tokens = self._tokens(record.imported)
        return OrderPeople(record.imported, record.state, refunds, panel.messages, tokens)

    def erase(self, order: OrderKey) -> bool:
        """Erase what is stored about an order's people, and return whether there is such an order.

        The order itself comes last: while it has its names, a search for them finds it again after
        an interruption. A repeat changes nothing.

        Raises:
            StaleStateError: Others kept changing the order. What was erased stays erased.
        """
        for _ in tries(_CONTENTION_SECONDS):
            people = self.load(order)
            if people is None:
                return False
            if people.is_erased:
                return True
            try:
                self._erase(people)
            except StaleStateError:
                continue
        raise StaleStateError

    def _erase(self, people: OrderPeople) -> None:
        self._erase_words(people)
        for message in people.messages:
            if message.erased() != message:
                self._messages.record_outcome(message.erased())
        for refund in people.refunds:
            if refund.erased() != refund:
                self._orders.advance_refund(refund.erased())
        if people.state.erased() != people.state:
            self._orders.update_state(people.state.erased())
        item = imported_order_to_item(people.imported.erased(), people.state.placed_at)
        self._table.write(self._table.existing(item))

    def _erase_words(self, people: OrderPeople) -> None:
        """Delete the words of names first: the entries that stay still list all words."""
        order = people.imported
        for token in people.words_of_names:
            key = primary_key(search_pk(order.studio_id), search_sk(token, order.order_id))
            self._dynamodb.delete_item(TableName=self._name, Key=key)
        for item in search_items(order.key, order_tokens(order.order_id, [])):
            self._table.write(self._table.guarded(item))

    def _tokens(self, imported: ImportedOrder) -> list[str]:
        """Return the words that find the order, also words that an older version made."""
        expected = order_tokens(imported.order_id, imported.names)
        known = set(order_tokens(imported.order_id, [])) | set(expected)
        keys = [
            primary_key(search_pk(imported.studio_id), search_sk(token, imported.order_id))
            for token in sorted(known)
        ]
        found = list(self._table.batch_get(keys, consistent=True))
        if not found:
            found = list(self._all_words(imported.key))
        listed = (values["tokens"].split() for values in found)
        there = (values["SK"].rpartition("#")[0] for values in found)
        return sorted({*there, *(token for tokens in listed for token in tokens)})

    def _all_words(self, order: OrderKey) -> Iterator[dict[str, Any]]:
        """Read a studio's whole search partition. Only words that an older version made need it."""
        query = partial(self._table.query, "PK = :pk", {":pk": search_pk(order.studio_id)})
        return (each for each in query(ConsistentRead=True) if each["order_id"] == order.order_id)
