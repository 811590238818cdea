"""The domain's errors. ``shared/edge/problems`` maps each one to an HTTP answer."""

from typing import ClassVar


class DomainError(Exception):
    """A refusal with a stable ``code`` and a ``detail`` that says what to do.

    Args:
        detail: One or two sentences for the caller, without personal data.
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
    """The order has no Stripe charge, so there is nothing to refund."""

    code = "order_not_charged"


class OrderNotPaidError(DomainError):
    """The order's money is not there: it is on its way, or the payment failed."""

    code = "order_not_paid"


class DisputeNotFoundError(DomainError):
    """No such dispute on this order."""

    code = "dispute_not_found"


class DisputeOpenError(DomainError):
    """The dispute is not over. Only a lost dispute is dismissed."""

    code = "dispute_open"


class ChargeDisputedError(DomainError):
    """The parent disputes the charge with their bank. Meanwhile Stripe refuses refunds."""

    code = "charge_disputed"


class NothingRefundableError(DomainError):
    """All of the order's money is refunded or in flight."""

    code = "nothing_refundable"


class NothingToPrintError(DomainError):
    """The order has no print to claim, cancel or ship."""

    code = "nothing_to_print"


class PrintNotClaimedError(DomainError):
    """The print is in the queue. An operator has to claim it first."""

    code = "print_not_claimed"


class PrintClaimedError(DomainError):
    """An operator has claimed the print, and it is not printed yet."""

    code = "print_claimed"


class AlreadyPrintedError(DomainError):
    """The print has already been made."""

    code = "print_printed"


class PrintShippedError(DomainError):
    """The print is on its way to the parent."""

    code = "print_shipped"


class PrintCanceledError(DomainError):
    """Fulfillment was canceled."""

    code = "print_canceled"


class RefundLimitError(DomainError):
    """The refund is more than the caller's role may refund of one order."""

    code = "refund_limit_exceeded"


class RefundNotFailedError(DomainError):
    """The refund has not failed. Only a failed refund is paid back another way."""

    code = "refund_not_failed"


class AlreadyResolvedError(DomainError):
    """A person has already recorded another resolution."""

    code = "resolved_already"


class MessageNotFoundError(DomainError):
    """No such message on this order."""

    code = "message_not_found"


class MessageOutcomeKnownError(DomainError):
    """The message's outcome is already known."""

    code = "message_not_unknown"


class DeliveryNotFailedError(DomainError):
    """The mail service has not reported that the message failed. There is nothing to dismiss."""

    code = "delivery_not_failed"


class NothingToWriteAboutError(DomainError):
    """The order has no refund that a message could be about."""

    code = "nothing_to_write_about"


class NoEmailAddressError(DomainError):
    """The order has no email address to write to."""

    code = "no_email_address"

    def __init__(
        self,
        detail: str = (
            "The order has no email address that we can send mail to. Contact the parent in "
            "another way."
        ),
    ) -> None:
        super().__init__(detail)


class SendingDomainError(DomainError):
    """The studio's sending domain is not verified, so mail cannot come from it."""

    code = "sending_domain_not_verified"


class MessageRefusedError(DomainError):
    """The mail service definitively refused the message. Nothing was sent."""

    code = "message_refused"


class TemplateMismatchError(DomainError):
    """The message's template does not fit the refund."""

    code = "template_mismatch"


class CursorError(DomainError):
    """The cursor does not belong to this list and these parameters."""

    code = "cursor_invalid"


class DateRangeError(DomainError):
    """The dates are not a valid range."""

    code = "date_range_invalid"


class RangeTooLargeError(DomainError):
    """The range has more data than one response can hold."""

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


class NegativeBalanceLimitError(DomainError):
    """The refund would take the studio's next payout below the studio's own limit."""

    code = "negative_balance_limit"


class ParkedMessageNotFoundError(DomainError):
    """No such parked message in this studio."""

    code = "parked_message_not_found"


class AdjustmentNotFoundError(DomainError):
    """No such adjustment in this studio."""

    code = "adjustment_not_found"


class AdjustmentDecidedError(DomainError):
    """The adjustment is already decided, and the other way."""

    code = "adjustment_decided"


class OwnAdjustmentError(DomainError):
    """The user who proposed an adjustment cannot approve it."""

    code = "adjustment_own"


class AmountExceedsRefundableError(DomainError):
    """The requested amount is more than is left of the order."""

    code = "amount_exceeds_refundable"


class AmountTooSmallError(DomainError):
    """The chosen items come to 0 in the currency's smallest unit."""

    code = "amount_too_small"


class UnknownLineError(DomainError):
    """The order has no such line."""

    code = "unknown_line"


class QuantityExceedsRefundableError(DomainError):
    """The requested quantity is more than is left of the line."""

    code = "quantity_exceeds_refundable"


class ShippingNotRefundableError(DomainError):
    """Shipping was free or is already refunded."""

    code = "shipping_not_refundable"


class RefundableAmountChangedError(DomainError):
    """The refundable amount is not the one that the caller expected."""

    code = "refundable_amount_changed"


class FulfillmentInProgressError(DomainError):
    """The print is in production, and the caller has not said whether to keep it."""

    code = "fulfillment_in_progress"


class IdempotencyKeyReusedError(DomainError):
    """The key was used for this order with another body."""

    code = "idempotency_key_reused"


class StripeRefusedError(DomainError):
    """Stripe definitively refused the refund. Nothing was refunded; the reservation is released.

    Args:
        detail: What Stripe's refusal means and what to do.
        reason: Our stable name for the refusal, for example ``charge_already_refunded``.
        access_denied: Stripe denied access to the account of the call, or to all accounts.
    """

    code = "stripe_refused"

    def __init__(self, detail: str, reason: str, *, access_denied: bool = False) -> None:
        super().__init__(detail)
        self.reason = reason
        self.access_denied = access_denied


class ForbiddenError(DomainError):
    """The caller's token or roles do not allow this.

    Args:
        detail: Why, and what to do.
        reason: Our stable name for the refusal, for example ``role``. Metrics count by it.
    """

    code = "forbidden"

    def __init__(self, detail: str, reason: str) -> None:
        super().__init__(detail)
        self.reason = reason


class RefundsStoppedError(DomainError):
    """PPS has stopped refunds, for all studios or this one. Nothing was refunded."""

    code = "refunds_stopped"


class MessagesStoppedError(DomainError):
    """PPS has stopped messages to parents, for all studios or this one. Nothing was sent."""

    code = "messages_stopped"


class BusyError(DomainError):
    """Too many others changed the same record. Nothing was done; a retry is safe."""

    code = "try_again"


class TooManyRequestsError(DomainError):
    """The caller's studio has used up its share of the API. Nothing was done.

    Args:
        detail: What was used up, and when to try again.
        retry_after_seconds: When to try again.
    """

    code = "too_many_requests"

    def __init__(self, detail: str, retry_after_seconds: int) -> None:
        super().__init__(detail)
        self.retry_after_seconds = retry_after_seconds


class StripeOutcomeUnknownError(Exception):
    """It is unknown whether Stripe did it: no answer, a 429, a 5xx, or one that is not Stripe's.

    This is not a refusal: the reservation stays, and scheduled work asks Stripe later.

    Args:
        reason: What happened, in a few words.
        key_spent: Stripe saved the failure under the key, so the key cannot be used again.
        access_denied: Stripe denied access to the account of the call, or to all accounts.
    """

    def __init__(self, reason: str, *, key_spent: bool, access_denied: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.key_spent = key_spent
        self.access_denied = access_denied


class MailOutcomeUnknownError(Exception):
    """It is unknown whether the mail service sent the message: a time-out, a 429, a 5xx.

    This is not a refusal: the message reads ``unknown``, and nothing sends it a second time.

    Args:
        reason: What happened, in a few words.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UserNotFoundError(DomainError):
    """No such user in the caller's studio."""

    code = "user_not_found"


class UserExistsError(DomainError):
    """The studio has this user already, with another role."""

    code = "user_exists"


class UserDisabledError(DomainError):
    """The user is disabled, so only enabling or removing them is possible."""

    code = "user_disabled"


class LastOwnerError(DomainError):
    """The studio would have no owner."""

    code = "last_owner"


class UserChangePendingError(DomainError):
    """Another change of this user is not finished."""

    code = "user_change_pending"
