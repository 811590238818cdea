"""The two CloudWatch dashboards are readable, and show metrics that exist."""

import json
import re
from itertools import combinations
from typing import Any

import pytest

from infra.paths import ROOT
from tests.bench.start_up import template

RESOURCES = template()["Resources"]
COLUMNS = 24
CODE = "\n".join(
    path.read_text("utf-8")
    for folder in ("functions", "shared")
    for path in (ROOT / folder).rglob("*.py")
)
FILTERS = {
    each["Properties"]["MetricTransformations"][0]["MetricName"]
    for each in RESOURCES.values()
    if each["Type"] == "AWS::Logs::MetricFilter"
}


def widgets(name: str) -> list[dict[str, Any]]:
    body = RESOURCES[name]["Properties"]["DashboardBody"]
    found: list[dict[str, Any]] = json.loads(body[body.index("{") :])["widgets"]
    return found


both = pytest.mark.parametrize("name", ["BusinessDashboard", "TechnicalDashboard"])


@both
def test_no_widget_covers_another_or_leaves_the_screen(name: str) -> None:
    placed = [
        {
            (column, row)
            for column in range(each["x"], each["x"] + each["width"])
            for row in range(each["y"], each["y"] + each["height"])
        }
        for each in widgets(name)
    ]
    for one, other in combinations(placed, 2):
        assert not one & other
    assert max(column for cells in placed for column, _ in cells) < COLUMNS


@both
def test_our_own_metrics_are_published_by_the_code(name: str) -> None:
    text = json.dumps(widgets(name))
    named = set(re.findall(r'"PPS/Refunds/[^"]*", "(\w+)"', text))
    named |= set(re.findall(r'MetricName=\\\\\\"(\w+)', text))
    assert len(named) > 5
    unknown = {each for each in named - FILTERS if not re.search(rf"\b{each}\b", CODE)}
    # The outcomes of a payout are named after its status.
    assert unknown <= {"PayoutPaid", "PayoutCarried"}


@both
def test_every_graph_has_a_title_and_a_region(name: str) -> None:
    for each in widgets(name):
        if each["type"] == "metric":
            assert {"title", "region", "stat", "period", "metrics"} <= each["properties"].keys()


def test_the_technical_dashboard_shows_every_function_and_queue() -> None:
    text = json.dumps(widgets("TechnicalDashboard"))
    for name, each in RESOURCES.items():
        if each["Type"] == "AWS::Serverless::Function":
            assert f"${{{name}}}" in text, name
        if each["Type"] == "AWS::SQS::Queue" and "Condition" not in each:
            assert f"${{{name}.QueueName}}" in text, name
