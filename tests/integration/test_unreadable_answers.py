"""A lost first try, then an answer over HTTP that proves nothing: it is done once."""

import pytest

from shared.domain.errors import StripeOutcomeUnknownError
from shared.domain.payout import PayoutStatus
from shared.domain.refund import RefundStatus
from tests.integration.backend import Backend, MakeBackend
from tests.integration.studio_payouts import (
    NET,
    TRANSFERS,
    StudioPayouts,
    assert_nothing_is_lost,
)

pytestmark = pytest.mark.stack

# The first try's answer, and the second's. tests/faults/test_unreadable_answers.py has all pairs.
PAIRS = [
    ("reset_before_effect", "html_403_before_effect"),
    ("reset_after_effect", "html_403_before_effect"),
    ("reset_before_effect", "html_403_after_effect"),
    ("reset_before_effect", "cut_json_200_after_effect"),
]
REFUNDS = {"method": "POST", "path_prefix": "/v1/refunds"}
FEE_REFUNDS = {"method": "POST", "path_prefix": "/v1/application_fees"}


def spoil(backend: Backend, match: dict[str, str], *faults: str) -> None:
    """Spoil the next sends, one fault each."""
    for fault in faults:
        backend.control("faults", fault=fault, match=match)


@pytest.mark.parametrize(("lost", "unreadable"), PAIRS)
def test_a_refund_stays_pending_and_pays_the_parent_once(
    backend: Backend, lost: str, unreadable: str
) -> None:
    order_id = backend.sell()
    spoil(backend, REFUNDS, lost, unreadable)
    refund = backend.refund(order_id)
    assert refund.status is RefundStatus.REQUESTED
    assert backend.record(order_id).state.committed_amount == 10000

    backend.come_to_rest()

    assert backend.current(refund).status is RefundStatus.SETTLED
    assert [each["amount"] for each in backend.stripe_refunds(order_id)] == [10000]
    assert [entry["kind"] for entry in backend.entries()] == ["sale", "refund"]


@pytest.mark.parametrize(("lost", "unreadable"), PAIRS)
def test_a_fee_refund_is_made_once(make_backend: MakeBackend, lost: str, unreadable: str) -> None:
    backend = make_backend(direct=True)
    order_id = backend.sell()
    backend.refund(order_id)
    backend.deliver()
    spoil(backend, FEE_REFUNDS, lost, unreadable)
    with pytest.raises(StripeOutcomeUnknownError):
        backend.drain()

    backend.come_to_rest()

    fee = backend.record(order_id).order.application_fee_id
    refunds = backend.stripe_call("GET", f"application_fees/{fee}/refunds")["data"]
    assert [each["amount"] for each in refunds] == [1500]


@pytest.mark.parametrize(("lost", "unreadable"), PAIRS)
def test_a_transfer_is_made_once(payouts: StudioPayouts, lost: str, unreadable: str) -> None:
    payouts.backend.sell()
    spoil(payouts.backend, TRANSFERS, lost, unreadable)
    assert payouts.pay_day() == {"PayoutDeferred": 1}
    assert payouts.last().status is PayoutStatus.TRANSFERRING

    assert payouts.later()["PayoutPaid"] == 1

    assert [each["amount"] for each in payouts.transfers()] == [NET]
    assert_nothing_is_lost(payouts)
