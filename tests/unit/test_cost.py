"""What a refund costs at AWS, by hand."""

import pytest

from infra.paths import TEMPLATE
from tests.bench.cost import bill_of, standing_bill
from tests.bench.meter import Consumption, MeteredCall
from tests.bench.one_refund import ADJUST, CONFIRM, FEE_REFUND, OTHER_EVENTS, REQUEST, RefundCost


def step(write_units: float, read_units: float, *sqs: str) -> Consumption:
    calls = [
        MeteredCall("PutItem", {"orders": write_units}, {}, {}),
        MeteredCall("GetItem", {"orders": read_units}, {}, {}),
    ]
    return Consumption(calls, list(sqs))


def test_a_million_refunds_cost_what_their_units_calls_and_messages_cost() -> None:
    steps = {
        REQUEST: step(9, 2),
        CONFIRM: step(1, 1, "SendMessage"),
        OTHER_EVENTS: step(0, 2, "SendMessage"),
        ADJUST: step(13, 2),
        FEE_REFUND: Consumption(),
    }
    bill = bill_of(RefundCost("platform charge", steps, other_events=1), 1_000_000)
    assert bill.by_service == pytest.approx(
        {
            "API Gateway": 4 * 3.50,  # preview, request and two events
            "Lambda": 5 * 0.20 + 1_620_000 * 0.0000133334,  # 80 + 900 + 120 + 400 + 120 ms
            "DynamoDB": 23 * 0.625 + 7 * 0.125,
            "SQS": 2 * 3 * 0.50,
            "CloudWatch Logs": 12.5 * 0.50,  # 5 calls of 2,500 bytes
        }
    )
    assert bill.total == pytest.approx(sum(bill.by_service.values()))


def test_a_month_without_refunds_costs_its_alarms_metrics_keys_and_idle_queues() -> None:
    by_service = standing_bill().by_service
    assert all(usd > 0 for usd in by_service.values())
    secrets = TEMPLATE.read_text().count("Type: AWS::SecretsManager::Secret\n")
    assert by_service["secrets"] == pytest.approx(secrets * 0.40)
