"""Refreshes what a function made before Lambda took a snapshot of its memory.

With SnapStart, Lambda starts a published version once, takes a snapshot, and restores it whenever
it needs an environment, perhaps days later. All environments then have the connections, the random
numbers and the secrets of that one start.
https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
"""

import os
import random
from collections.abc import Callable, Iterable

from shared.gateways import aws

_STARTED_BY = "AWS_LAMBDA_INITIALIZATION_TYPE"


def refresh_after_restore(
    *more: Callable[[], object], prepare: Iterable[Callable[[], object]] = ()
) -> None:
    """Have this environment refreshed each time that Lambda restores it.

    It gets new random numbers, and new connections to AWS. Without SnapStart nothing is registered
    or imported. Times are read when they are needed, and AWS's credentials renew themselves.

    Args:
        more: What else to refresh: functions without arguments.
        prepare: What to make once before the snapshot, so that no request has to: functions without
            arguments.
    """
    if os.environ.get(_STARTED_BY) != "snap-start":
        return
    # Lambda's Python has this package, and only there it is needed:
    # https://docs.aws.amazon.com/lambda/latest/dg/snapstart-runtime-hooks-python.html
    from snapshot_restore_py import (  # type: ignore[import-untyped]  # noqa: PLC0415  # it has no types
        register_after_restore,
        register_before_snapshot,
    )

    for make in prepare:
        register_before_snapshot(make)
    for refresh in (random.seed, aws.close_connections, *more):
        register_after_restore(refresh)
