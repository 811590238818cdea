"""Records of an import file, and the problems that people have to fix."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from infra.operate.importing.fields import Location

# The column, or the key of a JSON line, in which `--refused` writes the reason.
REFUSED_BECAUSE = "refused_because"


@dataclass(frozen=True)
class Place:
    """A cell of a CSV file.

    Attributes:
        line: The line on which its row begins. The first line of a file is 1.
        column: The column as a spreadsheet names it, such as ``AB``. Empty for a JSON line.
        header: The column's header, or the field of a JSON line.
    """

    line: int
    column: str = ""
    header: str = ""


@dataclass(frozen=True)
class Problem:
    """Why a record is refused, and where. The reason repeats nothing of the file."""

    place: Place
    reason: str

    def __str__(self) -> str:
        """Return the place and the reason as a sentence."""
        where = f"line {self.place.line}"
        if self.place.column:
            where += f", column {self.place.column}"
        if self.place.header:
            where += f" ({self.place.header})"
        return f"{where}: {self.reason}"


@dataclass
class Record:
    """A studio or an order of a file.

    Attributes:
        line: The line on which it begins.
        text: The JSON line to send.
        problems: What is wrong with its cells. Such a record cannot be sent.
        places: Which cell each value of the JSON line comes from.
        rows: The rows of a CSV file that it was made of.
    """

    line: int
    text: str = ""
    problems: list[Problem] = field(default_factory=list)
    places: Mapping[Location, Place] = field(default_factory=dict)
    rows: Sequence[Sequence[str]] = ()
