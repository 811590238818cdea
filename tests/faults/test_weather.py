"""Days of bad weather: nothing lost, nothing twice, to the cent, whatever the seed."""

import os
import time

import pytest

from tests.faults.report import WEATHER, RecordProperty
from tests.faults.weather import Run, run

# `make faults` asks for more, and says from which seed on.
_RUNS = int(os.environ.get("RUNS", "64"))
_SEED = int(os.environ.get("SEED", "1"))
# As many tests, so that workers can share them.
_PARTS = 16


def told(seed: int) -> Run:
    """Do a run; what nobody thought of names its seed too."""
    try:
        return run(seed)
    except Exception as error:
        error.add_note(f"in the weather of seed {seed}")
        raise


@pytest.mark.parametrize("part", range(_PARTS))
def test_books_are_right_once_it_is_calm(part: int, record_property: RecordProperty) -> None:
    began = time.perf_counter()
    runs = [told(seed) for seed in range(_SEED + part, _SEED + _RUNS, _PARTS)]
    failed = [each for each in runs if each.faults]
    seconds = time.perf_counter() - began
    refunds = sum(len(each.books.refunds) for each in runs)
    record_property(WEATHER, [len(runs), len(runs) - len(failed), refunds, seconds])
    if failed:
        seeds = ", ".join(str(each.seed) for each in failed)
        pytest.fail(f"{failed[0]}\n\nof the seeds {seeds}, the first", pytrace=False)


def test_the_same_seed_gives_the_same_run() -> None:
    first, again = run(_SEED), run(_SEED)
    assert first.schedule == again.schedule
    assert first.books.compared() == again.books.compared()
