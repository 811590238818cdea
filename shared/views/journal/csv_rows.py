"""CSV for imports: RFC 4180 in UTF-8, without a byte order mark.

An import would take the mark for a part of the first column's name.
https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import io
from collections.abc import Iterable, Sequence


def csv_rows(rows: Iterable[Sequence[str]]) -> str:
    """Return rows of cells as CSV."""
    written = io.StringIO()
    csv.writer(written, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
