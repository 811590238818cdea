"""Stopping everything that writes, and letting it run again."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient


def stop(lambda_: "LambdaClient", functions: list[str]) -> None:
    """Stop functions: nothing calls them, and no queue hands them messages.

    What runs still is not interrupted; that takes as long as the slowest of them may. Stripe sends
    the events again that nobody answers, for three days.
    """
    for function in functions:
        # First the queues: a message that is refused five times would be put aside.
        for mapping in _mappings(lambda_, function):
            lambda_.update_event_source_mapping(UUID=mapping, Enabled=False)
        lambda_.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)


def start(lambda_: "LambdaClient", functions: list[str]) -> None:
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
