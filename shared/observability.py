"""Logs, metrics: one of each per function, set up by Powertools' environment variables.

Logs carry ids and amounts; never a name, an address, an email, a token or a body.
"""

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics

logger = Logger()
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Count something, in the namespace and service of the function."""
    metrics.add_metric(name=name, unit="Count", value=value)
