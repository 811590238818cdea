"""What requests have in common: strict checks, and text that is safe to show."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic_core import PydanticCustomError

from shared.domain.visible_text import breaks_a_line, changes_direction, is_visible


def refused(sentence: str) -> PydanticCustomError:
    """Return an error that shows people the sentence as it is. It must repeat no input."""
    return PydanticCustomError("refused", "{sentence}", {"sentence": sentence})


def one_visible_line(noun: str) -> AfterValidator:
    """Return a check for text on one line, of which people see something.

    Args:
        noun: What the text is, in the plural. The refusals begin with it.
    """

    def check(text: str) -> str:
        if any(map(breaks_a_line, text)):
            raise refused(f"{noun} may not contain line breaks or control characters")
        if any(map(changes_direction, text)):
            raise refused(f"{noun} may not contain marks that change the direction of text")
        if not is_visible(text):
            raise refused(f"{noun} must have at least one visible character")
        return text

    return AfterValidator(check)


def in_the_form(pattern: str, sentence: str) -> AfterValidator:
    """Return a check that the whole text fits a pattern.

    Args:
        pattern: A regular expression. People never see it.
        sentence: What the text must be.
    """
    form = re.compile(pattern)

    def check(text: str) -> str:
        if form.fullmatch(text) is None:
            raise refused(sentence)
        return text

    return AfterValidator(check)


def _line(noun: str, max_length: int) -> tuple[StringConstraints, AfterValidator]:
    return StringConstraints(min_length=1, max_length=max_length), one_visible_line(noun)


# The name of a person or a thing.
Name = Annotated[str, *_line("names", 200)]
# One line of text with at least one visible character.
VisibleLine = Annotated[str, *_line("texts", 200)]
# The same for a sentence or two.
LongVisibleLine = Annotated[str, *_line("texts", 500)]


class StrictBody(BaseModel):
    """A body whose values must have the right types. It refuses unknown fields."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)
