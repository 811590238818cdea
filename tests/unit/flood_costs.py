"""What a flood of forged webhooks costs, from AWS's prices and the template's throttle.

Run ``python -m tests.unit.flood_costs`` to print the table that docs/deploy.md has.
"""

import sys
from collections.abc import Iterator

from infra.build.deployed_template import source_template

# US dollars in us-east-1, November 2026.
_API_REQUEST = 3.50e-6  # https://aws.amazon.com/api-gateway/pricing/
_LAMBDA_REQUEST = 0.20e-6  # https://aws.amazon.com/lambda/pricing/
_LAMBDA_GB_SECOND = 13.3334e-6  # for arm64
_LOG_GB = 0.50  # https://aws.amazon.com/cloudwatch/pricing/
_WAF_REQUEST = 0.60e-6  # https://aws.amazon.com/waf/pricing/

# A forged event is refused after one hash of its body.
_REFUSED_IN_SECONDS = 0.010
_MEMORY_GB = 1.0
# The function's line and its counts, Lambda's own two lines, and the access log's.
_LOGGED_GB = 1_800 / 1e9

_RATES = (10, 100, 1_000, 10_000)
_SECONDS_A_DAY = 86_400


def throttle() -> int:
    """Return how many webhooks a second the template lets through."""
    settings = source_template()["Resources"]["Api"]["Properties"]["MethodSettings"]
    (webhook,) = (each for each in settings if "webhooks" in each["ResourcePath"])
    return int(webhook["ThrottlingRateLimit"])


def accepted_cost() -> float:
    """Return what one forged event costs that reaches the function, in dollars."""
    compute = _REFUSED_IN_SECONDS * _MEMORY_GB * _LAMBDA_GB_SECOND
    return _API_REQUEST + _LAMBDA_REQUEST + compute + _LOGGED_GB * _LOG_GB


def flood_table() -> Iterator[str]:
    """Yield the table's lines: a flood's rate, what reaches the function, and dollars a day."""
    yield "| forged a second | reach the function | a day | with WAF | with Stripe's addresses |"
    yield "| ---: | ---: | ---: | ---: | ---: |"
    for rate in _RATES:
        accepted = min(rate, throttle())
        plain = accepted * accepted_cost() * _SECONDS_A_DAY
        inspected = rate * _WAF_REQUEST * _SECONDS_A_DAY
        yield (
            f"| {rate:,} | {accepted:,} | ${plain:,.0f} | ${plain + inspected:,.0f} "
            f"| ${inspected:,.0f} |"
        )


if __name__ == "__main__":
    sys.stdout.write("\n".join(flood_table()) + "\n")
