"""No kind of work starves another."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial

from functions.resume_pending.turns import Kind, in_turns
from shared.clock import rfc3339
from shared.domain.order import OrderKey
from shared.gateways.open_work import DueWork

NOW = datetime(2026, 10, 14, 17, 4, tzinfo=UTC)


def work(kind: str, number: int, minutes: int) -> DueWork:
    """Return a piece of work that has been due for some minutes."""
    order = OrderKey("st_1", f"{kind}{number}")
    return DueWork(rfc3339(NOW - timedelta(minutes=minutes)), order)


@dataclass
class World:
    """Time, and what was done in it."""

    now: datetime = NOW
    done: list[str] = field(default_factory=list)

    def kind(self, seconds: float, *due: DueWork) -> Kind:
        """Return a kind of work of which each piece takes so long."""
        return Kind(partial(self._list, due), partial(self._resume, seconds))

    def run(self, *kinds: Kind, seconds: float = 3600) -> list[str]:
        """Do as much work as fits in a time, and return its names."""
        for kind, each in in_turns(kinds, rfc3339(NOW), lambda: self.now):
            if self.now >= NOW + timedelta(seconds=seconds):
                break
            kind.resume(each)
        return self.done

    def _list(self, due: tuple[DueWork, ...], before: str | None) -> Iterator[DueWork]:
        return (each for each in due if before is None or each.due_at <= before)

    def _resume(self, seconds: float, each: DueWork) -> str:
        self.done.append(each.order.order_id)
        self.now += timedelta(seconds=seconds)
        return "Done"


def test_everything_is_done_once_if_there_is_time() -> None:
    world = World()
    slow = world.kind(20, *(work("slow", number, 60 - number) for number in range(5)))
    quick = world.kind(0.1, *(work("quick", number, 30 - number) for number in range(3)))
    done = world.run(slow, quick, world.kind(1))
    assert sorted(done) == sorted([f"slow{n}" for n in range(5)] + [f"quick{n}" for n in range(3)])
    assert [each for each in done if each.startswith("slow")] == [f"slow{n}" for n in range(5)]


def test_hundreds_of_stuck_refunds_do_not_keep_quick_work_waiting() -> None:
    world = World()
    stuck = world.kind(18.5, *(work("stuck", number, 600 - number) for number in range(300)))
    quick = world.kind(0.1, *(work("quick", number, 5) for number in range(100)))
    done = world.run(stuck, quick, seconds=210)
    assert done[0] == "stuck0"  # it has been due longest
    assert done[1:101] == [f"quick{number}" for number in range(100)]
    assert len(done) == 111


def test_slow_kinds_share_the_time() -> None:
    world = World()
    kinds = [
        world.kind(20, *(work(name, number, age) for number in range(50)))
        for name, age in (("a", 1), ("b", 90), ("c", 30))
    ]
    done = world.run(*kinds, seconds=210)
    assert done[:3] == ["b0", "c0", "a0"]
    assert {name: sum(each[0] == name for each in done) for name in "abc"} == {
        "a": 3,
        "b": 4,
        "c": 4,
    }


def test_work_that_takes_no_time_goes_by_due_time() -> None:
    world = World()
    first = world.kind(0, work("a", 1, 50), work("a", 2, 10))
    second = world.kind(0, work("b", 1, 40), work("b", 2, 20))
    assert world.run(first, second) == ["a1", "b1", "b2", "a2"]


def test_what_is_not_due_is_not_listed() -> None:
    assert World().run(World().kind(0, work("a", 1, -5))) == []
