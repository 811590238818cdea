"""How fast an import goes, and how long it still takes."""

import time
from dataclasses import dataclass, field
from pathlib import Path

_CHUNK_BYTES = 1 << 20


def line_count(path: Path) -> int:
    """Return how many lines a file has, read piece by piece."""
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(_CHUNK_BYTES), b"")) + 1


@dataclass
class ImportPace:
    """Says how far an import is. It began at ``first_line`` of a file with ``lines`` lines."""

    kind: str
    first_line: int
    lines: int
    started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return time.monotonic() - self.started

    def words(self, records: int, next_line: int) -> str:
        """Return how many records are done, how many a second, and the time left.

        Args:
            records: How many records are done.
            next_line: The line with which to continue.
        """
        rate = records / max(self.seconds, 0.001)
        done = f"{records:,} {self.kind}, {rate:,.0f} a second"
        lines_done, lines_left = next_line - self.first_line, max(0, self.lines - next_line)
        if lines_done <= 0:
            return done
        left = _duration(self.seconds * lines_left / lines_done)
        return f"{done}, about {left} left, all before line {next_line} is done"


def _duration(seconds: float) -> str:
    if seconds < 100:  # noqa: PLR2004  # people say 90 seconds, and 2 minutes
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
