"""``operate reconcile`` asks for all accounts, waits for them, and says what they found."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from infra.operate import foreign, reconcile
from tests.operate import failure_of, operate

ASKED_AT = "2026-11-30T12:00:00.000Z"
HEALED = {"kind": "refund_not_confirmed", "healed": True, "refund_id": "rf_1"}
OPEN = {"kind": "ledger_differs", "healed": False, "account_id": "acct_1", "amount": 5}
OWES = {"kind": "negative_balance_uncovered", "healed": False, "studio_id": "st_1"}


def result(*findings: Mapping[str, Any], left_out: int = 0, failure: str | None = None) -> Any:  # noqa: ANN401  # JSON
    return {"findings": list(findings), "findings_left_out": left_out, "failure": failure}


@dataclass
class FakeFunction:
    """Answers as the function does. Each question about results finds the next of some ended."""

    pages: list[list[str]]
    rounds: Iterator[dict[str, Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, _stack: object, _function: str, event: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(json.loads(json.dumps(event)))
        if "ask" in event:
            number = int(event["ask"].get("after") or 0)
            more = number + 1 < len(self.pages)
            return {
                "accounts": self.pages[number],
                "asked_at": ASKED_AT,
                "after": str(number + 1) if more else None,
            }
        ended = next(self.rounds, {})
        return {
            "ended": {name: ended[name] for name in event["results"]["accounts"] if name in ended}
        }


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401  # a function
    def install(pages: list[list[str]], *rounds: dict[str, Any]) -> FakeFunction:
        fake = FakeFunction(pages, iter(rounds))
        monkeypatch.setattr(reconcile, "find_stack", lambda _: None)
        monkeypatch.setattr(reconcile, "invoke", fake.invoke)
        monkeypatch.setattr(reconcile, "_SECONDS_BETWEEN_QUESTIONS", 0)
        return fake

    return install


def test_it_pages_through_the_accounts_and_waits_for_the_last_one(calls: Any) -> None:  # noqa: ANN401  # the fixture
    fake = calls(
        [["platform", "acct_1"], ["acct_2", "acct_1"]],
        {"platform": result()},
        {},
        {"acct_1": result(HEALED), "acct_2": result()},
    )
    done = operate("reconcile", "--since", "2026-10-01T00:00:00Z")
    assert done.exit_code == 0, done.output
    assert "3 accounts reconciled, 1 differences" in done.stdout
    first, second, *questions = fake.asked
    assert first == {"ask": {"since": "2026-10-01T00:00:00+00:00"}}
    assert second["ask"] | {"since": ""} == {"since": "", "after": "1", "asked_at": ASKED_AT}
    assert [each["results"]["accounts"] for each in questions] == [
        ["platform", "acct_1", "acct_2"],
        ["acct_1", "acct_2"],
        ["acct_1", "acct_2"],
    ]


def test_a_difference_that_does_not_heal_exits_1_and_a_studio_that_owes_does_not(
    calls: Any,  # noqa: ANN401  # the fixture
) -> None:
    calls([["platform"]], {"platform": result(OWES)})
    assert operate("reconcile").exit_code == 0
    calls([["platform"]], {"platform": result(OPEN, left_out=7)})
    shown = operate("reconcile")
    assert shown.exit_code == 1
    assert "ledger_differs" in shown.stdout
    assert "7 more differences are in the log" in shown.stdout


def test_an_account_that_fails_is_named_with_its_reason_beside_the_findings(calls: Any) -> None:  # noqa: ANN401  # the fixture
    calls([["platform", "acct_1"]], {"platform": result(HEALED), "acct_1": result(failure="502")})
    failed = operate("reconcile", "--json")
    assert failed.exit_code == 1
    assert "error: Accounts not reconciled: acct_1 (502)." in failed.stderr
    found = json.loads(failed.stdout)
    assert (found["reconciled"], found["failed"]) == (1, {"acct_1": "502"})
    assert found["findings"] == [HEALED]


def test_it_stops_waiting_when_nobody_works(
    calls: Any,  # noqa: ANN401  # the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls([["platform", "acct_1"]], {"platform": result()})
    monkeypatch.setattr(reconcile, "_SECONDS_WITHOUT_PROGRESS", 0)
    assert "1 accounts are not done, the first: acct_1" in failure_of(operate("reconcile"))


def test_foreign_objects_are_listed_and_an_unknown_id_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listed = {"stripe_id": "re_1", "amount": 500, "currency": None, "found_at": ASKED_AT}
    monkeypatch.setattr(foreign, "find_stack", lambda _: None)
    monkeypatch.setattr(foreign, "invoke", lambda *_: {"foreign": [listed]})
    shown = operate("foreign", "list")
    assert shown.exit_code == 0
    assert "re_1" in shown.stdout
    wanted = ("foreign", "acknowledge", "re_1", "re_2", "--by", "op_1", "--why", "the shop")
    refused = operate(*wanted)
    assert "Not on the list: re_2." in failure_of(refused)
    assert "Acknowledged: 1" in refused.stdout
