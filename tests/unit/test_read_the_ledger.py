"""The page for readers of the ledger shows the tested files exactly."""

import pytest

from infra.paths import ROOT

_PAGE = ROOT / "docs" / "read-the-ledger.md"


@pytest.mark.parametrize(
    ("language", "file"), [("json", "policy.json"), ("python", "read_ledger.py")]
)
def test_the_page_shows_the_file_as_it_is(language: str, file: str) -> None:
    shown = (ROOT / "docs" / "read-the-ledger" / file).read_text("utf-8")

    assert f"```{language}\n{shown}```\n" in _PAGE.read_text("utf-8")
