"""Traces what Python allocates, to compare the peaks of a small and of a large piece of work."""

import gc
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def traced_memory() -> Iterator[None]:
    """Trace memory, without what is alive already.

    With many objects of earlier tests alive, the collector would run too rarely to compare. Do a
    small piece of the work before, so that what is made once and kept does not count.
    """
    gc.collect()
    gc.freeze()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()
        gc.unfreeze()
