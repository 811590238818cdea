"""Logs, metrics: one of each per function, set up by Powertools' environment variables.

Logs carry ids and amounts; never a name, an address, an email, a token or a body.
"""

import warnings

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics

# A preview or a read has nothing to count, and Powertools would write a warning for each.
warnings.filterwarnings("ignore", message="No application metrics to publish")

logger = Logger()
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Count something, in the namespace and service of the function."""
    metrics.add_metric(name=name, unit="Count", value=value)
