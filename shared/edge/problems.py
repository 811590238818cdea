"""Problem details (RFC 9457): one table maps the domain's errors to HTTP answers."""

import json
from typing import Any

from shared.domain import errors

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[errors.DomainError], tuple[int, str]] = {
    errors.OrderNotFoundError: (404, "Order not found"),
    errors.RefundNotFoundError: (404, "Refund not found"),
    errors.OrderNotChargedError: (409, "The order was not charged"),
    errors.OrderNotPaidError: (409, "The order is not paid"),
    errors.DisputeNotFoundError: (404, "Dispute not found"),
    errors.DisputeOpenError: (409, "The dispute is open"),
    errors.ChargeDisputedError: (409, "The charge is disputed"),
    errors.NothingRefundableError: (409, "Nothing is left to refund"),
    errors.RefundableAmountChangedError: (409, "The refundable amount has changed"),
    errors.FulfillmentInProgressError: (409, "The print is in production"),
    errors.AmountExceedsRefundableError: (422, "The amount is more than is left"),
    errors.AmountTooSmallError: (422, "The amount comes to nothing"),
    errors.UnknownLineError: (422, "Unknown line"),
    errors.QuantityExceedsRefundableError: (422, "The quantity is more than is left"),
    errors.ShippingNotRefundableError: (422, "Shipping cannot be refunded"),
    errors.NothingToPrintError: (409, "There is nothing to print"),
    errors.PrintNotClaimedError: (409, "The print is not claimed"),
    errors.PrintClaimedError: (409, "The print is claimed"),
    errors.AlreadyPrintedError: (409, "The print is already printed"),
    errors.PrintShippedError: (409, "The print is shipped"),
    errors.PrintCanceledError: (409, "Fulfillment was canceled"),
    errors.RefundLimitError: (403, "More than your role may refund"),
    errors.RefundNotFailedError: (409, "The refund has not failed"),
    errors.AlreadyResolvedError: (409, "It is already resolved"),
    errors.MessageNotFoundError: (404, "Message not found"),
    errors.MessageOutcomeKnownError: (409, "The message's outcome is known"),
    errors.DeliveryNotFailedError: (409, "The message has not failed"),
    errors.NothingToWriteAboutError: (409, "There is nothing to write about"),
    errors.NoEmailAddressError: (409, "The order has no email address"),
    errors.SendingDomainError: (409, "The sending domain is not verified"),
    errors.MessageRefusedError: (502, "The mail service refused the message"),
    errors.TemplateMismatchError: (422, "The template does not fit the refund"),
    errors.CursorError: (400, "The cursor is not valid"),
    errors.DateRangeError: (422, "The dates are not a valid range"),
    errors.RangeTooLargeError: (422, "The range is too large"),
    errors.StudioNotFoundError: (404, "Studio not found"),
    errors.ExportNotFoundError: (404, "Export not found"),
    errors.PayoutNotFoundError: (404, "Payout not found"),
    errors.NegativeBalanceLimitError: (409, "The next payout would be too far below zero"),
    errors.ParkedMessageNotFoundError: (404, "Parked message not found"),
    errors.AdjustmentNotFoundError: (404, "Adjustment not found"),
    errors.AdjustmentDecidedError: (409, "The adjustment is already decided"),
    errors.OwnAdjustmentError: (403, "Another person must approve it"),
    errors.UserNotFoundError: (404, "User not found"),
    errors.UserExistsError: (409, "The user exists already"),
    errors.UserDisabledError: (409, "The user is disabled"),
    errors.LastOwnerError: (409, "The studio needs an owner"),
    errors.UserChangePendingError: (409, "A change of this user is not finished"),
    errors.IdempotencyKeyReusedError: (422, "The Idempotency-Key was used before"),
    errors.ForbiddenError: (403, "Not allowed"),
    errors.RefundsStoppedError: (409, "Refunds are stopped"),
    errors.MessagesStoppedError: (409, "Messages are stopped"),
    errors.BusyError: (503, "Busy"),
    errors.TooManyRequestsError: (429, "Too many requests"),
    errors.StripeRefusedError: (502, "Stripe refused the refund"),
}

# Refusals by Stripe that the caller can act on.
STRIPE_STATUS = {
    "charge_already_refunded": (409, "Stripe has already refunded the charge"),
    "charge_disputed": (409, "The charge is disputed"),
    "insufficient_balance": (409, "Stripe's balance is too low"),
    "account_disconnected": (409, "The Stripe account is not connected"),
    "amount_exceeds_charge": (422, "The amount is more than is left at Stripe"),
}

# The same request may work a moment later. Contention and throttling end within seconds.
_TRANSIENT = frozenset({429, 503, 504})
_RETRY_AFTER_SECONDS = 2


class Problem(Exception):  # noqa: N818  # RFC 9457 calls it a problem
    """A refusal as an HTTP answer.

    Args:
        status: The HTTP status.
        code: Our stable name for it.
        title: A short text, the same for every occurrence.
        detail: What happened and what to do next.
        errors: For each refused field, its name and why.
        retry_after_seconds: When the same request may work.
    """

    def __init__(  # noqa: PLR0913  # the members of RFC 9457
        self,
        status: int,
        code: str,
        title: str,
        detail: str,
        errors: list[dict[str, str]] | None = None,
        *,
        retry_after_seconds: int = _RETRY_AFTER_SECONDS,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.title = title
        self.detail = detail
        self.errors = errors
        self._retry_after_seconds = retry_after_seconds

    @property
    def headers(self) -> dict[str, str]:
        """What a client should know beside the body: when to try again."""
        is_transient = self.status in _TRANSIENT
        return {"Retry-After": str(self._retry_after_seconds)} if is_transient else {}

    def body(self, request_id: str | None = None) -> str:
        """Return the problem as JSON.

        Args:
            request_id: The request's id, by which the logs find it.
        """
        members: dict[str, Any] = {
            "type": f"urn:pps:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.errors is not None:
            members["errors"] = self.errors
        if request_id is not None:
            members["request_id"] = request_id
        return json.dumps(members)


def problem_of(error: errors.DomainError) -> Problem:
    """Return the HTTP answer to a domain error."""
    if isinstance(error, errors.StripeRefusedError):
        status, title = STRIPE_STATUS.get(error.reason, STATUS[errors.StripeRefusedError])
        return Problem(status, error.reason, title, error.detail)
    status, title = STATUS[type(error)]
    if isinstance(error, errors.TooManyRequestsError):
        wait = error.retry_after_seconds
        return Problem(status, error.code, title, error.detail, retry_after_seconds=wait)
    return Problem(status, error.code, title, error.detail)
