"""Importing studios and orders: good lines go in, bad ones are reported, none goes in twice."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from functions.import_orders.models import OrderBody, StudioBody
from shared.clock import Clock, rfc3339
from shared.domain.ledger import EntryFacts, LedgerEntry, LedgerHead, append
from shared.domain.order import OrderState
from shared.domain.payout_schedule import schedule_of
from shared.domain.search import order_tokens
from shared.domain.settlement import sale_amounts
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.ledger_store import LedgerStore, NewSale
from shared.gateways.studios import ImportState, Studios

# DynamoDB's limit is 100 steps a transaction; one is the head's.
_STEPS_PER_TRANSACTION = 99
# The order, its state, its charge and its sale entry; its search entries come on top.
_STEPS_PER_ORDER = 4

_CONTENTION_SECONDS = 20.0

# What orders, ledger and payouts of a studio were made with.
_NEVER_CHANGES = ("currency", "timezone", "stripe_account_id")

type Numbered[Record] = tuple[int, Record]


@dataclass(slots=True)
class ImportReport:
    """What became of each line; ``refused`` has line numbers and reasons."""

    imported: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, line: int, reason: str) -> None:
        """Report a line that was not imported."""
        self.refused.append({"line": line, "reason": reason})


def parse[Record: BaseModel](
    lines: Iterable[str], first_line: int, model: type[Record], report: ImportReport
) -> Iterator[Numbered[Record]]:
    """Yield the records of the lines that are well-formed; report the others.

    Args:
        lines: One JSON object each; empty lines are passed over.
        first_line: The number of the first of them in its file.
        model: What each must be.
        report: Where the others are reported.
    """
    for number, line in enumerate(lines, first_line):
        if not line.strip():
            continue
        try:
            yield number, model.model_validate(json.loads(line))
        except ValidationError as error:
            report.refuse(number, "; ".join(_reasons(error)))
        except (ValueError, RecursionError):
            report.refuse(number, "not JSON")


def _reasons(error: ValidationError) -> Iterator[str]:
    # Without the input: it may hold names and addresses.
    for each in error.errors(include_input=False, include_url=False, include_context=False):
        where = ".".join(str(part) for part in each["loc"])
        yield f"{where}: {each['msg']}" if where else each["msg"]


@dataclass(frozen=True, slots=True)
class ImportRecords:
    """Puts checked studios and orders into the books."""

    studios: Studios
    books: LedgerStore
    clock: Clock

    def import_studios(
        self, lines: Iterable[str], first_line: int = 1, *, update: bool = False
    ) -> ImportReport:
        """Import studios, each with an empty ledger.

        Args:
            lines: A studio each.
            first_line: The number of the first of them in its file.
            update: Whether a studio that is there takes the line's settings, so that an old file
                does not bring old settings back by itself.
        """
        report = ImportReport()
        for number, record in parse(lines, first_line, StudioBody, report):
            document = record.model_dump(exclude_none=True)
            stored = self.studios.get(record.studio_id)
            if stored is None:
                head = LedgerHead(record.studio_id, record.currency)
                due_at = rfc3339(schedule_of(document).next_due(self.clock()))
                try:
                    self.studios.add(document, head, due_at)
                except StaleStateError:
                    stored = self.studios.get(record.studio_id)
            if stored is None:
                report.imported += 1
            elif stored == document:
                report.unchanged += 1
            elif reason := _not_updated(stored, document, update=update):
                report.refuse(number, reason)
            else:
                self.studios.update(document)
                report.updated += 1
        return report

    def import_orders(self, lines: Iterable[str], first_line: int = 1) -> ImportReport:
        """Import orders with their sale entries; one that is there already stays as it is.

        Raises:
            StaleStateError: Others kept moving a studio's ledger. What went in stays; importing
                again goes on from there.
        """
        report = ImportReport()
        by_studio: dict[str, list[Numbered[OrderBody]]] = {}
        for number, record in parse(lines, first_line, OrderBody, report):
            by_studio.setdefault(record.studio_id, []).append((number, record))
        for studio_id, records in by_studio.items():
            studio = self.studios.get(studio_id)
            for batch in _transactions(records):
                self._import_batch(studio, batch, report)
        report.refused.sort(key=lambda refusal: refusal["line"])
        return report

    def _import_batch(
        self,
        studio: Mapping[str, Any] | None,
        batch: Iterable[Numbered[OrderBody]],
        report: ImportReport,
    ) -> None:
        fitting = []
        for number, record in batch:
            reason = _misfit(record, studio)
            if reason:
                report.refuse(number, reason)
            else:
                fitting.append((number, record))
        if not fitting:
            return
        for _ in tries(_CONTENTION_SECONDS):
            tried = ImportReport()
            new = self._new_ones(fitting, tried)
            try:
                self._record(new)
            except StaleStateError:
                continue
            report.imported += len(new)
            report.unchanged += tried.unchanged
            report.refused += tried.refused
            return
        raise StaleStateError

    def _new_ones(self, batch: list[Numbered[OrderBody]], report: ImportReport) -> list[OrderBody]:
        """Return the orders that are not there yet; report those that clash."""
        state = self.studios.import_state(
            [record.order_id for _, record in batch],
            [record.stripe.charge_id for _, record in batch if record.stripe.charge_id],
        )
        new = []
        for number, record in batch:
            document = record.model_dump(exclude_none=True)
            stored = state.documents.get(record.order_id)
            if stored == document:
                report.unchanged += 1
            elif stored is not None:
                report.refuse(number, f"order {record.order_id} is there with other content")
            elif _charge_taken(record, state):
                report.refuse(number, f"charge {record.stripe.charge_id} belongs to another order")
            else:
                new.append(record)
                state.documents[record.order_id] = document
                if record.stripe.charge_id:
                    state.orders_of_charges[record.stripe.charge_id] = record.order_id
        return new

    def _record(self, records: list[OrderBody]) -> None:
        if not records:
            return
        head = self.books.load_head(records[0].studio_id)
        if head is None:
            raise LookupError(f"studio {records[0].studio_id} has no ledger")
        after = head
        sales = []
        for record in records:
            sale, after = self._sale(record, after)
            sales.append(sale)
        self.books.record_sales(sales, (head, after))

    def _sale(self, record: OrderBody, head: LedgerHead) -> tuple[NewSale, LedgerHead]:
        state = OrderState(
            order_id=record.order_id,
            studio_id=record.studio_id,
            currency=record.currency,
            total_amount=record.total_amount,
            rev_share_amount=record.rev_share_amount,
            stripe_fee_amount=record.stripe_fee_amount,
            account_id=record.stripe.account_id,
            application_fee_id=record.stripe.application_fee_id,
            fulfillment_status=record.fulfillment.status,
            fulfillment_claimed_by=record.fulfillment.claimed_by,
            placed_at=rfc3339(datetime.fromisoformat(record.placed_at)),
            tax_amount=record.tax_amount,
            print_units=sum(item.quantity for item in record.line_items),
        )
        entry: LedgerEntry | None = None
        # An order that was not charged is no sale: nobody owes anybody for it.
        if record.stripe.charge_id is not None:
            facts = EntryFacts("sale", record.order_id, rfc3339(self.clock()))
            entry, head = append(head, facts, sale_amounts(state))
        document = record.model_dump(exclude_none=True)
        tokens = order_tokens(record.order_id, _names(record))
        return NewSale(document, state, record.stripe.charge_id, entry, tokens), head


def _names(record: OrderBody) -> list[str]:
    return [record.parent.name, *(subject.name for subject in record.subjects)]


def _transactions(
    records: Iterable[Numbered[OrderBody]],
) -> Iterator[list[Numbered[OrderBody]]]:
    """Part the orders so that each part fits into one transaction."""
    batch: list[Numbered[OrderBody]] = []
    steps = 0
    for number, record in records:
        tokens = order_tokens(record.order_id, _names(record))
        needed = _STEPS_PER_ORDER + len(tokens)
        if steps + needed > _STEPS_PER_TRANSACTION:
            yield batch
            batch, steps = [], 0
        batch.append((number, record))
        steps += needed
    if batch:
        yield batch


def _misfit(record: OrderBody, studio: Mapping[str, Any] | None) -> str | None:
    """Say why an order cannot be of the studio it names, or None."""
    if studio is None:
        return f"studio {record.studio_id} is not there; import it first"
    if record.currency != studio["currency"]:
        return f"currency {record.currency} is not the studio's, {studio['currency']}"
    account = record.stripe.account_id
    if account is not None and account != studio.get("stripe_account_id"):
        return "account_id is not the studio's stripe_account_id"
    return None


def _not_updated(
    stored: Mapping[str, Any], document: Mapping[str, Any], *, update: bool
) -> str | None:
    """Say why a studio does not take other content, or None."""
    studio_id = document["studio_id"]
    fixed = [name for name in _NEVER_CHANGES if stored.get(name) != document.get(name)]
    if fixed:
        return f"studio {studio_id} is there; {', '.join(fixed)} cannot be changed"
    if not update:
        return f"studio {studio_id} is there with other content; to change it send `update`: true"
    return None


def _charge_taken(record: OrderBody, state: ImportState) -> bool:
    charge_id = record.stripe.charge_id
    return charge_id is not None and charge_id in state.orders_of_charges
