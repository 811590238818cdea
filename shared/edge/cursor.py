"""Cursors: where the next page of a list begins, in a form for clients to hand back untouched."""

import base64
import hashlib
import json

from shared.domain.errors import CursorError

# A cursor is a few hundred bytes; more was not made here.
MAX_CURSOR_LENGTH = 1024

type Position = list[str]


def cursor_for(position: Position, *scope: str | None) -> str:
    """Return the cursor of a place in a list.

    It names a place and grants nothing: whose list it is, the token says each time.

    Args:
        position: Where the next page begins; strings, none empty, that mean something to the list
            alone.
        scope: What list it is: its name, the studio, and the parameters it was asked with.
    """
    text = json.dumps([_digest(scope), *position], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def position_of(cursor: str, length: int, *scope: str | None) -> Position:
    """Return the place that a cursor names.

    Args:
        cursor: What a client handed back.
        length: How many strings the list's positions have.
        scope: As it was for ``cursor_for``.

    Raises:
        CursorError: It was not made by this list for these parameters.
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
    """Say whether a table can be asked for it: text that is not empty and that UTF-8 can hold."""
    try:
        return isinstance(part, str) and part.encode() != b""
    except UnicodeEncodeError:
        return False


def _digest(scope: tuple[str | None, ...]) -> str:
    return hashlib.sha256(json.dumps(scope).encode()).hexdigest()[:12]


def invalid_cursor() -> CursorError:
    """Return the refusal of a cursor."""
    return CursorError(
        "Send a page's `next_cursor` as it was given, with the same parameters; or leave `cursor` "
        "out to begin anew."
    )
