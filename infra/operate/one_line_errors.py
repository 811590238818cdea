"""Reports failures of a command in one line."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from botocore.exceptions import BotoCoreError, ClientError
from typer.core import TyperGroup

from infra.failure import Failure
from infra.stopping import INTERRUPTED_STATUS


class OneLineErrors(TyperGroup):
    """A group of commands that reports foreseen failures in one line on standard error.

    Foreseen are `Failure`, wrong usage, Ctrl-C and every error of AWS. Anything else is a bug and
    keeps its traceback. The exit status is 2 for wrong usage, 130 for Ctrl-C and 1 for any other
    failure.
    """

    def main(  # noqa: D102 - see the class
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - typer's own signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - typer's own signature
        **extra: Any,  # noqa: ANN401 - typer's own signature
    ) -> Any:  # noqa: ANN401 - typer's own signature
        try:
            status = super().main(
                args,
                prog_name,
                complete_var,
                standalone_mode=False,
                windows_expand_args=windows_expand_args,
                **extra,
            )
        except typer.TyperException as error:
            status = _fail(_with_help(error), error.exit_code)
        except Failure as error:
            status = _fail(str(error), 1)
        except (ClientError, BotoCoreError) as error:
            status = _fail(f"AWS: {error}", 1)
        if status == INTERRUPTED_STATUS:  # typer's answer to Ctrl-C
            typer.echo("Stopped.", err=True)
        if standalone_mode:
            sys.exit(status or 0)
        return status


def _with_help(error: typer.TyperException) -> str:
    message = error.format_message().rstrip(".") + "."
    context: typer.Context | None = getattr(error, "ctx", None)
    return f"{message} See `{context.command_path} --help`." if context else message


def _fail(message: str, status: int) -> int:
    typer.echo("error: " + " ".join(message.split()), err=True)
    return status
