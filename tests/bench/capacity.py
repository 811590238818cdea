"""DynamoDB's documented rules for sizes and units, to check what the local engine reports.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

import math
from collections.abc import Mapping
from typing import Any

_WRITE_UNIT = 1024
_READ_UNIT = 4096
_CONTAINER_OVERHEAD = 3
_ELEMENT_OVERHEAD = 1


def item_size(item: Mapping[str, Any]) -> int:
    """Return the bytes of an item as the low-level API has it."""
    return sum(len(name.encode()) + _value_size(value) for name, value in item.items())


def write_units(item: Mapping[str, Any]) -> int:
    """Return what putting an item costs its table; a larger item before it would cost more."""
    return math.ceil(item_size(item) / _WRITE_UNIT)


def read_units(size: int, *, consistent: bool) -> float:
    """Return what reading costs, an item or a whole Query's; reading nothing costs as well."""
    return max(1, math.ceil(size / _READ_UNIT)) * (1 if consistent else 0.5)


def _value_size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            # Two digits a byte, after zeros at both ends are dropped, and one for the exponent.
            return math.ceil(len(content.lstrip("-0").rstrip("0")) / 2) + 1
        case "BOOL" | "NULL":
            return 1
        case "L":
            return _CONTAINER_OVERHEAD + sum(
                _value_size(each) + _ELEMENT_OVERHEAD for each in content
            )
        case "M":
            return _CONTAINER_OVERHEAD + item_size(content) + _ELEMENT_OVERHEAD * len(content)
        case _:
            raise ValueError(f"this product stores no {kind}")
