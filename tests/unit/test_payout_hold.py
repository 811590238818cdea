"""A hold of a studio's payouts: when it begins, how it ends, and how it is stored."""

from dataclasses import replace

import pytest

from shared.domain.payout_hold import PayoutHold, hold_after
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.payout_hold import hold_from_values, hold_to_item

from .orders import AT
from .payout_ledgers import DUE, ledger, paid_out

PAYOUT = paid_out(ledger(1000)[1]).payout
HOLD = hold_after(PAYOUT, "account_invalid", AT)


def test_a_hold_says_which_payout_failed_and_why() -> None:
    assert (
        PayoutHold("st_1", PAYOUT.payout_id, "acct_1", 1000, "usd", "account_invalid", AT) == HOLD
    )
    assert HOLD.is_active


def test_a_second_refusal_keeps_the_time_since_when_payouts_are_on_hold() -> None:
    known = replace(HOLD, version=3)
    again = hold_after(PAYOUT, "account_closed", DUE, known)
    assert (again.held_at, again.reason, again.version) == (AT, "account_closed", 3)
    released = known.released("ops: repaired", DUE)
    assert hold_after(PAYOUT, "account_closed", DUE, released).held_at == DUE


@pytest.mark.parametrize("hold", [HOLD, HOLD.released("ops: repaired", DUE)])
def test_a_hold_is_on_the_attention_list_exactly_while_it_is_active(hold: PayoutHold) -> None:
    item = hold_to_item(hold)
    assert hold_from_values(unmarshal(item)) == hold
    assert ("attention_pk" in item) == ("attention_sk" in item) == hold.is_active
