"""The program that matches a month of files with Stripe's finds each planted difference."""

import csv
import io
import runpy
from pathlib import Path
from typing import Any

import pytest

from functions.export_report import ledger_columns
from infra.paths import ROOT
from shared.views import report_columns

_PROGRAM = str(ROOT / "docs" / "bookkeeping" / "reconcile_month.py")

type Row = dict[str, str]


def entry(kind: str, gross: str, transaction: str, **cells: str) -> Row:
    amounts = {name: "0.00" for name in _names(ledger_columns) if name.endswith("_amount")}
    row = dict.fromkeys(_names(ledger_columns), "") | amounts
    row |= {"seq": "1", "kind": kind, "order_id": "ord_1", "currency": "usd"}
    return row | {"gross_amount": gross, "balance_transaction_id": transaction} | cells


def failed(refunded: str, out: str, back: str) -> Row:
    row = dict.fromkeys(_names(report_columns), "")
    ids = {"balance_transaction_id": out, "failure_balance_transaction_id": back}
    return row | {"refund_id": "rf_1", "refunded_amount": refunded, "currency": "usd"} | ids


def moved(id_: str, category: str, gross: str, fee: str = "0.00", source: str = "") -> Row:
    return {
        "balance_transaction_id": id_,
        "source_id": source or f"source of {id_}",
        "currency": "usd",
        "gross": gross,
        "fee": fee,
        "reporting_category": category,
    }


def _names(columns: Any) -> list[str]:  # noqa: ANN401  # a module of columns
    return [column.name for column in columns.COLUMNS]


def _write(path: Path, rows: list[Row], separator: str = ",") -> Path:
    written = io.StringIO()
    rows_of_file = csv.DictWriter(written, list(rows[0]), delimiter=separator)
    rows_of_file.writeheader()
    for row in rows:
        comma = separator == ";"
        rows_of_file.writerow(
            {
                k: v.replace(".", ",") if comma and k.endswith("_amount") else v
                for k, v in row.items()
            }
        )
    path.write_text(f"\ufeff{written.getvalue()}", encoding="utf-8")
    return path


def _with_comma(row: Row) -> Row:
    return {
        name: cell.replace(".", ",") if name.endswith("_amount") else cell
        for name, cell in row.items()
    }


LEDGER = [
    entry("sale", "100.00", "t1", stripe_fee_amount="-3.20", rev_share_amount="-15.00"),
    entry("refund", "-100.00", "t2", rev_share_amount="15.00", stripe_refund_id="re_1"),
    entry("payout_closed", "-50.00", "t3", payable_amount="-50.00", transfer_id="tr_1")
    | {"account_id": "acct_1", "order_id": "", "payout_id": "po_1"},
    entry("sale", "40.00", "d1", stripe_fee_amount="-1.46", rev_share_amount="-6.00")
    | {"account_id": "acct_1", "direct_amount": "32.54"},
    entry("refund", "-40.00", "d2", rev_share_amount="6.00")
    | {"account_id": "acct_1", "direct_amount": "-34.00"},
    entry("dispute", "-10.00", "t4 t5", stripe_fee_amount="-15.00"),
]
FAILED = [failed("7.00", "t6", "t7")]
PLATFORM = [
    moved("t1", "charge", "100.00", "3.20"),
    moved("t2", "refund", "-100.00"),
    moved("t3", "transfer", "-50.00"),
    moved("t4", "dispute", "-12.00", "15.00"),
    moved("t5", "dispute_reversal", "2.00"),
    moved("t6", "refund", "-7.00"),
    moved("t7", "refund_failure", "7.00"),
    moved("t8", "platform_earning", "6.00"),
    moved("t9", "platform_earning_refund", "-6.00"),
    moved("t10", "payout", "-30.00"),  # to the bank: the bank's statement has it
    moved("t11", "dispute", "-5.00", "0.00", "dp_9"),
    moved("t12", "dispute_reversal", "5.00", "0.00", "dp_9"),  # undone before PPS saw it
]
ACCOUNT = [
    moved("d1", "charge", "40.00", "7.46"),
    moved("d2", "refund", "-40.00"),
    moved("d3", "fee", "6.00"),
    moved("d4", "charge", "50.00"),  # the payout arrives
]


def found_in(  # noqa: PLR0913  # the files
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    *,
    ledger: list[Row] = LEDGER,
    platform: list[Row] = PLATFORM,
    account: list[Row] = ACCOUNT,
    separator: str = ",",
) -> list[str]:
    """Return the differences that the program prints."""
    arguments = [
        *("--stripe", str(_write(folder / "platform.csv", platform))),
        *("--account", "acct_1", str(_write(folder / "account.csv", account))),
        str(_write(folder / "ledger.csv", ledger, separator)),
        str(_write(folder / "failed.csv", FAILED)),
    ]
    ended = runpy.run_path(_PROGRAM)["main"](arguments)
    *differences, _ = capsys.readouterr().out.splitlines()
    assert ended == (1 if differences else 0)
    return differences


def changed(rows: list[Row], id_: str, **cells: str) -> list[Row]:
    """Return the rows with one of them changed, or without it if nothing is to change."""
    key = "balance_transaction_id"
    kept = [row | cells if row[key] == id_ else row for row in rows]
    return kept if cells else [row for row in rows if row[key] != id_]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_month_that_fits_has_no_difference(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], separator: str
) -> None:
    assert found_in(tmp_path, capsys, separator=separator) == []


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"platform": changed(PLATFORM, "t1")}, ["does not have t1"]),
        ({"ledger": changed(LEDGER, "t1")}, ["t1 (charge, 100.00 usd): no file has it."]),
        ({"platform": changed(PLATFORM, "t1", gross="99.99")}, ["gross is 100.00, and 99.99"]),
        ({"platform": changed(PLATFORM, "t1", fee="3.21")}, ["fee is 3.20, and 3.21"]),
        ({"account": changed(ACCOUNT, "d1", fee="1.46")}, ["fee is 7.46, and 1.46"]),
        ({"platform": changed(PLATFORM, "t5")}, ["does not have t5"]),
        ({"platform": changed(PLATFORM, "t7")}, ["failed refund rf_1"]),
        (
            {"platform": changed(PLATFORM, "t8", gross="6.01")},
            ["earning: the files have 6"],
        ),
        ({"platform": changed(PLATFORM, "t9")}, ["platform_earning_refund: the files have -6"]),
        ({"account": changed(ACCOUNT, "d3")}, ["acct_1, fee: the files have 6"]),
        ({"account": changed(ACCOUNT, "d4", gross="49.00")}, ["acct_1, charge: the files have 50"]),
        ({"platform": changed(PLATFORM, "t12", gross="4.00")}, ["t11 (dispute", "t12 (dispute_"]),
    ],
)
def test_each_planted_difference_is_found_and_no_other(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    files: dict[str, list[Row]],
    words: list[str],
) -> None:
    differences = found_in(tmp_path, capsys, **files)  # type: ignore[arg-type]  # files by name
    assert len(differences) == len(words), differences
    for difference, expected in zip(differences, words, strict=True):
        assert expected in difference


def test_a_movement_on_another_account_than_the_charge_is_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    moved_row = next(row for row in ACCOUNT if row["balance_transaction_id"] == "d2")
    differences = found_in(
        tmp_path, capsys, platform=[*PLATFORM, moved_row], account=changed(ACCOUNT, "d2")
    )
    assert differences == ["entry 1, refund ord_1: it is on another account than acct_1."]
