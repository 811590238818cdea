"""Checks the page: types, format, its own logic, its API types and its size."""

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import typer
from rich.console import Console

from infra.build.dashboard import build_dashboard, install_packages, run_node
from infra.build.page_size import CSS_LIMIT, JS_LIMIT, first_load
from infra.failure import Failure, one_line_for_failures
from infra.paths import DASHBOARD, NPM
from infra.progress import ConsoleProgress

# What is checked, and the script of dashboard/package.json that checks it.
_CHECKS = {
    "types": "check",
    "format": "format:check",
    "own logic": "test",
    "API types (make page-schema writes them)": "schema:check",
}


def main(
    *, write_schema: Annotated[bool, typer.Option(help="Write the API types instead.")] = False
) -> None:
    """Check the page, or write its API types from docs/openapi.json."""
    progress = ConsoleProgress(Console())
    with one_line_for_failures():
        install_packages(DASHBOARD)
        if write_schema:
            _run_script("schema", "writing the page's API types")
            return
        with progress.stage("page checks") as stage, ThreadPoolExecutor(2) as pool:
            list(pool.map(_check, _CHECKS))
            stage.result = ", ".join(_CHECKS)
        with progress.stage("page size") as stage:
            stage.result = _check_size()


def _check(name: str) -> None:
    _run_script(_CHECKS[name], f"checking the page: {name}")


def _run_script(script: str, what: str) -> None:
    run_node([NPM, "run", "--silent", script], what=what, cwd=DASHBOARD)


def _check_size() -> str:
    build_dashboard()
    size = first_load()
    shown = f"{size.js / 1000:.1f} kB of JS, {size.css / 1000:.1f} kB of CSS, gzipped"
    if size.js > JS_LIMIT or size.css > CSS_LIMIT:
        raise Failure(
            f"The page's first load is too large: {shown}. The limits are {JS_LIMIT // 1000} kB "
            f"and {CSS_LIMIT // 1000} kB. Load what only some screens need with them."
        )
    return shown


if __name__ == "__main__":
    typer.run(main)
