"""Opening an import file: its encoding, and whether it is JSON Lines or CSV."""

import codecs
from pathlib import Path
from typing import TextIO

from infra.failure import Failure

_HOW_TO_SAVE = (
    "Save it as UTF-8 and try again. In Excel choose `CSV UTF-8 (Comma delimited)` under "
    "`Save As`; older files are often Windows-1252."
)
_CHUNK_BYTES = 1 << 20


def open_text(path: Path) -> TextIO:
    """Open a text file in UTF-8, with or without byte order mark, or in UTF-16 with its mark.

    The whole file is decoded once before, so that reading cannot fail halfway.

    Raises:
        Failure: It cannot be opened, or is in another encoding. The message says how to save it.
    """
    encoding = _checked_encoding(path)
    # Lines end with a line feed. A JSON string may hold Unicode's other line separators.
    return path.open(encoding=encoding, newline="")


def is_json_lines(path: Path) -> bool:
    """Return whether a file is JSON Lines. Anything else is read as CSV.

    Raises:
        Failure: It is one JSON array, or `open_text` refuses it.
    """
    with open_text(path) as file:
        start = ""
        while not start and (chunk := file.read(1024)):
            start = chunk.lstrip()
    if start.startswith("["):
        raise Failure(f"{path}: it is one JSON array. Write one JSON object per line instead.")
    return start.startswith("{")


def _checked_encoding(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(4)
            if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                _check_utf16(path)
                return "utf-16"
            file.seek(0)
            for number, line in enumerate(file, 1):
                _check_line(path, number, line)
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
    return "utf-8-sig"


def _check_line(path: Path, number: int, line: bytes) -> None:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: line {number} is not UTF-8 text. {_HOW_TO_SAVE}") from error
    if b"\0" in line:
        raise Failure(f"{path}: line {number} is not UTF-8 text. {_HOW_TO_SAVE}")


def _check_utf16(path: Path) -> None:
    try:
        with path.open(encoding="utf-16") as file:
            while file.read(_CHUNK_BYTES):
                pass
    except UnicodeDecodeError as error:
        raise Failure(f"{path}: it is not whole UTF-16 text. {_HOW_TO_SAVE}") from error
