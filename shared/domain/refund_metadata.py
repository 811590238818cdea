"""A refund's metadata at Stripe, from which a lost record can be restored.

It holds no personal data and no requester: whoever may edit a refund in Stripe's dashboard could
name somebody else. A value has at most 500 characters. If the items need more, the refund is
restored as an amount. If the parts of their tax need more, they are in proportion to the order's.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.domain.order import OrderKey, RefundItem
from shared.domain.refund import Refund, RefundType
from shared.domain.tax import TaxParts, parts_of_text, text_of_parts

# https://docs.stripe.com/api/metadata
_MAX_VALUE_LENGTH = 500

_REFUND_ID = re.compile(r"rf_[0-9a-f]{24}")
# Import accepts these ids. Storage keys join ids with a character that is not in them.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class RefundMetadata:
    """A refund as its metadata describes it. The fields are those of ``Refund``."""

    refund_id: str
    order_key: OrderKey
    type: RefundType
    items: tuple[RefundItem, ...] = ()
    item_tax_parts: TaxParts = ()
    reason: str | None = None
    stop_print: bool = False
    keep_print: bool = False
    fingerprint: str | None = None


def metadata_of(refund: Refund) -> dict[str, str]:
    """Return a refund's metadata for Stripe. The same refund always gives the same metadata."""
    kept = {
        "refund_id": refund.refund_id,
        "order_id": refund.order_id,
        "studio_id": refund.studio_id,
        "type": refund.type.value,
        "reason": refund.reason,
        "stop_print": "true" if refund.stop_print else None,
        "keep_print": "true" if refund.keep_print else None,
        "fingerprint": refund.fingerprint,
        "items": _items_to_text(refund.items),
        "item_tax_parts": _short(text_of_parts(refund.item_tax_parts)),
    }
    return {name: value for name, value in kept.items() if value is not None}


def refund_metadata_from(metadata: Mapping[str, Any], amount: int) -> RefundMetadata | None:
    """Return the refund that metadata describes, or None.

    Args:
        metadata: As Stripe has it. Anybody with access to the dashboard may have edited it.
        amount: The amount of Stripe's refund. Items that do not add up to it are ignored.
    """
    refund_id, order_key = metadata.get("refund_id"), order_key_from(metadata)
    if not (isinstance(refund_id, str) and _REFUND_ID.fullmatch(refund_id)):
        return None
    if order_key is None:
        return None
    kind, items = metadata.get("type"), _items_from_text(metadata.get("items"), amount)
    if kind not in set(RefundType):
        return None
    by_lines = kind == RefundType.LINE_ITEMS
    return RefundMetadata(
        refund_id,
        order_key,
        RefundType.PARTIAL if by_lines and not items else RefundType(kind),
        items if by_lines else (),
        _tax_parts_from_text(metadata.get("item_tax_parts"), items) if by_lines else (),
        _text(metadata.get("reason")),
        metadata.get("stop_print") == "true",
        metadata.get("keep_print") == "true",
        _text(metadata.get("fingerprint")),
    )


def order_key_from(metadata: Mapping[str, Any]) -> OrderKey | None:
    """Return which order the metadata of a Stripe refund names, or None.

    Args:
        metadata: As Stripe has it. Anybody with access to the dashboard may have edited it.
    """
    studio_id, order_id = metadata.get("studio_id"), metadata.get("order_id")
    if not (isinstance(studio_id, str) and _ID.fullmatch(studio_id)):
        return None
    if not (isinstance(order_id, str) and _ID.fullmatch(order_id)):
        return None
    return OrderKey(studio_id, order_id)


def _items_to_text(items: tuple[RefundItem, ...]) -> str | None:
    rows = [[item.line_id, item.quantity, item.amount, item.tax_amount] for item in items]
    return _short(json.dumps(rows, separators=(",", ":"))) if items else None


def _short(text: str | None) -> str | None:
    return text if text and len(text) <= _MAX_VALUE_LENGTH else None


def _items_from_text(text: object, amount: int) -> tuple[RefundItem, ...]:
    """Return the items, or none if somebody has edited them."""
    try:
        rows = json.loads(text) if isinstance(text, str) else []
    except (ValueError, RecursionError):
        return ()
    if not isinstance(rows, list) or not all(_is_item(row) for row in rows):
        return ()
    items = tuple(RefundItem(*row) for row in rows)
    lines = {item.line_id for item in items}
    complete = len(lines) == len(items) and sum(item.amount for item in items) == amount
    return items if complete else ()


def _tax_parts_from_text(text: object, items: tuple[RefundItem, ...]) -> TaxParts:
    """Return the parts of the items' tax, or none if somebody has edited them."""
    try:
        parts = parts_of_text(text) if isinstance(text, str) else ()
    except (ValueError, TypeError, RecursionError):
        return ()
    shaped = all([type(value) for value in part] == [str, str, int] for part in parts)
    if not shaped or any(part.amount <= 0 for part in parts):
        return ()
    tax_amount = sum(item.tax_amount for item in items)
    return parts if sum(part.amount for part in parts) == tax_amount else ()


def _is_item(row: Any) -> bool:  # noqa: ANN401  # any JSON
    if not isinstance(row, list) or [type(value) for value in row] != [str, int, int, int]:
        return False
    _, quantity, amount, tax_amount = row
    return bool(quantity > 0 and amount >= tax_amount >= 0)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
