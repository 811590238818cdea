"""What a world's books come to, and what must hold of them whatever went wrong."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import verify_chain
from shared.domain.order import OrderKey, OrderState
from shared.domain.payout import Payout
from shared.domain.refund import Refund, RefundStatus, refund_id_of_request
from shared.gateways.ledger_entries import read_contents
from shared.gateways.records.attributes import Values, unmarshal
from shared.gateways.records.fee_refund import fee_refund_from_values
from shared.gateways.records.order_state import state_from_values
from shared.gateways.records.payout import payout_from_values
from shared.gateways.records.refund import refund_from_values
from tests.faults.world import LEDGER, ORDERS, STUDIO, FaultWorld

_ENDED_BADLY = {RefundStatus.FAILED, RefundStatus.CANCELED}

# Of an entry: what it is about and what it moves, not when it was written or after which.
_MOVED = (
    *("kind", "order_id", "stripe_refund_id", "gross_amount", "stripe_fee_amount"),
    *("rev_share_amount", "net_amount", "payable_amount", "direct_amount", "tax_amount"),
)


@dataclass(frozen=True)
class MoneyOracle:
    """All that is on record once nothing is under way: here, in the ledger, and at Stripe."""

    studio: dict[str, Any]
    totals: dict[str, OrderState]
    refunds: dict[str, Refund]
    fee_refunds: dict[str, FeeRefund]
    payouts: dict[str, Payout]
    entries: list[dict[str, Any]]
    balances: tuple[int, int]
    due_at: str
    stripe_refunds: list[dict[str, Any]]
    stripe_fee_refunds: dict[str, int]
    stripe_transfers: dict[str, int]
    mails: Counter[str]
    parked: list[str]
    chain_fault: object

    def compared(self) -> dict[str, Any]:
        """Return what must be the same with a fault as without: all but times and numbers."""
        return {
            "studio": self.studio,
            "totals": {
                order_id: replace(each, version=0, fulfillment_history=())
                for order_id, each in self.totals.items()
            },
            "refunds": _counted(
                (each.order_id, each.source, each.type, each.status, each.amount, each.items)
                for each in self.refunds.values()
            ),
            "fee_refunds": {
                order_id: (each.target_amount, each.refunded_amount, each.in_flight_amount)
                for order_id, each in self.fee_refunds.items()
            },
            "payouts": _counted(
                (each.status, each.total_amount, each.paid_amount, each.carried_amount)
                for each in self.payouts.values()
            ),
            "entries": _counted(
                tuple(entry.get(name) for name in _MOVED if name != "stripe_refund_id")
                for entry in self.entries
            ),
            "balances": self.balances,
            "stripe_refunds": _counted(
                (each["charge"], each["amount"], each["status"]) for each in self.stripe_refunds
            ),
            "stripe_fee_refunds": self.stripe_fee_refunds,
            "stripe_transfers": _counted(self.stripe_transfers.values()),
            "parked": self.parked,
        }

    def differences(self, other: "MoneyOracle") -> dict[str, Any]:
        """Return what is compared and differs: here, and there."""
        there = other.compared()
        return {
            name: (here, there[name])
            for name, here in self.compared().items()
            if here != there[name]
        }

    def knows_of(self, key: str) -> bool:
        """Return whether a refund was written down that a client asked for under a key."""
        return any(
            refund_id_of_request(OrderKey(STUDIO, order_id), key) in self.refunds
            for order_id in self.totals
        )


def read_books(world: FaultWorld) -> MoneyOracle:
    """Read a world's books."""
    of_kind: dict[str, list[Values]] = defaultdict(list)
    for item in world.engine.scan(ORDERS):
        values = unmarshal(item)
        of_kind[values["SK"].partition("#")[0]].append(values)
    entries = list(read_contents(world.dynamodb, LEDGER, STUDIO))
    head = world.books.load_head(STUDIO)
    assert head is not None, "no ledger"
    store = world.stripe.standin.store
    fees: Counter[str] = Counter()
    for each in store.fee_refunds:
        fees[each.fee] += each.amount
    transfers = {each.id: each.amount for each in store.transfers}
    for reversal in store.transfer_reversals:
        transfers[reversal.transfer] -= reversal.amount
    refunds = [refund_from_values(each) for each in of_kind["REFUND"]]
    totals = [state_from_values(each) for each in of_kind["STATE"]]
    payouts = [payout_from_values(each) for each in of_kind["PAYOUT"]]
    fee_refunds = [fee_refund_from_values(each) for each in of_kind["REFUND_FEE"]]
    return MoneyOracle(
        studio=dict(of_kind["STUDIO"][0]),
        totals={each.order_id: each for each in totals},
        refunds={each.refund_id: each for each in refunds},
        fee_refunds={each.order_id: each for each in fee_refunds},
        payouts={each.payout_id: each for each in payouts},
        entries=entries,
        balances=(head.payable_balance_amount, head.direct_balance_amount),
        due_at=next(each["open_due"] for each in of_kind["NEXT_PAYOUT"]),
        # Refunds of charges: a transfer that comes back is a refund at Stripe as well.
        stripe_refunds=[
            vars(each) | {"ours": each.metadata.get("refund_id")}
            for each in store.refunds
            if each.charge.startswith("ch_")
        ],
        stripe_fee_refunds=dict(fees),
        stripe_transfers=transfers,
        mails=Counter(world.engine.mails()),
        parked=[each["reason"] for each in of_kind["PARKED"]],
        chain_fault=verify_chain(entries, head)[1],
    )


def faults_of(books: MoneyOracle) -> list[str]:
    """Return what does not hold of section 4 of the design, in words; nothing where all is well.

    To be asked once nothing is under way.
    """
    found: list[str] = []
    if books.chain_fault is not None:
        found.append(f"the chain is broken: {books.chain_fault}")
    found += _refund_faults(books)
    for totals in books.totals.values():
        found += _order_faults(books, totals)
    found += _balance_faults(books)
    return found + [
        f"mailed {times} times: {mail}" for mail, times in books.mails.items() if times > 1
    ]


def _refund_faults(books: MoneyOracle) -> Iterable[str]:
    """Compare refunds one by one: here, at Stripe and in the ledger, each exactly once."""
    at_stripe = {each["id"]: each for each in books.stripe_refunds}
    ours = Counter(each["ours"] for each in books.stripe_refunds if each["ours"])
    yield from (f"{times} times at Stripe: {name}" for name, times in ours.items() if times > 1)
    known = Counter(each.stripe_refund_id for each in books.refunds.values())
    yield from (
        f"{name} at Stripe is known {known[name]} times" for name in at_stripe if known[name] != 1
    )
    for each in books.stripe_refunds:
        named = books.refunds.get(each["ours"] or "")
        if each["ours"] and (named is None or named.stripe_refund_id != each["id"]):
            yield f"{each['id']} at Stripe is ours, and not known as {each['ours']}"
    entered = Counter((each.get("refund_id"), each["kind"]) for each in books.entries)
    for refund in books.refunds.values():
        name, status = refund.refund_id, refund.status
        there = at_stripe.get(refund.stripe_refund_id or "")
        if there is None and (refund.stripe_refund_id or refund.refusal is None):
            yield f"{name} is {status} and not at Stripe"
        if there is not None and there["amount"] != refund.amount:
            yield f"{name} is {refund.amount} here and {there['amount']} at Stripe"
        expected = "settled" if there and there["status"] == "succeeded" else "failed"
        if (status in _ENDED_BADLY) != (expected == "failed") or refund.is_open:
            yield f"{name} is {status} here and {there and there['status']} at Stripe"
        once, undone = entered[name, "refund"], entered[name, "refund_failed"]
        if once - undone != (status is RefundStatus.SETTLED) or once > 1 or undone > 1:
            yield f"{name} is {status}, entered {once} times and taken back {undone} times"


def _order_faults(books: MoneyOracle, totals: OrderState) -> Iterable[str]:
    """Check that an order's totals are the sum of its refunds, and never more than its total."""
    order_id = totals.order_id
    refunds = [each for each in books.refunds.values() if each.order_id == order_id]
    out = sum(each.amount for each in refunds if each.status not in _ENDED_BADLY)
    if not totals.committed_amount == totals.settled_amount == out:
        held = f"{totals.committed_amount} out and {totals.settled_amount} settled"
        yield f"{order_id}: {out} refunded, and {held}"
    if out > totals.total_amount:
        yield f"{order_id}: {out} refunded of {totals.total_amount}"
    yield from _line_faults(totals, [each for each in refunds if each.status not in _ENDED_BADLY])
    # round_half_up(S·R / T), written down once more: the product's own is not asked.
    share, total = totals.rev_share_amount, totals.total_amount
    reversed_amount = (2 * share * out + total) // (2 * total)
    if totals.rev_share_reversed_amount != reversed_amount:
        there = totals.rev_share_reversed_amount
        yield f"{order_id}: {there} of the share reversed, not {reversed_amount}"
    entries = [each for each in books.entries if each.get("order_id") == order_id]
    back = sum(each["rev_share_amount"] for each in entries if each["kind"] != "sale")
    gross = sum(each["gross_amount"] for each in entries if each["kind"] != "sale")
    if (back, gross) != (reversed_amount, -out):
        yield f"{order_id}: the ledger has {gross} refunded and {back} of the share reversed"
    if totals.application_fee_id is not None:
        yield from _fee_faults(books, totals)


def _line_faults(totals: OrderState, alive: list[Refund]) -> Iterable[str]:
    """Check that of each line that is out which refunds took, and who stopped the print."""
    out: Counter[tuple[str, str]] = Counter()
    for refund in alive:
        for item in refund.items:
            out[item.line_id, "quantity"] += item.quantity
            out[item.line_id, "amount"] += item.amount
    held = {
        (line_id, name): getattr(line, name)
        for line_id, line in totals.lines_committed.items()
        for name in ("quantity", "amount")
    }
    if +out != +Counter(held):
        yield f"{totals.order_id}: of its lines {dict(held)} are out, and {dict(out)} refunded"
    stopped_by = totals.fulfillment_canceled_by or ""
    if stopped_by.startswith("rf_") and stopped_by not in {each.refund_id for each in alive}:
        yield f"{totals.order_id}: its print was stopped by {stopped_by}, which failed"


def _fee_faults(books: MoneyOracle, totals: OrderState) -> Iterable[str]:
    """Check that of an application fee just what was ever to go back has gone, once."""
    fee = books.fee_refunds.get(totals.order_id)
    gone = books.stripe_fee_refunds.get(totals.application_fee_id or "", 0)
    if fee is not None and (fee.is_open or gone != fee.target_amount):
        yield f"{totals.order_id}: {gone} of the fee went back, not {fee.target_amount}"
    reversed_amount = totals.rev_share_reversed_amount
    if not reversed_amount <= gone <= totals.rev_share_amount:
        yield f"{totals.order_id}: {gone} of the fee went back for {reversed_amount} reversed"


def _balance_faults(books: MoneyOracle) -> Iterable[str]:
    """Check that payouts and balance are the sum of all entries, and transfers the payouts."""
    others = [each for each in books.entries if each["kind"] not in {"payout", "payout_failed"}]
    earned = sum(each["payable_amount"] for each in others)
    paid = sum(each.paid_amount for each in books.payouts.values() if each.status == "paid")
    if earned != paid + books.balances[0]:
        yield f"{earned} earned, {paid} paid out, and {books.balances[0]} left"
    kept = sum(books.stripe_transfers.values())
    if kept != paid:
        yield f"{kept} transferred at Stripe, {paid} paid out"
    direct = sum(each["direct_amount"] for each in books.entries)
    if direct != books.balances[1]:
        yield f"{direct} of direct charges in the entries, {books.balances[1]} in the balance"


def _counted(of: Iterable[Any]) -> Counter[str]:
    return Counter(repr(each) for each in of)
