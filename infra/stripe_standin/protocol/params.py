"""The parameters of an operation, and Stripe's errors for wrong ones."""

import re
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from infra.stripe_standin.protocol.errors import (
    StripeError,
    empty_parameter,
    missing_parameter,
    too_many_metadata_keys,
    unknown_parameters,
    unsupported_parameter,
)
from infra.stripe_standin.protocol.metadata import TOO_MANY_PAIRS
from infra.stripe_standin.protocol.parameter_types import (
    INVALID_INTEGER,
    PageSize,
    Text,
    TimeFilter,
    TimeRange,
)
from infra.stripe_standin.records.base import JsonObject, StripeRecord


class Params(BaseModel):
    """The parameters of every operation.

    Attributes:
        unsettable: Parameters that an empty string clears.
        unsupported: Parameters that Stripe has and the stand-in does not.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    unsettable: ClassVar[frozenset[str]] = frozenset({"metadata"})
    unsupported: ClassVar[frozenset[str]] = frozenset()

    expand: list[Text] = []


class ListParams(Params):
    """The parameters of a list, see https://stripe.com/docs/api/pagination.

    Attributes:
        filters: Parameters that must equal the record's field of the same name, if given.
    """

    filters: ClassVar[frozenset[str]] = frozenset()

    limit: PageSize = 10
    starting_after: Text | None = None
    ending_before: Text | None = None

    def select(self, record: StripeRecord) -> bool:
        """Return whether the filters let the record through."""
        return all(getattr(self, name) in {None, getattr(record, name)} for name in self.filters)


class TimedListParams(ListParams):
    """The parameters of a list that can be filtered by creation time."""

    created: TimeFilter = TimeRange()

    def select(self, record: StripeRecord) -> bool:
        """Return whether the filters let the record through."""
        return super().select(record) and self.created.contains(record.created)


def read_params[P: Params](params_type: type[P], given: JsonObject) -> P:
    """Return the checked parameters of an operation.

    Raises:
        StripeError: If a parameter is wrong. Stripe finds this before execution, so it saves no
            response under the idempotency key.
    """
    for name, value in given.items():
        if name in params_type.unsupported:
            raise unsupported_parameter(name)
        can_be_cleared = name in params_type.unsettable
        if value == "" and name in params_type.model_fields and not can_be_cleared:
            raise empty_parameter(name)
    try:
        return params_type.model_validate(given)
    except ValidationError as error:
        raise _stripe_error(error.errors(include_url=False)) from error


def _stripe_error(problems: list[ErrorDetails]) -> StripeError:
    unknown = [_name(each["loc"]) for each in problems if each["type"] == "extra_forbidden"]
    if unknown:
        return unknown_parameters(unknown)
    problem = problems[0]
    name = _name(problem["loc"])
    if problem["type"] == "missing":
        return missing_parameter(name)
    if problem["type"] == TOO_MANY_PAIRS:
        return too_many_metadata_keys(problem["ctx"]["count"])
    code = INVALID_INTEGER if problem["type"] == INVALID_INTEGER else None
    return StripeError(400, _message(problem, name), code=code, param=name)


def _message(problem: ErrorDetails, name: str) -> str:
    context: dict[str, Any] = problem.get("ctx", {})
    match problem["type"]:
        case "parameter_invalid_integer" | "invalid":
            return problem["msg"]
        case "literal_error":
            allowed = _join_with_or(re.findall(r"'([^']*)'", context["expected"]))
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


def _join_with_or(names: list[str]) -> str:
    return f"{', '.join(names[:-1])}, or {names[-1]}" if len(names) > 1 else names[0]
