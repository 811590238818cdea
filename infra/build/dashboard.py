"""Builds the page into `build/dashboard/`, with Node and the packages of its lock."""

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from pathlib import Path

from infra.failure import Failure, run_tool
from infra.paths import BUILD, DASHBOARD, DOCS, NODE, NPM, ROOT

OUTPUT = BUILD / "dashboard"
_STAMP = BUILD / ".stamps" / "dashboard"
_LOCK = "package-lock.json"

# What npm says if the registry does not have a version or a file of the lock.
_REFUSALS = ("E404", "ETARGET", "E403", "EINTEGRITY", "ENOVERSIONS", "EUSAGE")


@dataclass(frozen=True)
class BuiltDashboard:
    """The built page.

    Attributes:
        path: Its folder under `build/`.
        changed: Whether this build changed it.
    """

    path: Path
    changed: bool


def build_dashboard() -> BuiltDashboard:
    """Build the page if it changed since its last build.

    Raises:
        Failure: Its packages cannot be installed, or it does not build.
    """
    (BUILD / ".stamps").mkdir(parents=True, exist_ok=True)
    with (BUILD / ".dashboard.lock").open("w") as lock:
        flock(lock, LOCK_EX)  # two builds at once would delete each other's files
        digest = _digest(_sources())
        if OUTPUT.is_dir() and _STAMP.is_file() and _STAMP.read_text() == digest:
            return BuiltDashboard(OUTPUT, changed=False)
        install_packages(DASHBOARD)
        vite = DASHBOARD / "node_modules" / "vite" / "bin" / "vite.js"
        run_node([vite, "build"], what="building the page", cwd=DASHBOARD)
        _STAMP.write_text(digest)
        return BuiltDashboard(OUTPUT, changed=True)


def install_packages(folder: Path) -> None:
    """Install exactly the packages of a folder's lock, unless they are there.

    Raises:
        Failure: They cannot be installed. The message says so plainly if the registry does not
            have what the lock names.
    """
    installed = folder / "node_modules" / ".lock-digest"
    digest = hashlib.sha256((folder / _LOCK).read_bytes()).hexdigest()
    if installed.is_file() and installed.read_text() == digest:
        return
    what = f"installing the packages of {(folder / _LOCK).relative_to(ROOT)}"
    try:
        run_node([NPM, "ci", "--no-progress"], what=what, cwd=folder)
    except Failure as failure:
        if any(refusal in str(failure) for refusal in _REFUSALS):
            raise Failure(
                f"{failure}\nYour npm registry does not have a package as the lock names it. "
                f"Use a registry that has it (npm's setting `registry`), or run `npm install` in "
                f"{folder.relative_to(ROOT)}/ and commit the new lock."
            ) from failure
        raise
    installed.write_text(digest)


def run_node(
    command: list[str | Path], *, what: str, cwd: Path, env: Mapping[str, str] | None = None
) -> str:
    """Run a script with our Node and return its output.

    Raises:
        Failure: Node is missing, or the script fails.
    """
    path = os.pathsep.join([str(NODE.parent), os.environ.get("PATH", os.defpath)])
    environment = os.environ | {"PATH": path, **(env or {})}
    return run_tool([NODE, *command], what=what, cwd=cwd, env=environment)


def _sources() -> Iterator[Path]:
    """Yield everything that the built page depends on, in a fixed order."""
    yield DOCS / "openapi.json"
    for path in sorted(DASHBOARD.rglob("*")):
        if path.is_file() and "node_modules" not in path.parts and "browser" not in path.parts:
            yield path


def _digest(paths: Iterator[Path]) -> str:
    hashed = hashlib.sha256()
    for path in paths:
        hashed.update(f"{path.relative_to(ROOT)}\n".encode())
        hashed.update(hashlib.sha256(path.read_bytes()).digest())
    return hashed.hexdigest()


if __name__ == "__main__":
    try:
        built = build_dashboard()
    except Failure as failure:
        sys.exit(f"error: {failure}")
    print(f"{built.path.relative_to(ROOT)}: {'built' if built.changed else 'up to date'}")  # noqa: T201 - a command's answer
