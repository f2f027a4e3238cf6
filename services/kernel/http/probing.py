"""Whether the parts of the archive answer, asked side by side and never waited for longer than a moment: a part that hangs is
told as one that is away, and whoever asks again meanwhile is told the same without a second thread that hangs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from threading import Thread

import structlog

SECONDS = 4.0
"""Less than what those who probe readiness usually wait."""

log = structlog.get_logger("health")
Probe = Callable[[], bool]


class Prober:
    """Remembers which questions are still open."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._open: dict[str, Future[bool]] = {}

    async def ask(self, probes: Mapping[str, Probe]) -> dict[str, bool]:
        """Which hold; a probe that raises, or says nothing in time, does not."""
        asked = {name: self._asked(name, probe) for name, probe in probes.items()}
        if asked:
            await asyncio.wait([asyncio.wrap_future(each) for each in asked.values()], timeout=self._seconds)
        return {name: self._answer(name, each) for name, each in asked.items()}

    def _asked(self, name: str, probe: Probe) -> Future[bool]:
        if name not in self._open or self._open[name].done():
            self._open[name] = Future()
            Thread(target=_settle, args=(self._open[name], probe), name=f"probe-{name}", daemon=True).start()
        return self._open[name]

    def _answer(self, name: str, asked: Future[bool]) -> bool:
        if not asked.done():
            log.warning("not-ready", part=name, error="silent")
            return False
        return asked.result()


def _settle(asked: Future[bool], probe: Probe) -> None:
    try:
        holds = probe()
    except Exception as error:  # whatever it is, the dependency does not answer
        log.warning("not-ready", error=type(error).__name__)
        holds = False
    asked.set_result(holds)
