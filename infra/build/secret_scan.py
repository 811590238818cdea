"""Looks for secrets in the working copy, and in every commit, with Kingfisher.

https://github.com/mongodb/kingfisher. It asks no network: whether a secret still works is not
checked. No line can switch the scan off, so tests make up their secrets as they run.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from infra.failure import Failure, one_line_for_failures, run_tool
from infra.paths import ROOT, TOOLS

_KINGFISHER = Path(sys.executable).parent / "kingfisher"
_RULES = Path(__file__).parent / "secret_rules.yaml"
# Compiling the rules takes seconds, so the compiled ones are kept.
_COMPILED_RULES = TOOLS / "kingfisher"
# Kingfisher's exit codes for "nothing found" and "found".
_DONE = {0, 200}


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that was found, without the secret.

    Attributes:
        kind: The name of the rule that found it.
        path: The file.
        line: The line in it.
        commit: The commit that has it; None if it is in the working copy.
    """

    kind: str
    path: str
    line: int
    commit: str | None = None

    def __str__(self) -> str:
        """Say where it is."""
        where = f"{self.path}:{self.line}"
        return f"{where}: {self.kind}" + (f", in commit {self.commit}" if self.commit else "")


def find_secrets(root: Path, *, history: bool = False) -> list[Secret]:
    """Return the secrets in the files that git tracks or could add.

    Args:
        root: A working copy of git, or a download of its files.
        history: Whether to look at all commits too, also at those of other branches.

    Raises:
        Failure: Kingfisher cannot scan it.
    """
    command: list[str | Path] = [_KINGFISHER, "scan", "."]
    command += ["--no-validate", "--no-update-check", "--no-ignore", "--redact"]
    command += ["--quiet", "--format", "jsonl", "--git-history", "full" if history else "none"]
    command += ["--rules-path", _RULES, "--rule-cache-dir", _COMPILED_RULES]
    for ignored in _ignored_by_git(root):
        command += ["--exclude", f"./{ignored.rstrip('/')}"]
    done = subprocess.run(  # noqa: S603  # our own command, without a shell
        command, cwd=root, capture_output=True, text=True, check=False
    )
    if done.returncode not in _DONE:
        raise Failure(f"the scan for secrets failed: {done.stderr.strip()}")
    found = {_secret(each) for each in _records(done.stdout) if "finding" in each}
    return sorted(found, key=str)


def _ignored_by_git(root: Path) -> list[str]:
    """Return what git ignores: environments and what is built."""
    with TemporaryDirectory() as scratch:
        git: list[str | Path] = ["git"]
        if not (root / ".git").exists():  # a download: an empty repository reads its .gitignore
            run_tool(["git", "init", "--quiet", "--bare", scratch], what="git init")
            git += ["--git-dir", scratch, "--work-tree", root]
        listed = run_tool(
            [
                *git,
                *("ls-files", "--others", "--ignored", "--exclude-standard", "--directory"),
                "-z",  # names as they are, without quotes
            ],
            what="reading which files git ignores",
            cwd=root,
        )
    return [each for each in listed.split("\0") if each]


def _records(output: str) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in output.splitlines() if line)


def _secret(record: dict[str, Any]) -> Secret:
    finding = record["finding"]
    commit = finding.get("git_metadata", {}).get("commit", {}).get("id")
    kind = record["rule"]["id"].rpartition(".")[2]
    return Secret(kind, finding["path"].removeprefix("./"), finding["line"], commit)


def main(
    *, history: Annotated[bool, typer.Option(help="Look at all commits too.")] = False
) -> None:
    """Look for secrets. Exits 1 if there is one."""
    with one_line_for_failures():
        found = find_secrets(ROOT, history=history)
        for each in found:
            typer.echo(each)
        if found:
            raise Failure(
                f"secrets found: {len(found)}. Take them out. If one was ever pushed, replace it "
                "at its service too: whoever has the repository has it."
            )


if __name__ == "__main__":
    typer.run(main)
