"""``python -m tests.game_days DAY``: plays one bad day on the running local stack."""

import subprocess
import sys
from contextlib import closing

import httpx
from botocore.exceptions import EndpointConnectionError

from infra.failure import Failure
from infra.local.stack import STACK_FILE, Stack
from infra.paths import LOCAL, ROOT
from tests.e2e.world import DeployedStack
from tests.game_days.days import DAYS
from tests.game_days.desk import Desk, Ran


def main(arguments: list[str]) -> int:
    """Play the day and return the exit status."""
    try:
        play(*arguments)
    except Failure as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201  # a command
        return 1
    return 0


def play(name: str = "", *more: str) -> None:
    """Play a day to its end.

    Raises:
        Failure: There is no such day or no local stack, or the day did not end as it should.
    """
    if name not in DAYS or more:
        raise Failure(f"Choose a day: make game-day DAY={'|'.join(DAYS)}")
    try:
        stack = Stack.described_in(LOCAL / STACK_FILE)
    except (OSError, ValueError, KeyError) as error:
        raise _no_stack() from error
    if stack.standin is None:
        raise Failure("Game days break the Stripe stand-in. Run the stack without STRIPE_API_BASE.")
    with closing(DeployedStack(stack)) as world:
        desk = Desk(world, _run, _tell)
        day = DAYS[name]
        desk.tell(f"{name}: {day.__doc__}")
        try:
            day(desk)
            desk.check_books()
        except AssertionError as error:
            raise Failure(f"The day did not end as it should: {error}") from error
        except (httpx.TransportError, EndpointConnectionError) as error:
            raise _no_stack() from error  # it was killed, and left its file behind
    desk.tell(f"✓ {name}: the books agree.")


def _no_stack() -> Failure:
    return Failure("No local stack is running. Start one with `make run`.")


def _tell(line: str) -> None:
    print(line, flush=True)  # noqa: T201  # a command


def _run(arguments: tuple[str, ...]) -> Ran:
    done = subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "infra.operate", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    as_json = "--json" in arguments
    return Ran(done.returncode, done.stdout if as_json else done.stderr + done.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
