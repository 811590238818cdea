"""Mappings: which column of a shop's export feeds which field, and how its cells are written."""

import tomllib
from collections.abc import Mapping as Table
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from infra.failure import Failure
from infra.operate.importing.fields import Form, ImportKind, fields_of

_BUILT_IN = Path(__file__).parent / "mappings"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _written(value: object) -> object:
    """Return a TOML number as its digits."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Source(_Part):
    """Where a field's value comes from. Exactly one of the first five is given.

    Attributes:
        column: The column's header. Of several headers the first with a filled cell counts.
        join: Columns whose texts are joined with a space.
        sum: Columns whose amounts are added.
        value: The same value for all, written as a cell of the file.
        share: A share of the order's total: ``15 %`` or ``2.9 % + 0.30``.
        default: What an empty cell means. With it the column may be missing.
        strip: Characters to take off both ends.
        words: What the file's words mean. Upper and lower case are the same.
    """

    column: Annotated[list[str], BeforeValidator(_listed)] = []
    join: list[str] = []
    sum: list[str] = []
    value: Annotated[str | None, BeforeValidator(_written)] = None
    share: str | None = None
    default: Annotated[str | None, BeforeValidator(_written)] = None
    strip: str = ""
    words: dict[str, str] = {}

    @property
    def columns(self) -> list[str]:
        """All columns that it names."""
        return [*self.column, *self.join, *self.sum]

    @field_validator("words")
    @classmethod
    def _any_case(cls, words: dict[str, str]) -> dict[str, str]:
        return {word.strip().casefold(): meaning for word, meaning in words.items()}

    @model_validator(mode="after")
    def _has_one_origin(self) -> "Source":
        given = [bool(self.column), bool(self.join), bool(self.sum)]
        given += [self.value is not None, self.share is not None]
        if sum(given) != 1:
            raise ValueError("give exactly one of column, join, sum, value and share")
        return self


def _as_source(value: object) -> object:
    return {"column": value} if isinstance(value, str) else value


class Amounts(_Part):
    """How a file writes amounts. ``unit`` is minor for 1250 and major for 12.50."""

    unit: Literal["minor", "major"] = "minor"
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", " ", "'"] = ""

    @model_validator(mode="after")
    def _marks_differ(self) -> "Amounts":
        if self.decimal == self.thousands:
            raise ValueError("decimal and thousands must differ")
        return self


class Dates(_Part):
    """How a file writes times.

    Attributes:
        format: As Python's strptime has it. None is ISO 8601.
        timezone: The IANA zone of times without an offset.
    """

    format: str | None = None
    timezone: str | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str | None) -> str | None:
        try:
            ZoneInfo(name or "UTC")
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("not an IANA time zone") from error
        return name


class Mapping(_Part):
    """Which column feeds which field, and how cells are written."""

    amounts: Amounts = Amounts()
    dates: Dates = Dates()
    fields: dict[str, Annotated[Source, BeforeValidator(_as_source)]] = Field(default_factory=dict)
    # The template's headers are the fields' names, and a header it does not know is a mistake.
    is_template: bool = Field(default=False, exclude=True)


def template_mapping(kind: ImportKind) -> Mapping:
    """Return the mapping of a file that has the template's own columns."""
    columns = [field for field in fields_of(kind).values() if field.in_template]
    return Mapping(
        fields={field.name: Source(column=[field.name]) for field in columns}, is_template=True
    )


def built_in_mappings() -> list[str]:
    """Return the names of the mappings for usual shops."""
    return sorted(path.stem for path in _BUILT_IN.glob("*.toml"))


def load_mapping(kind: ImportKind, name: str) -> Mapping:
    """Return a built-in mapping by its name, or the one of a TOML file.

    Raises:
        Failure: There is none, or it is malformed. The message names the entry.
    """
    is_built_in = name in built_in_mappings()
    path = _BUILT_IN / f"{name}.toml" if is_built_in else Path(name)
    if is_built_in and kind == "studios":
        raise Failure(f"The mapping {name} is for orders. Shops export no studios.")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise Failure(
            f"There is no mapping {name}. Name a TOML file or one of "
            f"{', '.join(built_in_mappings())}."
        ) from error
    except OSError as error:
        raise Failure(f"{path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{path} is not TOML: {error}") from error
    return _mapping(kind, content, str(path))


def in_zone(mapping: Mapping, zone: str) -> Mapping:
    """Return a mapping whose times without an offset are in a zone.

    Raises:
        Failure: It is not an IANA time zone.
    """
    try:
        dates = Dates(format=mapping.dates.format, timezone=zone)
    except ValidationError as error:
        raise Failure(f"{zone} is not an IANA time zone such as America/Chicago.") from error
    return mapping.model_copy(update={"dates": dates})


def with_settings(kind: ImportKind, mapping: Mapping, settings: Table[str, str]) -> Mapping:
    """Return a mapping in which some fields have the same value for all records.

    Args:
        kind: What the file has.
        mapping: The mapping to change.
        settings: The values by field. One such as ``15 %`` is a share of the total.

    Raises:
        Failure: There is no such field.
    """
    _refuse_unknown_fields(kind, settings, "--set")
    fixed = {
        name: Source(share=value) if "%" in value else Source(value=value)
        for name, value in settings.items()
    }
    _refuse_shares_elsewhere(kind, fixed, "--set")
    return mapping.model_copy(update={"fields": {**mapping.fields, **fixed}})


def _mapping(kind: ImportKind, content: dict[str, Any], where: str) -> Mapping:
    if "is_template" in content:
        raise Failure(f"{where}: is_template is not a setting")
    try:
        mapping = Mapping.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise Failure(f"{where}: {place}: {first['msg'].removeprefix('Value error, ')}") from error
    _refuse_unknown_fields(kind, mapping.fields, where)
    _refuse_shares_elsewhere(kind, mapping.fields, where)
    return mapping


def _refuse_unknown_fields(kind: ImportKind, names: Table[str, object], where: str) -> None:
    known = fields_of(kind)
    for name in names:
        if name not in known:
            raise Failure(
                f"{where}: {name} is not a field of {kind}. The fields are {', '.join(known)}."
            )


def _refuse_shares_elsewhere(kind: ImportKind, sources: Table[str, Source], where: str) -> None:
    known = fields_of(kind)
    for name, source in sources.items():
        is_amount = known[name].form is Form.AMOUNT and not known[name].of_line
        if source.share is not None and (kind == "studios" or not is_amount):
            raise Failure(f"{where}: {name} cannot be a share. Only an order's amount can.")
        if source.sum and known[name].form is not Form.AMOUNT:
            raise Failure(f"{where}: {name} cannot be a sum. Only an amount can.")
