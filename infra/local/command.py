"""The local stack's commands."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from infra.failure import Failure, one_line_for_failures
from infra.local.charges import make_test_charges
from infra.local.console import DemoConsole
from infra.local.demo_month import DemoMonth
from infra.local.demo_payout import DemoPayout
from infra.local.demo_refund import DemoRefund
from infra.local.demo_staff import DemoStaff
from infra.local.environments import install_tools
from infra.local.next_steps import dashboard_users, next_steps
from infra.local.options import DEMO_ORDERS, DEMO_STUDIOS, Options, StripeServer
from infra.local.order_import import well_formed
from infra.local.stack import Stack
from infra.local.start_stack import start_stack
from infra.paths import LOCAL
from infra.progress import ConsoleProgress

_STRIPE_VARIABLES = ("STRIPE_API_BASE", "STRIPE_API_KEY", "STRIPE_WEBHOOK_SECRET")
_TEST_ORDERS = LOCAL / "stripe-test-orders.jsonl"

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
console = Console()


@app.command()
def run(  # noqa: PLR0913 - each one is a variable of `make run`
    *,
    studios: Annotated[
        Path, typer.Option(envvar="STUDIOS", help="JSON Lines or CSV.")
    ] = DEMO_STUDIOS,
    orders: Annotated[Path, typer.Option(envvar="ORDERS", help="JSON Lines or CSV.")] = DEMO_ORDERS,
    port: Annotated[int, typer.Option(envvar="PORT", min=0, max=65535)] = 4566,
    stripe_port: Annotated[int, typer.Option(envvar="STRIPE_PORT", min=0, max=65535)] = 4242,
    region: Annotated[
        str, typer.Option(envvar=["REGION", "AWS_REGION", "AWS_DEFAULT_REGION"])
    ] = "us-east-1",
    keep: Annotated[
        bool, typer.Option(envvar="KEEP", help="Keep the state for the next run.")
    ] = False,
    once: Annotated[bool, typer.Option(envvar="ONCE", help="Stop after the demo.")] = False,
) -> None:
    """Start the stack, show the demo, and keep running."""
    with _one_line_for_failures(), _stopped_by_signals():
        options = Options(
            studios=studios,
            orders=orders,
            port=port,
            stripe_port=stripe_port,
            stripe=_stripe_from_environment(),
            region=region,
            keep=keep,
        )
        # A file with nothing to import is refused before anything starts.
        well_formed(studios, "studios")
        well_formed(orders, "orders")
        progress = ConsoleProgress(console)
        with start_stack(options, progress) as stack:
            done = _demonstrate(stack, progress)
            if stack.refused:
                progress.warn(f"{stack.refused} records of STUDIOS and ORDERS were refused.")
            if once:
                raise typer.Exit(0 if done and not stack.refused else 1)
            _stay_up(stack)


@app.command("install-tools")
def install() -> None:
    """Install the engine and the SAM CLI."""
    with _one_line_for_failures(), ConsoleProgress(console).stage("environments") as stage:
        stage.result = ", ".join(install_tools()) or "up to date"


@app.command("stripe-test-charges")
def stripe_test_charges(
    *,
    orders: Annotated[Path, typer.Option(envvar="ORDERS", help="JSON Lines or CSV.")] = DEMO_ORDERS,
) -> None:
    """Charge Stripe's test card for the demo's orders, and save them with their charges."""
    with _one_line_for_failures():
        server = _stripe_from_environment(webhooks=False)
        if server is None:
            raise Failure("Set STRIPE_API_BASE and STRIPE_API_KEY to a Stripe in test mode")
        with ConsoleProgress(console).stage("test charges") as stage:
            charged = make_test_charges(server, orders, _TEST_ORDERS, stage.progress)
            stage.result = f"{charged} orders"
        shown = os.path.relpath(_TEST_ORDERS)
        console.print(f"Now: make run ORDERS={shown}", soft_wrap=True, highlight=False)


def _demonstrate(stack: Stack, progress: ConsoleProgress) -> bool:
    """Show the demo and return whether it worked. The stack keeps running either way."""
    console.print()
    demo = DemoConsole(console)
    try:
        order, refund = DemoRefund(stack, demo).run()
        DemoStaff(stack, demo).run(order, refund)
        DemoPayout(stack, demo).run(refund, order["studio_id"])
        DemoMonth(stack, demo).run(order["studio_id"])
    except Failure as failure:
        progress.warn(f"The demo failed: {failure}")
        return False
    return True


def _stay_up(stack: Stack) -> None:
    console.rule("[dim]try next[/]")
    # The console would break long lines, and these are to be pasted.
    typer.echo(next_steps(stack))
    console.rule("[dim]open the dashboard[/]")
    typer.echo(dashboard_users(stack))
    console.rule("[dim]Ctrl-C stops everything[/]")
    threading.Event().wait()


def _stripe_from_environment(*, webhooks: bool = True) -> StripeServer | None:
    """Return the Stripe that the environment names, or None.

    Args:
        webhooks: Whether the webhook secret is needed too.

    Raises:
        Failure: A variable is missing, or the key is a live key.
    """
    wanted = _STRIPE_VARIABLES if webhooks else _STRIPE_VARIABLES[:2]
    base, key, secret = (os.environ.get(name, "") for name in _STRIPE_VARIABLES)
    if not base:
        return None
    missing = [name for name in wanted if not os.environ.get(name)]
    if missing:
        raise Failure(f"STRIPE_API_BASE is set. Set {' and '.join(missing)} too.")
    if "_live_" in key:
        raise Failure(
            "STRIPE_API_KEY is a live key, and the local stack would refund real money. "
            "Use a test key."
        )
    return StripeServer(base.rstrip("/"), key, secret)


@contextmanager
def _one_line_for_failures() -> Iterator[None]:
    try:
        with one_line_for_failures():
            yield
    except KeyboardInterrupt:
        console.print("\nStopped.")  # the stack was stopped in order: that is success


@contextmanager
def _stopped_by_signals() -> Iterator[None]:
    """Stop the stack in order on Ctrl-C, SIGTERM and a closed terminal.

    Handles Ctrl-C itself because a shell makes its background programs ignore it.
    """
    stopping = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stop(number: int, _: FrameType | None) -> NoReturn:
        for each in stopping:  # a second Ctrl-C must not interrupt the stopping
            signal.signal(each, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise typer.Exit(128 + number)

    before = {number: signal.signal(number, stop) for number in stopping}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
