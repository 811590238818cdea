"""The functions that operators call, by their logical ids in the template."""

import json
from typing import Any

from infra.failure import Failure
from infra.operate.stack import OperatedStack

ADJUSTMENTS = "AdjustmentsFunction"

ANCHOR_LEDGER = "AnchorLedgerFunction"

IMPORT_ORDERS = "ImportOrdersFunction"

RECONCILE = "ReconcileFunction"

RESUME = "ResumePendingFunction"
RUN_PAYOUTS = "RunPayoutsFunction"

USERS = "UsersFunction"

# The counts of work that the function could not resume.
NOT_RESUMED = ("ResumeDeferred", "ResumeFailed")


def function_name(stack: OperatedStack, logical_id: str) -> str:
    """Return a function's physical name.

    Raises:
        Failure: The stack has no such function.
    """
    return stack.output(f"{logical_id}Name")


def invoke(stack: OperatedStack, logical_id: str, event: dict[str, Any]) -> dict[str, Any]:
    """Call a function, wait until it ends, and return its answer.

    Raises:
        Failure: The function fails.
    """
    name = function_name(stack, logical_id)
    answer = stack.aws.lambda_.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    result: dict[str, Any] = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        raise Failure(f"{name} failed with {result.get('errorType')}. Its log has the reason.")
    return result
