"""The types that parameters of Stripe's API have, with Stripe's error messages."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

# Validation errors of this type become Stripe's error code of the same name.
INVALID_INTEGER = "parameter_invalid_integer"
_MAX_PAGE_SIZE = 100
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")


def _integer(value: object) -> int:
    if not isinstance(value, str) or _INTEGER.fullmatch(value) is None:
        raise PydanticCustomError(INVALID_INTEGER, "Invalid integer: {value}", {"value": value})
    return int(value)


def _positive(value: int) -> int:
    if value < 1:
        raise PydanticCustomError(INVALID_INTEGER, "This value must be greater than or equal to 1.")
    return value


def _page_size(value: int) -> int:
    if value > _MAX_PAGE_SIZE:
        raise PydanticCustomError(
            INVALID_INTEGER,
            "This value must be less than or equal to 100 (it currently is '{value}').",
            {"value": value},
        )
    return value


def _boolean(value: object) -> bool:
    # Older SDKs of Stripe for Python send `True` and `False`.
    if not isinstance(value, str) or value not in {"true", "false", "True", "False"}:
        raise PydanticCustomError("invalid", "Invalid boolean: {value}", {"value": value})
    return value in {"true", "True"}


def _currency(value: str) -> str:
    if re.fullmatch(r"[A-Za-z]{3}", value) is None:
        raise PydanticCustomError("invalid", "Invalid currency: {value}", {"value": value})
    return value.lower()


type Integer = Annotated[int, BeforeValidator(_integer)]
type PositiveInteger = Annotated[Integer, AfterValidator(_positive)]
type PageSize = Annotated[PositiveInteger, AfterValidator(_page_size)]
type Boolean = Annotated[bool, BeforeValidator(_boolean)]
type Text = Annotated[str, StringConstraints(max_length=5000)]
type Currency = Annotated[str, AfterValidator(_currency)]


class TimeRange(BaseModel):
    """Bounds of a time, in Unix seconds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gt: Integer | None = None
    gte: Integer | None = None
    lt: Integer | None = None
    lte: Integer | None = None

    def contains(self, time: int) -> bool:
        """Return whether `time` lies within the bounds."""
        return (
            (self.gt is None or time > self.gt)
            and (self.gte is None or time >= self.gte)
            and (self.lt is None or time < self.lt)
            and (self.lte is None or time <= self.lte)
        )


def _time_range(value: object) -> object:
    """Read a bare number as exactly that time."""
    return {"gte": value, "lte": value} if isinstance(value, str) else value


type TimeFilter = Annotated[TimeRange, BeforeValidator(_time_range)]
