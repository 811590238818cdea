"""What a refund's success or late failure does to rev share, fees and balances."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.domain.ledger import EntryAmounts, EntryKind
from shared.domain.money import share_of
from shared.domain.order import OrderState
from shared.domain.refund import Refund, RefundStatus
from shared.domain.reservation import release


@dataclass(frozen=True, slots=True)
class Effect:
    """What moving an order's settled amount changes; amounts in minor units.

    ``rev_share_reversed_amount`` is positive when PPS gives share back, negative when it is
    re-applied; ``stripe_fee_retained_amount`` is the part of Stripe's fee that stays a cost.
    ``fee_refund_amount`` of the reversal is asked back of the application fee at Stripe.
    """

    refunded_amount: int
    rev_share_reversed_amount: int
    stripe_fee_retained_amount: int
    fee_refund_amount: int

    @property
    def net_deduction_amount(self) -> int:
        """The studio's deduction line: what was refunded less the share that came back."""
        return self.rev_share_reversed_amount - self.refunded_amount


def rev_share_reversed(state: OrderState, refunded: int) -> int:
    """Return the share reversed once ``refunded`` of the order is: round_half_up(S*R/T)."""
    capped = min(refunded, state.total_amount)
    return share_of(state.rev_share_amount, capped, state.total_amount)


def stripe_fee_retained(state: OrderState, refunded: int) -> int:
    """Return the part of Stripe's fee kept on what is refunded: round_half_up(F*R/T).

    Stripe does not return its fee on the original charge:
    https://docs.stripe.com/refunds#refund-fees
    """
    capped = min(refunded, state.total_amount)
    return share_of(state.stripe_fee_amount, capped, state.total_amount)


def effect_of(state: OrderState, before: int, after: int) -> Effect:
    """Return what moving the settled amount from ``before`` to ``after`` does.

    Cumulative on purpose: each step takes the difference of two roundings of the whole, so parts
    never drift from it by a cent, and a failed refund takes back what it had given.
    """
    reversed_before = rev_share_reversed(state, before)
    reversed_after = rev_share_reversed(state, after)
    # An application fee refund cannot be undone: only what passes the highest target so far is
    # asked of Stripe; up to there the studio already has it and owes it, or is paid back.
    asked = max(0, reversed_after - state.fee_refund_target_amount) if state.account_id else 0
    return Effect(
        refunded_amount=after - before,
        rev_share_reversed_amount=reversed_after - reversed_before,
        stripe_fee_retained_amount=stripe_fee_retained(state, after)
        - stripe_fee_retained(state, before),
        fee_refund_amount=asked,
    )


def refunded_tax(state: OrderState, refund: Refund) -> int:
    """Return the tax in a refund that is about to settle, in minor units.

    Line items return the tax of their units. Any other amount returns its share of the tax that
    is left. The refund that completes the order returns all that is left, so that the parts of a
    full refund add up to the order's tax.
    """
    left = state.tax_amount - state.tax_refunded_amount
    unsettled = state.total_amount - state.settled_amount
    if refund.amount >= unsettled:
        wanted = left
    elif refund.items:
        wanted = sum(item.tax_amount for item in refund.items)
    else:
        wanted = share_of(left, refund.amount, unsettled)
    return _possible_tax(state, state.settled_amount + refund.amount, wanted)


def _compensated_tax(state: OrderState, refund: Refund) -> int:
    """Return the tax that a late failure takes back, as a negative number.

    It is the refund's tax, unless an external refund completed the order before Stripe reported
    the failure. Then the tax stays refunded.
    """
    return _possible_tax(state, state.settled_amount - refund.amount, -(refund.tax_amount or 0))


def _possible_tax(state: OrderState, settled_after: int, wanted: int) -> int:
    """Return the change of the refunded tax that comes closest to ``wanted``.

    Afterwards neither the refunded nor the unrefunded tax is more than the amount it is part of.
    """
    settled = min(max(0, settled_after), state.total_amount)
    least = max(0, state.tax_amount - (state.total_amount - settled))
    most = min(state.tax_amount, settled)
    return min(max(state.tax_refunded_amount + wanted, least), most) - state.tax_refunded_amount


def settled_first(refunds: Iterable[Refund], refund: Refund) -> Refund:
    """Return which of an order's refunds to settle before, or as, a refund that is owed it.

    A late failure comes before a success. Otherwise the order would look more refunded than it
    is, and the success would return no tax.
    """
    failed = (each for each in refunds if each.settlement_owed and each.failed_at is not None)
    return next(failed, refund)


def estimate(state: OrderState, amount: int) -> Effect:
    """Return what refunding ``amount`` would do if all that is in flight settles first."""
    return effect_of(state, state.committed_amount, state.committed_amount + amount)


@dataclass(frozen=True, slots=True)
class Settlement:
    """The state after a settlement, and the amounts of its ledger entry."""

    kind: EntryKind
    state: OrderState
    refund: Refund
    amounts: EntryAmounts
    effect: Effect


def settle(state: OrderState, refund: Refund, at: str, by: str) -> Settlement:
    """Return the settlement that ``refund`` is owed: of its success, or of its late failure.

    Args:
        state: The order's state now.
        refund: One of its refunds.
        at: The time of the settlement, RFC 3339 in UTC.
        by: Who settles it, for the refund's history.

    Raises:
        ValueError: Nothing is owed (ask ``refund.settlement_owed`` first).
    """
    if not refund.settlement_owed:
        raise ValueError(f"refund {refund.refund_id} is owed no settlement")
    failed_late = refund.status is RefundStatus.FAILED
    moved = -refund.amount if failed_late else refund.amount
    tax = _compensated_tax(state, refund) if failed_late else refunded_tax(state, refund)
    effect = effect_of(state, state.settled_amount, state.settled_amount + moved)
    after = replace(
        release(state, refund) if failed_late else state,
        settled_amount=state.settled_amount + moved,
        rev_share_reversed_amount=state.rev_share_reversed_amount
        + effect.rev_share_reversed_amount,
        fee_refund_target_amount=state.fee_refund_target_amount + effect.fee_refund_amount,
        tax_refunded_amount=state.tax_refunded_amount + tax,
    )
    settled = (
        refund
        if failed_late
        else replace(
            refund.with_status(RefundStatus.SETTLED, at, by),
            settled_at=at,
            rev_share_reversed_amount=effect.rev_share_reversed_amount,
            stripe_fee_retained_amount=effect.stripe_fee_retained_amount,
            net_deduction_amount=effect.net_deduction_amount,
            tax_amount=tax,
        )
    )
    return Settlement(
        kind=EntryKind.REFUND_FAILED if failed_late else EntryKind.REFUND,
        state=after,
        refund=settled,
        amounts=_entry_amounts(state, effect, tax),
        effect=effect,
    )


def payable_effect(state: OrderState, effect: Effect) -> int:
    """Return what the effect moves of what PPS owes the studio, in minor units.

    Stripe took the refund of a direct charge from the studio's own account and puts the fee refund
    there; only a share that cannot move at Stripe any more is between PPS and the studio.
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


def sale_amounts(state: OrderState) -> EntryAmounts:
    """Return the amounts of an order's sale entry, seen from the studio: fees are negative."""
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
