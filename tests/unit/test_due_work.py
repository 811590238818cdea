"""Which of the due work a round hands out."""

from hypothesis import given
from hypothesis import strategies as st

from shared.domain.due_work import CHARGE, DueWork, fair_share
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


def test_a_full_round_reads_no_further() -> None:
    works = iter(works_of("abcd"))
    assert len(list(fair_share(works, of_studio=1, of_all=2))) == 2
    assert len(list(works)) == 2
