"""The benchmark's tables, for the terminal and for ``docs/bench.md``."""

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table as RichTable

from infra.build.page_size import CSS_LIMIT, JS_LIMIT
from infra.operate.workers import WORKERS
from tests.bench.many_orders import ListCost
from tests.bench.meter import Consumption
from tests.bench.one_refund import ANNOUNCES, REQUEST, RefundCost
from tests.bench.page_speed import ROUNDS, PageSpeed
from tests.bench.restores import ITEM_BYTES, ITEMS, PAUSE_SECONDS, RestoreSpeed
from tests.bench.settlements import BATCH, SettlementSpeed
from tests.bench.settlements import ROUNDS as ROUNDS_OF_SETTLEMENTS
from tests.bench.start_up import Size, StartUp

# The aims of the design.
_API_FUNCTIONS = (
    *("adjustments", "attention", "find_orders", "payouts", "print_station", "refund_report"),
    *("send_message", "studio_settings", "users"),
)
START_AIMS = dict.fromkeys(_API_FUNCTIONS, 1.2) | {
    "refund_request": 1.3,
    "stripe_webhook": 0.8,
    "payout_adjust": 0.8,
}
ZIPPED_MB_AIM = 10
WRITE_UNITS_AIM = 18
READ_UNITS_AIM = 4


_SETTLEMENT_FIGURES: dict[str, Callable[[Consumption], float]] = {
    "calls of DynamoDB": lambda each: len(each.dynamodb),
    "transactions": lambda each: each.operations.count("TransactWriteItems"),
    "write units": lambda each: each.write_units,
    "read units": lambda each: each.read_units,
}


@dataclass(frozen=True)
class ReportTable:
    """A table of results with its title and note.

    Attributes:
        title: The heading.
        note: How the results were measured.
        columns: The columns' names. All except the first hold figures.
        rows: The cells.
    """

    title: str
    note: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]

    def for_terminal(self) -> RichTable:
        """Return the table for a terminal."""
        table = RichTable(title=self.title, title_justify="left", caption_justify="left")
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*map(escape, row))
        table.caption = escape(self.note)
        return table

    def markdown(self) -> str:
        """Return the table as Markdown."""
        lines = [f"## {self.title}", "", self.note, ""]
        lines.append(f"| {' | '.join(self.columns)} |")
        lines.append(f"| --- |{' ---: |' * (len(self.columns) - 1)}")
        lines += [f"| {' | '.join(row)} |" for row in self.rows]
        return "\n".join(lines)


def page_table(found: PageSpeed) -> ReportTable:
    """Show how soon the page is there."""
    return ReportTable(
        "The page",
        "All Orders on slow 4G with the processor slowed four times, signed in, nothing cached: "
        f"median of {ROUNDS}. Sizes are gzipped, and count all that is loaded until the rows show.",
        ("measure", "found", "aim"),
        [
            ("JS, kB", f"{found.size.js / 1000:.1f}", f"≤ {JS_LIMIT // 1000}"),
            ("CSS, kB", f"{found.size.css / 1000:.1f}", f"≤ {CSS_LIMIT // 1000}"),
            ("largest paint (LCP), s", f"{found.largest_paint / 1000:.2f}", "≤ 1.2"),
            ("first rows, s", f"{found.first_rows / 1000:.2f}", "≤ 1.8"),
        ],
    )


def start_up_table(found: dict[str, StartUp], rounds: int, restored: Container[str]) -> ReportTable:
    """Show what a cold start of each function costs.

    Args:
        found: What was measured, by function.
        rounds: How often each was started.
        restored: The functions that Lambda restores from a snapshot.
    """
    return ReportTable(
        "Start-up",
        f"Processor time of a fresh process up to the end of init, clients made, as a ratio to "
        f"BASE: a fresh process doing `import boto3; boto3.client('dynamodb')`. Median of "
        f"{rounds} rounds that start each once, BASE included; beside it the quartiles. Functions "
        f"with a route restore a snapshot on AWS (SnapStart): they start like this only when a "
        f"version is published, or with the parameter `SnapStart=None`. The others start like this "
        f"each time.",
        ("function", "ratio to BASE", "quartiles", "aim", "modules", "on AWS"),
        [
            (
                name,
                f"{each.ratio:.2f}",
                f"{each.low:.2f} to {each.high:.2f}",
                f"≤ {START_AIMS[name]}" if name in START_AIMS else "",
                str(each.modules),
                "restores" if name in restored else "starts",
            )
            for name, each in found.items()
        ],
    )


def parts_table(name: str, found: dict[str, StartUp]) -> ReportTable:
    """Show what the start of a function is made of."""
    ratios = [0.0, *(each.ratio for each in found.values())]
    return ReportTable(
        f"What the start of {name} is made of",
        "As ratios to BASE. Each part was started with all parts above it, and takes what that "
        "took more than without it. What two parts import counts for the first of them.",
        ("part", "ratio to BASE", "modules so far"),
        [
            (part, f"{each.ratio - before:.2f}", str(each.modules))
            for (part, each), before in zip(found.items(), ratios, strict=False)
        ],
    )


def size_table(sizes: dict[str, Size]) -> ReportTable:
    """Show how large the packages are."""
    return ReportTable(
        "Package size",
        "What `make build` made, unzipped and as Lambda gets it, zipped.",
        ("function", "unzipped MB", "zipped MB", "files"),
        [
            (name, f"{each.unzipped / 1e6:.1f}", f"{each.zipped / 1e6:.1f}", str(each.files))
            for name, each in sizes.items()
        ],
    )


def refund_table(cost: RefundCost) -> ReportTable:
    """Show what one refund consumes, step by step."""
    rows = [_step_row(name, step) for name, step in cost.steps.items()]
    rows.append(_step_row(f"a refund, without the {cost.other_events} other events", cost.whole))
    rows.append(("aim", f"≤ {WRITE_UNITS_AIM}", f"≤ {READ_UNITS_AIM}", "", ""))
    return ReportTable(
        f"One full refund of $100.00, {cost.name}",
        "Consumed capacity as DynamoDB's API reports it, calls as they were made. Lambda's own "
        "polling of the queues comes on top. The studio has sold another order. A refund that "
        "makes a studio owe PPS costs one write unit more.",
        ("step", "write units", "read units", "Stripe calls", "SQS messages sent"),
        rows,
    )


def calls_table(cost: RefundCost) -> ReportTable:
    """Show each call to DynamoDB of a refund."""
    rows = [
        (
            step if number == 0 else "",
            call.operation,
            "write" if call.writes else "read",
            ", ".join(f"{name} {units:g}" for name, units in call.units.items()),
            ", ".join(f"{kind} {size} B" for kind, size in call.items.items()),
        )
        for step, consumed in cost.steps.items()
        for number, call in enumerate(consumed.dynamodb)
    ]
    return ReportTable(
        f"Its calls of DynamoDB, {cost.name}",
        check_note(cost),
        ("step", "operation", "kind", "units by table or index", "items written"),
        rows,
    )


def settlements_table(found: SettlementSpeed) -> ReportTable:
    """Show how fast a busy studio's refunds settle together, compared with one by one."""
    return ReportTable(
        "Settlements of one busy studio",
        f"{BATCH} waiting refunds of {BATCH} orders, which is the most that Lambda gets of a FIFO "
        "queue with one call: settled together, against one by one, in turn in one run. "
        f"Settlements a second are {found.ratio:.1f} times as many together (quartiles "
        f"{found.low:.1f} to {found.high:.1f} of {ROUNDS_OF_SETTLEMENTS} rounds), on the local "
        "engine. The other figures are for one settlement.",
        ("measure", "one by one", "together"),
        [
            (name, *(f"{figure(each) / BATCH:g}" for each in (found.one_by_one, found.together)))
            for name, figure in _SETTLEMENT_FIGURES.items()
        ],
    )


def restores_table(found: Sequence[RestoreSpeed]) -> ReportTable:
    """Show how long putting a table back takes, and how much faster several workers are."""
    return ReportTable(
        "Putting a table back",
        f"`restore tables` on a table of {ITEMS:,} items of {ITEM_BYTES} bytes: seconds for a "
        "million items on the local engine, which are no measure of AWS, and how many times as "
        "fast several workers are. The engine does one call after the other. With pauses, each "
        f"call waits for {PAUSE_SECONDS * 1000:g} ms first, as in AWS, where it mostly waits for "
        "the network.",
        ("case", "one worker, s", f"{WORKERS} workers, s", "times as fast"),
        [
            (each.case, f"{each.alone:,.0f}", f"{each.shared:,.0f}", f"{each.ratio:.1f}")
            for each in found
        ],
    )


def lists_table(costs: Sequence[ListCost]) -> ReportTable:
    """Show what lists and the panel consume, by the number of orders."""
    steps = [(name, [cost.steps[name] for cost in costs]) for name in costs[0].steps]
    return ReportTable(
        "Lists, search and the panel",
        "Read units of one request, and its calls of DynamoDB, among so many orders of one studio: "
        "AWS's documented rules, applied to what was read. The local engine reports one unit for "
        "any Query, half of it where eventually consistent, and nothing for a BatchGetItem.",
        ("request", *(f"of {cost.orders:,}" for cost in costs), "calls"),
        [
            (
                name,
                *(f"{step.documented_read_units:g}" for step in found),
                ", ".join(dict.fromkeys(" + ".join(step.operations) for step in found)),
            )
            for name, found in steps
        ],
    )


def check_note(cost: RefundCost) -> str:
    """Return a note whether the local engine reports what AWS documents."""
    rules = "AWS's documented rules, applied to the items' sizes"
    wrong = [call for call in cost.whole.dynamodb if not call.as_documented]
    if not wrong:
        return f"The tables' units are also what {rules}, come to."
    told = Counter(call.operation for call in wrong)
    return f"**Not** what {rules}, come to: {dict(told)}."


def _step_row(name: str, consumed: Consumption) -> tuple[str, ...]:
    return (
        name,
        f"{consumed.write_units:g}",
        f"{consumed.read_units:g}",
        str(len(consumed.stripe)),
        str(sum(consumed.sqs.count(name) for name in ANNOUNCES)),
    )


def missed_by_starts(starts: dict[str, StartUp], sizes: dict[str, Size]) -> list[str]:
    """Return a sentence for each aim that a function's start or package misses."""
    slow = [
        f"{name} starts at {each.ratio:.2f} of BASE, the aim is {START_AIMS[name]}"
        for name, each in starts.items()
        if name in START_AIMS and each.ratio > START_AIMS[name]
    ]
    large = [
        f"{name} has {each.zipped / 1e6:.1f} MB zipped, the aim is {ZIPPED_MB_AIM}"
        for name, each in sizes.items()
        if each.zipped > ZIPPED_MB_AIM * 1e6
    ]
    return slow + large


def missed_by_refunds(costs: list[RefundCost]) -> list[str]:
    """Return a sentence for each aim that a refund misses."""
    missed = []
    for cost in costs:
        if cost.whole.write_units > WRITE_UNITS_AIM:
            missed.append(f"{cost.name}: {cost.whole.write_units:g} write units")
        if cost.whole.read_units > READ_UNITS_AIM:
            missed.append(f"{cost.name}: {cost.whole.read_units:g} read units")
        if len(cost.steps[REQUEST].stripe) != 1:
            missed.append(f"{cost.name}: {len(cost.steps[REQUEST].stripe)} Stripe calls in request")
    return missed


def missed_by_lists(lists: list[ListCost]) -> list[str]:
    """Return a sentence for each list that reads more the more orders there are."""
    return [
        f"{name} consumes more the more orders there are"
        for name in lists[0].steps
        if len({cost.steps[name].documented_read_units for cost in lists}) > 1
    ]
