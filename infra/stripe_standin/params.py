"""Parameters of Stripe's endpoints: their types, and Stripe's words for what does not fit."""

import re
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from infra.stripe_standin.errors import (
    StripeError,
    empty_parameter,
    missing_parameter,
    too_many_metadata_keys,
    unknown_parameters,
    unsupported_parameter,
)
from infra.stripe_standin.records import Json, Metadata

# https://stripe.com/docs/api/metadata
_MAX_METADATA_PAIRS = 50
_MAX_METADATA_KEY = 40
_MAX_METADATA_VALUE = 500
_MAX_PAGE = 100
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_INVALID_INTEGER = "parameter_invalid_integer"
_METADATA_PAIRS = "metadata_pairs"


def _integer(value: object) -> int:
    if not isinstance(value, str) or _INTEGER.fullmatch(value) is None:
        raise PydanticCustomError(_INVALID_INTEGER, "Invalid integer: {value}", {"value": value})
    return int(value)


def _positive(value: int) -> int:
    if value < 1:
        raise PydanticCustomError(
            _INVALID_INTEGER, "This value must be greater than or equal to 1."
        )
    return value


def _page_size(value: int) -> int:
    if value > _MAX_PAGE:
        raise PydanticCustomError(
            _INVALID_INTEGER,
            "This value must be less than or equal to 100 (it currently is '{value}').",
            {"value": value},
        )
    return value


def _boolean(value: object) -> bool:
    if value not in {"true", "false"}:
        raise PydanticCustomError("invalid", "Invalid boolean: {value}", {"value": value})
    return value == "true"


def _currency(value: str) -> str:
    if re.fullmatch(r"[A-Za-z]{3}", value) is None:
        raise PydanticCustomError("invalid", "Invalid currency: {value}", {"value": value})
    return value.lower()


def _metadata(value: object) -> Metadata | Literal[""]:
    if value == "":
        return ""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise PydanticCustomError("invalid", "Invalid object")
    for key, text in value.items():
        if len(key) > _MAX_METADATA_KEY:
            raise PydanticCustomError(
                "invalid",
                "Metadata keys can have up to 40 characters, but you passed in a key that is "
                "{length} characters. Invalid key: {key}",
                {"length": len(key), "key": key},
            )
        if len(text) > _MAX_METADATA_VALUE:
            raise PydanticCustomError(
                "invalid",
                "Metadata values can have up to 500 characters, but you passed in a value that "
                "is {length} characters. Invalid value: {value}",
                {"length": len(text), "value": text},
            )
    pairs = sum(text != "" for text in value.values())
    if pairs > _MAX_METADATA_PAIRS:
        raise PydanticCustomError(_METADATA_PAIRS, "{count}", {"count": pairs})
    return value


type Integer = Annotated[int, BeforeValidator(_integer)]
type Positive = Annotated[Integer, AfterValidator(_positive)]
type PageSize = Annotated[Positive, AfterValidator(_page_size)]
type Boolean = Annotated[bool, BeforeValidator(_boolean)]
type Text = Annotated[str, StringConstraints(max_length=5000)]
type Currency = Annotated[str, AfterValidator(_currency)]
type MetadataChange = Annotated[Metadata | Literal[""], PlainValidator(_metadata)]


def merge_metadata(old: Metadata, change: Metadata | Literal[""] | None) -> Metadata:
    """Return metadata after a change: "" clears it, an empty value removes its key.

    Raises:
        StripeError: If more than 50 pairs would result.
    """
    if change is None:
        return old
    if change == "":
        return {}
    merged = {key: text for key, text in (old | change).items() if text}
    if len(merged) > _MAX_METADATA_PAIRS:
        raise too_many_metadata_keys(len(merged))
    return merged


class Params(BaseModel):
    """What every endpoint takes.

    Attributes:
        unsettable: Parameters that an empty string clears.
        unsupported: Parameters that Stripe knows and the stand-in does not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    unsettable: ClassVar[frozenset[str]] = frozenset({"metadata"})
    unsupported: ClassVar[frozenset[str]] = frozenset()

    expand: list[Text] = []


class TimeRange(BaseModel):
    """Bounds of a time, in Unix seconds; a bare number stands for exactly that time."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    gt: Integer | None = None
    gte: Integer | None = None
    lt: Integer | None = None
    lte: Integer | None = None

    def holds(self, time: int) -> bool:
        """Return whether `time` lies within the bounds."""
        return (
            (self.gt is None or time > self.gt)
            and (self.gte is None or time >= self.gte)
            and (self.lt is None or time < self.lt)
            and (self.lte is None or time <= self.lte)
        )


def _time_range(value: object) -> object:
    return {"gte": value, "lte": value} if isinstance(value, str) else value


ANY_TIME = TimeRange()


class ListParams(Params):
    """Parameters of a list, see https://stripe.com/docs/api/pagination."""

    limit: PageSize = 10
    starting_after: Text | None = None
    ending_before: Text | None = None


class TimedListParams(ListParams):
    """Parameters of a list that can be filtered by creation time."""

    created: Annotated[TimeRange, BeforeValidator(_time_range), Field()] = ANY_TIME


def read_params[P: Params](kind: type[P], given: Json) -> P:
    """Return the parameters of an endpoint.

    Raises:
        StripeError: If they are not as the endpoint takes them; this is Stripe's validation,
            so the answer is not kept under an idempotency key.
    """
    for name, value in given.items():
        if name in kind.unsupported:
            raise unsupported_parameter(name)
        if value == "" and name in kind.model_fields and name not in kind.unsettable:
            raise empty_parameter(name)
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise _refusal(error.errors(include_url=False)) from error


def _refusal(problems: list[ErrorDetails]) -> StripeError:
    unknown = [_name(p["loc"]) for p in problems if p["type"] == "extra_forbidden"]
    if unknown:
        return unknown_parameters(unknown)
    problem = problems[0]
    name = _name(problem["loc"])
    if problem["type"] == "missing":
        return missing_parameter(name)
    if problem["type"] == _METADATA_PAIRS:
        return too_many_metadata_keys(problem["ctx"]["count"])
    code = _INVALID_INTEGER if problem["type"] == _INVALID_INTEGER else None
    return StripeError(400, _message(problem, name), code=code, param=name)


def _message(problem: ErrorDetails, name: str) -> str:
    context: dict[str, Any] = problem.get("ctx", {})
    match problem["type"]:
        case "parameter_invalid_integer" | "invalid":
            return problem["msg"]
        case "literal_error":
            allowed = _one_of(re.findall(r"'([^']*)'", context["expected"]))
            return f"Invalid {name}: must be one of {allowed}"
        case "string_too_long":
            return f"Invalid string: must be at most {context['max_length']} characters"
        case "list_type" | "too_short":
            return "Invalid array"
        case "string_type":
            return "Invalid string"
        case _:
            return "Invalid object"


def _name(location: Iterable[int | str]) -> str:
    first, *rest = (str(part) for part in location)
    return first + "".join(f"[{part}]" for part in rest)


def _one_of(names: list[str]) -> str:
    return f"{', '.join(names[:-1])}, or {names[-1]}" if len(names) > 1 else names[0]
