"""Which characters a line of text may have, and which of them people can see.

Python's Unicode data lacks the property for invisible characters, so the table is here:
https://www.unicode.org/Public/15.1.0/ucd/DerivedCoreProperties.txt (Default_Ignorable_Code_Point)
"""

import unicodedata

_INVISIBLE_RANGES = (
    (0x00AD, 0x00AD),  # soft hyphen
    (0x034F, 0x034F),
    (0x061C, 0x061C),
    (0x115F, 0x1160),  # Hangul fillers
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x200B, 0x200F),  # zero width space, joiners and direction marks
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0x3164, 0x3164),  # Hangul filler
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFEFF, 0xFEFF),  # byte order mark
    (0xFFA0, 0xFFA0),  # Hangul filler
    (0xFFF0, 0xFFF8),
    (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A),
    (0xE0000, 0xE0FFF),  # tags and variation selectors
)
INVISIBLE = frozenset(
    chr(code) for first, last in _INVISIBLE_RANGES for code in range(first, last + 1)
)

# A letter for Braille readers that has no dot.
_BLANK_BRAILLE = "\u2800"

# Controls, half characters (surrogates), line separators and paragraph separators.
_BREAKING_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})

# https://www.unicode.org/reports/tr9/#Explicit_Directional_Embeddings
_DIRECTION_CHANGES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def breaks_a_line(char: str) -> bool:
    """Return whether a character is a control, a line break or half of a character."""
    return unicodedata.category(char) in _BREAKING_CATEGORIES


def changes_direction(char: str) -> bool:
    """Return whether a character changes the direction of the text around it."""
    return char in _DIRECTION_CHANGES


def is_visible(text: str) -> bool:
    """Return whether people see anything of a text.

    Spaces, marks without a letter, and characters that have no shape of their own are not seen.
    """
    return any(map(_has_a_shape, text))


def _has_a_shape(char: str) -> bool:
    if char in INVISIBLE or char == _BLANK_BRAILLE:
        return False
    category = unicodedata.category(char)
    return category[0] not in "ZM" and category not in {"Cc", "Cf", "Cs"}
