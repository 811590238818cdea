"""Whether an order's charge is paid, as Stripe says, and whether it fits the import."""

from dataclasses import dataclass
from enum import StrEnum

from shared.domain.order import Order
from shared.domain.payment_status import PaymentStatus
from shared.domain.stripe_charge import StripeCharge


class PaymentProblem(StrEnum):
    """How a charge at Stripe differs from the order as imported."""

    AMOUNT = "amount_differs"
    CURRENCY = "currency_differs"
    APPLICATION_FEE = "application_fee_differs"


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment of an order. Amounts in minor units.

    ``stripe_fee_amount`` is the fee that Stripe really took. It is the imported fee if Stripe
    keeps the balance in another currency. ``charged_amount`` is what Stripe captured, if that
    differs from the import.
    """

    status: PaymentStatus
    stripe_fee_amount: int
    problem: str | None = None
    charged_amount: int | None = None
    balance_transaction_id: str | None = None


def payment_of(order: Order, charge: StripeCharge) -> Payment:
    """Return the payment of an order whose charge was read at Stripe.

    There is no sale while the charge differs from the import: the shares and refunds that follow
    from it would be wrong.
    """
    status = _status(charge)
    fee = charge.stripe_fee_amount
    imported_fee = order.stripe_fee_amount
    if status is not PaymentStatus.PAID:
        return Payment(status, imported_fee, charge.failure_code)
    if problem := _problem(order, charge):
        return Payment(PaymentStatus.DIFFERS, imported_fee, problem, charge.amount_captured)
    return Payment(
        status,
        imported_fee if fee is None else fee,
        balance_transaction_id=charge.balance_transaction_id,
    )


def _status(charge: StripeCharge) -> PaymentStatus:
    if charge.status == "failed":
        return PaymentStatus.FAILED
    if charge.status != "succeeded":
        return PaymentStatus.PENDING
    if not charge.captured:
        # Stripe shows a released authorization as a refund of the charge.
        return PaymentStatus.EXPIRED if charge.refunded else PaymentStatus.UNCAPTURED
    # The balance transaction proves that the money is there.
    return PaymentStatus.PAID if charge.balance_transaction_id else PaymentStatus.PENDING


def _problem(order: Order, charge: StripeCharge) -> PaymentProblem | None:
    if charge.currency != order.currency:
        return PaymentProblem.CURRENCY
    if charge.amount_captured != order.total_amount:
        return PaymentProblem.AMOUNT
    if order.account_id is None:
        return None
    if charge.application_fee_amount != order.rev_share_amount:
        return PaymentProblem.APPLICATION_FEE
    # Without a share there is no application fee.
    has_other_fee = charge.application_fee_id != order.application_fee_id
    return PaymentProblem.APPLICATION_FEE if order.rev_share_amount and has_other_fee else None
