"""One form for all spellings of a text, so that a name is found as any keyboard types it.

A name and a query are folded by the same table, so a query finds only names that contain it after
folding. Folding twice changes nothing more.
"""

import re
import unicodedata

from shared.domain.simplified_han import SIMPLIFIED_HAN
from shared.domain.visible_text import INVISIBLE

# Persian words have it inside, where others have a hyphen.
NON_JOINER = "\u200c"
_DROPPED = INVISIBLE - {NON_JOINER}

# What people type for an apostrophe. Unicode has some of them as letters or accents. Without this,
# one name written in two ways would be two words.
_APOSTROPHES = dict.fromkeys(
    "`\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u055a\u05f3"
    "\u2018\u2019\u201b\u2032\u2035\ua78b\ua78c",
    "'",
)
# Unicode decomposes the accent that people type for one into a space and a mark.
_BEFORE_DECOMPOSING = str.maketrans({"\u00b4": "'"})

# Latin letters that Unicode does not decompose, because a stroke or a hook is not a mark:
# https://www.unicode.org/reports/tr15/ and https://cldr.unicode.org (transform Latin-ASCII)
_LATIN = {"đ": "d", "ð": "d", "ɖ": "d", "ɗ": "d", "ɓ": "b", "ħ": "h", "\u0131": "i", "ƙ": "k"}
_LATIN |= {"ł": "l", "ŋ": "n", "ø": "o", "ŧ": "t", "ƴ": "y", "œ": "oe", "æ": "ae", "þ": "th"}

# Letters that Arabic, Persian and Urdu keyboards have in different forms, and the line that only
# stretches a word. The rules of Lucene's ArabicNormalizer and PersianNormalizer:
# https://lucene.apache.org/core/9_0_0/analysis/common/org/apache/lucene/analysis/fa/package-summary.html
_ARABIC = {"\u0671": "\u0627", "\u0640": ""}
_ARABIC |= dict.fromkeys("\u0649\u06cc\u06d2", "\u064a")
_ARABIC |= dict.fromkeys("\u06a9\u06aa", "\u0643")
_ARABIC |= dict.fromkeys("\u0629\u06be\u06c1\u06c3\u06d5", "\u0647")

# Hiragana, as the Katakana of the same sound: https://www.unicode.org/charts/PDF/U3040.pdf
_KANA = {chr(code): chr(code + 0x60) for code in (*range(0x3041, 0x3097), 0x309D, 0x309E)}

# Forms of Kanji in family names, old ones and Japan's own, as the simplified Chinese form where
# there is one. https://www.bunka.go.jp/kokugo_nihongo/sisaku/joho/joho/kijun/naikaku/kanji/
_KANJI = {"髙": "高", "﨑": "崎", "𠮷": "吉", "浜": "滨", "濵": "滨", "辺": "边", "邉": "边"}
_KANJI |= {"斎": "斋", "斉": "齐", "沢": "泽", "広": "广", "眞": "真", "恵": "惠"}
_KANJI |= {"桜": "樱", "瀬": "濑"}

# The Ukrainian ghe with upturn, as the ghe of a Russian keyboard.
_CYRILLIC = {"\u0491": "\u0433"}

_LETTERS = _APOSTROPHES | _LATIN | _CYRILLIC | _ARABIC | _KANA | SIMPLIFIED_HAN | _KANJI

# A mark with a combining class is an accent, a tone or a point. Without one it is a vowel sign.
# https://www.unicode.org/reports/tr44/#Canonical_Combining_Class_Values
_NO_CLASS = 0
# Vowel signs of Telugu, Thai, Lao and Tibetan, which have classes of their own.
_VOWEL_CLASSES = frozenset({84, 91, 103, 118, 129, 130, 132})
# The marks that turn カ into ガ and ハ into パ. They make other letters.
_VOICING_CLASS = 8
_KEPT_CLASSES = _VOWEL_CLASSES | {_NO_CLASS, _VOICING_CLASS}

# German, Danish, Norwegian and Croatian names are also typed with two letters instead of one:
# DIN 5007-2 for ä, ö and ü, and https://unicode.org/cldr (da, nb) for å, ø and æ.
_TWO_LETTERS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "đ": "dj"})
_FIRST_OF_TWO = re.compile(r"([aou])e|(a)a|(d)j")


def fold(text: str) -> str:
    """Return text without case, accents, widths and forms of letters."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_BEFORE_DECOMPOSING).casefold())
    folded = "".join(map(_folded, decomposed))
    # Composing can make a letter of the table, and some letters fold in two steps.
    again = "".join(map(_folded, unicodedata.normalize("NFC", folded).casefold()))
    return unicodedata.normalize("NFC", again)


def spellings(name: str) -> list[str]:
    """Return a name's folded forms, one for each way to type its special letters.

    Müller gives ``muller`` and ``mueller``. Mueller gives both too, because people also type Müller
    for it. A query needs ``fold`` alone.
    """
    folded = fold(name)
    in_two = fold(unicodedata.normalize("NFC", name).casefold().translate(_TWO_LETTERS))
    in_one = _FIRST_OF_TWO.sub(lambda two: two[0][0], folded)
    return list(dict.fromkeys((folded, in_two, in_one)))


def is_mark(char: str) -> bool:
    """Return whether a character belongs to the letter before it."""
    return unicodedata.category(char)[0] == "M"


def _folded(char: str) -> str:
    if char in _DROPPED or (is_mark(char) and not _is_vowel_sign(char)):
        return ""
    digit = unicodedata.decimal(char, None)
    return _LETTERS.get(char, char) if digit is None else str(digit)


def _is_vowel_sign(mark: str) -> bool:
    # An enclosing mark puts a circle or a square around a letter.
    return unicodedata.combining(mark) in _KEPT_CLASSES and unicodedata.category(mark) != "Me"
