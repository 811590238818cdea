"""Everything that the documents name exists: files, links, make targets, operations."""

import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from infra.operate.command import app
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
def test_every_named_file_exists(path: Path) -> None:
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
def test_every_named_make_target_exists(path: Path) -> None:
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


@document
def test_every_named_operation_exists_with_its_options(path: Path) -> None:
    operations = [
        line.partition("#")[0].split("-m infra.operate")[1].split()
        for block in re.findall(r"```sh\n(.*?)```", path.read_text("utf-8"), re.DOTALL)
        for line in block.splitlines()
        if "-m infra.operate " in line
    ]
    for words in operations:
        assert set(_options(words)) <= _options_of(words), " ".join(words)


def _options(words: list[str]) -> list[str]:
    return [word for word in words if word.startswith("--")]


def _options_of(words: list[str]) -> set[str]:
    """Return the options of the operation that the words name."""
    command: Any = get_command(app)
    while isinstance(command, TyperGroup):
        command = command.commands[words.pop(0)]
    return {option for parameter in command.params for option in parameter.opts}


def _there(name: str) -> bool:
    return next(ROOT.glob(name.rstrip("/").split("::")[0]), None) is not None


def _anchors(path: Path) -> set[str]:
    """Return the names that GitHub gives a document's headings."""
    headings = _HEADING.findall(path.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
