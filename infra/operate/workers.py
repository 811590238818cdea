"""Shares long work of a command among workers: threads of this process, each with a part of it."""

import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import batched
from threading import Event, Lock
from typing import Annotated

import typer

WORKERS = 8
WorkerCount = Annotated[
    int, typer.Option("--workers", min=1, max=64, help="How many workers share the work.")
]

# So many things for each worker are taken at once. A slow one delays the next batch.
_AHEAD = 8


class WorkersPace:
    """Counts what all workers have done, and says how long a million takes at this pace.

    Args:
        show: Called with the text after each count.
        what: What is counted, in the plural.
    """

    def __init__(self, show: Callable[[str], None] = lambda _: None, what: str = "items") -> None:
        self._show, self._what = show, what
        self._lock = Lock()
        self._started = time.monotonic()
        self._count = 0

    def count(self, more: int = 1) -> None:
        """Add to the count."""
        with self._lock:
            self._count += more
        self._show(str(self))

    def __str__(self) -> str:
        """Return such as ``12,345 items, 38 s a million``."""
        done = f"{self._count:,} {self._what}"
        if not self._count:
            return done
        seconds = (time.monotonic() - self._started) * 1_000_000 / self._count
        return f"{done}, {seconds:,.0f} s a million"


def in_segments(segments: int, work: Callable[[int], Generator[Counter[str]]]) -> Counter[str]:
    """Do work for all segments of a table at the same time, and return the sum of its counts.

    DynamoDB divides a table into segments that can be scanned side by side:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Scan.html#Scan.ParallelScan

    Args:
        segments: How many segments there are. Each has a worker.
        work: Does the work of one segment, numbered from 0, and yields counts as it goes on. If
            another segment fails, or a person interrupts, it is not asked to go on.
    """
    stopping = Event()

    def run(segment: int) -> Counter[str]:
        done: Counter[str] = Counter()
        # Closed by the worker itself, so that its last writes come before the command's end.
        with closing(work(segment)) as going_on:
            for counts in going_on:
                done.update(counts)
                if stopping.is_set():
                    break
        return done

    with ThreadPoolExecutor(segments) as pool:
        try:
            return sum(pool.map(run, range(segments)), Counter[str]())
        except BaseException:
            stopping.set()
            raise


def share[T, R](workers: int, work: Callable[[T], R], things: Iterable[T]) -> Iterator[R]:
    """Yield what work makes of each thing, in their order. Workers do some at the same time."""
    with ThreadPoolExecutor(workers) as pool:
        for batch in batched(things, workers * _AHEAD, strict=False):
            yield from pool.map(work, batch)
