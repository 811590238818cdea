"""Long work of a command is shared among workers, who stop together."""

from collections import Counter
from collections.abc import Generator, Iterator
from threading import Barrier, Event

import pytest

from infra.operate.workers import WorkersPace, in_segments, share


def test_each_segment_has_a_worker_and_the_counts_are_added() -> None:
    # It opens only when all workers wait at it, so they work at the same time.
    together = Barrier(4, timeout=30)

    def work(segment: int) -> Generator[Counter[str]]:
        together.wait()
        yield Counter({"put": segment})
        yield Counter({"put": 10, "deleted": 0})

    assert in_segments(4, work) == {"put": 46}


def test_a_segment_that_fails_stops_the_others_and_its_error_is_the_result() -> None:
    goes_on = Event()

    def work(segment: int) -> Generator[Counter[str]]:
        if segment == 0:
            assert goes_on.wait(timeout=30)
            raise RuntimeError("throttled")
        while True:  # only the failure of the other segment ends it
            goes_on.set()
            yield Counter()

    with pytest.raises(RuntimeError, match="throttled"):
        in_segments(2, work)


def test_shared_work_comes_back_in_order_and_is_taken_as_it_is_done() -> None:
    taken: list[int] = []

    def things() -> Iterator[int]:
        for each in range(1000):
            taken.append(each)
            yield each

    results = share(2, lambda each: each * 2, things())
    assert next(results) == 0
    assert len(taken) < 100
    assert list(results) == [each * 2 for each in range(1, 1000)]


def test_a_pace_counts_and_names_the_time_of_a_million() -> None:
    shown: list[str] = []
    pace = WorkersPace(shown.append, "orders")
    assert str(pace) == "0 orders"
    pace.count(1_000)
    pace.count(234)
    assert shown[-1].startswith("1,234 orders, ")
    assert shown[-1].endswith(" s a million")
