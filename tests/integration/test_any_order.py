"""Repeated and reordered events have the same result as each event once and in order."""

import random
from dataclasses import dataclass
from typing import Any

import pytest

from tests.integration.backend import Backend, MakeBackend
from tests.integration.stripe_side import shuffled

pytestmark = pytest.mark.stack


@dataclass(frozen=True)
class State:
    """The state that must not depend on the order of events."""

    refunds: list[tuple[int, str, str]]
    committed_amount: int
    settled_amount: int
    rev_share_reversed_amount: int
    balance: int


def state_of(backend: Backend, order_id: str) -> State:
    record = backend.record(order_id)
    head = backend.head()
    return State(
        sorted((r.amount, r.status.value, r.source) for r in record.refunds.values()),
        record.state.committed_amount,
        record.state.settled_amount,
        record.state.rev_share_reversed_amount,
        head.payable_balance_amount + head.direct_balance_amount,
    )


def play(backend: Backend, order_id: str, seed: int) -> None:
    """Make refunds here and at Stripe. Some stay pending for a while, fail or fail late."""
    dice = random.Random(seed)  # noqa: S311  # the same seed, the same story
    stripe_ids = []
    for _ in range(dice.randint(2, 4)):
        amount = dice.randint(1, 2400)
        pending = dice.random() < 0.4
        if pending:
            backend.control("faults", fault="pending")
        if dice.random() < 0.6:
            made = backend.refund(order_id, amount)
            stripe_ids.append((str(made.stripe_refund_id), pending))
        else:
            external: dict[str, Any] = backend.stripe_refund(order_id, amount)
            stripe_ids.append((str(external["id"]), pending))
    for stripe_id, pending in stripe_ids:
        if pending and dice.random() < 0.8:
            backend.control(f"refunds/{stripe_id}", status="succeeded")
        if dice.random() < 0.3:
            backend.control(f"refunds/{stripe_id}", status="failed")


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_events_three_times_in_random_order_equal_events_once_in_order(
    make_backend: MakeBackend, seed: int, *, direct: bool
) -> None:
    in_order, anyhow = make_backend(direct=direct), make_backend(direct=direct)
    states = []
    for backend, copies in ((in_order, 1), (anyhow, 3)):
        order_id = backend.sell()
        play(backend, order_id, seed)
        events = backend.events()
        for number, event in enumerate(events if copies == 1 else shuffled(events, copies, seed)):
            backend.deliver([event])
            if copies == 1 or number % 3 == 0:
                backend.drain()
        backend.drain()
        assert backend.verify() is None
        states.append(state_of(backend, order_id))
    assert states[0] == states[1]


def test_an_event_that_comes_before_stripes_answer_finds_its_refund(backend: Backend) -> None:
    """The intent is stored first, so the early event is not recorded as an external refund."""
    order_id = backend.sell()
    backend.control(
        "faults", fault="reset_after_effect", times=2, match={"path_prefix": "/v1/refunds"}
    )
    refund = backend.refund(order_id)
    assert refund.stripe_refund_id is None
    assert "RefundConfirmed" in backend.deliver()
    backend.drain()
    record = backend.record(order_id)
    assert [r.source for r in record.refunds.values()] == ["api"]
    assert record.state.settled_amount == 10000


def test_events_about_others_charges_change_nothing(
    make_backend: MakeBackend, backend: Backend
) -> None:
    direct = make_backend(direct=True)
    order_id = backend.sell()
    backend.stripe_refund(order_id, 1000)
    event = next(e for e in backend.events() if e["type"] == "refund.created")

    assert backend.deliver([{**event, "account": "acct_other"}]) == ["AccountMismatch"]
    stranger = {**event["data"]["object"], "charge": "ch_stranger"}
    assert direct.deliver([{**event, "data": {"object": stranger}}]) == ["UnknownCharge"]
    assert backend.deliver([{**event, "type": "customer.created"}]) == ["EventIgnored"]
    assert backend.record(order_id).refunds == {}


def test_metadata_that_names_another_refund_does_not_move_it(backend: Backend) -> None:
    first, second = backend.sell(), backend.sell()
    pending = backend.refund(first, 1000)
    backend.stripe_refund(
        second,
        1000,
        **{"metadata[refund_id]": pending.refund_id, "metadata[order_id]": first},
    )
    event = next(
        e
        for e in backend.events()
        if e["type"] == "refund.created"
        and e["data"]["object"]["charge"] == backend.record(second).order.charge_id
    )
    assert backend.deliver([event]) == ["RefundExternal"]
    assert backend.current(pending).status == "pending"
    assert [r.source for r in backend.record(second).refunds.values()] == ["stripe"]
