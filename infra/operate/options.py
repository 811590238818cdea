"""The options that operations share. The same name means the same everywhere."""

from datetime import datetime
from typing import Annotated

import typer


def _instant(text: str | datetime) -> datetime:
    """Return the time that RFC 3339 text names.

    Raises:
        BadParameter: It is not a time, or has no time zone.
    """
    if isinstance(text, datetime):  # typer parses a default again
        return text
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is not a time such as 2026-11-25T09:00:00Z") from error
    if instant.tzinfo is None:
        raise typer.BadParameter(f"{text} has no time zone; write 2026-11-25T09:00:00Z for UTC")
    return instant


StackName = Annotated[
    str | None,
    typer.Option(
        "--stack",
        metavar="NAME",
        help="The CloudFormation stack, found with your AWS credentials. "
        "Default: the local stack that `make run` started.",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="Print JSON on standard output. Progress goes to standard error."),
]
Studios = Annotated[
    list[str] | None,
    typer.Option("--studio", metavar="ID", help="A studio's id; repeatable. Default: all studios."),
]
Studio = Annotated[str, typer.Option("--studio", metavar="ID", help="The studio's id.")]
By = Annotated[
    str, typer.Option("--by", metavar="ID", help="Your id, for the record; not your name.")
]
Why = Annotated[
    str, typer.Option("--why", metavar="TEXT", help="The reason, for the record; no personal data.")
]
_TIME = "RFC 3339 with a time zone, such as 2026-11-25T09:00:00Z."
Since = Annotated[
    datetime,
    typer.Option("--since", parser=_instant, metavar="TIME", help=f"The start: {_TIME}"),
]
OptionalSince = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        parser=_instant,
        metavar="TIME",
        help=f"The start: {_TIME} Default: where the last run of each account ended.",
    ),
]
To = Annotated[
    datetime,
    typer.Option("--to", parser=_instant, metavar="TIME", help=f"The time to go back to: {_TIME}"),
]
Begin = Annotated[
    datetime | None,
    typer.Option(
        "--begin",
        parser=_instant,
        metavar="TIME",
        help=f"Begin new books at this time: {_TIME} Default: go on where the last proof ended.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option(
        "--until", parser=_instant, metavar="TIME", help=f"The end: {_TIME} Default: now."
    ),
]
