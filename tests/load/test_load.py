"""A small load on its own stack, because killed workers would disturb other tests."""

from contextlib import closing
from pathlib import Path

from infra.local.options import Options
from infra.local.start_stack import start_stack
from infra.progress import LoggedProgress
from tests.e2e.world import DeployedStack
from tests.load.killer import Killer
from tests.load.run import LoadTest


def test_nothing_is_lost_or_doubled_when_workers_are_killed(tmp_path: Path) -> None:
    options = Options(directory=tmp_path, orders=None, port=0, stripe_port=0)
    with start_stack(options, LoggedProgress()) as stack, closing(DeployedStack(stack)) as world:
        test = LoadTest(world)
        killer = Killer(stack, seed=5, seconds=1.0, most=12)
        sales = test.sell(24)

        with killer.at_work():
            load = test.run(sales, at_once=4, resume=True)

        assert load.refunds == 24
        assert load.faults == []
        assert sum(killer.killed.values()) > 0
