"""Writes the table of simplified Chinese characters from Unicode's data.

    python -m infra.build.simplified_han Unihan_Variants.txt

The file is in https://www.unicode.org/Public/UCD/latest/ucd/Unihan.zip, and its field is described
in https://www.unicode.org/reports/tr38/#kSimplifiedVariant.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import batched
from pathlib import Path

from infra.paths import ROOT

TABLE = ROOT / "shared" / "domain" / "simplified_han.py"

_LINE = re.compile(r"U\+([0-9A-F]+)\tkSimplifiedVariant\t(.+)")
# The block with the characters that people have on their keyboards.
_COMMON = range(0x4E00, 0xA000)
_PER_LINE = 44

_HEADER = '''"""Traditional Chinese characters, and the simplified ones that stand for them.

`python -m infra.build.simplified_han` writes this table from `kSimplifiedVariant` of Unicode's
Unihan_Variants.txt: https://www.unicode.org/reports/tr38/#kSimplifiedVariant
"""

_TRADITIONAL = (
{traditional}
)
_SIMPLIFIED = (
{simplified}
)

SIMPLIFIED_HAN = dict(zip(_TRADITIONAL, _SIMPLIFIED, strict=True))
'''


def simplified(lines: Iterable[str]) -> dict[str, str]:
    """Return the simplified form of each traditional character, among common ones.

    Where Unicode names several, it is the first that is not the character itself.
    """
    found = {}
    for line in lines:
        if (match := _LINE.match(line)) and int(match[1], 16) in _COMMON:
            codes = (int(code.removeprefix("U+"), 16) for code in match[2].split())
            others = [each for each in codes if each in _COMMON and each != int(match[1], 16)]
            if others:
                found[chr(int(match[1], 16))] = chr(others[0])
    return {each: _last(found, each) for each in found}


def _last(found: dict[str, str], char: str) -> str:
    """Follow a chain of forms to its end. One that comes back to its start ends there."""
    seen = [char]
    while seen[-1] in found and found[seen[-1]] not in seen:
        seen.append(found[seen[-1]])
    return seen[-1]


def _quoted(chars: Iterable[str]) -> str:
    return "\n".join(f'    "{line}"' for line in _lines(chars))


def _lines(chars: Iterable[str]) -> Iterator[str]:
    return map("".join, batched(chars, _PER_LINE, strict=False))


if __name__ == "__main__":
    table = simplified(Path(sys.argv[1]).read_text(encoding="utf-8").splitlines())
    TABLE.write_text(
        _HEADER.format(traditional=_quoted(table), simplified=_quoted(table.values())),
        encoding="utf-8",
    )
