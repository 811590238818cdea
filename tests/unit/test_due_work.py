"""Which of the due work a round hands out."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.due_work import CHARGE, DueWork, fair_share, in_turn
from shared.domain.order import OrderKey


def works_of(studios: str) -> list[DueWork]:
    """Return one piece of work for each letter, which names its studio, in order."""
    return [
        DueWork(f"2026-10-14T00:00:{number:05}Z", OrderKey(studio, f"ord_{number}"), CHARGE)
        for number, studio in enumerate(studios)
    ]


def shared(studios: str, of_studio: int, of_all: int) -> str:
    found = fair_share(works_of(studios), of_studio=of_studio, of_all=of_all)
    return "".join(work.order.studio_id for work in found)


def test_a_studio_with_much_work_leaves_room_for_the_others() -> None:
    assert shared("aaaaaabab", of_studio=3, of_all=100) == "aaabb"


def test_a_round_ends_at_its_limit_with_the_longest_overdue_first() -> None:
    assert shared("abcabc", of_studio=3, of_all=4) == "abca"


@given(st.text("abc", max_size=30), st.integers(1, 5), st.integers(1, 12))
def test_nothing_is_left_out_forever(studios: str, of_studio: int, of_all: int) -> None:
    """Rounds that go on with what the one before left hand out each piece once."""
    left, rounds = works_of(studios), []
    while left:
        share = list(fair_share(left, of_studio=of_studio, of_all=of_all))
        assert 0 < len(share) <= of_all
        rounds += share
        left = [work for work in left if work not in share]
    assert sorted(rounds, key=lambda work: work.due_at) == works_of(studios)


def of_kind(task: str, studios: str) -> list[DueWork]:
    return [replace(work, task=task) for work in works_of(studios)]


def test_a_crowd_of_one_kind_leaves_room_for_the_others() -> None:
    """Also in the same studio, and although all of the crowd is due for longer."""
    crowd, late = of_kind(CHARGE, "a" * 50), of_kind("rf_1", "ab")
    round_ = list(fair_share(in_turn(crowd, late), of_studio=4, of_all=8))
    assert [work.task for work in round_] == [CHARGE, "rf_1", CHARGE, "rf_1", CHARGE]
    assert [work.order.studio_id for work in round_] == ["a", "a", "a", "b", "a"]


@given(st.lists(st.text("ab", max_size=8), max_size=4))
def test_kinds_in_turn_are_all_their_work_each_in_its_order(kinds: list[str]) -> None:
    works = [of_kind(f"kind {number}", studios) for number, studios in enumerate(kinds)]
    mixed = list(in_turn(*works))
    for number, expected in enumerate(works):
        assert [work for work in mixed if work.task == f"kind {number}"] == expected
    assert len(mixed) == sum(map(len, works))


def test_a_full_round_reads_no_further() -> None:
    works = iter(works_of("abcd"))
    assert len(list(fair_share(works, of_studio=1, of_all=2))) == 2
    assert len(list(works)) == 2
