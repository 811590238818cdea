"""``operate import`` on the deployed stack: files become studios, orders and sales."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from infra.local.stripe_server import charge_of
from infra.operate.importing.fields import STUDIO_FIELDS
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack, until
from tests.operate import operate, use_local_stack
from tests.unit.import_files import csv_text, template_rows, write_file

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def local_stack(world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)


def imported(*arguments: str, status: int = 0) -> Any:  # noqa: ANN401  # JSON
    result = operate("import", *arguments, "--json")
    assert result.exit_code == status, result.output
    return json.loads(result.stdout)


def test_a_csv_file_of_orders_becomes_sales_once(world: DeployedStack, tmp_path: Path) -> None:
    orders = [world.order() for _ in range(3)]
    world.control("charges", charges=[charge_of(order) for order in orders])
    rows = [row for order in orders for row in template_rows(order)]
    file = str(write_file(tmp_path, csv_text(rows, ";").encode("utf-8-sig")))

    first = imported("orders", file)
    assert (first["imported"], first["refused"]) == (3, 0)
    until(
        lambda: all(world.entries_of(order["order_id"]) for order in orders) or None,
        "the sales are in the ledger",
        seconds=120,
    )
    again = imported("orders", file)
    assert (again["imported"], again["unchanged"], again["refused"]) == (0, 3, 0)


def test_what_only_the_function_can_refuse_is_written_and_sent_again_once_corrected(
    world: DeployedStack, tmp_path: Path
) -> None:
    good, bad = world.order(), world.order()
    world.control("charges", charges=[charge_of(order) for order in (good, bad)])
    lines = [json.dumps(good), json.dumps(bad | {"studio_id": "st_nowhere"})]
    file = write_file(tmp_path, "\ufeff" + "\n".join(lines) + "\n", "orders.jsonl")
    refused = tmp_path / "refused.jsonl"

    assert imported("orders", str(file), "--dry-run")["fine"] == 2
    report = imported("orders", str(file), "--refused", str(refused), status=1)
    assert (report["imported"], report["refused"]) == (1, 1)
    assert report["problems"] == [
        {
            "line": 2,
            "column": "",
            "header": "",
            "reason": "studio st_nowhere does not exist; import it first.",
        }
    ]
    file.write_text(refused.read_text().replace("st_nowhere", PLATFORM_STUDIO))
    assert imported("orders", str(file))["imported"] == 1


def test_a_studio_is_imported_and_takes_new_settings_only_with_update(tmp_path: Path) -> None:
    row = {field.name: field.example for field in STUDIO_FIELDS}
    row["studio_id"] = f"st_{uuid.uuid4().hex[:10]}"
    file = write_file(tmp_path, csv_text([row]))
    assert imported("studios", str(file))["imported"] == 1

    write_file(tmp_path, csv_text([row | {"rev_share_bps": "1000"}]))
    refused = imported("studios", str(file), status=1)
    assert "exists with other content" in refused["problems"][0]["reason"]
    assert imported("studios", str(file), "--update")["updated"] == 1
