"""After days of bad weather nothing is lost and nothing happened twice, to the cent."""

import os
import time

import pytest

from tests.faults.report import WEATHER, RecordProperty
from tests.faults.weather.run import WeatherRun, run_weather

# `make faults` sets the number of runs and the first seed.
_RUNS = int(os.environ.get("RUNS", "16"))
_SEED = int(os.environ.get("SEED", "1"))
# The runs are split over so many tests, so that pytest's workers can share them.
_PARTS = 8


def run_named(seed: int) -> WeatherRun:
    """Do a run, and add its seed to any unexpected error, also a missing permission."""
    try:
        return run_weather(seed)
    except BaseException as error:
        error.add_note(f"in the weather of seed {seed}")
        raise


@pytest.mark.parametrize("part", range(_PARTS))
def test_the_records_are_right_after_bad_weather(
    part: int, record_property: RecordProperty
) -> None:
    started_at = time.perf_counter()
    runs = [run_named(seed) for seed in range(_SEED + part, _SEED + _RUNS, _PARTS)]
    failed = [each for each in runs if each.violations]
    seconds = time.perf_counter() - started_at
    refunds = sum(len(each.state.refunds) for each in runs)
    record_property(WEATHER, [len(runs), len(runs) - len(failed), refunds, seconds])
    if failed:
        seeds = ", ".join(str(each.seed) for each in failed)
        pytest.fail(f"{failed[0]}\n\nfailed seeds, first one above: {seeds}", pytrace=False)


@pytest.mark.parametrize("seed", [_SEED, _SEED + 4])  # the second one repeats after crashes
def test_the_same_seed_gives_the_same_run(seed: int) -> None:
    first, again = run_weather(seed), run_weather(seed)
    assert first.history == again.history
    assert first.state.comparable() == again.state.comparable()
