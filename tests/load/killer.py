"""Kills the functions' workers, as a failing machine does."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil

from infra.local.stack import Stack

# The functions that a refund goes through.
KILLED = ("refund_request", "stripe_webhook", "payout_adjust", "fee_refund")


@dataclass
class Killer:
    """Kills random workers repeatedly with SIGKILL, so that they cannot finish.

    Attributes:
        stack: The stack whose workers are hit. Another stack's are left alone.
        seed: The seed of the choices and pauses.
        seconds: The average pause between two kills.
        most: The number of kills after which it stops. On a slow machine workers would be killed
            faster than they can do anything.
        killed: The number of kills so far, by function.
    """

    stack: Stack
    seed: int
    seconds: float
    most: int
    killed: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Kill workers while the context lasts."""
        over = threading.Event()
        thread = threading.Thread(target=self._run, args=(over,), name="killer")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _run(self, over: threading.Event) -> None:
        chance = random.Random(self.seed)  # noqa: S311  # the same seed, the same choices
        while sum(self.killed.values()) < self.most:
            if over.wait(chance.expovariate(1 / self.seconds)):
                return
            workers = self._workers()
            if workers:
                # Choose the function first, so that functions with few workers are hit as often.
                function = chance.choice(sorted(workers))
                with suppress(psutil.NoSuchProcess):
                    chance.choice(workers[function]).kill()
                    self.killed[function] = self.killed.get(function, 0) + 1

    def _workers(self) -> dict[str, list[psutil.Process]]:
        names = {self.stack.functions[name]: name for name in KILLED}
        found: dict[str, list[psutil.Process]] = {}
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                environment = process.environ()
                function = names.get(environment.get("AWS_LAMBDA_FUNCTION_NAME", ""))
                here = environment.get("AWS_ENDPOINT_URL") == self.stack.aws.endpoint_url
                if function is not None and here:
                    found.setdefault(function, []).append(process)
        return found
