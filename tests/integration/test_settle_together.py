"""Refunds of one studio that settle in one transaction: as one by one, and each once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

import pytest

from shared.domain.refund import Refund, RefundKey, RefundStatus
from shared.gateways import table
from tests.integration.backend import Backend, MakeBackend

pytestmark = pytest.mark.stack


def key(refund: Refund) -> RefundKey:
    return RefundKey(refund.order_key, refund.refund_id)


def confirmed(backend: Backend) -> list[Refund]:
    """Return refunds that wait to be settled: three of one order, and one of each of two more."""
    first, second, third = backend.sell(), backend.sell(), backend.sell()
    refunds = [backend.refund(first, amount) for amount in (3333, 3333, 3334)]
    refunds += [backend.refund(second), backend.refund(third, 1001)]
    backend.deliver()
    return refunds


@contextmanager
def counting_writes(backend: Backend) -> Iterator[list[int]]:
    """Give the number of items of each transaction that is written meanwhile."""
    written: list[int] = []

    def note(params: dict[str, Any], **_: object) -> None:
        written.append(len(params["TransactItems"]))

    event = "provide-client-params.dynamodb.TransactWriteItems"
    backend.dynamodb.meta.events.register(event, note)
    try:
        yield written
    finally:
        backend.dynamodb.meta.events.unregister(event, note)


@pytest.mark.parametrize("direct", [False, True], ids=["platform", "direct"])
def test_a_batch_settles_in_one_transaction_that_moves_the_head_once(
    make_backend: MakeBackend, *, direct: bool
) -> None:
    backend = make_backend(direct=direct)
    refunds = confirmed(backend)
    before = backend.head().seq

    with counting_writes(backend) as written:
        settled = backend.settle_refund.together(list(map(key, refunds)))

    # 3 orders, 5 refunds, 5 entries and the head; of direct charges also 3 application fees.
    assert written == [17 if direct else 14]
    assert [entry.seq for entry in settled.values() if entry] == list(range(before + 1, before + 6))
    assert {backend.current(each).status for each in refunds} == {RefundStatus.SETTLED}
    # 15 % of each order, to the cent: three parts of the first reverse all of its share.
    shares = Counter[str]()
    for entry in settled.values():
        assert entry is not None
        shares[entry.order_id or ""] += entry.rev_share_amount
    assert list(shares.values()) == [1500, 1500, 150]
    assert backend.verify() is None
    backend.come_to_rest()
    for order_id, share in shares.items() if direct else ():
        fee = backend.record(order_id).order.application_fee_id
        refunded = backend.stripe_call("GET", f"application_fees/{fee}")["amount_refunded"]
        assert refunded == share


def test_a_repeated_batch_settles_nothing_again(backend: Backend) -> None:
    keys = list(map(key, confirmed(backend)))
    backend.settle_refund.together(keys)
    before = backend.entries()
    with counting_writes(backend) as written:
        assert backend.settle_refund.together(keys) == dict.fromkeys(keys)
    assert written == []
    assert backend.entries() == before


def test_a_late_failure_settles_before_a_refund_of_its_order(backend: Backend) -> None:
    order_id = backend.sell()
    failed = backend.refund_and_settle(order_id, 6000)
    newer = backend.refund(order_id, 1000)
    backend.deliver()
    backend.control(f"refunds/{backend.current(failed).stripe_refund_id}", status="failed")
    other = backend.refund(backend.sell())
    backend.deliver()

    settled = backend.settle_refund.together([key(newer), key(other), key(failed)])

    entries = [entry for entry in settled.values() if entry]
    assert [entry.kind for entry in sorted(entries, key=lambda each: each.seq)] == [
        *("refund_failed", "refund", "refund")
    ]
    assert backend.record(order_id).state.settled_amount == 1000
    assert backend.verify() is None


def test_a_missing_refund_is_left_to_be_parked_and_the_others_settle(backend: Backend) -> None:
    refunds = confirmed(backend)
    keys = list(map(key, refunds))
    nowhere = replace(keys[0], refund_id="rf_nowhere")
    no_order = replace(keys[0], order=backend.key("ord_nowhere"))
    settled = backend.settle_refund.together([nowhere, *keys, no_order])
    assert set(settled) == set(keys)
    assert {backend.current(each).status for each in refunds} == {RefundStatus.SETTLED}


def test_what_does_not_fit_into_one_transaction_takes_several(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    refunds = confirmed(backend)
    monkeypatch.setattr(table, "_ITEMS_PER_TRANSACTION", 8)
    with counting_writes(backend) as written:
        settled = backend.settle_refund.together(list(map(key, refunds)))
    assert written
    assert max(written) <= 8
    # What is alone in the end is left to be settled alone.
    for each in refunds:
        if key(each) not in settled:
            backend.settle_refund(each.order_key, each.refund_id)
    assert Counter(entry["kind"] for entry in backend.entries()) == {"sale": 3, "refund": 5}
    assert backend.verify() is None


def test_batches_that_overlap_settle_each_refund_once(backend: Backend) -> None:
    refunds = confirmed(backend)
    keys = list(map(key, refunds))
    start = Barrier(3)

    def work(batch: list[RefundKey]) -> None:
        start.wait()
        settled = backend.settle_refund.together(batch)
        for each in batch:
            if each not in settled:
                backend.settle_refund(each.order, each.refund_id)

    batches = [keys, keys[::-1], keys[2:]]
    threads = [Thread(target=work, args=(batch,)) for batch in batches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(entry["kind"] for entry in backend.entries()) == {"sale": 3, "refund": 5}
    assert {backend.current(each).status for each in refunds} == {RefundStatus.SETTLED}
    assert backend.verify() is None
