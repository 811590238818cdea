"""How the books follow a charge that was read at Stripe: its sale, and its disputes."""

from dataclasses import dataclass, replace

from shared.domain.dispute import Dispute
from shared.domain.dispute_settlement import DisputeSettlement, settle_dispute
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind
from shared.domain.order import OrderState
from shared.domain.payment import Payment
from shared.domain.payment_status import PaymentStatus
from shared.domain.record_source import RecordSource
from shared.domain.settlement import moved_elsewhere, sale_amounts
from shared.domain.tax import TaxPart, negated, text_of_parts


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """A ledger entry before it has its place in the chain."""

    facts: EntryFacts
    amounts: EntryAmounts


@dataclass(frozen=True, slots=True)
class ChargePosting:
    """The order's state as Stripe has it, and the ledger entries that it needs, in order.

    ``fee_refund_amount`` is what Stripe must refund of the application fee, in minor units.
    """

    state: OrderState
    drafts: tuple[EntryDraft, ...] = ()
    fee_refund_amount: int = 0


def post_payment(state: OrderState, payment: Payment, at: str, paid_at: str) -> ChargePosting:
    """Return the order's state with its payment, and the sale entry once it is paid.

    A paid order stays paid: what happens to its money later is a refund or a dispute.

    Args:
        state: The order's state now.
        payment: Its payment, as Stripe has it now.
        at: Now, RFC 3339 in UTC.
        paid_at: When the money came, RFC 3339 in UTC.
    """
    if state.payment_status is PaymentStatus.PAID:
        return ChargePosting(state)
    after = replace(
        state,
        payment_status=payment.status,
        payment_problem=payment.problem,
        charged_amount=payment.charged_amount,
        stripe_fee_amount=payment.stripe_fee_amount,
    )
    if payment.status is not PaymentStatus.PAID:
        return ChargePosting(after)
    amounts = sale_amounts(after)
    kind = EntryKind.SALE
    if state.is_before_ledger(paid_at):
        kind, amounts = EntryKind.OPENING_SALE, moved_elsewhere(amounts)
    sold = tuple(TaxPart(*each[:3]) for each in state.tax_parts)
    facts = EntryFacts(
        kind,
        state.order_id,
        at,
        balance_transaction_id=payment.balance_transaction_id,
        tax_parts=text_of_parts(sold),
    )
    return ChargePosting(after, (EntryDraft(facts, amounts),))


def post_dispute(
    posting: ChargePosting, dispute: Dispute, at: str, *, before_ledger: bool = False
) -> ChargePosting:
    """Return the posting with one of the charge's disputes, and an entry if it moved money.

    Args:
        posting: The order's payment. Before it is paid, no dispute moves its money.
        dispute: The dispute, with all that it has taken and not given back.
        at: Now, RFC 3339 in UTC.
        before_ledger: Whether the money moved before the studio's ledger started.
    """
    settled = settle_dispute(posting.state, dispute, before_ledger=before_ledger)
    drafts = posting.drafts
    if settled.amounts is not None:
        drafts = (*drafts, EntryDraft(_facts(settled, at, settled.amounts), settled.amounts))
    fee_refund = 0 if before_ledger else settled.effect.fee_refund_amount
    return ChargePosting(settled.state, drafts, posting.fee_refund_amount + fee_refund)


def _facts(settled: DisputeSettlement, at: str, amounts: EntryAmounts) -> EntryFacts:
    return EntryFacts(
        kind=settled.kind,
        order_id=settled.state.order_id,
        recorded_at=at,
        reason=settled.dispute.reason,
        source=RecordSource.STRIPE,
        # Reports are about the money that this ledger moved.
        settled_at=None if amounts.elsewhere_amount else at,
        dispute_id=settled.dispute.dispute_id,
        balance_transaction_id=" ".join(settled.balance_transaction_ids) or None,
        tax_parts=text_of_parts(negated(settled.tax_parts)),
    )
