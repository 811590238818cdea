"""The settlement of a dispute: how the money that it takes or gives back changes the books."""

from dataclasses import dataclass, replace

from shared.domain.dispute import Dispute, find, with_report
from shared.domain.ledger import EntryAmounts, EntryKind
from shared.domain.money import share_of
from shared.domain.order import OrderState
from shared.domain.settlement import (
    Effect,
    effect_of,
    moved_elsewhere,
    payable_effect,
    possible_tax,
)
from shared.domain.tax import TaxParts, added_up, negated, parts_that_move, with_moved


@dataclass(frozen=True, slots=True)
class DisputeSettlement:
    """The order's state after a dispute's report, and its ledger entry if money has moved.

    ``amounts`` is None if no money has moved since the report before.
    ``balance_transaction_ids`` are Stripe's since then. ``tax_parts`` are the parts of the tax in
    the money, negative if it came back.
    """

    kind: EntryKind
    state: OrderState
    dispute: Dispute
    effect: Effect
    amounts: EntryAmounts | None
    balance_transaction_ids: tuple[str, ...] = ()
    tax_parts: TaxParts = ()


def settle_dispute(
    state: OrderState, report: Dispute, *, before_ledger: bool = False
) -> DisputeSettlement:
    """Return the settlement of a dispute as Stripe reports it now.

    The share follows the cumulative rule: a disputed amount that is gone counts like a refund. If
    it comes back, the same rule takes the share again.

    Args:
        state: The order's state now.
        report: The dispute, with all that Stripe has taken and not given back.
        before_ledger: Whether the money moved before the studio's ledger started.
    """
    known = find(state.disputes, report.dispute_id)
    taken = report.withdrawn_amount - (known.withdrawn_amount if known else 0)
    fee = report.fee_amount - (known.fee_amount if known else 0)
    effect = effect_of(state, state.returned_amount, state.returned_amount + taken)
    tax = _tax(state, known, taken)
    taken_before = known.tax_parts if known else ()
    tax_parts = parts_that_move(state.tax_parts, tax, negated(taken_before) if tax < 0 else ())
    dispute = replace(
        report,
        tax_amount=(known.tax_amount if known else 0) + tax,
        tax_parts=added_up((*taken_before, *tax_parts)),
    )
    after = replace(
        state,
        disputes=with_report(state.disputes, dispute),
        rev_share_reversed_amount=state.rev_share_reversed_amount
        + effect.rev_share_reversed_amount,
        fee_refund_target_amount=state.fee_refund_target_amount + effect.fee_refund_amount,
        tax_refunded_amount=state.tax_refunded_amount + tax,
        tax_parts=with_moved(state.tax_parts, tax_parts),
    )
    amounts = _entry_amounts(state, effect, fee, tax) if taken or fee else None
    if amounts is not None and before_ledger:
        amounts = moved_elsewhere(amounts)
    gives_back = taken < 0 or (taken == 0 and fee < 0)
    kind = EntryKind.DISPUTE_REVERSED if gives_back else EntryKind.DISPUTE
    known_ids = known.balance_transaction_ids if known else ()
    new_ids = tuple(each for each in report.balance_transaction_ids if each not in known_ids)
    return DisputeSettlement(kind, after, dispute, effect, amounts, new_ids, tax_parts)


def _tax(state: OrderState, known: Dispute | None, taken: int) -> int:
    """Return the tax in the money that a dispute takes, or negative in what it gives back."""
    if taken < 0 and known is not None:
        wanted = -share_of(known.tax_amount, -taken, max(known.withdrawn_amount, -taken))
    else:
        left = state.tax_amount - state.tax_refunded_amount
        unsettled = state.total_amount - state.returned_amount
        wanted = left if taken >= unsettled else share_of(left, max(0, taken), unsettled)
    return possible_tax(state, state.returned_amount + taken, wanted)


def _entry_amounts(state: OrderState, effect: Effect, fee: int, tax: int) -> EntryAmounts:
    """Return the amounts of a dispute's entry. Stripe takes its fee where the charge is."""
    moved = payable_effect(state, effect)
    is_direct_charge = state.account_id is not None
    payable = moved if is_direct_charge else moved - fee
    return EntryAmounts(
        gross_amount=-effect.refunded_amount,
        stripe_fee_amount=-fee,
        rev_share_amount=effect.rev_share_reversed_amount,
        payable_amount=payable,
        direct_amount=effect.net_deduction_amount - fee - payable,
        stripe_fee_retained_amount=effect.stripe_fee_retained_amount,
        tax_amount=-tax,
    )
