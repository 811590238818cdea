"""The cells of a CSV file by field, as a mapping names them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from infra.failure import Failure
from infra.operate.importing import cells
from infra.operate.importing.cells import CellError
from infra.operate.importing.csv_table import Header, Row
from infra.operate.importing.fields import Field, Form, ImportKind, Need, fields_of
from infra.operate.importing.mapping import Mapping, Source
from infra.operate.importing.records import REFUSED_BECAUSE, Place, Problem

# An order has one of these for each line item.
_UNIT_PRICES = ("unit_amount", "line_subtotal_amount")


@dataclass(frozen=True)
class Columns:
    """A mapping applied to a header: the indexes of the columns that feed each field."""

    kind: ImportKind
    header: Header
    mapping: Mapping
    indexes: dict[str, list[int]]

    @classmethod
    def find(cls, kind: ImportKind, header: Header, mapping: Mapping) -> "Columns":
        """Return the columns of a file.

        Raises:
            Failure: A column is missing, a field has none, or the template does not know one.
        """
        indexes = {
            name: _indexes(header, name, source, is_template=mapping.is_template)
            for name, source in mapping.fields.items()
        }
        found = cls(kind, header, mapping, indexes)
        found._refuse_missing_fields()
        if mapping.is_template:
            found._refuse_unknown_columns()
        return found

    def place(self, line: int, name: str) -> Place:
        """Return the place of a field in the row that begins on a line."""
        indexes = self.indexes.get(name)
        if indexes:
            return self.header.place(line, indexes[0])
        return Place(line, header=name)

    def has(self, name: str) -> bool:
        """Return whether something feeds the field."""
        source = self.mapping.fields.get(name)
        return source is not None and (
            bool(self.indexes[name]) or not source.columns or source.default is not None
        )

    def texts(self, row: Row, name: str, *, with_default: bool = True) -> list[str]:
        """Return the texts that feed a field, without those that are blank.

        Args:
            row: The row.
            name: The field.
            with_default: Whether a blank cell gives what the mapping says that it means.
        """
        source = self.mapping.fields.get(name)
        if source is None:
            return []
        fixed = source.value if source.value is not None else source.share
        if fixed is not None:
            return [fixed]
        is_text = fields_of(self.kind)[name].form is Form.TEXT
        found = [_meaning(row.cells[index], source) for index in self.indexes[name]]
        texts = [text if is_text else text.strip() for text in found if text.strip()]
        if not texts and source.default and with_default:
            return [source.default]
        return texts[:1] if source.column else texts

    def _refuse_missing_fields(self) -> None:
        fields = fields_of(self.kind)
        missing = [
            name
            for name, each in fields.items()
            if each.need is not Need.NOTHING and not self.has(name)
        ]
        if self.kind == "orders" and not any(map(self.has, _UNIT_PRICES)):
            missing.append(_UNIT_PRICES[0])
        if not missing:
            return
        names = ", ".join(missing)
        if self.mapping.is_template:
            raise Failure(
                f"{self.header.path}: it is neither JSON Lines nor CSV with the columns of the "
                f"template. Missing: {names}. Name a mapping, or see `import template`."
            )
        raise Failure(
            f"{self.header.path}: nothing says what these fields are: {names}. Name a column of "
            "each in the mapping, or one value for all records with --set FIELD=VALUE."
        )

    def _refuse_unknown_columns(self) -> None:
        used = {index for indexes in self.indexes.values() for index in indexes}
        reasons = self.header.index(REFUSED_BECAUSE)
        if reasons is not None:
            used.add(reasons)
        for index, name in enumerate(self.header.names):
            if index not in used and name.strip():
                letters = self.header.place(1, index).column
                raise Failure(
                    f"{self.header.path}: the template has no column {name.strip()!r} (column "
                    f"{letters}). Correct the header, or name a mapping."
                )


@dataclass
class Values:
    """The values of a record's fields, and what is wrong with its cells."""

    columns: Columns
    problems: list[Problem] = field(default_factory=list)

    def read(self, row: Row, name: str, currency: str = "", total: int | None = None) -> object:
        """Return a field's value in a row, or None if it is blank or cannot be read.

        Args:
            row: The row.
            name: The field.
            currency: The currency of an amount.
            total: The order's total, of which a share is taken.
        """
        source = self.columns.mapping.fields.get(name)
        if source is not None and source.share is not None and total is None:
            return None
        texts = self.columns.texts(row, name)
        if not texts:
            return None
        known = fields_of(self.columns.kind)[name]
        try:
            if source is not None and source.share is not None:
                amounts = self.columns.mapping.amounts
                return cells.share_of_total(source.share, total or 0, currency, amounts)
            return self._value(known, texts, currency)
        except CellError as error:
            self.refuse(row, name, str(error))
            return None

    def refuse(self, row: Row, name: str, reason: str) -> None:
        """Report a cell that cannot be used."""
        self.problems.append(Problem(self.columns.place(row.line, name), reason))

    def read_of_order(
        self, rows: Sequence[Row], name: str, currency: str = "", total: int | None = None
    ) -> object:
        """Return a field that an order has once. Other rows repeat it or leave it blank."""
        first, first_texts = None, list[str]()
        for row in rows:
            texts = self.columns.texts(row, name, with_default=False)
            if first is None and texts:
                first, first_texts = row, texts
            elif texts and texts != first_texts:
                self.refuse(row, name, "An earlier row of the same order says something else.")
        return self.read(first or rows[0], name, currency, total)

    def _value(self, known: Field, texts: list[str], currency: str) -> object:
        mapping = self.columns.mapping
        if known.form is Form.AMOUNT:
            return sum(cells.amount(text, currency, mapping.amounts) for text in texts)
        readers: dict[Form, Callable[[str], object]] = {
            Form.CURRENCY: str.lower,
            Form.NUMBER: cells.whole_number,
            Form.YES_NO: cells.yes_or_no,
            Form.TIME: lambda text: cells.instant(text, mapping.dates),
        }
        text = " ".join(texts)
        return readers.get(known.form, str)(text)


def _meaning(text: str, source: Source) -> str:
    bare = text.strip(source.strip) if source.strip else text
    return source.words.get(bare.strip().casefold(), bare)


def _indexes(header: Header, name: str, source: Source, *, is_template: bool) -> list[int]:
    """Return the columns of a source.

    Raises:
        Failure: The file lacks one, and nothing says what that means.
    """
    alternatives = [header.index(each) for each in source.column]
    found = [index for index in alternatives if index is not None]
    missing = list(_missing(header, source, found))
    if missing and source.default is None and not is_template:
        raise Failure(
            f"{header.path}: there is no column {' or '.join(map(repr, missing))} for {name}. "
            "Is it the right mapping? If the file has nothing for this field, name one value for "
            f"all records with --set {name}=VALUE."
        )
    several = (header.index(each) for each in (*source.join, *source.sum))
    return found or [index for index in several if index is not None]


def _missing(header: Header, source: Source, found: list[int]) -> Iterator[str]:
    if source.column and not found:
        yield from source.column
    for each in (*source.join, *source.sum):
        if header.index(each) is None:
            yield each
