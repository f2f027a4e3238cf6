"""A destruction of so many lines, by a process of its own, beside which people read items that stay."""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from services import app as composition
from services.kernel.model import ItemState, Role
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue, Stage
from services.retention.batches.model import BatchState, LineState
from services.retention.batches.tables import DestructionBatch
from services.retention.destruction import service as execution
from services.retention.destruction.saga import CHUNK
from services.retention.destruction.tasks import DestroyHandler
from tests.catalogue import until
from tests.desk import Desk, picture
from tests.destroying import Ready, ready
from tests.planting import Bed, Plant

READ_BEFORE = 150
KEPT = 50


@dataclass
class Reader:
    """Reads texts of items that stay, one after the other; each reading is on the ledger first."""

    desk: Desk
    items: list[str]

    def __post_init__(self) -> None:
        self._client = self.desk.client(Role.ARCHIVIST)
        self._read = 0

    def read(self) -> float:
        """How long one reading took, in milliseconds."""
        item = self.items[self._read % len(self.items)]
        self._read += 1
        began = time.monotonic()
        assert self._client.get(f"/api/v1/items/{item}/text").status_code == 200
        return 1000 * (time.monotonic() - began)


def destruction(desk: Desk, lines: int, *, pace: int | None) -> dict[str, Any]:
    bed = Bed(desk)
    doomed = bed.plant(_plants(lines, "毁"), state=ItemState.ARCHIVED)
    reader = Reader(desk, bed.plant(_plants(KEPT, "留"), state=ItemState.SCANNED))
    batch = ready(desk, doomed)
    before = [reader.read() for _ in range(READ_BEFORE)]
    batch.begin(pace=pace)
    desk.close()  # nothing that is open is shared with the worker
    marks, child = _worker(desk, batch)
    during, memory = list[float](), list[int]()
    paused = False
    while child.is_alive():
        during.append(reader.read())
        try:
            memory.append(psutil.Process(child.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            break
        if not paused and batch.lines(LineState.DESTROYED) >= lines // 2:
            paused, stopped = True, _pause(desk, batch, child)
            marks, child = _worker(desk, batch, marks)
    child.join()
    told = _marks(marks)
    assert batch.lines(LineState.DESTROYED) == lines, batch.state
    half = len(memory) // 2
    return {
        "lines": lines,
        "processor_ms_a_line": round(1000 * told["lines"] / lines, 1),
        "processor_seconds_at_the_end": round(told["end"], 2),
        "worker_mb": [round(max(part, default=0) / 2**20) for part in (memory[:half], memory[half:])],
        "paused_at": stopped if paused else None,
        "state": batch.state,
        "reading_ms": {"before": _quantiles(before), "while it runs": _quantiles(during), "readings": len(during)},
    }


def _worker(desk: Desk, batch: Ready, marks: Path | None = None) -> tuple[Path, Any]:
    """A process that carries the batch out; it writes down the processor time that lines, and all after them, took."""
    marks = marks or Path(tempfile.mkstemp(dir=desk.settings.data.parent)[1])

    def work() -> None:
        archive = composition.build(desk.settings)
        used = {"lines": 0.0, "end": 0.0}
        began, part = time.process_time(), "lines"

        def at(place: str) -> None:
            nonlocal began, part
            if place in ("settle", "chunk: done"):
                used[part] += time.process_time() - began
                began = time.process_time()
            if place == "settle":
                part = "end"

        handlers = {Stage.DESTROY: DestroyHandler(composition.stores(archive), chunk=CHUNK, at=at)}
        runner = Runner(archive.kernel.database, handlers, lease_seconds=600, max_attempts=3)
        runner.drain(Queue.DESTRUCTION)
        used[part] += time.process_time() - began
        with marks.open("a") as target:
            target.write(json.dumps(used) + "\n")
        os._exit(0)

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    return marks, child


def _marks(marks: Path) -> dict[str, float]:
    parts = [json.loads(line) for line in marks.read_text().splitlines()]
    return {name: sum(part[name] for part in parts) for name in ("lines", "end")}


def _pause(desk: Desk, batch: Ready, child: Any) -> int:
    """Stops it, sees that it stands, and sends it off again; returns after how many lines."""

    def act(what: Callable[..., Any]) -> None:
        with desk.kernel.database.write() as session:
            what(session, batch.executor, session.get_one(DestructionBatch, batch.id), request=None)

    act(execution.pause)
    until(lambda: not child.is_alive(), "the worker lays the batch down", 600)
    stands = batch.lines(LineState.DESTROYED)
    time.sleep(1)
    assert batch.lines(LineState.DESTROYED) == stands and batch.state == BatchState.EXECUTING
    act(execution.resume)
    return stands


def _plants(count: int, sign: str) -> Iterator[Plant]:
    for number in range(count):
        lines = (f"收款收据 {sign}{number}", *(f"第 {line} 行：交款单位与事由，金额合计" for line in range(12)))
        yield Plant(f"{sign}{number}.pdf", lines, f"{number:016x}", picture(number))


def _quantiles(values: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(values, n=20) if len(values) > 1 else [0.0] * 19
    return {"p50": round(cuts[9], 1), "p95": round(cuts[18], 1), "max": round(max(values, default=0.0), 1)}
