"""How people are called on the page. The ledger keeps ids and no names."""

from shared.domain.visible_text import breaks_a_line, changes_direction, is_visible

MAX_NAME_LENGTH = 100


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
    safe = "".join(" " if breaks_a_line(char) or changes_direction(char) else char for char in text)
    line = " ".join(safe.split())[:MAX_NAME_LENGTH].strip()
    return line if is_visible(line) else ""
