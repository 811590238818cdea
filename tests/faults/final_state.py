"""Everything that is recorded once nothing is under way: in the tables, the ledger and Stripe."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from infra.stripe_standin.rendering.disputes import render_dispute
from infra.stripe_standin.state import StandinState
from shared.domain.adjustment import Adjustment, adjustment_id_of
from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger_chain import verify_chain
from shared.domain.order import OrderKey, OrderState
from shared.domain.payout import Payout
from shared.domain.refund import Refund, refund_id_of_request
from shared.domain.stripe_dispute import StripeDispute, stripe_dispute_from
from shared.gateways.ledger_entries import read_contents
from shared.gateways.records.adjustment import adjustment_from_values
from shared.gateways.records.attributes import Values, unmarshal
from shared.gateways.records.fee_refund import fee_refund_from_values
from shared.gateways.records.message import message_from_values
from shared.gateways.records.order_state import state_from_values
from shared.gateways.records.payout import payout_from_values
from shared.gateways.records.refund import refund_from_values
from tests.faults.world.import_records import STUDIO
from tests.faults.world.world import LEDGER_TABLE, ORDERS_TABLE, FaultWorld

# An entry's subject and amounts. Its time, its number and Stripe's ids depend on the run.
_COMPARED_ENTRY_FIELDS = (
    *("kind", "order_id", "gross_amount", "stripe_fee_amount"),
    *("rev_share_amount", "net_amount", "payable_amount", "direct_amount", "tax_amount"),
    *("adjustment_id", "processed_by", "approved_by"),
)


@dataclass(frozen=True)
class FinalState:
    """All records at the end.

    Attributes:
        orders, fee_refunds: By order id.
        payable_balance_amount: The ledger's balance that PPS owes the studio.
        direct_balance_amount: The ledger's balance of direct charges.
        stripe_refunds: Stripe's refunds of charges; ``ours`` is our refund's id or None.
        stripe_fee_refunds: How much went back of each application fee.
        stripe_transfers: How much each transfer kept, after reversals.
        stripe_disputes: Stripe's disputes, by id.
        stripe_charges: The amount that Stripe has captured of each charge, 0 if it is not paid.
        reports: What SES reported about emails, in words.
        holds: Of each hold of payouts, its reason and whether it is active.
        parked: Why messages were parked.
        away: The Stripe accounts that are marked as disconnected.
        chain_fault: Where the ledger's hash chain is broken, or None.
    """

    studio: dict[str, Any]
    orders: dict[str, OrderState]
    refunds: dict[str, Refund]
    fee_refunds: dict[str, FeeRefund]
    payouts: dict[str, Payout]
    adjustments: dict[str, Adjustment]
    entries: list[dict[str, Any]]
    payable_balance_amount: int
    direct_balance_amount: int
    stripe_refunds: list[dict[str, Any]]
    stripe_fee_refunds: dict[str, int]
    stripe_transfers: dict[str, int]
    stripe_disputes: dict[str, StripeDispute]
    stripe_charges: dict[str, int]
    emails: Counter[str]
    reports: list[str]
    holds: list[tuple[str, bool]]
    parked: list[str]
    away: list[str]
    chain_fault: object

    def comparable(self) -> dict[str, Any]:
        """Return the parts that a fault must not change: everything but times and ids."""
        return {
            "studio": self.studio,
            "orders": {
                order_id: replace(
                    each, version=0, fulfillment_history=(), next_check_at=None, check_count=0
                )
                for order_id, each in self.orders.items()
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
                (
                    *(each.status, each.total_amount, each.paid_amount, each.carried_amount),
                    *(each.reversed_amount, each.reason),
                )
                for each in self.payouts.values()
            ),
            "adjustments": {
                adjustment_id: (each.status, each.amount, each.proposed_by, each.decided_by)
                for adjustment_id, each in self.adjustments.items()
            },
            "entries": _counted(
                tuple(entry.get(name) for name in _COMPARED_ENTRY_FIELDS) for entry in self.entries
            ),
            "balances": (self.payable_balance_amount, self.direct_balance_amount),
            "stripe_refunds": _counted(
                (each["charge"], each["amount"], each["status"]) for each in self.stripe_refunds
            ),
            "stripe_fee_refunds": self.stripe_fee_refunds,
            "stripe_transfers": _counted(self.stripe_transfers.values()),
            "reports": self.reports,
            "holds": self.holds,
            "parked": self.parked,
            "away": self.away,
        }

    def differences(self, other: "FinalState") -> dict[str, Any]:
        """Return the comparable parts that differ, each as the pair of this one and the other."""
        there = other.comparable()
        return {
            name: (here, there[name])
            for name, here in self.comparable().items()
            if here != there[name]
        }

    def has_request(self, key: str) -> bool:
        """Return whether a refund or adjustment with a client's idempotency key is recorded."""
        return adjustment_id_of(STUDIO, key) in self.adjustments or any(
            refund_id_of_request(OrderKey(STUDIO, order_id), key) in self.refunds
            for order_id in self.orders
        )


def read_final_state(world: FaultWorld) -> FinalState:
    """Read all records of a world."""
    items: dict[str, list[Values]] = defaultdict(list)
    for item in world.engine.scan(ORDERS_TABLE):
        values = unmarshal(item)
        items[values["SK"].partition("#")[0]].append(values)
    entries = list(read_contents(world.dynamodb, LEDGER_TABLE, STUDIO))
    head = world.ledger.load_head(STUDIO)
    assert head is not None, "no ledger"
    assert items["NEXT_PAYOUT"], "no next payout"
    standin = world.stripe.standin
    orders = map(state_from_values, items["STATE"])
    refunds = map(refund_from_values, items["REFUND"])
    fee_refunds = map(fee_refund_from_values, items["REFUND_FEE"])
    payouts = map(payout_from_values, items["PAYOUT"])
    adjustments = map(adjustment_from_values, items["ADJUSTMENT"])
    return FinalState(
        studio=dict(items["STUDIO"][0]),
        orders={each.order_id: each for each in orders},
        refunds={each.refund_id: each for each in refunds},
        fee_refunds={each.order_id: each for each in fee_refunds},
        payouts={each.payout_id: each for each in payouts},
        adjustments={each.adjustment_id: each for each in adjustments},
        entries=entries,
        payable_balance_amount=head.payable_balance_amount,
        direct_balance_amount=head.direct_balance_amount,
        stripe_refunds=_charge_refunds(standin),
        stripe_fee_refunds=_fee_refund_amounts(standin),
        stripe_transfers=_kept_transfer_amounts(standin),
        stripe_disputes=_disputes(standin),
        stripe_charges={
            each.id: each.amount_captured if each.state == "paid" else 0
            for each in standin.store.charges
        },
        emails=Counter(world.engine.sent_emails()),
        reports=[
            each.detail for item in items["MESSAGE"] for each in message_from_values(item).reports
        ],
        holds=[(each["reason"], "released_at" not in each) for each in items["PAYOUT_HOLD"]],
        parked=[each["reason"] for each in items["PARKED"]],
        away=[each["account_id"] for each in items["ACCESS"] if "connected_at" not in each],
        chain_fault=verify_chain(entries, head)[1],
    )


def _charge_refunds(standin: StandinState) -> list[dict[str, Any]]:
    """Return Stripe's refunds of charges, without those that only release an authorization.

    A transfer that comes back is a refund as well.
    """
    return [
        vars(each) | {"ours": each.metadata.get("refund_id")}
        for each in standin.store.refunds
        if each.charge.startswith("ch_") and not each.is_release
    ]


def _fee_refund_amounts(standin: StandinState) -> dict[str, int]:
    amounts: Counter[str] = Counter()
    for each in standin.store.fee_refunds:
        amounts[each.fee] += each.amount
    return dict(amounts)


def _kept_transfer_amounts(standin: StandinState) -> dict[str, int]:
    amounts = {each.id: each.amount for each in standin.store.transfers}
    for reversal in standin.store.transfer_reversals:
        amounts[reversal.transfer] -= reversal.amount
    return amounts


def _disputes(standin: StandinState) -> dict[str, StripeDispute]:
    rendered = (
        render_dispute(standin.store, each, standin.clock) for each in standin.store.disputes
    )
    return {each.dispute_id: each for each in map(stripe_dispute_from, rendered)}


def _counted(of: Iterable[Any]) -> Counter[str]:
    return Counter(repr(each) for each in of)
