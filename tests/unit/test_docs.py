"""What the documents point at is there: files, links, make's targets."""

import re
from itertools import chain
from pathlib import Path

import pytest

from infra.paths import ROOT

_DOCUMENTS = sorted(
    chain(ROOT.glob("*.md"), ROOT.glob("docs/**/*.md"), ROOT.glob("infra/**/*.md")),
    key=str,
)
_FOLDERS = ("functions/", "shared/", "infra/", "tests/", "docs/", "requirements/")
_CODE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)[^)]*\)")
_HEADING_LINK = re.compile(r"\]\(([^)#\s]*\.md)?#([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_MAKE = re.compile(r"\bmake ([a-z][a-z-]*)")

document = pytest.mark.parametrize("path", _DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


@document
def test_every_file_named_is_there(path: Path) -> None:
    named = [each for each in _CODE.findall(path.read_text("utf-8")) if each.startswith(_FOLDERS)]

    assert [each for each in named if "<" not in each and not _there(each)] == []


@document
def test_every_link_leads_somewhere(path: Path) -> None:
    links = _LINK.findall(path.read_text("utf-8"))

    assert [each for each in links if not (path.parent / each).exists()] == []


@document
def test_every_link_to_a_heading_finds_it(path: Path) -> None:
    links = _HEADING_LINK.findall(path.read_text("utf-8"))

    assert [
        heading
        for file, heading in links
        if not file.startswith("http")
        and heading not in _anchors(path.parent / file if file else path)
    ] == []


@document
def test_every_make_target_named_is_one(path: Path) -> None:
    targets = set(
        re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    code = "\n".join(
        chain(
            _CODE.findall(path.read_text("utf-8")),
            re.findall(r"```sh\n(.*?)```", path.read_text("utf-8"), re.DOTALL),
        )
    )

    assert set(_MAKE.findall(code)) - targets == set()


def _there(name: str) -> bool:
    return next(ROOT.glob(name.rstrip("/").split("::")[0]), None) is not None


def _anchors(path: Path) -> set[str]:
    """Return the names that GitHub gives a document's headings."""
    headings = _HEADING.findall(path.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
