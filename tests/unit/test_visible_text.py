"""Text that people see, and text of nothing but invisible characters."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.domain.person import display_name
from shared.domain.visible_text import INVISIBLE, breaks_a_line, changes_direction, is_visible
from shared.edge.bodies import LongVisibleLine, Name, VisibleLine

UNSEEN = [
    pytest.param(text, id=ascii(text))
    for text in (
        "\u200b",  # zero width space
        "\u3164",  # Hangul fillers
        "\u115f\u1160",
        "\uffa0",
        "\u2800",  # blank Braille
        "\u00ad",  # soft hyphen
        "\ufeff",  # byte order mark
        "\ufe0f",  # variation selectors
        "\U000e0100",
        "\U000e0067",  # tag
        "\u034f",
        "\u180e",
        "\u2060",  # word joiner
        "\u17b5",
        "\u200c\u200d",  # joiners without letters
        "\u0301",  # an accent without a letter
        " \u00a0\u3000 ",
        "\u200e\u200f\u061c",
    )
]
SEEN = [
    "می\u200cرود",  # Persian words have joiners inside
    "ක්\u200dෂ",
    "👨\u200d👩\u200d👧",
    "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
    "❤\ufe0f",
    "김민수",
    "\u2801",  # Braille with a dot
    "-",
    "é",
    "𠮷野",
]
LINES: list[TypeAdapter[str]] = [TypeAdapter(each) for each in (Name, VisibleLine, LongVisibleLine)]


def reason(line: TypeAdapter[str], text: str) -> str:
    with pytest.raises(ValidationError) as refused:
        line.validate_python(text, strict=True)
    (fault,) = refused.value.errors()
    return fault["msg"]


@pytest.mark.parametrize("text", UNSEEN)
def test_text_that_nobody_sees_is_refused_everywhere(text: str) -> None:
    assert not is_visible(text)
    assert display_name(text) is None
    for line in LINES:
        assert reason(line, text).endswith("must have at least one visible character")


@pytest.mark.parametrize("text", SEEN, ids=ascii)
def test_letters_with_joiners_and_emoji_are_seen_and_kept(text: str) -> None:
    assert display_name(text) == text
    for line in LINES:
        assert line.validate_python(text, strict=True) == text


@pytest.mark.parametrize("text", ["A\nB", "A\tB", "A\x85B", "A\u2028B", "A\x7f", "A\x00"])
def test_a_name_is_refused_in_a_sentence_and_not_with_a_pattern(text: str) -> None:
    assert reason(LINES[0], text) == "names may not contain line breaks or control characters"


@pytest.mark.parametrize("text", ["A\u202eB", "\u2066A\u2069"])
def test_a_name_may_not_turn_the_text_around_it(text: str) -> None:
    assert reason(LINES[0], text) == (
        "names may not contain marks that change the direction of text"
    )


@given(st.text(max_size=20))
def test_the_forms_of_lines_and_of_names_on_the_page_agree(text: str) -> None:
    is_safe = not any(breaks_a_line(char) or changes_direction(char) for char in text)
    if is_safe and is_visible(text):
        assert LINES[0].validate_python(text) == text
        assert display_name(text) == " ".join(text.split())
    else:
        with pytest.raises(ValidationError):
            LINES[0].validate_python(text)


def test_only_characters_without_a_shape_are_invisible() -> None:
    kinds = {unicodedata.category(char) for char in INVISIBLE}
    # Fillers count as letters, and the places for future tags have no kind yet.
    assert kinds == {"Cf", "Mn", "Lo", "Cn"}
    letters = {char for char in INVISIBLE if unicodedata.category(char) == "Lo"}
    assert letters == set("\u115f\u1160\u3164\uffa0")
