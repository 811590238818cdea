"""A game day ends with books that agree. `make game-day` plays the others, which need quiet."""

import sys
from pathlib import Path

import pytest

from tests.e2e.world import DeployedStack
from tests.game_days.__main__ import main
from tests.game_days.days import DAYS
from tests.game_days.desk import Desk, Ran
from tests.operate import operate, use_local_stack

pytestmark = pytest.mark.stack


def test_a_poisoned_queue_is_mended_with_the_operator_command(
    world: DeployedStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_local_stack(world.stack, tmp_path, monkeypatch)

    def run(arguments: tuple[str, ...]) -> Ran:
        result = operate(*arguments)
        return Ran(result.exit_code, result.stdout)

    story: list[str] = []
    DAYS["poisoned-queue"](Desk(world, run, story.append))
    assert any("AdjustDLQAlarm" in line for line in story)


def test_a_day_that_does_not_exist_names_those_that_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tsunami"]) == 1
    line = capsys.readouterr().err
    assert line.startswith("error: Choose a day")
    assert all(name in line for name in DAYS)
    assert sys.exc_info() == (None, None, None)
