"""What is simulated: many studios with one piece of work each, and a few with trouble."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.scale import assumptions
from tests.scale.measure import Sample, measure
from tests.scale.pairs import Pair
from tests.scale.simulate import Outcome, Simulation, Task

# The account, and the studio, with trouble.
TROUBLE = "trouble"

# A huge studio: so many refunds a day.
HUGE_REFUNDS = 100_000
# A worker that anchors stops so long before its time is up.
_ANCHOR_MARGIN_SECONDS = 60


@dataclass(frozen=True)
class Measured:
    """A pair, and what it called in samples of growing size."""

    pair: Pair
    samples: Sequence[Sample]

    @property
    def largest(self) -> Sample:
        """The largest sample."""
        return self.samples[-1]

    @property
    def is_constant(self) -> bool:
        """Whether a piece of work made the same calls in every sample and studio."""
        first = self.samples[0].work.by_operation()
        return all(
            sample.is_uniform and sample.work.by_operation() == first for sample in self.samples
        )


def measure_pair(pair: Pair, sizes: Sequence[int]) -> Measured:
    """Measure a pair in samples of some sizes."""
    return Measured(pair, [measure(pair, size) for size in sizes])


def tasks(measured: Measured, studios: int) -> list[Task]:
    """Return one piece of work for each studio."""
    work = measured.largest.work
    return [Task(f"st_{number}", work, work.seconds) for number in range(studios)]


def simulate(measured: Measured, due: Sequence[Task]) -> Outcome:
    """Run a pair's schedule and workers until all is done that can be done."""
    sample = measured.largest
    return Simulation(measured.pair, due, sample.repeated, sample.index_bytes).run()


def broken(measured: Measured) -> list[Task]:
    """Return the work of a studio whose worker dies each time, when its time is up."""
    seconds = float(measured.pair.timeout_seconds)
    return [Task(TROUBLE, measured.largest.work, seconds, is_hopeless=True)]


def huge(measured: Measured) -> list[Task]:
    """Return the open refunds of a huge studio, all of them interrupted on one day."""
    work = measured.largest.work
    return [Task(TROUBLE, work, work.seconds)] * HUGE_REFUNDS


def disconnected(sample: Sample, refunds: int) -> list[Task]:
    """Return the open refunds of a studio that disconnected its account.

    They are never done: each round polls those that are due. This polls all of them in each round.
    """
    return [Task(TROUBLE, sample.work, sample.work.seconds, is_hopeless=True)] * refunds


def ledger(measured: Measured, entries: int, entry_bytes: int) -> list[Task]:
    """Return the anchor of a ledger with so many entries since its last anchor."""
    pages = -(-entries * entry_bytes // assumptions.PAGE_BYTES)
    seconds = pages * assumptions.DYNAMODB_SECONDS + entries * assumptions.ENTRY_SECONDS
    work = measured.largest.work
    most = measured.pair.timeout_seconds - _ANCHOR_MARGIN_SECONDS
    parts = max(1, -(-int(seconds) // most))
    return [Task(TROUBLE, work, work.seconds + seconds / parts, parts=parts)]
