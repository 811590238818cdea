"""What the API shows of payouts: pages of lines, lists, and errors."""

import pytest

from functions.payouts.views import PartsView, next_payout_view, payout_view
from shared.domain.errors import CursorError, PayoutNotFoundError, StudioNotFoundError
from shared.domain.statement import StatementError
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
            payouts.show.page(studio_id, asked, 10, None)
        refusals.append(refusal.value.detail)
    assert refusals[0] == refusals[1]
    with pytest.raises(StudioNotFoundError):
        payouts.show_next("st_nowhere", 10, None)


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
