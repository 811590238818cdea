"""Studios and orders from the lines of a JSON Lines file."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from infra.operate.importing.records import REFUSED_BECAUSE, Record
from infra.operate.importing.text_file import open_text

# Only what `with_reason` writes: the rest of the line stays as it is, repeated keys included.
_REASON = re.compile(rf'\{{"{REFUSED_BECAUSE}": "(?:[^"\\]|\\.)*", ')


def json_records(path: Path) -> Iterator[Record]:
    """Yield the records of a file of JSON objects, one per line. Empty lines are left out.

    Raises:
        Failure: See `open_text`.
    """
    with open_text(path) as file:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield Record(number, _REASON.sub("{", line.strip(), count=1))


def with_reason(text: str, reason: str) -> str:
    """Return a JSON line that also says why it was refused.

    `json_records` takes the reason out again. Text that is no object stays as it is.
    """
    if not re.match(r"\{\s*\"", text):
        return text
    return f'{{"{REFUSED_BECAUSE}": {json.dumps(reason)}, {text[1:].lstrip()}'
