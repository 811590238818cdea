"""The operator command: every operation on a deployed stack."""

import typer

from infra.operate import (
    adjustments,
    alarms,
    anchors,
    audit,
    books,
    dead_letters,
    failed_runs,
    foreign,
    mail_domain,
    payouts,
    publish_dashboard,
    reconcile,
    resume,
    stops,
    users,
    verify_ledger,
)
from infra.operate.deploying import command as deploying
from infra.operate.erasing import commands as erasing
from infra.operate.importing import commands as importing
from infra.operate.migrate import commands as migrate
from infra.operate.one_line_errors import OneLineErrors
from infra.operate.restore import commands as restore
from infra.operate.smoke import command as smoke
from infra.operate.stripe import commands as stripe

app = typer.Typer(
    cls=OneLineErrors,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("alarms")(alarms.alarms)
app.command("stop")(stops.stop)
app.command("start")(stops.start)
app.command("stops")(stops.stops)
app.add_typer(importing.app, name="import")
app.add_typer(dead_letters.app, name="dead-letters")
app.command("failed-runs")(failed_runs.failed_runs)
app.add_typer(mail_domain.app, name="mail-domain")
app.add_typer(payouts.app, name="payouts")
app.add_typer(books.app, name="books")
app.add_typer(foreign.app, name="foreign")
app.command("deploy")(deploying.deploy)
app.command("reconcile")(reconcile.reconcile)
app.command("resume")(resume.resume)
app.command("smoke")(smoke.smoke)
app.command("publish-dashboard")(publish_dashboard.publish_dashboard)
app.command("audit")(audit.audit)
app.command("verify-ledger")(verify_ledger.verify_ledger)
app.add_typer(adjustments.app, name="adjustments")
app.add_typer(anchors.app, name="anchors")
app.add_typer(migrate.app, name="migrate")
app.add_typer(restore.app, name="restore")
app.add_typer(stripe.app, name="stripe")
app.add_typer(users.app, name="users")
app.command("erase")(erasing.erase)
app.command("personal-data")(erasing.personal_data)


@app.callback(invoke_without_command=True)
def operate(context: typer.Context) -> None:
    """Operate a deployed stack, in AWS or on this machine."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
