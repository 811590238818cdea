"""``stripe``: the webhook endpoints at Stripe, and a check of all that the stack needs there."""

import os
import sys
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated

import typer

from infra.failure import Failure
from infra.operate.options import AsJson, StackName
from infra.operate.output import print_json, print_line, print_table, progress
from infra.operate.stack import OperatedStack, find_stack
from infra.operate.stripe.check import CheckStripe, Finding
from infra.operate.stripe.endpoints import EndpointKind
from infra.operate.stripe.keys import STRIPE_KEYS, KeyPurpose
from infra.operate.stripe.set_up import Change, SetUpEndpoints
from infra.operate.stripe.signing_secrets import SigningSecrets
from infra.operate.stripe.stored_keys import StoredKeys, of_the_stacks_mode, operators_key
from infra.operate.stripe.stripe_side import StripeSide, knows_key
from shared.clock import utc_now
from shared.gateways.stripe.connection import StripeConnection

app = typer.Typer(
    help="Set up the webhook endpoints at Stripe, roll their secrets, and check them.",
    rich_markup_mode=None,
)

ApiUrl = Annotated[
    str | None,
    typer.Option(
        "--api-url",
        metavar="URL",
        help="The API's address, if it has its own domain. Default: the stack's output ApiUrl.",
    ),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print what would be changed, and change nothing.")
]


@app.command()
def check(stack: StackName = None, api_url: ApiUrl = None, *, as_json: AsJson = False) -> None:
    """Check the account, the functions' keys and both endpoints. Exit 1 if something is wrong."""
    operated = find_stack(stack)
    side, keys = _stripe_side(operated, api_url), StoredKeys(operated.aws.secrets, operated)
    findings = list(CheckStripe(side, _signing_secrets(operated), keys)())
    if as_json:
        print_json([each.as_json() for each in findings])
    else:
        print_table(("", "what", "found", "what to do"), map(_row, findings))
    wrong = sum(not each.ok for each in findings)
    if wrong:
        raise Failure(f"{wrong} of {len(findings)} findings need somebody. Each says what to do.")


@app.command("store-key")
def store_key(
    purposes: Annotated[
        list[KeyPurpose],
        typer.Argument(help="What the key is for. A key may be for several purposes."),
    ],
    stack: StackName = None,
) -> None:
    """Store a key for functions. It is read from a hidden prompt, or from standard input."""
    operated = find_stack(stack)
    given = (
        typer.prompt("Stripe's key", hide_input=True)
        if sys.stdin.isatty()
        else sys.stdin.readline()
    )
    key = of_the_stacks_mode(operated, given.strip())
    if not knows_key(operated.output("StripeApiBase"), key):
        raise Failure("Stripe does not know this key. Nothing was stored.")
    stored = StoredKeys(operated.aws.secrets, operated)
    for each in STRIPE_KEYS:
        if each.purpose in purposes:
            print_line(f"Store the key for {each.purpose}: {', '.join(sorted(each.functions))}.")
            stored.store(each, key)


@app.command("set-up")
def set_up(stack: StackName = None, api_url: ApiUrl = None, *, dry_run: DryRun = False) -> None:
    """Make both webhook endpoints, or bring them up to date, and store their secrets."""
    commands = _commands(find_stack(stack), api_url)
    for kind in EndpointKind:
        _carry_out(commands.set_up(kind), f"The {kind} endpoint is set up.", dry_run=dry_run)


@app.command()
def roll(  # noqa: PLR0913  # its options
    kind: Annotated[EndpointKind, typer.Argument(help="Whose secret.")],
    stack: StackName = None,
    api_url: ApiUrl = None,
    *,
    end: Annotated[
        bool,
        typer.Option("--end", help="End the roll: delete the old endpoint, forget its secret."),
    ] = False,
    now: Annotated[
        bool,
        typer.Option("--now", help="With --end: do not wait for Stripe's retries, after a leak."),
    ] = False,
    dry_run: DryRun = False,
) -> None:
    """Give an endpoint a new secret, by a new endpoint. Three days later, end it with --end."""
    if now and not end:
        raise typer.BadParameter("it needs --end", param_hint="--now")
    commands = _commands(find_stack(stack), api_url)
    changes = commands.end_roll(kind, now=now) if end else commands.roll(kind)
    _carry_out(changes, f"The {kind} endpoint has one secret.", dry_run=dry_run)
    if not end and not dry_run:
        print_line(f"Both secrets are valid. In three days: `stripe roll {kind} --end`.")


def _carry_out(changes: Iterable[Change], nothing: str, *, dry_run: bool) -> None:
    """Print each change, then make it, one by one."""
    changes = list(changes)
    if not changes:
        print_line(nothing)
    for change in changes:
        print_line(f"Would: {change.text}" if dry_run else change.text)
        if not dry_run:
            change.make()


def _commands(stack: OperatedStack, api_url: str | None) -> SetUpEndpoints:
    return SetUpEndpoints(_stripe_side(stack, api_url), _signing_secrets(stack), utc_now, _wait)


def _wait(how_long: timedelta) -> None:
    with progress.stage("wait") as stage:
        stage.progress("if you stop here, repeat the command later")
        time.sleep(how_long.total_seconds())


def _signing_secrets(stack: OperatedStack) -> SigningSecrets:
    return SigningSecrets(stack.aws.secrets, stack.output("StripeWebhookSecretArn"))


def _stripe_side(stack: OperatedStack, api_url: str | None) -> StripeSide:
    key = operators_key(stack, dict(os.environ))
    connection = StripeConnection(stack.output("StripeApiBase"), lambda: key)
    url = f"{api_url or stack.output('ApiUrl')}/webhooks/stripe"
    return StripeSide(connection, stack.stack_id, url)


def _row(finding: Finding) -> tuple[str, ...]:
    fix = f"`{finding.fix}`" if finding.fix.startswith("stripe ") else finding.fix
    return ("ok" if finding.ok else "wrong", finding.what, finding.found, fix)
