"""What refunds cost at AWS: the measured consumption, times list prices.

What cannot be measured here, the time that Lambda bills and the size of logs, is assumed. The page
names each assumption, and the command that shows the real figure.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from infra.paths import FUNCTIONS, ROOT
from tests.bench.one_refund import ANNOUNCES, FEE_REFUND, RefundCost
from tests.bench.report import ReportTable
from tests.bench.start_up import template

RESULTS = ROOT / "docs" / "cost.md"

PRICES_OF = date(2026, 11, 30)
# List prices of us-east-1 in USD, without free tiers and discounts.
PRICES = {
    "API Gateway, REST, 1,000,000 requests": 3.50,
    "Lambda, 1,000,000 invocations": 0.20,
    "Lambda on arm64, 1 GB second": 0.000_013_333_4,
    "DynamoDB on demand, 1,000,000 write units": 0.625,
    "DynamoDB on demand, 1,000,000 read units": 0.125,
    "SQS FIFO, 1,000,000 requests": 0.50,
    "CloudWatch Logs, 1 GB taken in": 0.50,
    "CloudWatch, 1 custom metric a month": 0.30,
    "CloudWatch, 1 alarm a month": 0.10,
    "Secrets Manager, 1 secret a month": 0.40,
    "KMS, 1 key a month": 1.00,
}

# Staff preview a refund and request it. Stripe's events come on top.
_STAFF_REQUESTS = 2
_MEMORY_GB = 1
# The average time that Lambda bills for a call, cold starts included. A call to Stripe takes most.
ASSUMED_MS = {
    "preview": 80,
    "refund_request": 900,
    "stripe_webhook, the event that confirms": 120,
    "stripe_webhook, another event": 400,
    "payout_adjust": 120,
    "fee_refund": 1200,
}
# What a call logs: Lambda's own three lines, ours, and the metrics in them.
ASSUMED_LOG_BYTES = 2_500
# To send, to receive and to delete.
_SQS_REQUESTS_A_MESSAGE = 3
# Lambda asks an idle queue with five pollers, each for 20 seconds:
# https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
_POLLS_A_MONTH = 5 * 3 * 60 * 24 * 30

VOLUMES = (1_000, 10_000, 100_000)

_COUNTED = re.compile(r'\bcount\(\s*"(\w+)"')


@dataclass(frozen=True)
class Bill:
    """A sum in USD, by service."""

    by_service: Mapping[str, float]

    @property
    def total(self) -> float:
        """The whole sum."""
        return sum(self.by_service.values())


def bill_of(cost: RefundCost, refunds: int) -> Bill:
    """Return what refunds cost, with all of Stripe's events, and without what is there anyway."""
    steps = cost.steps.values()
    messages = sum(step.sqs.count(name) for step in steps for name in ANNOUNCES)
    seconds = {name: ms / 1000 for name, ms in ASSUMED_MS.items()}
    has_fee = bool(cost.steps[FEE_REFUND].dynamodb)
    billed = (
        sum(seconds.values())
        - (0 if has_fee else seconds["fee_refund"])
        + (cost.other_events - 1) * seconds["stripe_webhook, another event"]
    )
    requests = _STAFF_REQUESTS + 1 + cost.other_events
    calls = requests + 1 + has_fee
    million = refunds / 1e6
    return Bill(
        {
            "API Gateway": requests * million * PRICES["API Gateway, REST, 1,000,000 requests"],
            "Lambda": calls * million * PRICES["Lambda, 1,000,000 invocations"]
            + billed * _MEMORY_GB * refunds * PRICES["Lambda on arm64, 1 GB second"],
            "DynamoDB": sum(step.write_units for step in steps)
            * million
            * PRICES["DynamoDB on demand, 1,000,000 write units"]
            + sum(step.read_units for step in steps)
            * million
            * PRICES["DynamoDB on demand, 1,000,000 read units"],
            "SQS": messages
            * _SQS_REQUESTS_A_MESSAGE
            * million
            * PRICES["SQS FIFO, 1,000,000 requests"],
            "CloudWatch Logs": calls
            * ASSUMED_LOG_BYTES
            / 1e9
            * refunds
            * PRICES["CloudWatch Logs, 1 GB taken in"],
        }
    )


def standing_bill() -> Bill:
    """Return what a month costs before the first refund: alarms, metrics, keys and idle queues."""
    resources = template()["Resources"].values()

    def count(kind: str) -> int:
        return sum(each["Type"] == kind for each in resources)

    queues = sum(
        event["Type"] == "SQS"
        for each in resources
        for event in each.get("Properties", {}).get("Events", {}).values()
    )
    return Bill(
        {
            "alarms": count("AWS::CloudWatch::Alarm") * PRICES["CloudWatch, 1 alarm a month"],
            "metrics": _metrics() * PRICES["CloudWatch, 1 custom metric a month"],
            "idle queues": queues * _POLLS_A_MONTH / 1e6 * PRICES["SQS FIFO, 1,000,000 requests"],
            "secrets": count("AWS::SecretsManager::Secret")
            * PRICES["Secrets Manager, 1 secret a month"],
            "keys": count("AWS::KMS::Key") * PRICES["KMS, 1 key a month"],
        }
    )


def _plain(price: float) -> str:
    whole, _, cents = f"{price:.10f}".rstrip("0").partition(".")
    return f"{whole}.{cents:0<2}"


def _metrics() -> int:
    """Return how many metrics functions count by themselves: each name in each function is one."""
    return sum(
        len(set(_COUNTED.findall("\n".join(path.read_text() for path in function.rglob("*.py")))))
        for function in FUNCTIONS.iterdir()
        if function.is_dir()
    )


def cost_tables(costs: list[RefundCost]) -> list[ReportTable]:
    """Return the tables of the page."""
    bills = [bill_of(cost, 1_000) for cost in costs]
    standing = standing_bill()
    prices = [(name, _plain(price)) for name, price in PRICES.items()]
    return [
        ReportTable(
            "1,000 full refunds",
            "USD, from the units and messages in [the benchmarks](bench.md), with all of Stripe's "
            "events, and with the call of a preview but not what it reads. Stripe's own fees are "
            "not in it.",
            ("service", *(cost.name for cost in costs)),
            [
                *(
                    (service, *(f"{bill.by_service[service]:.4f}" for bill in bills))
                    for service in bills[0].by_service
                ),
                ("all", *(f"{bill.total:.4f}" for bill in bills)),
            ],
        ),
        ReportTable(
            "A month before the first refund",
            "USD. Alarms, queues, secrets and keys are counted in `template.yaml`. Metrics are the "
            "names that each function counts by itself, as if they came in every hour; shared code "
            "counts a few more.",
            ("what", "USD"),
            [
                *((what, f"{usd:.2f}") for what, usd in standing.by_service.items()),
                ("all", f"{standing.total:.2f}"),
            ],
        ),
        ReportTable(
            "All in",
            "USD for 1,000 refunds of platform charges, with their part of the month.",
            ("refunds a month", "USD for 1,000"),
            [
                (f"{volume:,}", f"{bills[0].total + standing.total * 1_000 / volume:.2f}")
                for volume in VOLUMES
            ],
        ),
        ReportTable(
            "Prices",
            f"List prices of us-east-1, noted on {PRICES_OF}, in USD, without free tiers. They are "
            "in "
            "`tests/bench/cost.py`. Compare them with https://aws.amazon.com/pricing/.",
            ("what", "USD"),
            prices,
        ),
        ReportTable(
            "Assumptions",
            "What only AWS can show. This query of CloudWatch Logs Insights over all log groups of "
            'the functions shows it: `filter @type = "REPORT" | stats avg(@billedDuration), '
            "count(*) by @log`. The size of the logs is the metric `IncomingBytes` of each group.",
            ("what", "assumed"),
            [
                *((f"{name}, billed", f"{ms} ms") for name, ms in ASSUMED_MS.items()),
                ("memory", f"{_MEMORY_GB} GB"),
                ("logs of a call", f"{ASSUMED_LOG_BYTES:,} bytes"),
            ],
        ),
    ]


def keep_cost(costs: list[RefundCost], results: Path = RESULTS) -> None:
    """Write the page."""
    head = "# What refunds cost\n\n`make bench` writes this page from what it measured."
    text = "\n\n".join([head, *(table.markdown() for table in cost_tables(costs))])
    results.write_text(text + "\n", encoding="utf-8")
