"""The `metadata` parameter, see https://stripe.com/docs/api/metadata."""

from typing import Annotated, Literal

from pydantic import PlainValidator
from pydantic_core import PydanticCustomError

from infra.stripe_standin.protocol.errors import too_many_metadata_keys
from infra.stripe_standin.records.base import Metadata

# The type of the validation error for too many pairs, which has Stripe's own wording.
TOO_MANY_PAIRS = "metadata_pairs"
_MAX_PAIRS = 50
_MAX_KEY_LENGTH = 40
_MAX_VALUE_LENGTH = 500


def _check_metadata(value: object) -> Metadata | Literal[""]:
    if value == "":
        return ""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise PydanticCustomError("invalid", "Invalid object")
    for key, text in value.items():
        _check_lengths(key, text)
    pairs = sum(text != "" for text in value.values())
    if pairs > _MAX_PAIRS:
        raise PydanticCustomError(TOO_MANY_PAIRS, "{count}", {"count": pairs})
    return value


def _check_lengths(key: str, text: str) -> None:
    if len(key) > _MAX_KEY_LENGTH:
        raise PydanticCustomError(
            "invalid",
            "Metadata keys can have up to 40 characters, but you passed in a key that is "
            "{length} characters. Invalid key: {key}",
            {"length": len(key), "key": key},
        )
    if len(text) > _MAX_VALUE_LENGTH:
        raise PydanticCustomError(
            "invalid",
            "Metadata values can have up to 500 characters, but you passed in a value that "
            "is {length} characters. Invalid value: {value}",
            {"length": len(text), "value": text},
        )


type MetadataChange = Annotated[Metadata | Literal[""], PlainValidator(_check_metadata)]


def merge_metadata(old: Metadata, change: Metadata | Literal[""] | None) -> Metadata:
    """Return metadata after a change: "" clears it, an empty value removes its key.

    Raises:
        StripeError: If the result has more than 50 pairs.
    """
    if change is None:
        return old
    if change == "":
        return {}
    merged = {key: text for key, text in (old | change).items() if text}
    if len(merged) > _MAX_PAIRS:
        raise too_many_metadata_keys(len(merged))
    return merged
