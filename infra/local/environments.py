"""Installs the engine, the SAM CLI, Node and Checkov, each into a Python environment of its own.

All but Node pin other versions of boto3 than the functions use. Node comes as a Python package, so
that a machine needs nothing but Python.
"""

import hashlib
import sys
from pathlib import Path

from infra.failure import run_tool
from infra.paths import CHECKOV_PYTHON, ENGINE_PYTHON, NODE_PYTHON, REQUIREMENTS, SAM, UV

_ENVIRONMENTS = {"ministack": ENGINE_PYTHON, "sam": SAM, "node": NODE_PYTHON}


def install_tools() -> list[str]:
    """Install each tool that is missing or has a new lock file.

    Returns:
        The names of the tools that were installed.

    Raises:
        Failure: A tool cannot be installed.
    """
    return [
        name
        for name, program in _ENVIRONMENTS.items()
        if _install(REQUIREMENTS / f"{name}.txt", program)
    ]


def install_checkov() -> None:
    """Install Checkov, which only `make template` needs, if it is missing or has a new lock file.

    Raises:
        Failure: It cannot be installed.
    """
    _install(REQUIREMENTS / "checkov.txt", CHECKOV_PYTHON)


def _install(lock: Path, program: Path) -> bool:
    environment = program.parent.parent
    stamp = environment / ".lock-digest"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    if program.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return False
    what = f"installing {lock.stem}"
    venv: list[str | Path] = [
        UV,
        "venv",
        "--quiet",
        "--allow-existing",
        "--python",
        sys.executable,
        environment,
    ]
    run_tool(venv, what=what)
    sync: list[str | Path] = [UV, "pip", "sync", "--quiet", "--require-hashes"]
    run_tool([*sync, "--python", environment, lock], what=what)
    stamp.write_text(digest)
    return True
