"""Progress of long work, stage by stage, for a person or for a log."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape

logger = logging.getLogger(__name__)

# How often a console that is no terminal gets a line about a running stage.
_LOG_SECONDS = 30.0


class Stage:
    """A stage that is running.

    Attributes:
        result: What to show once it is done, such as a count.
    """

    def __init__(self) -> None:
        self.result = ""

    def progress(self, text: str) -> None:
        """Show how far the stage is."""


class Progress(Protocol):
    """Reports stages and warnings."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Run a stage. Show its name while it runs, and its duration once it is done."""

    def warn(self, text: str) -> None:
        """Show something that needs attention but does not stop the work."""


class _ConsoleStage(Stage):
    def __init__(self, console: Console, name: str) -> None:
        super().__init__()
        self.status = console.status(f"{escape(name)} ...")
        self._name = name
        self._console = console
        self._printed_at = time.monotonic()

    def progress(self, text: str) -> None:
        shown = f"{escape(self._name)} ... {escape(text)}"
        self.status.update(shown)
        # A log has no line that changes. If the process dies, its last line says how far it was.
        now = time.monotonic()
        if not self._console.is_terminal and now - self._printed_at >= _LOG_SECONDS:
            self._printed_at = now
            self._console.print(shown, highlight=False, soft_wrap=True)


class ConsoleProgress:
    """Shows stages to a person, with a spinner if the console is a terminal.

    Args:
        console: The console.
        show_failed: Whether to show which stage failed.
    """

    def __init__(self, console: Console, *, show_failed: bool = True) -> None:
        self._console = console
        self._show_failed = show_failed

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Run a stage, see `Progress`."""
        started = time.monotonic()
        stage = _ConsoleStage(self._console, name)
        try:
            with stage.status:
                yield stage
        except BaseException:
            if self._show_failed:
                self._console.print(f"[red]✗[/] {escape(name)}", highlight=False)
            raise
        took = f"{time.monotonic() - started:6.1f} s"
        self._console.print(
            f"[green]✓[/] {escape(name):<24}[dim]{took}[/]  {escape(stage.result)}",
            highlight=False,
            soft_wrap=True,
        )

    def warn(self, text: str) -> None:
        """Show a warning, see `Progress`."""
        self._console.print(f"[yellow]! {escape(text)}[/]", highlight=False, soft_wrap=True)


class LoggedProgress:
    """Writes stages to the log, for a stack that runs unattended."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Run a stage, see `Progress`."""
        started = time.monotonic()
        stage = Stage()
        yield stage
        logger.info("%s: %.1f s %s", name, time.monotonic() - started, stage.result)

    def warn(self, text: str) -> None:
        """Log a warning, see `Progress`."""
        logger.warning("%s", text)
