"""The local stack reads a file of orders as the import does, and makes the charges it can."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from infra.failure import Failure
from infra.local.order_import import well_formed
from infra.local.stripe_server import Standin
from tests.records import order_record


def test_only_lines_that_the_import_can_read_get_a_charge(tmp_path: Path) -> None:
    file = tmp_path / "orders.jsonl"
    good = [order_record("1", "st_1"), order_record("2", "st_1")]
    file.write_text(f"{json.dumps(good[0])}\nnot JSON\n\n{{}}\n{json.dumps(good[1])}\n", "utf-8")

    assert well_formed(file, "orders") == good


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
