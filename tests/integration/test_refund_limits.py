"""What staff may refund of one order: about 1,000 US dollars, or their studio's own limit."""

import uuid

import pytest

from functions.refund_request.preview_refund import PreviewRefund
from shared.domain.errors import RefundLimitError
from shared.domain.refund import RefundType
from shared.domain.refund_quote import RefundChoice, RefundWarning
from shared.edge.auth import Caller, Role
from tests.integration.backend import Backend, MakeBackend
from tests.records import line_record

pytestmark = pytest.mark.stack


def sell(backend: Backend, amount: int) -> str:
    return backend.sell(
        line_items=[line_record("li_1", 1, amount)], total_amount=amount, rev_share_amount=0
    )


def warns(backend: Backend, order_id: str, amount: int) -> bool:
    """Return whether a preview warns that the refund is beyond the caller's limit."""
    preview = PreviewRefund(backend.payout_impact(), backend.charge_reader, backend.stops)
    shown = preview(backend.caller, order_id, RefundChoice(RefundType.PARTIAL, amount=amount))
    return RefundWarning.REFUND_LIMIT_EXCEEDED in shown.warnings


def as_staff(backend: Backend) -> None:
    backend.caller = Caller("sam", backend.studio_id, frozenset({Role.STAFF}))


@pytest.mark.parametrize(
    ("currency", "everyday", "beyond"),
    [
        ("idr", 15_000_000, 2_000_000_000),
        ("cop", 4_000_000, 400_000_000),
        ("vnd", 1_250_000, 30_000_000),
        ("lbp", 89_500_000, 10_000_000_000),
    ],
)
def test_staff_refund_an_everyday_order_and_not_a_huge_one(
    make_backend: MakeBackend, currency: str, everyday: int, beyond: int
) -> None:
    backend = make_backend(currency=currency)
    small, huge = sell(backend, everyday), sell(backend, beyond)
    as_staff(backend)
    assert not warns(backend, small, everyday)
    assert backend.refund(small).amount == everyday
    assert warns(backend, huge, beyond)
    with pytest.raises(RefundLimitError, match=currency.upper()):
        backend.refund(huge)


def test_a_studio_changes_its_own_limit_by_an_update(backend: Backend) -> None:
    order_id, owner = sell(backend, 10_000), backend.caller
    as_staff(backend)
    backend.studio["staff_refund_limit_amount"] = 2_500
    assert backend.import_studio().refused[0]["reason"].endswith("`update`: true to change it")
    assert backend.import_studio(update=True).updated == 1
    assert not warns(backend, order_id, 2_500)
    assert warns(backend, order_id, 2_501)
    with pytest.raises(RefundLimitError, match=r"at most 25\.00 USD"):
        backend.refund(order_id, 2_501)
    backend.refund(order_id, 2_500, key=(key := uuid.uuid4().hex))
    assert backend.refund(order_id, 2_500, key=key).amount == 2_500  # a repeat is no second refund
    with pytest.raises(RefundLimitError):
        backend.refund(order_id, 1)
    backend.caller = owner
    assert backend.refund(order_id, 5_000).amount == 5_000

    del backend.studio["staff_refund_limit_amount"]
    assert backend.import_studio(update=True).updated == 1
    as_staff(backend)
    assert backend.refund(order_id).amount == 2_500
