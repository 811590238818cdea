"""Cursors: the start of a list's next page, as text that clients send back unchanged."""

import base64
import hashlib
import json

from shared.domain.errors import CursorError

# Our cursors have a few hundred bytes. A longer one is not ours.
MAX_CURSOR_LENGTH = 1024

type Position = list[str]


def cursor_for(position: Position, *scope: str | None) -> str:
    """Return the cursor of a position in a list.

    It grants no access: each request's token names the studio.

    Args:
        position: Where the next page begins: non-empty strings that only the list understands.
        scope: What identifies the list: its name, the studio and the request's parameters.
    """
    text = json.dumps([_digest(scope), *position], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str, length: int, *scope: str | None) -> Position:
    """Return the position that a cursor names.

    Args:
        cursor: The cursor that a client sent.
        length: How many strings the list's positions have.
        scope: The same as for ``cursor_for``.

    Raises:
        CursorError: The cursor does not belong to this list and these parameters.
    """
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        found = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError) as error:
        raise invalid_cursor() from error
    known = isinstance(found, list) and len(found) == length + 1
    if not known or found[0] != _digest(scope) or not all(map(_fits_a_key, found)):
        raise invalid_cursor()
    position: Position = found[1:]
    return position


def _fits_a_key(part: object) -> bool:
    """Return whether a table key can have this part: non-empty text that UTF-8 can encode."""
    try:
        return isinstance(part, str) and part.encode() != b""
    except UnicodeEncodeError:
        return False


def _digest(scope: tuple[str | None, ...]) -> str:
    return hashlib.sha256(json.dumps(scope).encode()).hexdigest()[:12]


def invalid_cursor() -> CursorError:
    """Return the error for a cursor that is not valid."""
    return CursorError(
        "Send a page's `next_cursor` unchanged, with the same parameters. To start over, leave out "
        "`cursor`."
    )
