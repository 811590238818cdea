"""Lost races between writers: how a write reports one, and how often to try again."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
_STALE_REASONS = frozenset(
    {"ConditionalCheckFailed", "TransactionConflict", "ThrottlingError"}
    | {"ProvisionedThroughputExceeded"}
)
_STALE_CODES = frozenset(
    {"ConditionalCheckFailedException", "TransactionConflictException"}
    | {"TransactionInProgressException", "ThrottlingException", "RequestLimitExceeded"}
    | {"ProvisionedThroughputExceededException"}
)


class StaleStateError(Exception):
    """Another writer was first, or DynamoDB is throttling. Nothing was written."""


@contextmanager
def stale_on_conflict() -> Iterator[None]:
    """Turn DynamoDB's errors for a conflict or throttling into ``StaleStateError``."""
    try:
        yield
    except ClientError as error:
        if _is_conflict(error):
            raise StaleStateError from error
        raise


def _is_conflict(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    if code != "TransactionCanceledException":
        return code in _STALE_CODES
    reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", [])}
    return bool(reasons & _STALE_REASONS) and reasons <= _STALE_REASONS | {"None", None}


def tries(seconds: float) -> Iterator[int]:
    """Yield the number of each try of code that reads, decides and writes under a condition.

    It pauses between tries for a random time that grows (full jitter), and ends when the time is
    used up: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/

    Args:
        seconds: How long to try.
    """
    deadline = time.monotonic() + seconds
    count = 0
    while True:
        yield count
        pause = random.uniform(0, min(0.8, 0.02 * 2**count))  # noqa: S311  # not used for security
        if time.monotonic() + pause > deadline:
            return
        time.sleep(pause)
        count += 1
