"""An hour of data with a payout is lost, and restored from Stripe."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.ledger import LedgerHead
from shared.domain.order import OrderState
from shared.domain.payout import PayoutStatus
from shared.domain.refund import Refund, RefundStatus
from shared.domain.refund_metadata import metadata_of
from shared.domain.refund_quote import ChosenLine
from tests.integration.backend import Backend
from tests.integration.disaster import Disaster
from tests.integration.message_sender import MessageSender
from tests.integration.reconcile_desk import ReconcileDesk
from tests.integration.studio_payouts import ACCOUNT, WEEK, StudioPayouts

pytestmark = pytest.mark.stack

# The fields that Stripe's metadata restores. The requester and the time are not among them.
SAME = ("refund_id", "order_id", "type", "status", "amount", "items", "reason", "stripe_refund_id")


def refund_of(refund: Refund) -> dict[str, Any]:
    return {name: getattr(refund, name) for name in SAME}


def books_of(backend: Backend) -> dict[str, tuple[list[dict[str, Any]], OrderState]]:
    """Return all refunds and states, without versions and requesters."""
    found = {}
    for order_id in backend.order_ids():
        record = backend.record(order_id)
        refunds = sorted((refund_of(each) for each in record.refunds.values()), key=str)
        found[order_id] = refunds, replace(record.state, version=0)
    return found


def fees_of(backend: Backend, orders: list[str]) -> list[Any]:
    """Return the refunds of the orders' application fees, as Stripe has them."""
    fees = [backend.record(order).order.application_fee_id for order in orders]
    return [backend.fee_refunds_at_stripe.list_of_fee(fee) for fee in fees if fee]


@dataclass(frozen=True)
class Snapshot:
    """The books, and the objects at Stripe."""

    books: dict[str, tuple[list[dict[str, Any]], OrderState]]
    head: LedgerHead
    payouts: list[tuple[str, int]]
    transfers: list[dict[str, Any]]
    refunds: dict[str, list[Any]]
    fee_refunds: list[Any]

    @classmethod
    def taken(cls, backend: Backend, payouts: StudioPayouts, orders: list[str]) -> "Snapshot":
        return cls(
            books_of(backend),
            backend.head(),
            [(each.payout_id, each.paid_amount) for each in payouts.all()],
            payouts.transfers(),
            {order: backend.stripe_refunds(order) for order in orders},
            fees_of(backend, orders),
        )


def let_the_hour_pass(backend: Backend, payouts: StudioPayouts, orders: list[str]) -> list[Refund]:
    """Make refunds of each kind, a late failure, an external refund, and run the payouts.

    Returns:
        The refunds that are settled at the end. The third has the key "asked again".
    """
    settled = next(iter(backend.record(orders[0]).refunds.values()))
    refunds = [
        backend.refund(orders[2]),
        backend.refund(orders[3], lines=(ChosenLine("li_1", 2),)),
        backend.refund(orders[4], 3333, key="asked again"),
        backend.refund(orders[0], 1500),
    ]
    backend.stripe_refund(orders[5], 700)
    backend.deliver()
    backend.come_to_rest()
    backend.control(f"refunds/{settled.stripe_refund_id}", status="failed")
    backend.deliver()
    backend.come_to_rest()
    assert backend.current(settled).status is RefundStatus.FAILED
    backend.clock.ahead += WEEK
    done = payouts.run().done
    assert done == ({"PayoutCarried": 1} if backend.direct else {"PayoutPaid": 1})
    after_payout = backend.refund(orders[1], 500)
    backend.deliver()
    backend.come_to_rest()
    return [*refunds, after_payout]


@pytest.mark.parametrize("direct", [False, True])
def test_an_hour_of_refunds_and_a_payout_come_back_as_they_were(
    disaster: Callable[..., Disaster], *, direct: bool
) -> None:
    day = disaster(direct=direct)
    backend = day.backend
    payouts = StudioPayouts(backend)
    orders = [backend.sell() for _ in range(6)]
    settled = backend.refund(orders[0], 4000)
    backend.settle_all()
    under_way = backend.refund(orders[1], 1000)
    assert backend.current(settled).status is RefundStatus.SETTLED
    day.keep()
    lost = let_the_hour_pass(backend, payouts, orders)
    before = Snapshot.taken(backend, payouts, orders)

    day.strike()
    assert backend.head().seq < before.head.seq
    assert day.replay()["RefundExternal"] == 6

    assert books_of(backend) == before.books
    assert {each.status for each in map(backend.current, [*lost, under_way])} == {
        RefundStatus.SETTLED
    }
    now = backend.head()
    assert now.direct_balance_amount == before.head.direct_balance_amount
    assert now.payable_balance_amount == before.head.payable_balance_amount
    assert backend.verify() is None
    # Nothing was done twice at Stripe, and the next runs do not either.
    # A payout that paid nothing has no transfer at Stripe, so the run closes it again.
    assert payouts.run().done == ({"PayoutCarried": 1} if direct else {})
    backend.come_to_rest()
    after = Snapshot.taken(backend, payouts, orders)
    assert after.transfers == before.transfers
    assert after.refunds == before.refunds
    assert after.fee_refunds == before.fee_refunds
    assert after.payouts == before.payouts
    # A client that repeats its request gets the same refund.
    assert backend.refund(orders[4], 3333, key="asked again").refund_id == lost[2].refund_id
    assert day.replay().get("RefundExternal") is None
    # Reconciling finds no difference.
    assert ReconcileDesk(backend).findings() == []


def test_a_payout_of_a_lost_sale_is_entered_for_the_amount_of_its_transfer(
    disaster: Callable[..., Disaster],
) -> None:
    """The lost hour had a sale, its refund and its payout. A new import brings the sale back."""
    day = disaster()
    backend = day.backend
    payouts = StudioPayouts(backend)
    backend.sell()
    day.keep()
    record = backend.order()
    backend.import_orders([json.dumps(record)])
    backend.charge(record)
    refund = backend.refund(record["order_id"], 2500)
    backend.deliver()
    backend.come_to_rest()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    before, payout, transfers = books_of(backend), payouts.last(), payouts.transfers()

    day.strike()
    done = day.replay()
    assert (done["UnknownCharge"], done["PayoutAdopted"]) == (2, 1)
    again = payouts.last()
    assert (again.payout_id, again.transfer_id) == (payout.payout_id, payout.transfer_id)
    assert (again.period_start, again.period_end) == (payout.period_start, payout.period_end)
    assert (again.paid_amount, again.total_amount) == (payout.paid_amount, 8180)
    assert again.carried_amount == 8180 - payout.paid_amount < 0
    assert (again.status, again.reason) == (PayoutStatus.PAID, "restored")
    assert backend.verify() is None

    backend.import_orders([json.dumps(record)])
    done = day.replay()
    # Reading the imported order's charge has taken the refund in.
    assert (done["RefundReportRepeated"], done["PayoutKnown"]) == (2, 1)
    assert "UnknownCharge" not in done
    assert books_of(backend) == before
    assert backend.current(refund).status is RefundStatus.SETTLED
    assert backend.head().payable_balance_amount == 0
    assert payouts.run().done == {}
    backend.sell()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    assert payouts.last().paid_amount == 8180
    assert payouts.transfers()[1:] == transfers
    assert backend.verify() is None


@pytest.mark.parametrize("forgotten", [False, True], ids=["key known", "key forgotten"])
def test_a_payout_that_a_restore_sets_back_is_not_paid_twice(
    disaster: Callable[..., Disaster], *, forgotten: bool
) -> None:
    day = disaster()
    backend = day.backend
    payouts = StudioPayouts(backend)
    backend.sell()
    backend.clock.ahead += WEEK
    assert payouts.close(backend.studio_id) is not None
    day.keep()
    assert payouts.later() == {"PayoutPaid": 1}
    transfers = payouts.transfers()
    day.strike()
    assert payouts.last().status is PayoutStatus.CLOSING
    if forgotten:
        backend.clock.ahead += timedelta(days=2)
        backend.control("clock", advance_s=2 * 86400)
    assert payouts.later() == {"PayoutPaid": 1}
    assert payouts.transfers() == transfers
    assert (payouts.last().transfer_id, backend.verify()) == (transfers[0]["id"], None)


def test_reversed_transfers_and_transfers_of_no_payout_enter_nothing(
    disaster: Callable[..., Disaster],
) -> None:
    day = disaster()
    backend = day.backend
    payouts = StudioPayouts(backend)
    backend.sell()
    day.keep()
    assert payouts.pay_day() == {"PayoutPaid": 1}
    backend.stripe_call("POST", f"transfers/{payouts.last().transfer_id}/reversals")
    backend.stripe_call(
        "POST", "transfers", amount=5, currency="usd", destination=ACCOUNT, transfer_group="a gift"
    )
    group = f"po_st_nowhere_{payouts.last().period_end}"
    backend.stripe_call(
        "POST", "transfers", amount=5, currency="usd", destination=ACCOUNT, transfer_group=group
    )
    day.strike()
    done = day.replay()
    assert (done["TransferCameBack"], done["TransferOfNoPayout"]) == (1, 1)
    assert done["TransferOfUnknownStudio"] == 1
    assert payouts.all() == []
    assert backend.head().payable_balance_amount == 8180


def test_a_message_of_the_lost_hour_is_not_sent_again(
    disaster: Callable[..., Disaster],
) -> None:
    day = disaster()
    sender = MessageSender(day.backend, day.stack)
    day.keep()
    sender.send()
    day.strike()
    day.replay()
    assert sender.found() is None
    assert len(sender.mails()) == 1


def test_edited_metadata_makes_an_external_refund(backend: Backend) -> None:
    """Only metadata with its own order and a missing refund marks a lost refund."""
    order, other = backend.sell(), backend.sell()
    known = backend.refund(other, 500)
    copy = {f"metadata[{name}]": value for name, value in metadata_of(known).items() if value}
    unknown = "rf_0123456789abcdef01234567"
    made = [
        backend.stripe_refund(order, 100, **copy),
        backend.stripe_refund(order, 100, **copy | {"metadata[refund_id]": unknown}),
        backend.stripe_refund(other, 100, **copy),
    ]
    backend.deliver()
    backend.come_to_rest()
    found = [*backend.record(order).refunds.values(), *backend.record(other).refunds.values()]
    external = {each.stripe_refund_id: each for each in found if each.source == "stripe"}
    assert external.keys() == {each["id"] for each in made}
    assert not {each.refund_id for each in external.values()} & {known.refund_id, unknown}
    assert backend.verify() is None
