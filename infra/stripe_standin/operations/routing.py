"""Finds the operation of a method and path."""

import re

from infra.stripe_standin.operations import (
    accounts,
    application_fees,
    balance,
    balance_transactions,
    charges,
    disputes,
    events,
    payment_intents,
    refunds,
    transfer_reversals,
    transfers,
    webhook_endpoints,
)
from infra.stripe_standin.protocol.errors import no_such_url
from infra.stripe_standin.protocol.operation import Operation

_OPERATIONS = [
    *accounts.OPERATIONS,
    *application_fees.OPERATIONS,
    *balance.OPERATIONS,
    *balance_transactions.OPERATIONS,
    *charges.OPERATIONS,
    *disputes.OPERATIONS,
    *events.OPERATIONS,
    *payment_intents.OPERATIONS,
    *refunds.OPERATIONS,
    *transfer_reversals.OPERATIONS,
    *transfers.OPERATIONS,
    *webhook_endpoints.OPERATIONS,
]
_ROUTES = [
    (re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", operation.path)), operation)
    for operation in _OPERATIONS
]


def find_operation(method: str, path: str) -> tuple[Operation, dict[str, str]]:
    """Return the operation, and the ids in the path by their placeholders.

    Raises:
        StripeError: If there is no such operation.
    """
    for pattern, operation in _ROUTES:
        match = pattern.fullmatch(path)
        if match is not None and operation.method == method:
            return operation, match.groupdict()
    raise no_such_url(method, path)
