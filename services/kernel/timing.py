"""How long the steps of a job take, for benchmarks and monitoring. Rooms name their steps; whoever wants to know listens.

>>> with measured() as watch:
...     with step("read"), step("draw"):
...         ...
>>> dict(watch.seconds)  # {"read": …, "read.draw": …}
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


@dataclass(slots=True)
class Stopwatch:
    """Seconds by step: of the wall clock, and of this thread's processor time, which other work on the machine does not
    stretch (a parser in its sandbox has a clock of its own). A step within a step is named after both, with a dot, and counts
    in both.
    """

    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    cpu: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    path: str = ""


_listening: ContextVar[Stopwatch | None] = ContextVar("stopwatch", default=None)


@contextmanager
def measured() -> Iterator[Stopwatch]:
    """Listens to the steps of this thread until the block ends."""
    watch = Stopwatch()
    token = _listening.set(watch)
    try:
        yield watch
    finally:
        _listening.reset(token)


@contextmanager
def step(name: str) -> Iterator[None]:
    """Names what the block does. Costs about a microsecond, also where nobody listens."""
    watch = _listening.get()
    if watch is None:
        yield
        return
    outer, began, used = watch.path, time.perf_counter(), time.thread_time()
    watch.path = f"{outer}.{name}" if outer else name
    try:
        yield
    finally:
        watch.seconds[watch.path] += time.perf_counter() - began
        watch.cpu[watch.path] += time.thread_time() - used
        watch.path = outer
