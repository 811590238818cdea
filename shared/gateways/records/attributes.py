"""DynamoDB's attribute values: from Python values and back."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

type Item = dict[str, "AttributeValueTypeDef"]
type Values = dict[str, Any]


def marshal(values: Mapping[str, Any]) -> Item:
    """Return an item for DynamoDB's low-level API, without the values that are None."""
    return {name: _attribute(value) for name, value in values.items() if value is not None}


def unmarshal(item: Mapping[str, Any]) -> Values:
    """Return the values of an item of DynamoDB's low-level API. Every number is an int."""
    return {name: _value(attribute) for name, attribute in item.items()}


def item_bytes(item: Mapping[str, Any]) -> int:
    """Return how many bytes DynamoDB counts for an item; numbers are rounded up.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(attribute: Mapping[str, Any]) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "N":
            return len(value) // 2 + 2
        case "M":
            return 3 + sum(
                1 + len(name.encode()) + _value_bytes(inner) for name, inner in value.items()
            )
        case "L":
            return 3 + sum(1 + _value_bytes(inner) for inner in value)
        case _:
            return 1


def _attribute(value: object) -> "AttributeValueTypeDef":
    # boto3 has a serializer too, but importing boto3 would slow down each cold start. A test
    # compares the two.
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case None:
            return {"NULL": True}
        case Mapping():
            return {"M": {name: _attribute(inner) for name, inner in value.items()}}
        case list() | tuple():
            return {"L": [_attribute(inner) for inner in value]}
        case _:
            raise TypeError(f"cannot store a {type(value).__name__}")


def _value(attribute: Mapping[str, Any]) -> Any:  # noqa: ANN401  # what was stored
    ((kind, value),) = attribute.items()
    match kind:
        case "S" | "BOOL":
            return value
        case "N":
            return int(value)
        case "NULL":
            return None
        case "M":
            return {name: _value(inner) for name, inner in value.items()}
        case "L":
            return [_value(inner) for inner in value]
        case _:
            raise TypeError(f"cannot read an attribute of type {kind}")
