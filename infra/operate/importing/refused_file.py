"""The file of `--refused`: only the refused records, each with its reasons, to correct and send."""

import csv
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TextIO

from infra.failure import Failure
from infra.operate.importing.json_records import with_reason
from infra.operate.importing.read import ImportFile
from infra.operate.importing.records import REFUSED_BECAUSE, Problem, Record


@dataclass
class RefusedFile:
    """Writes refused records in the form of their file. Without a refusal it writes nothing.

    Only its owner can read the file, because it has names and addresses.

    Attributes:
        source: The imported file.
        path: The file to write, or None to write none.
    """

    source: ImportFile
    path: Path | None
    _stack: ExitStack = field(default_factory=ExitStack)
    _file: TextIO | None = None

    def __enter__(self) -> Self:
        if self.path is not None and self.path.resolve() == self.source.path.resolve():
            raise Failure("--refused names the imported file. Name another one.")
        return self

    def __exit__(
        self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None
    ) -> None:
        self._stack.close()

    def write(self, record: Record, problems: Sequence[Problem]) -> None:
        """Write a refused record with its reasons.

        Raises:
            Failure: The file cannot be written.
        """
        if self.path is None:
            return
        try:
            file = self._file or self._open(self.path)
            self._write(file, record, " ".join(problem.reason for problem in problems))
        except OSError as error:
            raise Failure(f"{self.path}: {error.strerror}") from error

    def _open(self, path: Path) -> TextIO:
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        file = path.open("w", encoding="utf-8", newline="")
        self._file = self._stack.enter_context(file)
        header = self.source.header
        if header is not None:
            file.write("\ufeff")  # Excel reads the file as UTF-8.
            self._write_row(file, (REFUSED_BECAUSE, *self._kept(header.names)))
        return file

    def _write(self, file: TextIO, record: Record, reason: str) -> None:
        if self.source.header is None:
            file.write(with_reason(record.text, reason) + "\n")
            return
        for cells in record.rows:
            self._write_row(file, (reason, *self._kept(cells)))

    def _write_row(self, file: TextIO, cells: Sequence[str]) -> None:
        header = self.source.header
        csv.writer(file, delimiter=header.separator if header else ",").writerow(cells)

    def _kept(self, cells: Sequence[str]) -> list[str]:
        """Return the cells without the reasons of an earlier import."""
        header = self.source.header
        old = header.index(REFUSED_BECAUSE) if header else None
        return [cell for index, cell in enumerate(cells) if index != old]
