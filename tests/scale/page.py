"""The tables of the simulation, for the terminal and for ``docs/scale.md``."""

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.bench.report import ReportTable
from tests.faults.one_process.outside_calls import STRIPE
from tests.scale import assumptions
from tests.scale.scenarios import HUGE_REFUNDS, Measured
from tests.scale.simulate import Outcome

_MINUTE, _HOUR = 60, 3600

INTRODUCTION = f"""# Scale

Simulated with `make scale`; this file is what it wrote last.

The real functions run in one process, on the local engine's DynamoDB, SQS, S3 and KMS and on the \
Stripe stand-in, and every call out of them is counted. That is done for small numbers of studios. \
If each piece of work made exactly the same calls in all of them, the cost is constant, and the \
simulation uses it for large numbers. It then plays the schedule, the queue with a group for each \
studio, and as many workers as `template.yaml` allows, in simulated time. Nothing is measured with \
a clock.

Assumed: {assumptions.DYNAMODB_SECONDS * 1000:.0f} ms for a call to DynamoDB, \
{assumptions.STRIPE_SECONDS * 1000:.0f} ms to Stripe, \
{assumptions.DYNAMODB_PAGE_SECONDS * 1000:.0f} and \
{assumptions.STRIPE_PAGE_SECONDS * 1000:.0f} ms for a page of a hundred, \
{assumptions.OTHER_SECONDS["sqs"] * 1000:.0f} ms to SQS and KMS, \
{assumptions.OTHER_SECONDS["s3"] * 1000:.0f} ms to S3, \
{assumptions.INVOCATION_SECONDS * 1000:.0f} ms for Lambda's own part of an invocation, \
{assumptions.ENTRY_SECONDS * 1000:.1f} ms to verify an entry of a ledger, and \
{assumptions.REFUND_SECONDS * 1000:.0f} ms to compare a refund. Only AWS and Stripe can \
show the real delays: compare with the durations in CloudWatch, and change \
`tests/scale/assumptions.py`. Cold starts and throttling are left out."""


def duration(seconds: float) -> str:
    """Return a duration for people."""
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.1f} min"
    return f"{seconds / _HOUR:.1f} h"


def runs_table(runs: Mapping[tuple[str, int], tuple[Measured, Outcome]]) -> ReportTable:
    """Show how long it takes when each studio has a piece of work due at the same time."""
    rows = []
    for (title, studios), (measured, outcome) in runs.items():
        rows.append(
            (
                f"{title}, {studios:,} studios",
                str(measured.pair.workers),
                duration(outcome.dispatch_seconds),
                duration(outcome.seconds()),
                f"{outcome.messages:,}",
                f"{outcome.repeats:,}",
                _busiest(outcome),
            )
        )
    return ReportTable(
        "When everything is due at once",
        "Each studio has one piece of work, and all of it is due in the same minute: a payout on "
        "Monday, a ledger that changed, a refund whose events were lost. That is the worst case: "
        "payouts are due at midnight of each studio's time zone. The announcement is the longest "
        "run of the schedule. If an interval is too short for all work, the next run announces "
        "what is left once more, and workers find those repeats done. Stripe's limits are "
        f"{assumptions.STRIPE_READS_A_SECOND} reads and {assumptions.STRIPE_WRITES_A_SECOND} "
        f"writes a second, and {assumptions.STRIPE_CALLS_A_SECOND_ON_ONE_ENDPOINT} calls on one "
        "endpoint.",
        (
            "work",
            "workers",
            "announced in",
            "done in",
            "messages",
            "repeats",
            "Stripe's busiest second: reads, writes, one endpoint",
        ),
        rows,
    )


def _busiest(outcome: Outcome) -> str:
    if not outcome.busiest:
        return "none"
    endpoint = max(
        (calls for name, calls in outcome.busiest.items() if name not in {"reads", "writes"}),
        default=0,
    )
    return f"{outcome.busiest.get('reads', 0)}, {outcome.busiest.get('writes', 0)}, {endpoint}"


def work_table(measured: Sequence[Measured]) -> ReportTable:
    """Show what a piece of work calls, and that it does not depend on the number of studios."""
    rows = []
    for each in measured:
        work = each.largest.work
        sizes = ", ".join(f"{sample.studios:,}" for sample in each.samples)
        rows.append(
            (
                each.pair.title,
                sizes,
                "the same" if each.is_constant else "DIFFERENT",
                str(work.count("dynamodb")),
                str(work.count(STRIPE)),
                str(len(work.calls) - work.count("dynamodb") - work.count(STRIPE)),
                str(each.largest.repeated.count("dynamodb")),
            )
        )
    return ReportTable(
        "What a piece of work costs",
        "Calls of a worker for one payout, one anchor and one refund. A repeat is a message about "
        "work that is done already.",
        (
            "work",
            "measured with studios",
            "calls",
            "DynamoDB",
            "Stripe",
            "SQS, S3 and KMS",
            "DynamoDB, for a repeat",
        ),
        rows,
    )


def refund_table(found: Mapping[int, Counter[str]]) -> ReportTable:
    """Show what a refund calls from its request to its ledger entry."""
    names = sorted({name for calls in found.values() for name in calls})
    return ReportTable(
        "What a refund costs",
        "Calls from the request to the ledger entry, for one refund in each of so many studios. "
        "Lambda may hand up to ten settlements to one invocation, which only saves calls.",
        ("function and service", *(f"{studios:,} studios" for studios in found)),
        [(name, *(str(calls[name]) for calls in found.values())) for name in names],
    )


def lines_table(found: Mapping[int, Counter[str]]) -> ReportTable:
    """Show what a payout calls, by its lines."""
    names = sorted({name for calls in found.values() for name in calls})
    return ReportTable(
        "What the lines of a payout cost",
        "Calls of a payout with so many lines. The balance is in the ledger's head, so a payout "
        "reads no lines. It looks for the end of its period: if n entries are newer, that takes "
        "about 2·log2(n) more reads, 34 for 100,000. There are few such entries: those since "
        "midnight.",
        ("call", *(f"{lines:,} line{'s' * (lines > 1)}" for lines in found)),
        [(name, *(str(calls[name]) for calls in found.values())) for name in names],
    )


def idle_table(a_week: Mapping[str, float]) -> ReportTable:
    """Show what an idle studio costs."""
    rows = [(name, f"{calls:.2f}", f"{calls / 7:.2f}") for name, calls in sorted(a_week.items())]
    return ReportTable(
        "What an idle studio costs",
        "Calls that one more studio adds in a week in which nothing happens: its weekly payout day "
        "finds nothing. Payouts, anchors and resume together. What is not listed is zero. What "
        "reconciling a Stripe account of its own costs is in a table below.",
        ("function and service", "a week", "a day"),
        rows,
    )


def trouble_table(rows: Sequence[tuple[str, float, float, float]]) -> ReportTable:
    """Show what one studio with trouble does to the others."""
    return ReportTable(
        "What one studio with trouble does to the others",
        "10,000 other studios have a piece of work each, and the trouble comes first in the queue. "
        "A broken studio's worker hangs until Lambda ends it, each time. A huge studio has "
        f"{HUGE_REFUNDS:,} refunds in a day: all of them were interrupted, or all are entries to "
        "anchor. A disconnected account has 1,000 open refunds. A refund that could not be resumed "
        "waits longer from try to try, up to six hours.",
        ("trouble", "the others, without it", "the others, with it", "the studio itself"),
        [
            (name, duration(without), duration(with_it), duration(itself) if itself else "never")
            for name, without, with_it, itself in rows
        ],
    )
