"""Stops all functions, and starts them again."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def stop(lambda_: "LambdaClient", functions: Sequence[str]) -> None:
    """Stop functions: nothing calls them, and no queue hands them messages.

    Does not interrupt running calls, which may take as long as the slowest function. Stripe sends
    unanswered events again for three days.
    """
    for function in functions:
        # The queues first: a message that is refused five times goes to the dead-letter queue.
        for mapping in _mappings(lambda_, function):
            lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
        lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)


def start(lambda_: "LambdaClient", functions: Sequence[str]) -> None:
    """Let functions run again."""
    for function in functions:
        lambda_.delete_function_concurrency(FunctionName=function)
        for mapping in _mappings(lambda_, function):
            lambda_.update_event_source_mapping(UUID=mapping, Enabled=True)


def _mappings(lambda_: "LambdaClient", function: str) -> Iterator[str]:
    pages = lambda_.get_paginator("list_event_source_mappings").paginate(FunctionName=function)
    for page in pages:
        for each in page["EventSourceMappings"]:
            yield each["UUID"]
