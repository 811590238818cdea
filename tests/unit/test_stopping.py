"""Ctrl-C ends a command in one line, also while it still imports its modules."""

import subprocess
import sys

import pytest

from tests.operate import operate

# Importing typer stands for any import that takes time: Ctrl-C comes in the middle of it.
_CTRL_C_WHILE_IMPORTING = """
import runpy, sys

class Interrupted:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Interrupted())
runpy.run_module({module!r}, run_name="__main__")
"""


@pytest.mark.parametrize("module", ["infra.local", "infra.operate"])
def test_ctrl_c_while_a_command_starts_prints_one_line(module: str) -> None:
    program = _CTRL_C_WHILE_IMPORTING.format(module=module)
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr.strip()) == (130, "Stopped.")


def test_ctrl_c_during_an_operation_prints_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("infra.operate.resume.find_stack", interrupted)
    result = operate("resume")
    assert result.exit_code == 130
    assert result.stderr.strip() == "Stopped."
