"""Finds a Chromium for browser tests and screenshots, or unpacks one that comes from npm."""

import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from fcntl import LOCK_EX, flock
from pathlib import Path

from infra.build.dashboard import install_packages, run_node
from infra.failure import Failure
from infra.paths import DASHBOARD, TOOLS

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_PACKAGE = DASHBOARD / "browser"
_UNPACKED = TOOLS / "chromium"
_HOW_TO_GET_ONE = (
    "Install Chromium or Google Chrome, or name one: CHROMIUM=/path/to/chrome make test."
)


@dataclass(frozen=True)
class Chromium:
    """A browser to start.

    Attributes:
        path: Its program.
        environment: Variables that it needs beside ours.
    """

    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)


def find_chromium() -> Chromium:
    """Return the Chromium that `CHROMIUM=` names, else one on the PATH, else npm's.

    Raises:
        Failure: There is none. The message says how to get one.
    """
    if named := os.environ.get("CHROMIUM"):
        if not Path(named).is_file():
            raise Failure(f"CHROMIUM={named} is not a file. {_HOW_TO_GET_ONE}")
        return Chromium(Path(named))
    for name in _NAMES:
        if found := shutil.which(name):
            return Chromium(Path(found))
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise Failure(f"No Chromium is on the PATH. {_HOW_TO_GET_ONE}")
    return _chromium_of_npm()


def _chromium_of_npm() -> Chromium:
    """Unpack the packed Chromium, with the libraries that a machine without a desktop lacks."""
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / ".chromium.lock").open("w") as lock:
        flock(lock, LOCK_EX)  # each worker of a test run comes here
        version = (_PACKAGE / "package-lock.json").read_text(encoding="utf-8")
        stamp = _UNPACKED / ".lock-file"
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != version:
            try:
                install_packages(_PACKAGE)
                shutil.rmtree(_UNPACKED, ignore_errors=True)
                script: list[str | Path] = [_PACKAGE / "unpack.mjs", _UNPACKED]
                run_node(script, what="unpacking Chromium", cwd=_PACKAGE)
            except Failure as failure:
                raise Failure(f"{failure}\n{_HOW_TO_GET_ONE}") from failure
            stamp.write_text(version, encoding="utf-8")
    libraries = _UNPACKED / "al2023" / "lib"
    environment = {"LD_LIBRARY_PATH": str(libraries)}
    if not Path("/usr/share/fonts").is_dir():
        environment["FONTCONFIG_FILE"] = str(_fonts())
    return Chromium(_UNPACKED / "chromium", environment)


def _fonts() -> Path:
    """Write down where the unpacked fonts are, for a machine that has none."""
    described = _UNPACKED / "fonts.conf"
    described.write_text(
        f"<fontconfig><dir>{_UNPACKED / 'fonts'}</dir>"
        f"<cachedir>{_UNPACKED / 'font-cache'}</cachedir></fontconfig>",
        encoding="utf-8",
    )
    return described
