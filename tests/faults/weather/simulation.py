"""A simulation of discrete events: the next thing to happen is the earliest one planned.

Each call of a function is a thread. Only one thread runs at a time, from one outside call to the
next, and in between others run. So the seed alone decides which calls overlap, and how.
"""

import heapq
import random
import threading
from collections.abc import Callable
from itertools import count

from tests.faults.world.world import FaultWorld


class FunctionTask:
    """A function's call in a thread, which runs only when it is its turn.

    Attributes:
        deadline: When the function runs out of time, in seconds since the Unix epoch.
        turn: Released when the thread may run.
    """

    def __init__(self, run: Callable[[], None], deadline: float, simulation: "Simulation") -> None:
        self.deadline = deadline
        self.turn = threading.Semaphore(0)
        self._has_ended = False
        self._failure: BaseException | None = None
        self._run = run
        self._simulation = simulation
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Let the thread run until it waits or ends, and raise its error if it failed."""
        self.turn.release()
        self._simulation.task_paused.acquire()
        if self._has_ended:
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _main(self) -> None:
        self.turn.acquire()
        self._simulation.enter_task(self)
        try:
            self._run()
        except BaseException as failure:  # noqa: BLE001  # step() raises it in the main thread
            self._failure = failure
        self._has_ended = True
        self._simulation.task_paused.release()


class Simulation:
    """Plans actions and runs them in the order of their times.

    Attributes:
        dice: The one source of chance in a run.
        rush_starts_at: When most things happen, in seconds since the Unix epoch.
        history: What happened, line by line; printed if a run fails.
        task_paused: Released when the running task waits or ends.
    """

    def __init__(self, world: FaultWorld, dice: random.Random) -> None:
        self.world = world
        self.dice = dice
        self.rush_starts_at = world.started_at
        self.history: list[str] = []
        self.task_paused = threading.Semaphore(0)
        self._current = threading.local()
        self._numbers = count()
        self._planned: list[tuple[float, int, Callable[[], None]]] = []
        world.clock.wait = self.wait

    def at(self, time: float, action: Callable[[], None]) -> None:
        """Plan an action for a time. If the time is past, the action happens next."""
        heapq.heappush(self._planned, (time, next(self._numbers), action))

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan an action in some seconds."""
        self.at(self.world.clock.now + seconds, action)

    def within(self, seconds: float, action: Callable[[], None]) -> None:
        """Plan an action at random within some seconds from now, or from a rush still to come."""
        earliest = max(self.world.clock.now, self.rush_starts_at)
        self.at(earliest + self.dice.uniform(0, seconds), action)

    def start(self, run: Callable[[], None], deadline: float) -> None:
        """Start a task and let it run until it waits for the first time."""
        FunctionTask(run, deadline, self).step()

    def enter_task(self, task: FunctionTask) -> None:
        """Make a task the calling thread's own."""
        self.world.clock.adopt_thread()
        self._current.task = task

    @property
    def current_task(self) -> FunctionTask:
        """The calling thread's task."""
        task: FunctionTask = self._current.task
        return task

    def wait(self, seconds: float) -> None:
        """Pause the calling thread's task while others run."""
        task = self.current_task
        self.after(seconds, task.step)
        self.task_paused.release()
        task.turn.acquire()

    def note(self, what: str) -> None:
        """Add a line to the history."""
        elapsed = self.world.clock.now - self.world.started_at
        self.history.append(f"{elapsed:12.3f}  {what}")

    def run(self) -> None:
        """Let everything happen that is planned."""
        while self._planned:
            time, _, action = heapq.heappop(self._planned)
            self.world.clock.now = max(self.world.clock.now, time)
            action()
        self.world.clock.wait = self.world.clock.advance
