"""The words by which people find an order: names in any script, and the order id.

Each word gives one token for each of its parts, from that part to the word's end. So a search by
prefix finds the word from any part: O'Brien gives ``obrien`` and ``brien``, Smith-Jones gives
``smithjones`` and ``jones``. In scripts without spaces each character is a part: 山田 and 太郎 both
find 山田太郎, and 민수 finds 김민수.

Two words are one if people also write them without the space: after an initial or another word of
one or two letters, and after a period. So J. R. Tolkien gives ``jrtolkien``, and De La Cruz gives
``delacruz``.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from shared.domain.folding import NON_JOINER, fold, is_mark, spellings

# Scripts without spaces between words, or with names that are written with and without one.
# Thai, Lao, Myanmar and Khmer; Hangul; Han, Hiragana, Katakana with their marks, Bopomofo.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1100-\u11ff\uac00-\ud7ff"
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
# Punctuation inside a word. A query ignores it; any other punctuation separates two words.
_INSIDE_WORDS = f"'._{NON_JOINER}"
# An initial, or a word such as De, St, El, Mc.
_SHORT_WORD_LENGTH = 2

# A token is part of a sort key, and an order's tokens are written with it in one transaction.
MAX_TOKEN_LENGTH = 64
MAX_TOKENS = 80
MAX_QUERY_WORDS = 8

# The parts of a word, as people write it between two spaces.
type Word = list[str]


def order_tokens(order_id: str, names: Iterable[str]) -> list[str]:
    """Return an order's tokens, sorted, each once, at most ``MAX_TOKENS``.

    A token that begins another is left out: what finds the one finds the other. If there are too
    many, whole words come before parts, and the first names before the others.

    Args:
        order_id: The order's id.
        names: The parent's name, and the subjects'.
    """
    whole: dict[str, None] = {}
    parts: dict[str, None] = {}
    for text in (order_id, *names):
        for spelling in spellings(text):
            for words in _joined(spelling):
                for token, begins_word in _suffixes(words):
                    (whole if begins_word else parts)[token] = None
    tokens = sorted(list(whole | parts)[:MAX_TOKENS])
    return [
        token for token, following in pairwise([*tokens, ""]) if not following.startswith(token)
    ]


def _joined(text: str) -> Iterator[list[Word]]:
    """Yield a folded text's words. Those that people also write without a space come together."""
    words: list[Word] = []
    is_open = False
    for written in text.split():
        word = [part for run in _runs(written) for part in _parts(run)]
        if not word:
            continue
        if words and not is_open and not _are_unspaced(words[-1], word):
            yield words
            words = []
        words.append(word)
        is_open = written.endswith(".") or len("".join(word)) <= _SHORT_WORD_LENGTH
    if words:
        yield words


def _are_unspaced(word: Word, following: Word) -> bool:
    return _is_unspaced(word[-1]) and _is_unspaced(following[0])


def _suffixes(words: list[Word]) -> Iterator[tuple[str, bool]]:
    """Yield the token that begins with each part, and whether a word begins there."""
    letters = [(part, number == 0) for word in words for number, part in enumerate(word)]
    for start, (_, begins_word) in enumerate(letters):
        yield "".join(part for part, _ in letters[start:])[:MAX_TOKEN_LENGTH], begins_word


def _runs(text: str) -> Iterator[str]:
    """Yield the runs of letters and digits with their marks, each of one kind of script."""
    run = ""
    for char in _with_marks_at_letters(text):
        if run and (is_mark(char) or _continues(run, char)):
            run += char
            continue
        if run:
            yield run
        run = char if char.isalnum() else ""
    if run:
        yield run


def _with_marks_at_letters(text: str) -> str:
    """Return a text without the punctuation that stands between a letter and its mark."""
    kept = ""
    for char in text:
        kept = f"{kept.rstrip(_INSIDE_WORDS) if is_mark(char) else kept}{char}"
    return kept


def _continues(run: str, char: str) -> bool:
    return char.isalnum() and _is_unspaced(char) == _is_unspaced(run)


def _parts(run: str) -> Word:
    """Return the parts of a run: itself, or each character of a script without spaces."""
    if not _is_unspaced(run):
        return [run]
    parts: Word = []
    for char in run:
        if is_mark(char):
            parts[-1] += char
        else:
            parts.append(char)
    return parts


def _is_unspaced(text: str) -> bool:
    return _UNSPACED.match(text) is not None


def query_words(query: str) -> list[str]:
    """Return the words of a query, the longest first. An order must match them all.

    A word that begins another word of the query is left out. A word has a letter or a digit, so a
    query of spaces and punctuation has none.

    Args:
        query: What somebody typed.
    """
    words = _runs("".join(char for char in fold(query) if char not in _INSIDE_WORDS))
    cut = sorted({word[:MAX_TOKEN_LENGTH] for word in words}, key=lambda word: (-len(word), word))
    kept: list[str] = []
    for word in cut:
        if not any(longer.startswith(word) for longer in kept):
            kept.append(word)
    return kept[:MAX_QUERY_WORDS]


def matches(tokens: Iterable[str], words: Iterable[str]) -> bool:
    """Return whether each of the words begins one of the tokens."""
    known = list(tokens)
    return all(any(token.startswith(word) for token in known) for word in words)


def first_match(tokens: Iterable[str], word: str) -> str | None:
    """Return the smallest token that begins with the word. A search lists the order there."""
    return min((token for token in tokens if token.startswith(word)), default=None)
