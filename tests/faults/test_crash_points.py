"""A crash between any two outside calls leaves the same records as no crash."""

import os

import pytest

from tests.faults.crash_points import (
    CrashInterceptor,
    crash_at_each_point,
    crash_points,
    play,
)
from tests.faults.flows import FLOWS, Flow
from tests.faults.one_process import template
from tests.faults.report import CRASH_POINTS, RecordProperty

# `make faults` crashes at every point. `make test` crashes at every fifth, to end in minutes.
_STEP = int(os.environ.get("STEP", "5"))

READ_ONLY = {"find_orders", "payouts", "refund_report"}
# Writes the same report file each time; test_export_report.py follows it through its life.
WRITES_FILES_ONLY = {"export_report"}
# Records a person's note, or what they are called, in one conditional put.
WRITES_NOTES_ONLY = {"attention", "studio_settings"}
# Cognito calls it before it issues tokens.
WRITES_LOGS_ONLY = {"record_sign_in"}
# Changes the user pool, which this process lacks. test_studio_users.py crashes it at every call.
CHANGES_USER_POOL = {"users"}


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_a_crash_leaves_the_same_records_as_no_crash(
    flow: Flow, record_property: RecordProperty
) -> None:
    recorder = CrashInterceptor(flow.function)
    expected = play(flow, recorder)
    assert expected.errors == []
    points = crash_points(recorder.calls)[::_STEP]
    assert points
    found = list(crash_at_each_point(flow, expected, points, client_gives_up=False))
    point_count = len(points)
    if flow.client_may_give_up:
        found += crash_at_each_point(flow, expected, points, client_gives_up=True)
        point_count *= 2
    record_property(CRASH_POINTS, [flow.name, point_count, point_count - len(found)])
    if found:
        pytest.fail("\n".join(found), pytrace=False)


def test_every_function_that_writes_crashes_in_a_flow() -> None:
    crashed = {flow.function for flow in FLOWS}
    others = READ_ONLY | WRITES_FILES_ONLY | WRITES_NOTES_ONLY | WRITES_LOGS_ONLY
    assert crashed | others | CHANGES_USER_POOL == set(template.functions())
