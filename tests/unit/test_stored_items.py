"""Stored records come back unchanged, and are in an index of open work while they are open."""

from dataclasses import replace
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.dispute import Dispute, DisputeStatus
from shared.domain.fee_refund import FeeRefund
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, append
from shared.domain.ledger_chain import verify_chain
from shared.domain.order import LineCommitted, OrderRefundStatus, OrderState, RefundItem
from shared.domain.payment_status import PaymentStatus
from shared.domain.refund import UNSETTLED, HistoryEntry, Refund, RefundStatus, RefundType
from shared.domain.refusal import Refusal
from shared.domain.tax import SoldTax, TaxPart
from shared.gateways.records.attributes import marshal, unmarshal
from shared.gateways.records.fee_refund import fee_refund_from_values, fee_refund_to_item
from shared.gateways.records.keys import (
    FEE_REFUND_SK,
    ORDER_SK,
    REFUND_PREFIX,
    STATE_SK,
    OpenWork,
    entry_sk,
    refund_sk,
)
from shared.gateways.records.ledger import head_from_values, head_to_item
from shared.gateways.records.order_state import state_from_values, state_to_item
from shared.gateways.records.refund import refund_from_values, refund_to_item

ids = st.text(
    st.sampled_from("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
    min_size=1,
    max_size=64,
)
amounts = st.integers(0, 10**12 - 1)
balances = st.integers(-(10**12), 10**12)
counts = st.integers(0, 10**6)
texts = st.text(max_size=40)
times = st.just("2026-10-14T17:04:00.000Z") | st.just("2026-11-01T00:00:00.001Z")
currencies = st.sampled_from(["usd", "eur", "jpy"])

tax_parts = st.lists(st.builds(TaxPart, texts, ids, amounts), max_size=3).map(tuple)
refund_items = st.builds(RefundItem, ids, st.integers(1, 100), amounts)
history = st.builds(HistoryEntry, st.sampled_from(RefundStatus), times, texts)


def maybe[Value](values: st.SearchStrategy[Value]) -> st.SearchStrategy[Value | None]:
    return st.none() | values


any_refund = st.builds(
    Refund,
    refund_id=ids,
    order_id=ids,
    studio_id=ids,
    type=st.sampled_from(RefundType),
    status=st.sampled_from(RefundStatus),
    amount=amounts,
    currency=currencies,
    charge_id=ids,
    requested_by=texts,
    requested_at=times,
    source=st.sampled_from(["api", "stripe"]),
    correlation_id=texts,
    account_id=maybe(ids),
    items=st.lists(refund_items, max_size=4).map(tuple),
    reason=maybe(texts),
    note=maybe(texts),
    stop_print=st.booleans(),
    fingerprint=maybe(ids),
    attempt=st.integers(1, 99),
    attempt_at=maybe(times),
    stripe_refund_id=maybe(ids),
    pending_reason=maybe(texts),
    failure_reason=maybe(texts),
    refusal=maybe(st.builds(Refusal, texts, texts)),
    settled_at=maybe(times),
    item_tax_parts=tax_parts,
    tax_parts=tax_parts,
    settled_seq=maybe(st.integers(1, 10**12)),
    failed_seq=maybe(st.integers(1, 10**12)),
    rev_share_reversed_amount=maybe(amounts),
    stripe_fee_retained_amount=maybe(amounts),
    net_deduction_amount=maybe(balances),
    poll_count=counts,
    next_poll_at=times,
    version=counts,
    history=st.lists(history, max_size=4).map(tuple),
    # A refund that is not open has no next poll.
).map(lambda refund: refund if refund.is_open else replace(refund, next_poll_at=None))

any_dispute = st.builds(
    Dispute,
    dispute_id=ids,
    status=st.sampled_from(DisputeStatus).map(str),
    amount=amounts,
    is_charge_refundable=st.booleans(),
    created_at=times,
    reason=maybe(ids),
    due_by=maybe(times),
    withdrawn_amount=amounts,
    fee_amount=amounts,
    tax_amount=amounts,
    tax_parts=tax_parts,
    dismissed_by=maybe(ids),
)

any_state = st.builds(
    OrderState,
    order_id=ids,
    studio_id=ids,
    currency=currencies,
    total_amount=amounts,
    rev_share_amount=amounts,
    stripe_fee_amount=amounts,
    account_id=maybe(ids),
    application_fee_id=maybe(ids),
    version=counts,
    committed_amount=amounts,
    settled_amount=amounts,
    rev_share_reversed_amount=amounts,
    fee_refund_target_amount=amounts,
    lines_committed=st.dictionaries(
        ids, st.builds(LineCommitted, st.integers(0, 100), amounts), max_size=4
    ),
    fulfillment_status=st.sampled_from(["none", "queued", "claimed", "canceled"]),
    fulfillment_canceled_by=maybe(ids),
    payment_status=st.sampled_from(PaymentStatus),
    payment_problem=maybe(texts),
    charged_amount=maybe(amounts),
    ledger_starts_at=maybe(times),
    next_check_at=times,
    check_count=counts,
    disputes=st.lists(any_dispute, max_size=3).map(tuple),
    tax_parts=st.lists(st.builds(SoldTax, texts, ids, amounts, amounts), max_size=3).map(tuple),
).map(lambda state: state if state.must_be_checked else replace(state, next_check_at=None))

any_fee_refund = st.builds(
    FeeRefund,
    order_id=ids,
    studio_id=ids,
    application_fee_id=ids,
    target_amount=amounts,
    refunded_amount=amounts,
    in_flight_amount=st.just(0) | amounts,
    attempt=counts,
    attempt_at=maybe(times),
    next_poll_at=times,
    poll_count=counts,
    version=counts,
    correlation_id=texts,
).map(lambda fee: fee if fee.is_open else replace(fee, next_poll_at=None))

any_head = st.builds(
    LedgerHead,
    studio_id=ids,
    currency=currencies,
    seq=st.integers(0, 10**12),
    payable_balance_amount=balances,
    direct_balance_amount=balances,
    hash=st.text("0123456789abcdef", min_size=64, max_size=64),
    closed_seq=st.integers(0, 10**12),
    carried_amount=balances,
    anchor_due_at=maybe(times),
)


@given(any_refund)
def test_a_refund_comes_back_as_it_was_stored(refund: Refund) -> None:
    item = refund_to_item(refund)
    assert refund_from_values(unmarshal(item)) == refund
    assert item["PK"] == {"S": f"STUDIO#{refund.studio_id}#ORDER#{refund.order_id}"}
    assert item["SK"] == {"S": f"REFUND#{refund.refund_id}"}


@given(any_state)
def test_an_orders_state_comes_back_as_it_was_stored(state: OrderState) -> None:
    item = state_to_item(state)
    assert state_from_values(unmarshal(item)) == state


@given(any_state)
def test_an_order_is_in_the_list_of_what_is_settled_whatever_is_in_flight(
    state: OrderState,
) -> None:
    listed = state_to_item(replace(state, committed_amount=state.settled_amount)).get("status_pk")
    in_flight = replace(state, committed_amount=state.settled_amount + 1)
    assert in_flight.refund_status is OrderRefundStatus.PENDING
    assert state_to_item(in_flight).get("status_pk") == listed
    assert (listed is None) == (state.settled_amount == 0)


@given(any_fee_refund)
def test_a_fee_refund_comes_back_as_it_was_stored(fee_refund: FeeRefund) -> None:
    item = fee_refund_to_item(fee_refund)
    assert fee_refund_from_values(unmarshal(item)) == fee_refund


@given(any_head)
def test_a_ledger_head_comes_back_as_it_was_stored(head: LedgerHead) -> None:
    read = head_from_values(unmarshal(head_to_item(head)))
    assert (read, read.anchor_due_at) == (head, head.anchor_due_at)


@given(any_refund)
def test_a_refund_is_in_one_index_with_its_next_poll_exactly_while_it_is_open(
    refund: Refund,
) -> None:
    item = refund_to_item(refund)
    is_unsettled = refund.status in UNSETTLED
    assert (item.get("attention_pk") == {"S": "OPEN"}) == ("next_poll_at" in item) == is_unsettled
    is_failed_late = refund.is_open and not is_unsettled
    assert ("open_pk" in item) == ("open_due" in item) == is_failed_late
    if is_unsettled:
        place = f"{refund.studio_id}#{refund.requested_at}#{refund.refund_id}"
        assert item["attention_sk"] == {"S": place}
        assert item["next_poll_at"] == {"S": refund.next_poll_at}
    if is_failed_late:
        assert item["open_pk"] == {"S": OpenWork.LATE_FAILURE}
        assert item["open_due"] == {"S": refund.next_poll_at}


@given(any_refund.filter(lambda refund: refund.is_open))
def test_an_open_refund_without_a_next_poll_is_not_stored(refund: Refund) -> None:
    with pytest.raises(ValueError, match="open"):
        refund_to_item(replace(refund, next_poll_at=None))


@given(any_fee_refund)
def test_a_fee_refund_is_in_the_index_of_open_work_exactly_while_it_is_open(
    fee_refund: FeeRefund,
) -> None:
    item = fee_refund_to_item(fee_refund)
    assert ("open_pk" in item) == ("open_due" in item) == fee_refund.is_open
    if fee_refund.is_open:
        assert item["open_pk"] == {"S": OpenWork.FEE_REFUND}


@given(
    st.dictionaries(
        ids,
        st.recursive(
            st.none() | st.booleans() | balances | texts,
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ids, inner, max_size=3),
            max_leaves=8,
        ),
        max_size=5,
    )
)
def test_any_document_comes_back_without_top_level_nones(
    document: dict[str, object],
) -> None:
    stored = {name: value for name, value in document.items() if value is not None}
    assert unmarshal(marshal(document)) == stored


@given(st.lists(st.tuples(amounts, texts), max_size=5))
def test_a_ledger_that_was_stored_and_read_still_verifies(
    sales: list[tuple[int, str]],
) -> None:
    head = LedgerHead("st_1", "usd")
    read = []
    for number, (amount, text) in enumerate(sales):
        facts = EntryFacts(EntryKind.SALE, f"ord_{number}", "2026-10-14T17:04:00.000Z", reason=text)
        entry, head = append(head, facts, EntryAmounts(amount, 0, 0, amount, 0))
        read.append(unmarshal(marshal(entry.content())))
    assert verify_chain(read, head) == (len(sales), None)


@given(st.integers(1, 10**12 - 2))
def test_keys_of_entries_sort_like_their_numbers(seq: int) -> None:
    assert entry_sk(seq) < entry_sk(seq + 1)


def test_one_query_from_refunds_to_state_finds_all_that_a_settlement_reads() -> None:
    refund = refund_sk("rf_1")
    assert REFUND_PREFIX <= refund < FEE_REFUND_SK < STATE_SK
    assert not REFUND_PREFIX <= ORDER_SK <= STATE_SK


plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=8), plain))
def test_values_are_stored_as_boto3_would_store_them(values: dict[str, Any]) -> None:
    theirs = {n: TypeSerializer().serialize(v) for n, v in values.items() if v is not None}
    assert marshal(values) == theirs
    assert unmarshal(theirs) == {n: v for n, v in values.items() if v is not None}


@pytest.mark.parametrize("value", [1.5, b"bytes", {1, 2}])
def test_values_of_other_types_are_not_stored(value: object) -> None:
    with pytest.raises(TypeError):
        marshal({"value": value})
