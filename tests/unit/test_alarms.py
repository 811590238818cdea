"""Each alarm is read by somebody, and names the section of the operations page that mends it."""

import re
from typing import Any

import pytest

from infra.paths import ROOT
from tests.bench.start_up import template

RESOURCES = template()["Resources"]
ALARMS: dict[str, dict[str, Any]] = {
    name: each["Properties"]
    for name, each in RESOURCES.items()
    if each["Type"] == "AWS::CloudWatch::Alarm"
}
# They call nobody: CodeDeploy looks at them while a release is new.
OF_RELEASES = {name for name in ALARMS if name.endswith("ReleaseAlarm")}
PAGE = (ROOT / "docs" / "operations.md").read_text("utf-8")
HEADINGS = set(re.findall(r"^##+ (.*)$", PAGE, re.MULTILINE))
EACH_FUNCTION = "…ErrorsAlarm"  # one row for the same alarm of each function

_ROW = re.compile(r"^\| (`[^|]*Alarm`) \| (page|ticket) \| [^|]+ \| \[([^\]]+)\]\(#", re.MULTILINE)
_NAMED = re.compile(r"See (.+) in docs/operations\.md\.$")


def rows() -> dict[str, tuple[str, str]]:
    """Return topic and section of each alarm in the table of the page."""
    return {
        name.strip("`"): (topic, section)
        for names, topic, section in _ROW.findall(PAGE)
        for name in names.split(", ")
    }


def goes_to(alarm: dict[str, Any]) -> str:
    (topic,) = alarm["AlarmActions"]
    return {"PageTopic": "page", "TicketTopic": "ticket"}[str(topic).rpartition("/")[2]]


def test_every_alarm_calls_somebody_but_those_of_releases() -> None:
    silent = {name for name, alarm in ALARMS.items() if not alarm.get("AlarmActions")}
    assert silent == OF_RELEASES


@pytest.mark.parametrize("name", sorted(ALARMS.keys() - OF_RELEASES))
def test_the_description_of_an_alarm_names_a_section_that_exists_and_is_its_row_s(
    name: str,
) -> None:
    found = _NAMED.search(ALARMS[name]["AlarmDescription"])
    assert found, ALARMS[name]["AlarmDescription"]
    section = found[1]
    assert section in HEADINGS
    listed = rows()
    row = listed.get(name) or listed[EACH_FUNCTION]
    assert row == (goes_to(ALARMS[name]), section)


def test_the_page_lists_no_alarm_that_does_not_exist() -> None:
    named = set(re.findall(r"`(\w+Alarm)`", PAGE))
    assert named - set(ALARMS) == set()
    assert len(rows()) > len(named) / 2  # the table was read


def test_every_function_has_an_alarm_for_its_errors() -> None:
    functions = {
        name.removesuffix("Function")
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    assert {f"{each}ErrorsAlarm" for each in functions} <= set(ALARMS)


def test_every_scheduled_function_has_a_heartbeat() -> None:
    scheduled = {
        each["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::Serverless::Function"
        and any(
            event["Type"] == "ScheduleV2" for event in each["Properties"].get("Events", {}).values()
        )
    }
    watched = {
        alarm["Dimensions"][0]["Value"]
        for alarm in ALARMS.values()
        if alarm.get("TreatMissingData") == "breaching"
        and alarm["Dimensions"][0]["Name"] == "service"
    }
    assert scheduled == watched


def test_every_queue_that_a_function_reads_has_an_alarm_for_its_age() -> None:
    queues = {
        name
        for name, each in RESOURCES.items()
        if each["Type"] == "AWS::SQS::Queue" and "RedrivePolicy" in each["Properties"]
    }
    assert {f"{each}AgeAlarm" for each in queues} <= set(ALARMS)


def test_an_alarm_of_a_rate_or_of_errors_needs_more_than_one_bad_period() -> None:
    for name, alarm in ALARMS.items():
        if name.endswith(("ErrorsAlarm", "FailingAlarm", "ThrottledAlarm", "UnauthorizedAlarm")):
            assert alarm["EvaluationPeriods"] > 1, name
            assert alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) > 1, name


def test_an_alarm_calculates_with_as_many_metrics_as_cloudwatch_allows() -> None:
    """https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html."""
    for name, alarm in ALARMS.items():
        returned = [each for each in alarm.get("Metrics", []) if each.get("ReturnData", True)]
        assert len(alarm.get("Metrics", [])) <= 11, name
        assert not alarm.get("Metrics") or len(returned) == 1, name
        assert bool(alarm.get("Metrics")) == (
            RESOURCES[name].get("Condition") == "HasMetricMath"
        ), name


def test_what_an_alarm_measures_is_published_by_the_code() -> None:
    code = "\n".join(
        path.read_text("utf-8")
        for folder in ("functions", "shared")
        for path in (ROOT / folder).rglob("*.py")
    )
    filters = {
        each["Properties"]["MetricTransformations"][0]["MetricName"]
        for each in RESOURCES.values()
        if each["Type"] == "AWS::Logs::MetricFilter"
    }
    own = {
        metric["MetricName"]
        for alarm in ALARMS.values()
        for metric in [alarm, *_metrics(alarm)]
        if "Namespace" in metric and not str(metric["Namespace"]).startswith("AWS/")
    }
    assert {each for each in own - filters if not re.search(rf"\b{each}\b", code)} == set()
    assert own


def _metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each
    ]
