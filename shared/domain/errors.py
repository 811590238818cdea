"""The domain's errors. ``shared/edge/problems`` maps each one to an HTTP answer."""

from typing import ClassVar


class DomainError(Exception):
    """A refusal with a stable ``code`` and a ``detail`` that says how to put it right.

    Args:
        detail: One or two sentences for the person who asked; no personal data.
    """

    code: ClassVar[str]

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class OrderNotFoundError(DomainError):
    """No such order in the caller's studio."""

    code = "order_not_found"

    def __init__(self, detail: str = "There is no such order in your studio.") -> None:
        super().__init__(detail)


class RefundNotFoundError(DomainError):
    """No such refund on this order."""

    code = "refund_not_found"


class OrderNotChargedError(DomainError):
    """The order has no Stripe charge, so there is nothing to send back."""

    code = "order_not_charged"


class ChargeDisputedError(DomainError):
    """The parent disputes the charge with their bank; Stripe refuses refunds meanwhile."""

    code = "charge_disputed"


class NothingRefundableError(DomainError):
    """All of the order's money is refunded or on its way back."""

    code = "nothing_refundable"


class NothingToPrintError(DomainError):
    """The order has no print to claim, cancel or ship."""

    code = "nothing_to_print"


class PrintNotClaimedError(DomainError):
    """The print waits in the queue; it has to be claimed first."""

    code = "print_not_claimed"


class PrintClaimedError(DomainError):
    """An operator has claimed the print, and it is not printed yet."""

    code = "print_claimed"


class AlreadyPrintedError(DomainError):
    """The print is made already."""

    code = "print_printed"


class PrintShippedError(DomainError):
    """The print is on its way to the parent."""

    code = "print_shipped"


class PrintCanceledError(DomainError):
    """Fulfillment was canceled."""

    code = "print_canceled"


class RefundLimitError(DomainError):
    """The refund passes what the caller's role may send back of an order."""

    code = "refund_limit_exceeded"


class RefundNotFailedError(DomainError):
    """Only a failed refund is paid back another way."""

    code = "refund_not_failed"


class AlreadyResolvedError(DomainError):
    """A person has recorded what became of it, otherwise."""

    code = "resolved_already"


class MessageNotFoundError(DomainError):
    """No such message on this order."""

    code = "message_not_found"


class MessageOutcomeKnownError(DomainError):
    """What became of the message is known."""

    code = "message_not_unknown"


class NoEmailAddressError(DomainError):
    """The order has no email address to write to."""

    code = "no_email_address"


class SendingDomainError(DomainError):
    """The studio's sending domain is not verified, so mail cannot come from it."""

    code = "sending_domain_not_verified"


class MessageRefusedError(DomainError):
    """The mail service surely refused the message; nothing was sent."""

    code = "message_refused"


class TemplateMismatchError(DomainError):
    """The message's template does not fit the refund."""

    code = "template_mismatch"


class CursorError(DomainError):
    """The cursor is not one that this list gave for these parameters."""

    code = "cursor_invalid"


class DateRangeError(DomainError):
    """The dates do not make a range."""

    code = "date_range_invalid"


class RangeTooLargeError(DomainError):
    """There is more in the range than one answer can hold or wait for."""

    code = "date_range_too_large"


class StudioNotFoundError(DomainError):
    """No such studio."""

    code = "studio_not_found"


class ExportNotFoundError(DomainError):
    """No such export in this studio."""

    code = "export_not_found"


class PayoutNotFoundError(DomainError):
    """No such payout in this studio."""

    code = "payout_not_found"


class StatementTooLargeError(DomainError):
    """The payout has more lines than one file can hold."""

    code = "statement_too_large"


class NegativeBalanceLimitError(DomainError):
    """The studio's next payout would owe more than the studio allows itself."""

    code = "negative_balance_limit"


class ParkedMessageNotFoundError(DomainError):
    """No such parked message in this studio."""

    code = "parked_message_not_found"


class AmountExceedsRefundableError(DomainError):
    """More was asked for than is left of the order."""

    code = "amount_exceeds_refundable"


class AmountTooSmallError(DomainError):
    """The chosen items come to nothing in the currency's smallest unit."""

    code = "amount_too_small"


class UnknownLineError(DomainError):
    """The order has no such line."""

    code = "unknown_line"


class QuantityExceedsRefundableError(DomainError):
    """More units were asked for than are left of the line."""

    code = "quantity_exceeds_refundable"


class ShippingNotRefundableError(DomainError):
    """Shipping was free or has been refunded."""

    code = "shipping_not_refundable"


class RefundableAmountChangedError(DomainError):
    """What is left is not what the caller expected it to be."""

    code = "refundable_amount_changed"


class FulfillmentInProgressError(DomainError):
    """The print is being made, and the caller has not said what shall become of it."""

    code = "fulfillment_in_progress"


class IdempotencyKeyReusedError(DomainError):
    """The key was used for this order with another body."""

    code = "idempotency_key_reused"


class StripeRefusedError(DomainError):
    """Stripe surely refused the refund; nothing was sent back and the money is free again.

    Args:
        detail: What Stripe's refusal means and what to do.
        reason: Our stable name of the refusal, for example ``charge_already_refunded``.
    """

    code = "stripe_refused"

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


class ForbiddenError(DomainError):
    """The caller's token or roles do not allow this.

    Args:
        detail: Why, and what to do.
        reason: Our stable name of it, by which refusals are counted, for example ``role``.
    """

    code = "forbidden"

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


class BusyError(DomainError):
    """Too many others changed the same record; nothing was done, and trying again is safe."""

    code = "try_again"


class StripeOutcomeUnknownError(Exception):
    """Nobody can know whether Stripe did it: a time-out, a 429, a 5xx, the key in use.

    Not a refusal: the reservation stays, and the reconciler asks.

    Args:
        reason: What happened, in a few words.
        key_spent: Stripe saved the failure under the key, so the key cannot be used again.
    """

    def __init__(self, reason: str, *, key_spent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.key_spent = key_spent


class MailOutcomeUnknownError(Exception):
    """Nobody can know whether the mail service took the message: a time-out, a 429, a 5xx.

    Not a refusal: the message reads unknown, and nothing sends it a second time.

    Args:
        reason: What happened, in a few words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
