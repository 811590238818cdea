"""What the browser loads before the page can show something, and how much it may be."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.build.dashboard import OUTPUT

JS_LIMIT = 60_000
CSS_LIMIT = 12_000

_SIGN_IN = "src/auth/hosted_sign_in.ts"
_FIRST_SCREEN = "src/screens/orders/AllOrders.svelte"


@dataclass(frozen=True)
class PageSize:
    """Gzipped bytes of the first load: the page, the sign-in and All Orders."""

    js: int
    css: int


def first_load() -> PageSize:
    """Measure the built page."""
    manifest = json.loads((OUTPUT / ".vite" / "manifest.json").read_text(encoding="utf-8"))
    chunks: dict[str, None] = {}

    def add(name: str) -> None:
        if name not in chunks:
            chunks[name] = None
            for each in manifest[name].get("imports", []):
                add(each)

    for name in ("index.html", _SIGN_IN, _FIRST_SCREEN):
        add(name)
    styles = {each for name in chunks for each in manifest[name].get("css", [])}
    return PageSize(
        js=sum(_gzipped(OUTPUT / manifest[name]["file"] for name in chunks)),
        css=sum(_gzipped(OUTPUT / name for name in styles)),
    )


def _gzipped(files: Iterator[Path]) -> Iterator[int]:
    return (len(gzip.compress(path.read_bytes())) for path in files)
