"""What the fault tests need, and what they show at the end: the tables of what was survived."""

import pytest

from tests.faults.engine import is_installed
from tests.faults.report import CRASH_POINTS, WEATHER, crash_table, recorded, weather_line


@pytest.fixture(scope="session", autouse=True)
def engine_installed() -> None:
    """Skip where the engine is not installed."""
    if not is_installed():
        pytest.skip("the engine is not installed: make setup")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        each
        for outcome in ("passed", "failed")
        for each in terminalreporter.stats.get(outcome, [])
        if each.when == "call"
    ]
    if stopped := recorded(reports, CRASH_POINTS):
        terminalreporter.section("stopped at every call")
        for line in crash_table(sorted(stopped)):
            terminalreporter.write_line(line)
    if weather := recorded(reports, WEATHER):
        terminalreporter.section("weather")
        terminalreporter.write_line(weather_line(weather))
