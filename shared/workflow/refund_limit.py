"""The most that a caller may refund of one order, in the currency of the caller's studio."""

from shared.domain.errors import RefundLimitError
from shared.domain.limits import amount_worth
from shared.domain.money import money_text
from shared.domain.studio import Studio
from shared.edge.auth import Caller


def refund_limit(caller: Caller, studio: Studio) -> int | None:
    """Return the most of one order that the caller may refund, in minor units; None is no limit.

    A studio's own limit replaces the usual one. It does not bind owners.
    """
    if caller.refund_limit_usd is None:
        return None
    if studio.staff_refund_limit_amount is not None:
        return studio.staff_refund_limit_amount
    return amount_worth(caller.refund_limit_usd, studio.currency)


def is_beyond_limit(caller: Caller, studio: Studio, amount: int) -> bool:
    """Return whether the caller may not refund that much of one order.

    Args:
        caller: Who refunds.
        studio: The order's studio.
        amount: How much of the order would be refunded in total, in minor units.
    """
    limit = refund_limit(caller, studio)
    return limit is not None and amount > limit


def require_within_limit(caller: Caller, studio: Studio, amount: int) -> None:
    """Check that the caller may refund that much of one order.

    Raises:
        RefundLimitError: It is more than the caller's roles allow.
    """
    limit = refund_limit(caller, studio)
    if limit is not None and amount > limit:
        raise RefundLimitError(
            f"With this refund, {money_text(amount, studio.currency)} of the order would be "
            f"refunded. Your role may refund at most {money_text(limit, studio.currency)} of one "
            "order. Ask your studio's owner."
        )
