"""The operator command: every operation on a deployed stack."""

import typer

from infra.operate import (
    adjustments,
    anchors,
    books,
    dead_letters,
    foreign,
    payouts,
    publish_dashboard,
    reconcile,
    resume,
    verify_ledger,
)
from infra.operate.importing import commands as importing
from infra.operate.one_line_errors import OneLineErrors
from infra.operate.restore import commands as restore

app = typer.Typer(
    cls=OneLineErrors,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(importing.app, name="import")
app.add_typer(dead_letters.app, name="dead-letters")
app.add_typer(payouts.app, name="payouts")
app.add_typer(books.app, name="books")
app.add_typer(foreign.app, name="foreign")
app.command("reconcile")(reconcile.reconcile)
app.command("resume")(resume.resume)
app.command("publish-dashboard")(publish_dashboard.publish_dashboard)
app.command("verify-ledger")(verify_ledger.verify_ledger)
app.add_typer(adjustments.app, name="adjustments")
app.add_typer(anchors.app, name="anchors")
app.add_typer(restore.app, name="restore")


@app.callback(invoke_without_command=True)
def operate(context: typer.Context) -> None:
    """Operate a deployed stack, in AWS or on this machine."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
