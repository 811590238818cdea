"""Shows what the stack's start is doing, stage by stage."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.markup import escape

logger = logging.getLogger(__name__)


class Stage:
    """A stage that runs.

    Attributes:
        result: What to say about it when it is done, such as a count.
    """

    def __init__(self) -> None:
        self.result = ""

    def progress(self, text: str) -> None:
        """Say how far it is."""


class Progress(Protocol):
    """Where the stages report to."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Run a stage: its name while it runs, its time when it is done."""

    def warn(self, text: str) -> None:
        """Say something that needs attention but stops nothing."""


class _ConsoleStage(Stage):
    def __init__(self, console: Console, name: str) -> None:
        super().__init__()
        self.status = console.status(f"{name} ...")
        self._name = name

    def progress(self, text: str) -> None:
        self.status.update(f"{self._name} ... {escape(text)}")


class ConsoleProgress:
    """Shows stages to a person, with a spinner where there is a terminal."""

    def __init__(self, console: Console) -> None:
        self._console = console

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Run a stage, see `Progress`."""
        started = time.monotonic()
        stage = _ConsoleStage(self._console, name)
        try:
            with stage.status:
                yield stage
        except BaseException:
            self._console.print(f"[red]✗[/] {name}", highlight=False)
            raise
        took = f"{time.monotonic() - started:6.1f} s"
        self._console.print(
            f"[green]✓[/] {name:<24}[dim]{took}[/]  {escape(stage.result)}",
            highlight=False,
            soft_wrap=True,
        )

    def warn(self, text: str) -> None:
        """Warn, see `Progress`."""
        self._console.print(f"[yellow]! {escape(text)}[/]", highlight=False, soft_wrap=True)


class LoggedProgress:
    """Writes stages to the log, for a stack nobody watches."""

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """Run a stage, see `Progress`."""
        started = time.monotonic()
        stage = Stage()
        yield stage
        logger.info("%s: %.1f s %s", name, time.monotonic() - started, stage.result)

    def warn(self, text: str) -> None:
        """Warn, see `Progress`."""
        logger.warning("%s", text)
