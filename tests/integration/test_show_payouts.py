"""What the API shows of payouts: pages of lines, lists, and errors."""

import pytest

from functions.payouts.read_lines import LinesQuery
from functions.payouts.views import PartsView, next_payout_view, payout_view
from shared.domain.errors import CursorError, PayoutNotFoundError, StudioNotFoundError
from shared.domain.statement import LineKinds
from shared.domain.sums import StatementError
from tests.integration.studio_payouts import NET, StudioPayouts

pytestmark = pytest.mark.stack


def test_every_page_of_lines_has_the_sums_of_all_lines(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    order_id = backend.sell()
    payouts.pay_day()
    backend.refund_and_settle(order_id)
    payouts.pay_day()  # carried below zero, which gives a line without a number
    for _ in range(4):
        backend.sell()
    whole = payouts.next()
    for limit in (1, 2, 3):
        cursor, lines = None, []
        while True:
            shown = payouts.next(limit, cursor)
            assert shown.page.statement.total == whole.page.statement.total
            assert shown.page.statement.by_kind == whole.page.statement.by_kind
            assert len(shown.page.lines) <= limit
            lines += shown.page.lines
            cursor = shown.page.next_cursor
            if cursor is None:
                break
        assert lines == whole.page.lines
    assert whole.page.statement.total_amount == 4 * NET - 8500


def test_deductions_are_listed_alone_with_a_cursor_of_their_own(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    refunded = [backend.sell() for _ in range(3)]
    payouts.pay_day()
    for order_id in refunded:
        backend.refund_and_settle(order_id)
        backend.sell()
    payouts.pay_day()
    late = backend.sell()
    failed = backend.refund_and_settle(late)
    backend.control(f"refunds/{failed.stripe_refund_id}", status="failed")
    backend.settle_all()
    whole = payouts.next().page
    wanted = [line for line in whole.lines if line.kind in {"refund", "refund_failed"}]
    assert [line.kind for line in wanted] == ["refund", "refund_failed"]
    assert len(whole.lines) > len(wanted)  # the sale too
    first = payouts.next(1, None, LineKinds.DEDUCTIONS).page
    assert first.statement.total == whole.statement.total
    rest = payouts.next(1, first.next_cursor, LineKinds.DEDUCTIONS).page
    assert ([*first.lines, *rest.lines], rest.next_cursor) == (wanted, None)
    with pytest.raises(CursorError):
        payouts.next(1, first.next_cursor)
    with pytest.raises(CursorError):
        payouts.next(1, payouts.next(1).page.next_cursor, LineKinds.DEDUCTIONS)
    made = payouts.last()
    query = LinesQuery(1000, None, LineKinds.DEDUCTIONS)
    _, page = payouts.show.page(made.studio_id, made.payout_id, query)
    assert [line.order_id for line in page.lines] == refunded


def test_lines_name_the_parent_and_the_refund_and_the_parts_add_up(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    order_id = backend.sell()
    payouts.pay_day()
    refund = backend.refund_and_settle(order_id)
    shown = next_payout_view(payouts.next())
    (line,) = shown.lines
    assert (line.parent_name, line.refund_id) == ("Dana Parent", refund.refund_id)
    assert (line.refund_type, line.reason) == ("full", "other")
    payouts.pay_day()
    backend.sell()
    shown = next_payout_view(payouts.next())
    assert shown.parts == PartsView(
        sales_amount=NET,
        refunds_amount=0,
        disputes_amount=0,
        adjustments_amount=0,
        transfers_amount=0,
        carried_in_amount=-8500,
        paid_amount=0,
        held_amount=0,
        left_amount=NET - 8500,
    )
    payout = payouts.last()
    made = payout_view(payout, payouts.page(payout)).parts
    assert (made.refunds_amount, made.paid_amount, made.left_amount) == (-8500, 0, -8500)
    # The ledger itself holds no names.
    assert "Dana" not in str(backend.entries())


def test_a_cursor_of_another_payout_and_a_forged_one_are_refused(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    for _ in range(3):
        backend.sell()
    cursor = payouts.next(1).page.next_cursor
    assert cursor is not None
    payouts.pay_day()
    backend.sell()
    for wrong in (cursor, "nonsense", cursor[:-2]):
        with pytest.raises(CursorError):
            payouts.next(1, wrong)
    with pytest.raises(CursorError):
        payouts.list(backend.studio_id, 1, cursor)


def test_payouts_are_listed_newest_first_page_by_page(payouts: StudioPayouts) -> None:
    for _ in range(3):
        payouts.backend.sell()
        payouts.pay_day()
    whole = payouts.all()
    assert [each.period_end for each in whole] == sorted(
        (each.period_end for each in whole), reverse=True
    )
    first = payouts.list(payouts.backend.studio_id, 2, None)
    rest = payouts.list(payouts.backend.studio_id, 2, first.next_cursor)
    assert ([*first.payouts, *rest.payouts], rest.next_cursor) == (whole, None)


def test_another_studios_payout_is_not_found(payouts: StudioPayouts) -> None:
    payouts.backend.sell()
    payouts.pay_day()
    payout_id = payouts.last().payout_id
    refusals = []
    for studio_id, asked in (("st_other", payout_id), (payouts.backend.studio_id, "po_nowhere")):
        with pytest.raises(PayoutNotFoundError) as refusal:
            payouts.show.page(studio_id, asked, LinesQuery(10))
        refusals.append(refusal.value.detail)
    assert refusals[0] == refusals[1]
    with pytest.raises(StudioNotFoundError):
        payouts.show_next("st_nowhere", LinesQuery(10))


def test_a_missing_ledger_entry_is_an_error(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    for _ in range(3):
        backend.sell()
    backend.dynamodb.delete_item(
        TableName=backend.ledger_table,
        Key={"PK": {"S": f"STUDIO#{backend.studio_id}"}, "SK": {"S": "ENTRY#000000000002"}},
    )
    with pytest.raises(StatementError, match="2"):
        payouts.next()
