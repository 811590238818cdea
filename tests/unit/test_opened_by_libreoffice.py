"""LibreOffice opens the exports as they are. Skipped where it is not installed."""

import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from functions.export_report.workbook import workbook_chunks
from shared.domain.export import DecimalMark
from shared.views.columns import csv_header, csv_lines
from shared.views.report_columns import COLUMNS

from .test_report_csv import CHICAGO, ROW
from .test_workbook import TEMPTING_IDS

PROGRAM = shutil.which("soffice")

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="soffice is not on the PATH"),
    pytest.mark.slow,
]

# Tokens of the CSV filter: separator, quote, UTF-8, first line, formats, language.
# https://wiki.documentfoundation.org/Documentation/DevGuide/Spreadsheet_Documents
GERMAN = "CSV:59,34,76,1,,1031,false,true"
AMERICAN = "CSV:44,34,76,1,,1033,false,true"
# The same with the column of order ids as text, as docs/bookkeeping.md says.
ORDER_ID = 1 + [column.name for column in COLUMNS].index("order_id")
AMERICAN_WITH_TEXT = f"CSV:44,34,76,1,{ORDER_ID}/2,1033,false,true"


def opened(file: Path, import_filter: str | None = None) -> list[dict[str, Any]]:
    """Return the rows that LibreOffice sees, with the types that it gives the cells."""
    saved = file.parent / "saved"
    command = [str(PROGRAM), f"-env:UserInstallation=file://{file.parent}/profile", "--headless"]
    command += [f"--infilter={import_filter}"] if import_filter else []
    command += ["--convert-to", "xlsx", "--outdir", str(saved), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)  # noqa: S603  # our own file
    (sheet,) = openpyxl.load_workbook(saved / f"{file.stem}.xlsx").worksheets
    names, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(map(str, names), row, strict=True)) for row in rows]


def csv_file(folder: Path, mark: DecimalMark, *order_ids: str) -> Path:
    rows = [replace(ROW, order_id=each) for each in order_ids]
    text = csv_header(COLUMNS, mark) + csv_lines(COLUMNS, rows, CHICAGO, mark)
    file = folder / "refunds.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_workbook_has_real_dates_and_numbers_and_keeps_every_id(tmp_path: Path) -> None:
    rows = [replace(ROW, order_id=each) for each in TEMPTING_IDS]
    file = tmp_path / "refunds.xlsx"
    file.write_bytes(b"".join(workbook_chunks("Refunds", COLUMNS, rows, CHICAGO)))
    seen = opened(file)
    assert [row["order_id"] for row in seen] == TEMPTING_IDS
    for row in seen:
        assert row["refunded_amount"] == 25.5
        assert row["net_deduction_amount"] == -21.67
        assert row["settled_at"] == datetime(2026, 11, 1, 1, 30)  # noqa: DTZ001  # as spreadsheets have it


@pytest.mark.parametrize(
    ("mark", "import_filter"), [(DecimalMark.COMMA, GERMAN), (DecimalMark.POINT, AMERICAN)]
)
def test_a_csv_file_opens_in_columns_with_numbers_in_its_reader_s_language(
    tmp_path: Path, mark: DecimalMark, import_filter: str
) -> None:
    (row,) = opened(csv_file(tmp_path, mark, "ord_1"), import_filter)
    assert row["refunded_amount"] == 25.5
    assert row["net_deduction_amount"] == -21.67
    assert row["subject_names"] == "Kai; Bo"


def test_ids_in_a_csv_file_survive_if_their_column_is_imported_as_text(tmp_path: Path) -> None:
    file = csv_file(tmp_path, DecimalMark.POINT, *TEMPTING_IDS)
    assert [row["order_id"] for row in opened(file, AMERICAN_WITH_TEXT)] == TEMPTING_IDS
