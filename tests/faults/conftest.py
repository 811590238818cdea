"""Skips the fault tests where the engine is missing, and prints their tables at the end."""

import pytest

from tests.faults.one_process.in_process_engine import is_installed
from tests.faults.report import CRASH_POINTS, WEATHER, crash_table, recorded, weather_table


@pytest.fixture(scope="session", autouse=True)
def engine_installed() -> None:
    """Skip where the engine is not installed."""
    if not is_installed():
        pytest.skip("the AWS engine is not installed; run `make setup`")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        each
        for outcome in ("passed", "failed")
        for each in terminalreporter.stats.get(outcome, [])
        if each.when == "call"
    ]
    if crashes := recorded(reports, CRASH_POINTS):
        terminalreporter.section("crashed between all outside calls")
        for line in crash_table(crashes):
            terminalreporter.write_line(line)
    if weather := recorded(reports, WEATHER):
        terminalreporter.section("days of bad weather")
        for line in weather_table(weather):
            terminalreporter.write_line(line)
