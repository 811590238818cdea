"""Refunds and events of Stripe are read as documented, or refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.stripe_webhook.handle_event import StripeEvent, event_from
from shared.domain.order import OrderKey
from shared.domain.refund import RefundStatus
from shared.domain.stripe_object import MalformedStripeObjectError, string
from shared.domain.stripe_refund import StripeRefund, stripe_refund_from

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)


def a_refund(**changed: object) -> dict[str, Any]:
    return {
        "object": "refund",
        "id": "re_1",
        "charge": "ch_1",
        "status": "succeeded",
        "amount": 2_500,
        "currency": "usd",
        "created": 1_792_000_000,
        "metadata": {"refund_id": "rf_1", "order_id": "ord_1", "studio_id": "st_1"},
    } | changed


def an_event(**changed: object) -> dict[str, Any]:
    return {
        "object": "event",
        "id": "evt_1",
        "type": "refund.updated",
        "livemode": False,
        "data": {"object": a_refund()},
    } | changed


def test_a_refund_is_read() -> None:
    assert stripe_refund_from(a_refund()) == StripeRefund(
        stripe_refund_id="re_1",
        charge_id="ch_1",
        status=RefundStatus.SUCCEEDED,
        amount=2_500,
        currency="usd",
        refund_id="rf_1",
        order_key=OrderKey("st_1", "ord_1"),
        created=1_792_000_000,
    )


@pytest.mark.parametrize(
    ("status", "read"),
    [
        ("pending", RefundStatus.PENDING),
        ("requires_action", RefundStatus.PENDING),
        ("succeeded", RefundStatus.SUCCEEDED),
        ("failed", RefundStatus.FAILED),
        ("canceled", RefundStatus.CANCELED),
    ],
)
def test_each_status_of_stripe_is_one_of_ours(status: str, read: RefundStatus) -> None:
    assert stripe_refund_from(a_refund(status=status)).status is read


def test_stripes_reasons_are_kept() -> None:
    read = stripe_refund_from(
        a_refund(pending_reason="insufficient_funds", failure_reason="expired_or_canceled_card")
    )
    assert read.pending_reason == "insufficient_funds"
    assert read.failure_reason == "expired_or_canceled_card"


@pytest.mark.parametrize(
    "metadata", [None, {}, {"refund_id": ""}, {"refund_id": 7}, {"color": "red"}]
)
def test_an_external_refund_names_no_refund_of_ours(metadata: object) -> None:
    read = stripe_refund_from(a_refund(metadata=metadata))
    assert read.refund_id is None
    assert read.order_key is None


@pytest.mark.parametrize(
    "changed",
    [
        {"object": "charge"},
        {"object": None},
        {"id": None},
        {"id": ""},
        {"id": 7},
        {"charge": {"id": "ch_1"}},
        {"currency": None},
        {"status": ["succeeded"]},
        {"amount": None},
        {"amount": 0},
        {"amount": -1},
        {"amount": 25.0},
        {"amount": "2500"},
        {"amount": True},
        {"metadata": "rf_1"},
        {"metadata": ["rf_1"]},
    ],
)
def test_a_refund_that_is_not_as_documented_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedStripeObjectError):
        stripe_refund_from(a_refund(**changed))


def test_a_refund_without_a_charge_names_no_charge() -> None:
    """Stripe's description has `charge` nullable; such a refund is not about our charges."""
    assert stripe_refund_from(a_refund(charge=None)).charge_id is None


@pytest.mark.parametrize("status", [None, "lost in the post"])
def test_an_unknown_status_is_polled_again(status: str | None) -> None:
    """Stripe's description has `status` nullable."""
    assert stripe_refund_from(a_refund(status=status)).status is RefundStatus.PENDING


@pytest.mark.parametrize("name", ["object", "id", "amount", "currency"])
def test_a_refund_that_lacks_a_field_we_need_is_refused(name: str) -> None:
    source = a_refund()
    del source[name]
    with pytest.raises(MalformedStripeObjectError):
        stripe_refund_from(source)


@given(st.dictionaries(st.sampled_from([*a_refund(), "pending_reason"]), anything))
def test_any_object_is_read_or_refused(changed: dict[str, object]) -> None:
    try:
        read = stripe_refund_from(a_refund(**changed))
    except MalformedStripeObjectError:
        return
    assert read.amount > 0
    assert read.charge_id is None or read.charge_id


@pytest.mark.parametrize("value", [None, "", 7, ["re_1"]])
def test_a_required_string_is_not_empty(value: object) -> None:
    with pytest.raises(MalformedStripeObjectError, match="no id"):
        string({"id": value}, "id")


def test_a_refusal_does_not_repeat_the_object() -> None:
    with pytest.raises(MalformedStripeObjectError) as refused:
        stripe_refund_from(a_refund(amount="Dmitri Freeman"))
    assert "Dmitri" not in str(refused.value)


def test_an_event_is_read() -> None:
    assert event_from(an_event(account="acct_1", livemode=True)) == StripeEvent(
        "evt_1", "refund.updated", livemode=True, account_id="acct_1", object=a_refund()
    )


@pytest.mark.parametrize("account", [None, "", 7])
def test_an_event_without_an_account_belongs_to_the_platform(account: object) -> None:
    assert event_from(an_event(account=account)).account_id is None


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "event",
        7,
        {},
        an_event(object="refund"),
        an_event(object=["event"]),
        an_event(object={}),
        an_event(id=None),
        an_event(type=7),
        an_event(data=None),
        an_event(data=[]),
        an_event(data={}),
        an_event(data={"object": None}),
        an_event(data={"object": "re_1"}),
    ],
)
def test_a_body_without_an_object_or_of_another_kind_is_refused(body: object) -> None:
    with pytest.raises(MalformedStripeObjectError):
        event_from(body)


@pytest.mark.parametrize("data", [None, [], {}, {"object": None}, {"object": "acct_1"}])
def test_an_event_of_another_type_needs_no_object(data: object) -> None:
    assert event_from(an_event(type="payout.paid", data=data)).object == {}


def test_a_thin_event_is_read() -> None:
    thin = {
        "id": "evt_test_65",
        "object": "v2.core.event",
        "type": "v2.core.account.updated",
        "livemode": False,
        "created": "2026-03-02T10:00:00.000Z",
        "related_object": {"id": "acct_1", "type": "v2.core.account"},
    }
    read = event_from(thin)
    assert (read.type, read.is_thin, read.object) == ("v2.core.account.updated", True, {})
    assert read.api_version is None


def test_a_refund_may_name_only_its_payment_intent() -> None:
    read = stripe_refund_from(a_refund(id="pyr_1", charge=None, payment_intent="pi_1"))
    assert (read.stripe_refund_id, read.charge_id, read.payment_intent_id) == (
        "pyr_1",
        None,
        "pi_1",
    )


@given(anything)
def test_any_body_is_an_event_or_refused(body: object) -> None:
    with pytest.raises(MalformedStripeObjectError):
        event_from(body)
