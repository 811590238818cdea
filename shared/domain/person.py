"""How people are called on the page. The ledger keeps ids and no names."""

import unicodedata

MAX_NAME_LENGTH = 100

# Control characters, line breaks, and marks that change the direction of the text around them.
_UNSAFE_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def display_name(*claimed: object) -> str | None:
    """Return the first of some claimed names that is fit to show, or None.

    Users choose their own names, so a name must be one visible line.
    """
    for each in claimed:
        name = _cleaned(each) if isinstance(each, str) else ""
        if name:
            return name
    return None


def _cleaned(text: str) -> str:
    """Return the text on one line and not too long, or "" if nothing of it is visible."""
    safe = "".join(char if _is_safe(char) else " " for char in text)
    line = " ".join(safe.split())[:MAX_NAME_LENGTH].strip()
    is_visible = any(unicodedata.category(char)[0] not in "CZM" for char in line)
    return line if is_visible else ""


def _is_safe(char: str) -> bool:
    return unicodedata.category(char) not in _UNSAFE_CATEGORIES and char not in _DIRECTION_MARKS
