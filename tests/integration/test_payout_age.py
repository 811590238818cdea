"""How late payouts are: the metric by which an alarm finds one that is not paid."""

from datetime import timedelta

import pytest

from functions.run_payouts import run_payouts
from shared.clock import rfc3339
from tests.integration.studio_payouts import StudioPayouts

pytestmark = pytest.mark.stack

TRANSFERS = {"method": "POST", "path_prefix": "/v1/transfers"}


def test_the_payout_that_is_due_for_the_longest_time_is_found(payouts: StudioPayouts) -> None:
    clock = payouts.backend.clock
    payouts.backend.sell()
    assert payouts.table.oldest_due(rfc3339(clock())) is None
    clock.ahead += timedelta(days=8)
    due_at = payouts.table.oldest_due(rfc3339(clock()))
    assert due_at is not None
    assert due_at < rfc3339(clock())
    payouts.run()
    assert payouts.table.oldest_due(rfc3339(clock())) is None


def test_an_open_payout_is_as_old_as_its_closing_and_a_paid_one_is_not_counted(
    payouts: StudioPayouts, monkeypatch: pytest.MonkeyPatch
) -> None:
    ages: list[float] = []
    monkeypatch.setattr(run_payouts, "measure_seconds", lambda _, seconds: ages.append(seconds))
    payouts.backend.sell()
    payouts.backend.control("faults", fault="insufficient_funds", times=2, match=TRANSFERS)
    payouts.pay_day()
    payouts.later()  # seven hours
    payouts.later()
    assert [int(age // 3600) for age in ages] == [0, 7, 14]
    payouts.take_back(100)
    payouts.run()
    assert len(ages) == 3
