"""Import: good lines are imported once, bad lines are reported."""

import json

import pytest

from tests.integration.backend import Backend

pytestmark = pytest.mark.stack


def test_bad_lines_are_reported_by_number_and_the_others_are_imported(backend: Backend) -> None:
    good, other = backend.order(), backend.order()
    lines = [
        json.dumps(good),
        "{not json",
        json.dumps({**backend.order(), "total_amount": 9999}),
        json.dumps({**backend.order(), "currency": "eur"}),
        json.dumps({**backend.order(), "studio_id": "st_nowhere"}),
        json.dumps({**backend.order(), "stripe": {**good["stripe"]}}),
        json.dumps({**good, "parent": {"name": "Someone Else", "email": None}}),
        "",
        json.dumps(other),
    ]
    report = backend.import_orders(lines, first_line=11)
    assert (report.imported, report.unchanged) == (2, 0)
    assert {each["line"]: each["reason"] for each in report.refused} == {
        12: "not JSON, from character 2 on",
        13: "lines and shipping do not add up to total_amount",
        14: "currency eur is not the studio's, usd",
        15: "studio st_nowhere does not exist; import it first",
        16: f"charge {good['stripe']['charge_id']} is used already",
        17: f"order {good['order_id']} exists with other content",
    }
    assert len(backend.entries()) == 2
    assert backend.verify() is None


def test_importing_again_changes_nothing(backend: Backend) -> None:
    lines = [json.dumps(backend.order()) for _ in range(30)]
    assert backend.import_orders(lines).imported == 30
    before = backend.head()
    again = backend.import_orders(lines)
    assert (again.imported, again.unchanged, again.refused) == (0, 30, [])
    assert backend.head() == before
    assert backend.import_studio().unchanged == 1


def test_a_refunded_order_imported_again_keeps_its_refund(backend: Backend) -> None:
    record = backend.order()
    backend.import_orders([json.dumps(record)])
    backend.charge(record)
    backend.refund(record["order_id"], 1000)
    assert backend.import_orders([json.dumps(record)]).unchanged == 1
    assert backend.record(record["order_id"]).state.committed_amount == 1000


def test_an_order_without_a_charge_is_no_sale(backend: Backend) -> None:
    record = backend.order()
    record["stripe"] = {**record["stripe"], "charge_id": None}
    assert backend.import_orders([json.dumps(record)]).imported == 1
    assert backend.entries() == []
