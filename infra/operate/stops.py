"""``stop``, ``start`` and ``stops``: the switch for refunds, payouts and messages.

The commands write to the table themselves, so that they also work when functions do not.
"""

from dataclasses import asdict
from itertools import islice
from typing import Annotated

import typer

from infra.failure import Failure
from infra.operate.options import AsJson, By, StackName, Why
from infra.operate.output import print_json, print_line, print_table
from infra.operate.stack import OperatedStack, find_stack
from shared.clock import rfc3339, utc_now
from shared.domain.stops import Activity, Stop, StopChange, Stops, TooManyStopsError
from shared.domain.visible_text import breaks_a_line, changes_direction, is_visible
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.stops_store import StopsStore
from shared.gateways.studios import Studios

_CONTENTION_SECONDS = 10.0

_MOST_CHARACTERS = 200

# What studios read if the operator says nothing to them.
_USUAL_NOTICE = "Pro Photo Systems is working on it. Please try again later."

_COLUMNS = ("activity", "studio", "stopped_at", "by", "why", "notice")
_CHANGE_COLUMNS = ("at", "what", "activity", "studio", "by", "why")
_CHANGES_SHOWN = 20

_ALL_STUDIOS = "all"


def _one_line(text: str) -> str:
    if not is_visible(text) or any(map(breaks_a_line, text)) or any(map(changes_direction, text)):
        raise typer.BadParameter("write one line of text")
    if len(text) > _MOST_CHARACTERS:
        raise typer.BadParameter(f"write at most {_MOST_CHARACTERS} characters")
    return text


What = Annotated[Activity, typer.Argument(metavar="WHAT", help="refunds, payouts or messages.")]
OneStudio = Annotated[
    str | None,
    typer.Option("--studio", metavar="ID", help="Only this studio. Default: the whole platform."),
]
Notice = Annotated[
    str,
    typer.Option(
        "--notice", metavar="TEXT", callback=_one_line, help="What studios are told, in one line."
    ),
]


def stop(  # noqa: PLR0913  # its options
    what: What,
    *,
    by: By,
    why: Why,
    studio: OneStudio = None,
    notice: Notice = _USUAL_NOTICE,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Stop refunds, payouts or messages: within a minute no new one begins.

    One that has begun ends normally. Webhooks, settlement and reconciliation go on.
    """
    operated = find_stack(stack)
    at = rfc3339(utc_now())
    if studio is not None:
        _require_studio(operated, studio)
    made = Stop(what, studio, _one_line(by), _one_line(why), notice, at)
    change = StopChange(what, studio, stopped=True, by=by, why=why, at=at)
    for _ in tries(_CONTENTION_SECONDS):
        store = _store(operated)
        try:
            store.change(store.get().with_stop(made), change)
        except StaleStateError:
            continue
        except TooManyStopsError as error:
            raise Failure("Too many studios are stopped. Stop the whole platform.") from error
        _report(change, f"Stopped: {what} of {_scope(studio)}. It holds within a minute.", as_json)
        return
    raise _busy()


def start(  # noqa: PLR0913  # its options
    what: What,
    *,
    by: By,
    why: Why,
    studio: OneStudio = None,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Start refunds, payouts or messages again after a stop.

    Payouts go on with the next hourly run, or at once with `payouts run`.
    """
    operated = find_stack(stack)
    by, why, at = _one_line(by), _one_line(why), rfc3339(utc_now())
    change = StopChange(what, studio, stopped=False, by=by, why=why, at=at)
    for _ in tries(_CONTENTION_SECONDS):
        store = _store(operated)
        left = store.get().without_stop(what, studio)
        if left is None:
            raise Failure(f"There is no stop of {what} of {_scope(studio)}. `stops` lists them.")
        try:
            store.change(left, change)
        except StaleStateError:
            continue
        _report(change, f"Started: {what} of {_scope(studio)}. {_still(left, what)}", as_json)
        return
    raise _busy()


def stops(stack: StackName = None, *, as_json: AsJson = False) -> None:
    """Show what is stopped now, and who stopped and started what."""
    store = _store(find_stack(stack))
    found, changes = store.get(), list(islice(store.changes(), _CHANGES_SHOWN))
    if as_json:
        listed = [asdict(each) for each in found.stops]
        print_json({"stops": listed, "changes": [asdict(each) for each in changes]})
        return
    if found.stops:
        print_table(_COLUMNS, map(_row, found.stops))
    else:
        print_line("Nothing is stopped.")
    if changes:
        print_line(f"The last {len(changes)} changes:")
        print_table(_CHANGE_COLUMNS, map(_change_row, changes))


def _store(stack: OperatedStack) -> StopsStore:
    return StopsStore(stack.aws.dynamodb, stack.output("OrdersTableName"))


def _require_studio(stack: OperatedStack, studio_id: str) -> None:
    if Studios(stack.aws.dynamodb, stack.output("OrdersTableName")).get(studio_id) is None:
        raise Failure(f"There is no studio {studio_id}. Nothing was stopped.")


def _still(left: Stops, what: Activity) -> str:
    """Return which stops of the same activity still hold, in words."""
    others = [_scope(each.studio_id) for each in left.stops if each.activity is what]
    return f"Still stopped: {', '.join(others)}." if others else "It holds within a minute."


def _report(change: StopChange, words: str, as_json: bool) -> None:  # noqa: FBT001  # an option
    if as_json:
        print_json(asdict(change))
    else:
        print_line(words)


def _busy() -> Failure:
    return Failure("Others keep changing the stops. Nothing was changed. Try again.")


def _scope(studio_id: str | None) -> str:
    return "all studios" if studio_id is None else f"studio {studio_id}"


def _row(stop: Stop) -> tuple[str, ...]:
    studio = stop.studio_id or _ALL_STUDIOS
    return (stop.activity, studio, stop.stopped_at, stop.by, stop.why, stop.notice)


def _change_row(change: StopChange) -> tuple[str, ...]:
    what = "stopped" if change.stopped else "started"
    studio = change.studio_id or _ALL_STUDIOS
    return (change.at, what, change.activity, studio, change.by, change.why)
