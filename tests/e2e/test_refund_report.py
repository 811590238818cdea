"""The refund report over the API: as pages, as a file, and as an export."""

import csv
import io

import pytest

from infra.local.demo_users import DEMO_NAMES
from tests.e2e.large_report import (
    ROWS,
    export_large_report,
    studio_with_large_report,
    write_export_of_open_refunds,
)
from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, until
from tests.local_http import HTTP

pytestmark = pytest.mark.stack

REPORT = "/reports/refunds"
MARK = b"\xef\xbb\xbf"


def test_a_settled_refund_is_in_its_studio_s_report_and_in_no_other(world: DeployedStack) -> None:
    order_id = world.sell()
    refund = world.await_status(world.refund(order_id, {"type": "full"}), "settled")
    answer = world.call("GET", f"{REPORT}?limit=1000", role="bookkeeper")
    assert answer.status_code == 200, answer.text
    report = answer.json()
    (row,) = [row for row in report["items"] if row["refund_id"] == refund["refund_id"]]
    assert row == {
        "settled_at": refund["settled_at"],
        "requested_at": None,
        "failed_at": None,
        "refund_id": refund["refund_id"],
        "order_id": order_id,
        "parent_name": "Wilhelmina Testparent",
        "subject_names": ["Bartholomew Testparent"],
        "type": "full",
        "reason": "quality_issue",
        "reason_name": "Poor quality",
        "status": "settled",
        "currency": "usd",
        "original_amount": 10000,
        "refunded_amount": 10000,
        "rev_share_adjustment_amount": 1500,
        "stripe_fee_retained_amount": 320,
        "net_deduction_amount": -8500,
        "tax_refunded_amount": 0,
        "processed_by": refund["requested_by"],
        "processed_by_name": DEMO_NAMES["owner"],
        "stripe_refund_id": refund["stripe_refund_id"],
        "source": "api",
        "dispute_id": None,
        "dispute_fee_amount": 0,
        "pending_reason": None,
        "pending_detail": None,
        "failure_reason": None,
        "failure_detail": None,
        "resolution": None,
        "account_id": None,
        "charge_id": row["charge_id"],
        "payment_intent_id": row["payment_intent_id"],
        "placed_at": row["placed_at"],
        "balance_transaction_id": row["balance_transaction_id"],
        "failure_balance_transaction_id": None,
    }
    assert row["charge_id"].startswith("ch_")
    assert row["balance_transaction_id"].startswith("txn_")
    assert report["next_cursor"] is None
    assert report["totals"]["count"] == len(report["items"])
    for name in ("refunded_amount", "rev_share_adjustment_amount", "net_deduction_amount"):
        assert report["totals"][name] == sum(row[name] for row in report["items"])
    other = world.call("GET", f"{REPORT}?limit=1000", studio_id=DIRECT_STUDIO)
    assert order_id not in other.text


def test_pages_follow_one_another_and_keep_their_totals(world: DeployedStack) -> None:
    for _ in range(3):
        world.await_status(world.refund(world.sell(), {"type": "full"}), "settled")
    first = world.call("GET", f"{REPORT}?limit=2").json()
    cursor = first["next_cursor"]
    second = world.call("GET", f"{REPORT}?limit=2&cursor={cursor}").json()
    assert len(first["items"]) == 2
    assert second["items"]
    assert second["totals"] == first["totals"]
    # A refund that failed late and a dispute have several rows, each at its own time.
    rows = [
        (row["refund_id"], row["dispute_id"], row["settled_at"])
        for page in (first, second)
        for row in page["items"]
    ]
    assert len(set(rows)) == len(rows)
    stolen = world.call("GET", f"{REPORT}?limit=2&cursor={cursor}", studio_id=DIRECT_STUDIO)
    assert (stolen.status_code, stolen.json()["code"]) == (400, "cursor_invalid")


def test_the_report_is_answered_as_a_file(world: DeployedStack) -> None:
    refund = world.await_status(world.refund(world.sell(), {"type": "full"}), "settled")
    answer = world.call("GET", f"{REPORT}?format=csv")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="refunds_')
    assert answer.content.startswith(b"\xef\xbb\xbf")
    content = io.StringIO(answer.content.decode("utf-8-sig"), newline="")
    rows = {row["refund_id"]: row for row in csv.DictReader(content, strict=True)}
    assert rows[refund["refund_id"]]["net_deduction_amount"] == "-85.00"


def test_a_large_report_is_exported_only_for_its_studio(world: DeployedStack) -> None:
    studio_id = studio_with_large_report(world)
    export = export_large_report(world, studio_id)
    file = HTTP.get(export["url"])
    assert file.status_code == 200, file.text
    content = io.StringIO(file.content.decode("utf-8-sig"), newline="")
    assert len(list(csv.DictReader(content, strict=True))) == ROWS
    path = f"{REPORT}/exports/{export['export_id']}"
    admin = world.stack.tokens[PLATFORM_STUDIO]["pps_admin"]
    for answer in (
        world.call("GET", path),
        world.call("GET", f"{path}?studio_id={PLATFORM_STUDIO}", token=admin),
        world.call("GET", f"{REPORT}/exports/{'0' * 32}"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "export_not_found")
    # The link works only for this file.
    tampered = HTTP.get(export["url"].replace(export["export_id"], "0" * 32))
    assert tampered.status_code == 403


def test_open_refunds_are_exported_too(world: DeployedStack) -> None:
    with world.webhooks_held():
        refund = world.refund(world.sell(), {"type": "full"})
        export_id = write_export_of_open_refunds(world, PLATFORM_STUDIO)

        def link() -> str | None:
            found = world.call("GET", f"{REPORT}/exports/{export_id}").json()
            return str(found["url"]) if found.get("status") == "ready" else None

        file = HTTP.get(until(link, "the export"))
    assert refund["refund_id"] in file.text


@pytest.mark.parametrize("state", ["open", "failed"])
def test_open_and_failed_refunds_are_listed_on_request(world: DeployedStack, state: str) -> None:
    with world.webhooks_held():
        refund = world.refund(world.sell(), {"type": "full"})
        if state == "failed":
            world.control(f"refunds/{refund['stripe_refund_id']}", status="failed")
            world.control("webhooks/deliver")
            world.await_status(refund, "failed")
        report = world.call("GET", f"{REPORT}?state={state}&limit=1000").json()
    (row,) = [row for row in report["items"] if row["refund_id"] == refund["refund_id"]]
    assert row["settled_at"] is None
    assert row["refunded_amount"] == 10000
    assert row["net_deduction_amount"] == (-8500 if state == "open" else 0)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("from=yesterday", 422, "invalid_input"),
        ("from=2026-02-30", 422, "date_range_invalid"),
        ("from=2026-11-30&to=2026-11-01", 422, "date_range_invalid"),
        ("from=0001-01-01", 422, "date_range_invalid"),
        ("to=9999-12-31", 422, "date_range_invalid"),
        ("state=lost", 422, "invalid_input"),
        ("format=docx", 422, "invalid_input"),
        ("limit=0", 422, "invalid_input"),
        ("limit=1001", 422, "invalid_input"),
        ("cursor=x", 400, "cursor_invalid"),
        ("cursor=" + "x" * 2000, 422, "invalid_input"),
        ("studio_id=st_fjord", 403, "forbidden"),
    ],
)
def test_an_invalid_query_is_refused(
    world: DeployedStack, query: str, status: int, code: str
) -> None:
    answer = world.call("GET", f"{REPORT}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_print_operator_reads_no_reports(world: DeployedStack) -> None:
    for path in (REPORT, f"{REPORT}?format=csv", f"{REPORT}/exports/{'0' * 32}"):
        assert world.call("GET", path, role="print_operator").status_code == 403


@pytest.mark.parametrize("export_id", ["x", "0" * 33, "%2e%2e%2fst_fjord"])
def test_a_malformed_export_id_is_refused(world: DeployedStack, export_id: str) -> None:
    assert world.call("GET", f"{REPORT}/exports/{export_id}").status_code in {404, 422}


def test_a_pps_admin_gets_not_found_for_an_unknown_studio(world: DeployedStack) -> None:
    admin = world.stack.tokens[PLATFORM_STUDIO]["pps_admin"]
    answer = world.call("GET", f"{REPORT}?studio_id=st_nowhere", token=admin)
    assert (answer.status_code, answer.json()["code"]) == (404, "studio_not_found")


@pytest.mark.parametrize(
    ("path", "begins"),
    [
        (f"{REPORT}?format=xlsx", b"PK"),
        ("/reports/ledger", b"\xef\xbb\xbfseq,recorded_at,"),
        ("/reports/ledger?decimal_mark=comma", b"\xef\xbb\xbfseq;recorded_at;"),
        ("/reports/ledger?format=xlsx", b"PK"),
        ("/reports/ledger?format=hledger", b"decimal-mark ."),
        ("/reports/ledger?format=beancount&openings=true", b'option "title"'),
        ("/reports/ledger?format=quickbooks", b"*JournalNo"),
        ("/reports/ledger?format=xero&totals=day", b"*Narration"),
    ],
)
def test_a_bookkeeper_gets_each_file(world: DeployedStack, path: str, begins: bytes) -> None:
    world.await_status(world.refund(world.sell(), {"type": "full"}), "settled")
    asked = world.call("GET", path, role="bookkeeper")
    assert asked.status_code == 202, asked.text

    def ready() -> str | None:
        found = world.call("GET", asked.json()["url"], role="bookkeeper").json()
        assert found["status"] != "failed"
        return str(found["url"]) if found["status"] == "ready" else None

    file = HTTP.get(until(ready, "the file to be written"))
    content = file.content if begins.startswith(MARK) else file.content.removeprefix(MARK)
    assert content.startswith(begins)
    assert len(file.content) > len(begins)
