"""The words by which people find an order: names in any script, and the order id.

Each word gives one token for each of its parts, from that part to the word's end. So a search by
prefix finds the word from any part: O'Brien gives ``obrien`` and ``brien``, Smith-Jones gives
``smithjones`` and ``jones``. In scripts without spaces each character is a part: 山田 and 太郎 both
find 山田太郎.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

# Letters that Unicode does not decompose. https://www.unicode.org/reports/tr15/ removes accents
# that are marks, and a stroke is not a mark.
_LETTERS = str.maketrans(
    {
        "đ": "d",
        "ð": "d",
        "ħ": "h",
        "\u0131": "i",
        "ł": "l",
        "ŋ": "n",
        "ø": "o",
        "ŧ": "t",
        "œ": "oe",
        "æ": "ae",
        "þ": "th",
    }
)

# What people type for an apostrophe. Unicode has some of them as letters or accents. Without this,
# one name written in two ways would be two words.
_APOSTROPHES = str.maketrans(
    dict.fromkeys(
        "`\u00b4\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u2018\u2019\u201b\u2032\u2035\ua78b\ua78c",
        "'",
    )
)

# The marks that turn カ into ガ and ハ into パ. They make other letters, so they are not accents.
_VOICING = "\u3099\u309a"

# Han, Hiragana, Katakana with their marks, Bopomofo: scripts without spaces between words.
_UNSPACED = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff"
_UNSPACED += "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_BETWEEN_UNSPACED = re.compile(rf"(?<=[{_UNSPACED}])[\W_]+(?=[{_UNSPACED}])")
_PARTS = re.compile(rf"(?=\w)[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
# Marks inside a word. A query ignores them; any other mark separates two words.
_INSIDE_WORDS = re.compile(r"['._]")
_WORDS = re.compile(r"[^\W_]+")

# A token is part of a sort key, and an order's tokens are written with it in one transaction.
MAX_TOKEN_LENGTH = 64
MAX_TOKENS = 80
MAX_QUERY_WORDS = 8


def fold(text: str) -> str:
    """Return text without case, accents and widths, and with one kind of apostrophe."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    bare = "".join(char for char in decomposed if not _is_accent(char))
    return unicodedata.normalize("NFC", bare).casefold().translate(_LETTERS)


def _is_accent(char: str) -> bool:
    return unicodedata.category(char).startswith("M") and char not in _VOICING


def order_tokens(order_id: str, names: Iterable[str]) -> list[str]:
    """Return an order's tokens, sorted, each once, at most ``MAX_TOKENS``.

    If there are too many, whole words come before parts, and the first names before the others.

    Args:
        order_id: The order's id.
        names: The parent's name, and the subjects'.
    """
    words = [
        list(_suffixes(_PARTS.findall(word)))
        for text in (order_id, *names)
        for word in _BETWEEN_UNSPACED.sub("", fold(text)).split()
    ]
    whole = [token for word in words for token in word[:1]]
    parts = [token for word in words for token in word[1:]]
    return sorted(list(dict.fromkeys(whole + parts))[:MAX_TOKENS])


def _suffixes(parts: list[str]) -> Iterator[str]:
    for start in range(len(parts)):
        yield "".join(parts[start:])[:MAX_TOKEN_LENGTH]


def query_words(query: str) -> list[str]:
    """Return the words of a query, the longest first. An order must match them all.

    A word that begins another word of the query is left out. A word has a letter or a digit.

    Args:
        query: What somebody typed.
    """
    words = _WORDS.findall(_INSIDE_WORDS.sub("", fold(query)))
    cut = sorted({word[:MAX_TOKEN_LENGTH] for word in words}, key=lambda word: (-len(word), word))
    telling: list[str] = []
    for word in cut:
        if not any(longer.startswith(word) for longer in telling):
            telling.append(word)
    return telling[:MAX_QUERY_WORDS]


def matches(tokens: Iterable[str], words: Iterable[str]) -> bool:
    """Return whether each of the words begins one of the tokens."""
    known = list(tokens)
    return all(any(token.startswith(word) for token in known) for word in words)


def first_match(tokens: Iterable[str], word: str) -> str | None:
    """Return the smallest token that begins with the word. A search lists the order there."""
    return min((token for token in tokens if token.startswith(word)), default=None)
