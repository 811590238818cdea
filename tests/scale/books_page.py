"""The table of the simulated proof of PPS's own books."""

from collections.abc import Iterator

from tests.bench.report import ReportTable
from tests.faults.one_process.outside_calls import STRIPE
from tests.scale import assumptions
from tests.scale.measure_books import BooksCost
from tests.scale.page import duration
from tests.scale.simulate_books import BooksOutcome, simulate_proof

# How many studios there are, and in how many of them something happened.
_DAYS = ((100_000, 100), (100_000, 1_000), (10_000, 10_000), (30_000, 30_000))
_MOVEMENTS_OF_A_STUDIO = assumptions.REFUNDS_OF_A_STUDIO_A_DAY * (
    1 + assumptions.SALES_FOR_EACH_REFUND
)


def simulate_proofs(cost: BooksCost) -> Iterator[tuple[int, int, BooksOutcome]]:
    """Prove the books of some days. Yield how many studios there are, and how many changed."""
    for studios, changed in _DAYS:
        yield studios, changed, simulate_proof(changed, changed * _MOVEMENTS_OF_A_STUDIO, cost)


def books_table(cost: BooksCost) -> ReportTable:
    """Show what the daily proof of PPS's own books costs and how long it takes."""
    rows = [
        (
            f"{studios:,}",
            f"{changed:,}",
            f"{changed * _MOVEMENTS_OF_A_STUDIO:,}",
            duration(outcome.seconds),
            f"{outcome.invocations}",
            f"{outcome.windows}",
            f"{outcome.calls['dynamodb']:,}",
            f"{outcome.calls[STRIPE]:,}",
        )
        for studios, changed, outcome in simulate_proofs(cost)
    ]
    idle = "nothing" if is_free_of_idle_studios(cost) else "MORE CALLS"
    linear = "the same" if cost.is_linear else "DIFFERENT"
    return ReportTable(
        "The daily proof of PPS's own books",
        f"A studio in which something happened has {assumptions.REFUNDS_OF_A_STUDIO_A_DAY} refunds "
        f"and {assumptions.SALES_FOR_EACH_REFUND} sales for each, all in the busy hours. A studio "
        f"in which nothing happened costs {idle}. Each page of changed ledgers added {linear} in "
        f"the samples, and each ledger {cost.calls_of_a_ledger} call of its own in each window. "
        "Windows, continuations and their order are the product's own code. One worker does them, "
        "one after the other. Nothing is known of earlier days: a real proof begins with windows "
        "that fit.",
        (
            "studios",
            "changed",
            "movements",
            "done in",
            "workers, one after the other",
            "windows",
            "DynamoDB",
            "Stripe",
        ),
        rows,
    )


def is_free_of_idle_studios(cost: BooksCost) -> bool:
    """Return whether more studios, in which nothing happens, added no call."""
    return cost.quiet.by_operation() == cost.with_more_studios.by_operation()
