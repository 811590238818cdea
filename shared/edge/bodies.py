"""What requests have in common: strict checks, and text that is safe to show."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, WithJsonSchema

# No control character, no line break, and no mark that changes the direction of text.
_UNSAFE = r"\p{Cc}\p{Zl}\p{Zp}\u{202a}-\u{202e}\u{2066}-\u{2069}"

_VISIBLE = rf"^[^{_UNSAFE}]*[^{_UNSAFE}\p{{Z}}][^{_UNSAFE}]*$"

# One line of text with at least one visible character.
VisibleLine = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_VISIBLE)]
# The same for a sentence or two. The API's description leaves out the pattern, because fuzzers and
# generators of clients do not know its character classes.
LongVisibleLine = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500, pattern=_VISIBLE),
    WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 500}),
]


class StrictBody(BaseModel):
    """A body whose values must have the right types. It refuses unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
