"""The local stack reads files as the import does, and refuses bad settings before it starts."""

import json
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.failure import Failure
from infra.local import command as local
from infra.local.options import Options
from infra.local.order_import import well_formed
from infra.local.start_stack import claim_state
from infra.local.stripe_server import Standin
from tests.records import order_record


def test_only_lines_that_the_import_can_read_get_a_charge(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    good = [order_record("1", "st_1"), order_record("2", "st_1")]
    file.write_text(f"{json.dumps(good[0])}\nnot JSON\n\n{{}}\n{json.dumps(good[1])}\n", "utf-8")

    assert well_formed(file, "orders") == good


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--studios", "hello.txt"), "neither JSON Lines nor CSV"),
        (("--orders", "refused.jsonl"), "none of its orders can be imported (line 1"),
        (("--port", "4600", "--stripe-port", "4600"), "PORT and STRIPE_PORT are both 4600"),
        (("--region", "eu-lakeside-1"), "AWS has no region eu-lakeside-1"),
    ],
)
def test_bad_settings_are_refused_in_one_line_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hello.txt").write_text("hello\n")
    (tmp_path / "refused.jsonl").write_text('{"order_id": 1}\n')
    monkeypatch.setattr(local, "start_stack", lambda *_: pytest.fail("it started"))
    result = CliRunner().invoke(local.app, ["run", *arguments])
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert reason in line


def test_a_file_with_a_byte_order_mark_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    good = order_record("1", "st_1")
    file.write_text(json.dumps(good), "utf-8-sig")
    assert well_formed(file, "orders") == [good]


@pytest.mark.parametrize(("refused", "status"), [(0, 0), (2, 1)])
def test_one_run_fails_if_a_record_was_refused(
    monkeypatch: pytest.MonkeyPatch, refused: int, status: int
) -> None:
    started = SimpleNamespace(refused=refused)
    monkeypatch.setattr(local, "start_stack", lambda *_: nullcontext(started))
    monkeypatch.setattr(local, "_demonstrate", lambda *_: True)
    result = CliRunner().invoke(local.app, ["run", "--once"])
    assert result.exit_code == status
    assert ("2 records of STUDIOS and ORDERS were refused." in result.stdout) == bool(refused)


def test_state_that_was_kept_in_another_region_is_refused(tmp_path: Path) -> None:
    here, there = (
        Options(directory=tmp_path, keep=True),
        Options(directory=tmp_path, keep=True, region="eu-west-1"),
    )
    claim_state(here)
    claim_state(here)
    with pytest.raises(Failure, match=r"region us-east-1\. Set REGION=us-east-1, or delete"):
        claim_state(there)
    claim_state(Options(directory=tmp_path, region="eu-west-1"))


@dataclass
class FussyStandin:
    """Makes all charges of a call or none, like the stand-in, and knows one impossible charge."""

    impossible: str
    made: list[str] = field(default_factory=list)

    def control(self, _path: str, body: dict[str, Any]) -> dict[str, Any]:
        ids = [charge["id"] for charge in body["charges"]]
        if self.impossible in ids:
            raise Failure("it exists with other content")
        self.made += ids
        return {}


def test_an_impossible_charge_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    orders = [order_record(str(number), "st_1") for number in range(3)]
    ids = [order["stripe"]["charge_id"] for order in orders]
    fussy = FussyStandin(ids[1])
    monkeypatch.setattr(Standin, "control", lambda _, path, body: fussy.control(path, body))

    seeded = Standin("http://stripe.example").seed(orders)

    assert fussy.made == [ids[0], ids[2]]
    assert (seeded.charges, seeded.refused) == (
        2,
        [f"charge {ids[1]}: it exists with other content"],
    )
