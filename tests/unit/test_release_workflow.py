"""The workflows deploy what was checked, in the right order, with nothing that can be moved."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.paths import ROOT

WORKFLOWS = ROOT / ".github" / "workflows"
RELEASE = WORKFLOWS / "release.yml"
CANARY = WORKFLOWS / "canary.yml"
_PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")


def jobs(workflow: Path = RELEASE) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(workflow.read_text())["jobs"]
    return found


def commands(job: str) -> str:
    return "\n".join(step.get("run", "") for step in jobs()[job]["steps"])


@pytest.mark.parametrize("workflow", [RELEASE, CANARY], ids=lambda path: path.stem)
def test_every_action_is_pinned_by_its_commit(workflow: Path) -> None:
    steps = [step for job in jobs(workflow).values() for step in job["steps"]]
    used = [step["uses"] for step in steps if "uses" in step]
    assert used
    assert [each for each in used if not _PINNED.fullmatch(each)] == []


def test_production_comes_after_the_test_stack_and_that_after_the_checks() -> None:
    assert jobs()["test"]["needs"] == ["check", "audit", "secrets"]
    assert jobs()["production"]["needs"] == "test"
    assert jobs()["test"]["environment"] == "test"
    assert jobs()["production"]["environment"] == "production"
    assert "refs/heads/main" in jobs()["test"]["if"]
    assert commands("check").split("\n")[2:] == ["make check", "make deploy-test"]


def test_only_the_jobs_that_deploy_may_ask_for_aws_credentials() -> None:
    whole = yaml.safe_load(RELEASE.read_text())
    assert whole["permissions"] == {"contents": "read"}
    may = {name for name, job in jobs().items() if "id-token" in job.get("permissions", {})}
    assert may == {"test", "production"}


@pytest.mark.parametrize("job", ["test", "production"])
def test_a_stack_is_deployed_and_then_refunds_a_hundred_dollars(job: str) -> None:
    assert commands(job).split() == ["make", "deploy", "YES=1", "make", "smoke"]


def test_each_hour_the_test_stack_refunds_a_hundred_dollars() -> None:
    whole = yaml.safe_load(CANARY.read_text())
    # YAML 1.1 reads the key "on" as true.
    (schedule,) = whole[True]["schedule"]
    minute, *rest = schedule["cron"].split()
    assert minute.isdigit()
    assert rest == ["*", "*", "*", "*"]
    (job,) = whole["jobs"].values()
    assert job["environment"] == "test"
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make smoke"]


@pytest.mark.parametrize("workflow", [RELEASE, CANARY], ids=lambda path: path.stem)
def test_no_text_of_a_pull_request_becomes_part_of_a_command(workflow: Path) -> None:
    for job in jobs(workflow).values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")
