"""Logs, metrics: one of each per function, set up by Powertools' environment variables.

Logs carry ids and amounts; never a name, an address, an email, a token or a body.
"""

import json
import os
import warnings
from functools import partial

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit, single_metric

# A preview or a read has nothing to count, and Powertools would write a warning for each.
warnings.filterwarnings("ignore", message="No application metrics to publish")

# Escaped to ASCII: Powertools' own serializer lets through C1 controls, which terminals obey, and
# line separators, which some readers of logs part lines at.
logger = Logger(json_serializer=partial(json.dumps, default=str, separators=(",", ":")))
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Count something, in the namespace and service of the function."""
    metrics.add_metric(name=name, unit="Count", value=value)


def count_refused(name: str, reason: str) -> None:
    """Count a refusal twice: with the others of its name, for an alarm, and by its reason.

    Args:
        name: The metric.
        reason: One of a few fixed words, never what was sent: each is a metric of its own.
    """
    count(name)
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(
            "service", os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined")
        )
        metric.add_dimension("reason", reason)
