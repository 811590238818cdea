"""Studios and orders from the rows of a CSV file."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from infra.operate.importing.csv_cells import Columns, Values
from infra.operate.importing.csv_table import Header, Row, read_groups, read_rows
from infra.operate.importing.fields import ImportKind, Location, Need, fields_of
from infra.operate.importing.mapping import Mapping
from infra.operate.importing.records import Place, Record
from shared.domain.money import share_of

_PAYMENT_INTENT_PREFIX = "pi_"
_CHARGE_NEEDED = (
    "It is a payment intent. The import needs its charge (ch_… or py_…); Stripe's own export of "
    "payments has both."
)
# What a blank cell, or a missing column, means.
_IF_BLANK = {"shipping_amount": 0, "shipping_tax_amount": 0, "fulfillment_status": "none"}
_PHOTO_DAY = ("photo_day_id", "photo_day_name")


def csv_records(kind: ImportKind, header: Header, mapping: Mapping) -> Iterator[Record]:
    """Yield the studios or orders of a CSV file.

    Raises:
        Failure: The file does not fit the mapping, or is no CSV.
    """
    columns = Columns.find(kind, header, mapping)
    if kind == "studios":
        for row in read_rows(header):
            yield _studio(columns, row)
        return
    for rows in read_groups(header, lambda row: _order_key(columns, row)):
        yield _Order(Values(columns), rows).record()


def _order_key(columns: Columns, row: Row) -> tuple[str, str]:
    """Return the order and the studio of a row. A row without order id stands alone."""
    order_id = " ".join(columns.texts(row, "order_id"))
    if not order_id:
        return "", str(row.line)
    return order_id, " ".join(columns.texts(row, "studio_id"))


def _studio(columns: Columns, row: Row) -> Record:
    values, content = Values(columns), dict[str, Any]()
    currency = str(values.read(row, "currency") or "")
    for name, each in fields_of("studios").items():
        value = values.read(row, name, currency)
        if value is not None:
            _put(content, each.location, value)
    places = {
        each.location: columns.place(row.line, name) for name, each in fields_of("studios").items()
    }
    return Record(
        row.line, json.dumps(content, ensure_ascii=False), values.problems, places, [row.cells]
    )


def _put(content: dict[str, Any], location: Location, value: object) -> None:
    *above, last = location
    inner = content
    for step in above:
        inner = inner.setdefault(str(step), {})
    inner[str(last)] = value


@dataclass
class _Order:
    """The rows of an order on their way to its JSON line."""

    values: Values
    rows: Sequence[Row]

    def record(self) -> Record:
        """Return the order, with the place of each of its values."""
        columns = self.values.columns
        currency = str(self.values.read_of_order(self.rows, "currency") or "")
        content = self._fields_of_order(currency)
        lines = [self._line(number, row, currency) for number, row in enumerate(self.rows, 1)]
        self._spread(lines, currency)
        content["line_items"] = lines
        subject_rows = self._subject_rows(lines)
        content["subjects"] = [
            _without_blanks(
                {"subject_id": subject_id, "name": self.values.read(row, "subject_name")}
            )
            for subject_id, row in subject_rows.items()
        ]
        return Record(
            line=self.rows[0].line,
            text=json.dumps(content, ensure_ascii=False),
            problems=self.values.problems,
            places=dict(_places(columns, self.rows, list(subject_rows.values()))),
            rows=[row.cells for row in self.rows],
        )

    def _fields_of_order(self, currency: str) -> dict[str, Any]:
        total = self.values.read_of_order(self.rows, "total_amount", currency)
        whole = total if isinstance(total, int) and total >= 0 else None
        read_first = {"currency": currency or None, "total_amount": total}
        content: dict[str, Any] = {"parent": {}, "photo_day": {}, "stripe": {}, "fulfillment": {}}
        for name, each in fields_of("orders").items():
            if each.of_line or not each.in_template:
                continue
            if name in read_first:
                value = read_first[name]
            else:
                value = self.values.read_of_order(self.rows, name, currency, whole)
            if value is None:
                value = _IF_BLANK.get(name)
            # A field that an order must have is left out, so that the check names it.
            if value is not None or not (each.need is Need.VALUE or name in _PHOTO_DAY):
                _put(content, each.location, value)
        content["photo_day"] = content["photo_day"] or None
        if str(content["stripe"]["charge_id"]).startswith(_PAYMENT_INTENT_PREFIX):
            self.values.refuse(self.rows[0], "charge_id", _CHARGE_NEEDED)
        return content

    def _line(self, number: int, row: Row, currency: str) -> dict[str, Any]:
        def read(name: str) -> Any:  # noqa: ANN401 - a cell's value
            return self.values.read(row, name, currency)

        quantity, unit = read("quantity"), read("unit_amount")
        discount = read("discount_amount") or 0
        subtotal, total = read("line_subtotal_amount"), read("line_total_amount")
        if quantity:
            if unit is None and subtotal is not None:
                # Rounded up: the discount takes what is too much.
                unit = -(-subtotal // quantity)
                discount += unit * quantity - subtotal
            if unit is not None and total is not None:
                discount = unit * quantity - total
        line = {
            "line_id": read("line_id") or f"li_{number}",
            "product": read("product"),
            "sku": read("sku"),
            "quantity": quantity,
            "unit_amount": unit,
            "discount_amount": discount,
            "tax_amount": read("tax_amount") or 0,
        }
        return _without_blanks(line) | {"subject_id": read("subject_id")}

    def _spread(self, lines: list[dict[str, Any]], currency: str) -> None:
        """Share the order's discount and tax out to its lines, by what each line costs."""
        for name, field in (
            ("order_discount_amount", "discount_amount"),
            ("order_tax_amount", "tax_amount"),
        ):
            whole = self.values.read_of_order(self.rows, name, currency)
            if not isinstance(whole, int):
                continue
            if whole < 0:
                self.values.refuse(self.rows[0], name, "It must not be negative.")
                continue
            weights = [
                line.get("quantity", 0) * line.get("unit_amount", 0) - line["discount_amount"]
                for line in lines
            ]
            for line, part in zip(lines, parts_of(whole, weights), strict=True):
                line[field] += part

    def _subject_rows(self, lines: list[dict[str, Any]]) -> dict[str, Row]:
        """Return the first row of each subject."""
        first: dict[str, Row] = {}
        for line, row in zip(lines, self.rows, strict=True):
            subject_id = line["subject_id"]
            if subject_id is None:
                if self.values.read(row, "subject_name") is not None:
                    self.values.refuse(row, "subject_id", "The subject has a name, but no id.")
                continue
            known = first.setdefault(subject_id, row)
            names = [self.values.read(each, "subject_name") for each in (known, row)]
            if names[1] is not None and names[0] != names[1]:
                self.values.refuse(
                    row, "subject_name", "An earlier row names this subject otherwise."
                )
        return first


def _without_blanks(content: dict[str, Any]) -> dict[str, Any]:
    """Return what is filled. The check then says of the rest that it is empty."""
    return {name: value for name, value in content.items() if value is not None}


def parts_of(whole: int, weights: Sequence[int]) -> list[int]:
    """Return a whole amount in parts by weight. The parts add up to it.

    Args:
        whole: In minor units, not negative.
        weights: What each part is in proportion to. A negative weight counts as 0. If all are 0,
            the first part is the whole.
    """
    positive = [max(weight, 0) for weight in weights]
    total = sum(positive)
    if not total:
        return [whole, *[0] * (len(positive) - 1)]
    parts, given, reached = list[int](), 0, 0
    for weight in positive:
        reached += weight
        parts.append(share_of(whole, reached, total) - given)
        given += parts[-1]
    return parts


def _places(
    columns: Columns, rows: Sequence[Row], subject_rows: Sequence[Row]
) -> Iterator[tuple[Location, Place]]:
    """Yield which cell each value of the order's JSON line comes from."""
    for name, each in fields_of("orders").items():
        if not each.location:
            continue
        if not each.of_line:
            yield each.location, columns.place(rows[0].line, name)
            continue
        for number, row in enumerate(rows):
            yield ("line_items", number, *each.location), columns.place(row.line, name)
    for number, row in enumerate(subject_rows):
        yield ("subjects", number, "subject_id"), columns.place(row.line, "subject_id")
        yield ("subjects", number, "name"), columns.place(row.line, "subject_name")
