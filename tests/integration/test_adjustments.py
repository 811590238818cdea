"""Manual adjustments on real tables: two people, one entry, whatever happens at the same time."""

from collections import Counter
from dataclasses import replace

import pytest

from functions.export_report.ledger_columns import COLUMNS
from infra.operate.restore.tables import Copies
from shared.domain.adjustment import Adjustment, AdjustmentStatus
from shared.domain.errors import (
    AdjustmentDecidedError,
    AdjustmentNotFoundError,
    CursorError,
    IdempotencyKeyReusedError,
    OwnAdjustmentError,
    StudioNotFoundError,
)
from shared.domain.export import LedgerSelection
from shared.domain.ledger import EntryKind
from shared.gateways.adjustments import place_of
from tests.at_once import race
from tests.integration.backend import Backend, MakeBackend
from tests.integration.bookkeeper import Bookkeeper
from tests.integration.crash import CrashError, CrashingPart
from tests.integration.pps_admins import PpsAdmins
from tests.integration.studio_payouts import NET, StudioPayouts, assert_nothing_is_lost
from tests.integration.test_contention import settle_with_retries

pytestmark = pytest.mark.stack


@pytest.fixture
def admins(backend: Backend) -> PpsAdmins:
    return PpsAdmins(backend)


def test_an_approved_adjustment_is_in_the_next_payout_and_paid_once(
    payouts: StudioPayouts,
) -> None:
    admins = PpsAdmins(payouts.backend)
    payouts.backend.sell()
    proposed = admins.propose(-1250, reason="Prints that were billed twice")
    assert payouts.next().page.statement.total_amount == NET
    approved = admins.approve(proposed)
    shown = payouts.next().page
    line = shown.lines[-1]
    assert (line.kind, line.payable_amount, line.adjustment_id, line.reason) == (
        "adjustment",
        -1250,
        approved.adjustment_id,
        "Prints that were billed twice",
    )
    assert shown.statement.by_kind["adjustment"].payable_amount == -1250
    payouts.pay_day()
    assert payouts.last().paid_amount == NET - 1250
    assert admins.approve(approved) == approved
    assert payouts.next().page.lines == []
    assert_nothing_is_lost(payouts)


def test_an_approved_adjustment_is_in_the_ledger_s_file(payouts: StudioPayouts) -> None:
    backend = payouts.backend
    admins = PpsAdmins(backend)
    admins.propose(99, reason="Nobody approves this one")
    approved = admins.approve(admins.propose(-1250, reason="Prints that were billed twice"))
    payouts.pay_day()
    span = ("2000-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z")
    selected = LedgerSelection(backend.studio_id, *span, backend.head().seq)
    read = Bookkeeper(backend).ledger_rows.rows(selected)
    (row,) = [
        {column.name: column.read(each) for column in COLUMNS}
        for each in read
        if each.entry.kind is EntryKind.ADJUSTMENT
    ]
    assert (row["adjustment_id"], row["payable_amount"]) == (approved.adjustment_id, -1250)
    assert row["reason"] == "Prints that were billed twice"
    assert row["in_payout_id"] == payouts.last().payout_id


def test_an_adjustment_alone_is_paid_and_one_below_zero_is_carried(
    payouts: StudioPayouts,
) -> None:
    admins = PpsAdmins(payouts.backend)
    admins.approve(admins.propose(2500))
    payouts.pay_day()
    assert payouts.last().paid_amount == 2500
    admins.approve(admins.propose(-700))
    payouts.pay_day()
    assert (payouts.last().paid_amount, payouts.last().carried_amount) == (0, -700)
    assert_nothing_is_lost(payouts)


def test_of_8_approvals_at_the_same_time_one_makes_the_entry(admins: PpsAdmins) -> None:
    proposed = admins.propose()
    answers = race(8, lambda number: admins.approve(proposed, f"admin-{number}"))
    assert all(isinstance(answer, Adjustment) for answer in answers)
    (entry,) = admins.entries()
    current = admins.current(proposed)
    assert set(answers) == {current}
    assert (entry["approved_by"], entry["seq"]) == (current.decided_by, current.entry_seq)
    assert admins.backend.verify() is None


def test_of_approvals_and_rejections_at_the_same_time_one_decision_holds(
    admins: PpsAdmins,
) -> None:
    for _ in range(5):
        proposed = admins.propose()
        before = len(admins.entries())

        def decide(number: int, proposed: Adjustment = proposed) -> Adjustment:
            decision = admins.approve if number % 2 else admins.reject
            return decision(proposed, f"admin-{number}")

        answers = race(6, decide)
        current = admins.current(proposed)
        made = [answer for answer in answers if isinstance(answer, Adjustment)]
        assert set(made) == {current}
        assert len(made) == 3
        assert Counter(type(answer) for answer in answers)[AdjustmentDecidedError] == 3
        approved = current.status is AdjustmentStatus.APPROVED
        assert len(admins.entries()) - before == approved
    assert admins.backend.verify() is None


def test_adjustments_are_approved_while_refunds_settle(admins: PpsAdmins) -> None:
    backend = admins.backend
    orders = [backend.sell() for _ in range(4)]
    for order_id in orders:
        backend.refund(order_id, 1000)
    backend.deliver()
    proposals = [admins.propose(-100 * number) for number in range(1, 5)]

    def work(number: int) -> None:
        if number < len(orders):
            refund = next(iter(backend.record(orders[number]).refunds.values()))
            settle_with_retries(backend, refund)
        else:
            admins.approve(proposals[number - len(orders)])

    race(8, work)
    kinds = Counter(entry["kind"] for entry in backend.entries())
    assert kinds == {"sale": 4, "refund": 4, "adjustment": 4}
    assert sum(int(entry["payable_amount"]) for entry in admins.entries()) == -1000
    assert backend.verify() is None


def test_8_proposals_with_one_key_are_one(admins: PpsAdmins) -> None:
    answers = race(8, lambda _: admins.propose(-500, "k"))
    assert len(set(answers)) == 1
    with pytest.raises(IdempotencyKeyReusedError, match="another adjustment"):
        admins.propose(-501, "k")
    assert len(admins.table.newest(admins.backend.studio_id, 10)) == 1
    assert admins.entries() == []


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_an_approval_that_crashed_is_repeated_and_entered_once(
    admins: PpsAdmins, *, after: bool
) -> None:
    proposed = admins.propose()
    store = CrashingPart(admins.store, "record_approval", after=after)
    crashing = admins.deciding(admins.table, store)  # type: ignore[arg-type]  # stands in for it
    with pytest.raises(CrashError):
        crashing.approve(admins.decider("ben"), proposed.adjustment_id)
    admins.approve(proposed)
    assert len(admins.entries()) == 1
    assert admins.backend.verify() is None


def test_nobody_approves_their_own_and_a_refusal_changes_nothing(admins: PpsAdmins) -> None:
    proposed = admins.propose(by="ana")
    with pytest.raises(OwnAdjustmentError):
        admins.approve(proposed, "ana")
    assert admins.current(proposed) == proposed
    assert admins.entries() == []
    assert admins.reject(proposed, "ana").status is AdjustmentStatus.REJECTED
    with pytest.raises(AdjustmentDecidedError):
        admins.approve(proposed, "ben")


def test_another_studios_adjustment_is_not_found(
    admins: PpsAdmins, make_backend: MakeBackend
) -> None:
    other = PpsAdmins(make_backend(neighbor=admins.backend))
    proposed = admins.propose()
    for act in (other.approve, other.reject):
        with pytest.raises(AdjustmentNotFoundError):
            act(proposed, "ben")
    assert other.list(other.backend.studio_id, 10, None, approved_only=False).adjustments == []
    assert admins.current(proposed) == proposed


def test_a_studio_that_does_not_exist_cannot_be_adjusted(admins: PpsAdmins) -> None:
    admins.backend.studio_id = "st_nowhere"
    with pytest.raises(StudioNotFoundError):
        admins.propose()


def test_pages_show_all_newest_first_and_to_the_studio_the_approved_ones(
    admins: PpsAdmins,
) -> None:
    proposals = [admins.propose(number) for number in range(1, 6)]
    approved = [admins.approve(each) for each in proposals[::2]]
    admins.reject(proposals[1])
    studio_id = admins.backend.studio_id
    for approved_only, expected in ((False, proposals), (True, approved)):
        wanted = sorted(map(place_of, expected), reverse=True)
        for limit in (1, 2, 3, 100):
            shown: list[Adjustment] = []
            cursor = None
            while True:
                page = admins.list(studio_id, limit, cursor, approved_only=approved_only)
                assert len(page.adjustments) <= limit
                shown += page.adjustments
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert list(map(place_of, shown)) == wanted
    with pytest.raises(CursorError):
        admins.list(studio_id, 1, "nonsense", approved_only=False)


def test_all_studios_proposals_wait_in_one_list_until_they_are_decided(
    admins: PpsAdmins, make_backend: MakeBackend
) -> None:
    other = PpsAdmins(make_backend(neighbor=admins.backend))
    mine, theirs, third = admins.propose(), other.propose(), admins.propose()
    assert admins.table.waiting(10) == sorted((mine, theirs, third), key=place_of)
    assert len(admins.table.waiting(2)) == 2
    admins.reject(mine)
    other.approve(theirs)
    assert admins.table.waiting(10) == [third]


def test_restored_tables_that_disagree_about_an_adjustment_are_reported(
    admins: PpsAdmins,
) -> None:
    proposed = admins.propose()
    approved = admins.approve(proposed)
    backend = admins.backend
    tables = Copies(backend.dynamodb, backend.orders_table, backend.ledger_table)
    assert tables.torn() == []
    # The adjustment as it was before the transaction: approving it would enter it again.
    admins.table.record_rejection(replace(proposed, version=approved.version))
    (problem,) = tables.torn()
    assert "entry 1 has no approved adjustment" in problem
