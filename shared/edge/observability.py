"""A function's logger and metrics. Powertools' environment variables configure them.

Logs have ids and amounts, but never a name, an address, an email, a token or a body.
"""

import json
import os
import warnings
from functools import partial

from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit, single_metric

# Previews and reads count nothing, and Powertools would log a warning for each of them.
warnings.filterwarnings("ignore", message="No application metrics to publish")

# This serializer escapes to ASCII. Powertools' own keeps C1 controls, which terminals obey, and
# line separators, at which some log readers split a line.
logger = Logger(json_serializer=partial(json.dumps, default=str, separators=(",", ":")))
metrics = Metrics()


def count(name: str, value: int = 1) -> None:
    """Add to a metric in the function's namespace and service."""
    metrics.add_metric(name=name, unit="Count", value=value)


def measure_seconds(name: str, seconds: float) -> None:
    """Add a measured time to a metric in the function's namespace and service."""
    metrics.add_metric(name=name, unit=MetricUnit.Seconds, value=seconds)


def count_refused(name: str, reason: str) -> None:
    """Count a refusal twice: in total, for an alarm, and by its reason.

    Args:
        name: The metric.
        reason: One of a few fixed words, never text from a request: each makes its own metric.
    """
    count(name)
    with single_metric(name=name, unit=MetricUnit.Count, value=1) as metric:
        metric.add_dimension(
            "service", os.environ.get("POWERTOOLS_SERVICE_NAME", "service_undefined")
        )
        metric.add_dimension("reason", reason)
