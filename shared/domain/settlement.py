"""The settlement of a refund: how its success or late failure changes shares, fees and balances."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from shared.domain.ledger import EntryAmounts, EntryKind
from shared.domain.money import share_of
from shared.domain.order import OrderState, RefundItem
from shared.domain.refund import Refund, RefundStatus
from shared.domain.reservation import release
from shared.domain.tax import TaxParts, negated, parts_that_move, with_moved


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a change of an order's settled amount; amounts in minor units.

    ``rev_share_reversed_amount`` is positive if PPS gives share back, and negative if PPS takes it
    again. ``stripe_fee_retained_amount`` is the part of Stripe's fee that stays a cost.
    ``fee_refund_amount`` is the part of the reversal that Stripe must refund from the application
    fee.
    """

    refunded_amount: int
    rev_share_reversed_amount: int
    stripe_fee_retained_amount: int
    fee_refund_amount: int

    @property
    def net_deduction_amount(self) -> int:
        """The studio's deduction line: the reversed share less the refunded amount."""
        return self.rev_share_reversed_amount - self.refunded_amount


def rev_share_reversed(state: OrderState, refunded: int) -> int:
    """Return the reversed share after ``refunded`` of the order: round_half_up(S*R/T)."""
    capped = min(refunded, state.total_amount)
    return share_of(state.rev_share_amount, capped, state.total_amount)


def stripe_fee_retained(state: OrderState, refunded: int) -> int:
    """Return the part of Stripe's fee on the refunded amount: round_half_up(F*R/T).

    Stripe does not return its fee on the original charge:
    https://docs.stripe.com/refunds#refund-fees
    """
    capped = min(refunded, state.total_amount)
    return share_of(state.stripe_fee_amount, capped, state.total_amount)


def effect_of(state: OrderState, before: int, after: int) -> Effect:
    """Return the effect of a change of the settled amount from ``before`` to ``after``.

    Each amount is the difference of two cumulative roundings. So parts always add up to the whole,
    and a failed refund takes back exactly what it gave.
    """
    reversed_before = rev_share_reversed(state, before)
    reversed_after = rev_share_reversed(state, after)
    is_direct_charge = state.account_id is not None
    # A fee refund cannot be undone, so Stripe refunds only what is above the highest target so far.
    # The ledger's payable balance has the rest.
    above_target = max(0, reversed_after - state.fee_refund_target_amount)
    return Effect(
        refunded_amount=after - before,
        rev_share_reversed_amount=reversed_after - reversed_before,
        stripe_fee_retained_amount=stripe_fee_retained(state, after)
        - stripe_fee_retained(state, before),
        fee_refund_amount=above_target if is_direct_charge else 0,
    )


def refunded_tax(state: OrderState, refund: Refund) -> int:
    """Return the tax in a refund that is about to settle, in minor units."""
    return tax_in(state, refund.amount, refund.items)


def refunded_tax_parts(state: OrderState, refund: Refund, tax: int) -> TaxParts:
    """Return the parts of the tax in a refund that is about to settle.

    Line items return the tax of their own lines. Any other tax comes from all that is left.
    """
    return parts_that_move(state.tax_parts, tax, refund.item_tax_parts)


def tax_in(state: OrderState, amount: int, items: Collection[RefundItem]) -> int:
    """Return the tax in an amount of an order that goes back next, in minor units.

    Line items return the tax of their units. Any other amount returns its share of the tax that
    is left. The refund that completes the order returns all that is left, so that the parts of a
    full refund add up to the order's tax.
    """
    left = state.tax_amount - state.tax_refunded_amount
    unsettled = state.total_amount - state.returned_amount
    if amount >= unsettled:
        wanted = left
    elif items:
        wanted = sum(item.tax_amount for item in items)
    else:
        wanted = share_of(left, amount, unsettled)
    return possible_tax(state, state.returned_amount + amount, wanted)


def _compensated_tax(state: OrderState, refund: Refund) -> int:
    """Return the tax that a late failure takes back, as a negative number.

    It is the refund's tax, unless an external refund completed the order before Stripe reported
    the failure. Then the tax stays refunded.
    """
    return possible_tax(state, state.returned_amount - refund.amount, -(refund.tax_amount or 0))


def possible_tax(state: OrderState, returned_after: int, wanted: int) -> int:
    """Return the change of the refunded tax that comes closest to ``wanted``.

    Afterwards neither the refunded nor the unrefunded tax is more than the amount it is part of.
    """
    returned = min(max(0, returned_after), state.total_amount)
    least = max(0, state.tax_amount - (state.total_amount - returned))
    most = min(state.tax_amount, returned)
    return min(max(state.tax_refunded_amount + wanted, least), most) - state.tax_refunded_amount


def next_to_settle(refunds: Iterable[Refund], refund: Refund) -> Refund:
    """Return the refund of an order to settle next: a late failure if there is one, or ``refund``.

    Otherwise the order would look more refunded than it is, and the success would return no tax.
    """
    failed = (each for each in refunds if each.settlement_owed and each.failed_at is not None)
    return next(failed, refund)


def estimate(state: OrderState, amount: int) -> Effect:
    """Return the effect of refunding ``amount`` after all refunds in flight have settled."""
    before = state.committed_amount + state.withdrawn_amount
    return effect_of(state, before, before + amount)


def effect_in_flight(state: OrderState) -> Effect:
    """Return the effect that all refunds in flight of an order have once they have settled."""
    before = state.returned_amount
    return effect_of(state, before, before + state.in_flight_amount)


def effect_of_open(state: OrderState, refund: Refund) -> Effect:
    """Return the effect of a refund in flight, as if it settles after all others in flight."""
    after = state.committed_amount + state.withdrawn_amount
    return effect_of(state, after - refund.amount, after)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The state after a settlement, and the amounts of its ledger entry.

    ``tax_parts`` are the parts of the refunded tax, negative if a late failure takes them again.
    """

    kind: EntryKind
    state: OrderState
    refund: Refund
    amounts: EntryAmounts
    effect: Effect
    tax_parts: TaxParts


def settle(state: OrderState, refund: Refund, at: str, by: str) -> Settlement:
    """Return the settlement of a refund's success or late failure.

    Args:
        state: The order's state now.
        refund: One of its refunds.
        at: The time of the settlement, RFC 3339 in UTC.
        by: The actor to name in the refund's history.

    Raises:
        ValueError: The refund owes no settlement. Check ``refund.settlement_owed`` first.
    """
    if not refund.settlement_owed:
        raise ValueError(f"refund {refund.refund_id} owes no settlement")
    failed_late = refund.status is RefundStatus.FAILED
    if failed_late:
        return _settle_late_failure(state, refund)
    return _settle_success(state, refund, at, by)


def settled_kind(refund: Refund) -> EntryKind:
    """Return the kind of the entry that settles a refund's success."""
    return EntryKind.OPENING_REFUND if refund.before_ledger else EntryKind.REFUND


def _settle_success(state: OrderState, refund: Refund, at: str, by: str) -> Settlement:
    effect = effect_of(state, state.returned_amount, state.returned_amount + refund.amount)
    tax = refunded_tax(state, refund)
    tax_parts = refunded_tax_parts(state, refund, tax)
    settled = replace(
        refund.with_status(RefundStatus.SETTLED, at, by),
        settled_at=at,
        rev_share_reversed_amount=effect.rev_share_reversed_amount,
        stripe_fee_retained_amount=effect.stripe_fee_retained_amount,
        net_deduction_amount=effect.net_deduction_amount,
        tax_amount=tax,
        tax_parts=tax_parts,
    )
    amounts = _entry_amounts(state, effect, tax)
    return Settlement(
        kind=settled_kind(refund),
        state=_with_effect(state, effect, tax, tax_parts),
        refund=settled,
        amounts=moved_elsewhere(amounts) if refund.before_ledger else amounts,
        effect=effect,
        tax_parts=tax_parts,
    )


def _settle_late_failure(state: OrderState, refund: Refund) -> Settlement:
    effect = effect_of(state, state.returned_amount, state.returned_amount - refund.amount)
    tax = _compensated_tax(state, refund)
    tax_parts = parts_that_move(state.tax_parts, tax, negated(refund.tax_parts))
    return Settlement(
        kind=EntryKind.REFUND_FAILED,
        state=_with_effect(release(state, refund), effect, tax, tax_parts),
        refund=refund,
        amounts=_entry_amounts(state, effect, tax),
        effect=effect,
        tax_parts=tax_parts,
    )


def _with_effect(state: OrderState, effect: Effect, tax: int, tax_parts: TaxParts) -> OrderState:
    """Return the state with the effect and the refunded tax added to its sums."""
    return replace(
        state,
        settled_amount=state.settled_amount + effect.refunded_amount,
        rev_share_reversed_amount=state.rev_share_reversed_amount
        + effect.rev_share_reversed_amount,
        fee_refund_target_amount=state.fee_refund_target_amount + effect.fee_refund_amount,
        tax_refunded_amount=state.tax_refunded_amount + tax,
        tax_parts=with_moved(state.tax_parts, tax_parts),
    )


def payable_effect(state: OrderState, effect: Effect) -> int:
    """Return how the effect changes what PPS owes the studio, in minor units.

    For a direct charge, Stripe takes the refund from the studio's own account and puts the fee
    refund there. Only the share that Stripe cannot move is between PPS and the studio.
    """
    if state.account_id is None:
        return effect.net_deduction_amount
    return effect.rev_share_reversed_amount - effect.fee_refund_amount


def _entry_amounts(state: OrderState, effect: Effect, tax: int) -> EntryAmounts:
    payable = payable_effect(state, effect)
    return EntryAmounts(
        gross_amount=-effect.refunded_amount,
        stripe_fee_amount=0,
        rev_share_amount=effect.rev_share_reversed_amount,
        payable_amount=payable,
        direct_amount=effect.net_deduction_amount - payable,
        stripe_fee_retained_amount=effect.stripe_fee_retained_amount,
        tax_amount=-tax,
    )


def moved_elsewhere(amounts: EntryAmounts) -> EntryAmounts:
    """Return the amounts of what was paid out before the ledger started. No balance changes."""
    return replace(amounts, payable_amount=0, direct_amount=0, elsewhere_amount=amounts.net_amount)


def sale_amounts(state: OrderState) -> EntryAmounts:
    """Return the amounts of an order's sale entry. What the studio gains is positive."""
    net = state.total_amount - state.stripe_fee_amount - state.rev_share_amount
    direct = state.account_id is not None
    return EntryAmounts(
        gross_amount=state.total_amount,
        stripe_fee_amount=-state.stripe_fee_amount,
        rev_share_amount=-state.rev_share_amount,
        payable_amount=0 if direct else net,
        direct_amount=net if direct else 0,
        tax_amount=state.tax_amount,
    )
