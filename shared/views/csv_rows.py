"""CSV as RFC 4180 has it, without a byte order mark.

Excel needs the mark, but an import would take it for a part of the first column's name.
https://www.rfc-editor.org/rfc/rfc4180
"""

import csv
import io
from collections.abc import Iterable


def csv_rows(rows: Iterable[Iterable[str]], separator: str = ",") -> str:
    """Return rows of cells as CSV."""
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="\r\n").writerows(rows)
    return written.getvalue()
