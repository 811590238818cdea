"""CSV files of orders in any usual form, and their problems by line and column."""

from pathlib import Path
from typing import Any

import pytest

from infra.failure import Failure
from infra.operate.importing.csv_table import column_letters
from tests.records import line_record, order_record
from tests.unit.import_files import (
    TEMPLATE_COLUMNS,
    Rows,
    contents,
    csv_text,
    problems,
    read,
    template_rows,
    write_file,
)


def an_order(name: str = "1", *lines: dict[str, Any]) -> dict[str, Any]:
    return order_record(name, "st_1", *lines)


def two_lines() -> dict[str, Any]:
    return an_order("1", line_record("li_1", 2, 2500), line_record("li_2", 1, 5000))


def letters_of(name: str) -> str:
    return column_letters(TEMPLATE_COLUMNS.index(name))


def read_rows(folder: Path, rows: Rows) -> list[str]:
    return problems(read(write_file(folder, csv_text(rows))))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_usual_form_of_csv_gives_the_same_order(
    tmp_path: Path, separator: str, encoding: str
) -> None:
    order = two_lines() | {"parent": {"name": 'Zoë "Z", Núñez; 王', "email": None}}
    text = csv_text(template_rows(order), separator)
    assert contents(read(write_file(tmp_path, text.encode(encoding)))) == [order]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_costs_no_json_line(tmp_path: Path, encoding: str) -> None:
    path = write_file(tmp_path, '{"studio_id": 1}\n\n{"studio_id": 2}\n'.encode(encoding))
    assert [(each.line, each.text) for each in read(path, "studios")] == [
        (1, '{"studio_id": 1}'),
        (3, '{"studio_id": 2}'),
    ]


@pytest.mark.parametrize(
    "content", ["order_id\nZoë\n".encode("cp1252"), "order_id\nA\n".encode("utf-16-le")]
)
def test_another_encoding_is_refused_with_how_to_save_the_file(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(Failure, match=r"line \d is not UTF-8 text. Save it as UTF-8 .*Excel"):
        read(write_file(tmp_path, content))


def test_headers_are_compared_without_case_and_spaces(tmp_path: Path) -> None:
    order = an_order()
    header, rest = csv_text(template_rows(order)).split("\n", 1)
    text = header.replace("order_id", " Order_ID ").upper() + "\n" + rest
    assert contents(read(write_file(tmp_path, text))) == [order]


def test_a_cell_may_hold_line_ends_and_later_rows_keep_their_line(tmp_path: Path) -> None:
    first, second = template_rows(an_order("1")), template_rows(an_order("2"))
    first[0]["product"] = "5x7\nPrint"
    second[0]["quantity"] = "two"
    found = read_rows(tmp_path, first + second)
    assert [each.split(":")[0] for each in found] == [
        f"line 2, column {letters_of('product')} (product)",
        f"line 4, column {letters_of('quantity')} (quantity)",
    ]


def test_rows_of_an_order_need_not_be_next_to_each_other(tmp_path: Path) -> None:
    first, second = two_lines(), an_order("2")
    rows = template_rows(first)
    mixed = [rows[0], *template_rows(second), rows[1]]
    assert contents(read(write_file(tmp_path, csv_text(mixed)))) == [first, second]


def test_two_studios_may_have_the_same_order_id_in_a_file(tmp_path: Path) -> None:
    orders = [an_order("1"), an_order("1") | {"studio_id": "st_2"}]
    rows = [row for each in orders for row in template_rows(each)]
    assert contents(read(write_file(tmp_path, csv_text(rows)))) == orders


def test_later_rows_may_leave_the_orders_columns_blank(tmp_path: Path) -> None:
    order = two_lines()
    rows = template_rows(order)
    for name in ("studio_id", "placed_at", "parent_name", "total_amount", "charge_id"):
        rows[1][name] = ""
    assert contents(read(write_file(tmp_path, csv_text(rows)))) == [order]


def test_rows_of_an_order_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    rows = template_rows(two_lines())
    rows[1]["total_amount"] = 9999
    (found,) = read_rows(tmp_path, rows)
    assert found == (
        f"line 3, column {letters_of('total_amount')} (total_amount): "
        "An earlier row of the same order says something else."
    )


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("order_id", "#1", "It must have 1 to 64 letters"),
        ("order_id", "", "It is missing."),
        ("placed_at", "yesterday", "not a time"),
        ("currency", "xxx", "Unsupported_currency"),
        ("parent_name", "", "It is missing."),
        ("parent_email", "nobody", "It must be one address"),
        ("quantity", "0", "more than 0"),
        ("unit_amount", "12.50", "minor units"),
        ("total_amount", "9999", "do not add up"),
        ("subject_id", "", "The subject has a name, but no id."),
        ("subject_name", "", "It is missing."),
        ("charge_id", "pi_1", "It is a payment intent."),
        ("fulfillment_status", "lost", "'shipped'"),
    ],
)
def test_a_problem_names_its_line_column_and_header(
    tmp_path: Path, column: str, cell: str, reason: str
) -> None:
    rows = template_rows(an_order())
    rows[0][column] = cell
    found = read_rows(tmp_path, rows)
    place = f"line 2, column {letters_of(column)} ({column}): "
    assert any(each.startswith(place) and reason in each for each in found), found


def test_a_problem_repeats_nothing_of_the_file(tmp_path: Path) -> None:
    rows = template_rows(an_order())
    for column in rows[0]:
        changed = [dict(rows[0]) | {column: "Dmitri Freeman"}]
        assert "Dmitri" not in " ".join(read_rows(tmp_path, changed))


def test_a_blank_cell_is_what_the_table_says(tmp_path: Path) -> None:
    order = an_order() | {"photo_day": None}
    rows = template_rows(order)
    blank = ("line_id", "discount_amount", "tax_amount", "shipping_amount", "shipping_tax_amount")
    rows[0] |= dict.fromkeys((*blank, "fulfillment_status"), "")
    assert contents(read(write_file(tmp_path, csv_text(rows)))) == [order]


def test_an_order_without_a_charge_is_unpaid(tmp_path: Path) -> None:
    order = an_order()
    order["stripe"] = {**order["stripe"], "charge_id": None, "payment_intent_id": None}
    assert contents(read(write_file(tmp_path, csv_text(template_rows(order))))) == [order]


def test_lines_of_one_subject_name_it_once_and_the_same(tmp_path: Path) -> None:
    rows = template_rows(two_lines())
    rows[1]["subject_name"] = ""
    assert contents(read(write_file(tmp_path, csv_text(rows)))) == [two_lines()]
    rows[1]["subject_name"] = "Somebody Else"
    assert "names this subject otherwise" in read_rows(tmp_path, rows)[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the file is empty"),
        ("hello\nworld\n", "neither JSON Lines nor CSV .* Missing: order_id"),
        ("[{}]", "one JSON array"),
        ("order_id,Order_Id\n1,2\n", "two columns have the header"),
    ],
)
def test_a_file_that_is_no_import_file_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(Failure, match=reason):
        read(write_file(tmp_path, text))


def test_a_quote_that_is_not_closed_is_refused_with_the_line_of_its_row(tmp_path: Path) -> None:
    text = csv_text(template_rows(an_order())) + '"ord_2\n'
    with pytest.raises(Failure, match="begins on line 3 is not CSV"):
        read(write_file(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Failure, match="No such file"):
        read(tmp_path / "nowhere.csv")


def test_a_column_that_the_template_does_not_know_is_refused(tmp_path: Path) -> None:
    rows = [template_rows(an_order())[0] | {"discount": "1"}]
    with pytest.raises(Failure, match=r"no column 'discount' \(column [A-Z]+\)"):
        read(write_file(tmp_path, csv_text(rows)))


def test_a_column_of_another_name_is_refused_also_if_it_is_the_first(tmp_path: Path) -> None:
    rows = [{"Bestellung": "1"} | template_rows(an_order())[0]]
    with pytest.raises(Failure, match=r"no column 'Bestellung' \(column A\)"):
        read(write_file(tmp_path, csv_text(rows)))


def test_a_row_with_more_cells_than_the_header_is_refused(tmp_path: Path) -> None:
    text = csv_text(template_rows(an_order())).rstrip() + ",one more\n"
    with pytest.raises(Failure, match=r"line 2 has .* cells"):
        read(write_file(tmp_path, text))


@pytest.mark.parametrize(
    ("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")]
)
def test_columns_are_named_as_in_a_spreadsheet(index: int, letters: str) -> None:
    assert column_letters(index) == letters
