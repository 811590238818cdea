"""docs/operations.md explains each column of the template, and its example can be imported."""

import re
from pathlib import Path

import pytest

from infra.operate.importing.fields import ImportKind, fields_of
from infra.operate.importing.mapping import built_in_mappings
from infra.paths import DOCS
from tests.operate import operate
from tests.unit.import_files import write_file

SECTION = (DOCS / "operations.md").read_text("utf-8").split("## Import studios and orders\n")[1]


def first_cells(header: str) -> list[str]:
    """Return the names in the first cell of each row of the table with this header."""
    table = SECTION.split(f"| {header} |")[1].split("\n\n")[0]
    return [
        name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row.split("|")[1])
    ]


@pytest.mark.parametrize("kind", ["studios", "orders"])
def test_the_table_has_each_column_of_the_template(kind: ImportKind) -> None:
    columns = [field.name for field in fields_of(kind).values() if field.in_template]
    assert first_cells(f"column of {kind}") == columns


def test_the_tables_have_each_mapping_and_each_field_that_only_a_mapping_names() -> None:
    assert sorted(first_cells("`--mapping`")) == built_in_mappings()
    sums = [field.name for field in fields_of("orders").values() if not field.in_template]
    assert first_cells("field") == sums


def test_the_example_mapping_reads_the_example_export(tmp_path: Path) -> None:
    (toml,) = re.findall(r"```toml\n(.*?)```", SECTION, re.DOTALL)
    (export,) = re.findall(r"```csv\n(.*?)```", SECTION, re.DOTALL)
    mapping = write_file(tmp_path, toml, "fotoladen.toml")
    file = write_file(tmp_path, export)
    result = operate("import", "orders", str(file), "--mapping", str(mapping), "--dry-run")
    assert result.exit_code == 0, result.output
