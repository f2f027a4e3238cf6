"""What retention costs at size: the due list, and a destruction beside which people go on reading.

    python -m tests.bench.disposal --due 100000 --lines 250,500,1000 [--database postgresql] [--pace 600]

The due list is measured in seconds of processor time, the database's own included, so that it does not matter what else the
machine does. Of each execution: processor time a line, the worker's memory, that a pause stops it and that it then goes on, and
how long readers of other items wait before it and while it runs. Items are planted (``tests/planting``).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psutil
import structlog
from sqlalchemy import func, insert, select, text

from services import app as composition
from services.kernel import migrations
from services.kernel.clock import now
from services.kernel.config import Settings
from services.kernel.db import Database
from services.kernel.ids import new_id
from services.kernel.model import ItemState, Role
from services.kernel.queue.jobs import claim
from services.kernel.queue.runner import Runner
from services.kernel.queue.stages import Queue, Stage
from services.kernel.tables import Item
from services.retention.batches.model import BatchState, LineState
from services.retention.batches.tables import DestructionBatch
from services.retention.destruction import service as execution
from services.retention.destruction.saga import CHUNK
from services.retention.destruction.tasks import DestroyHandler
from services.retention.runs import service as runs
from services.retention.runs.tasks import AssessHandler
from services.retention.tables import RetentionEvent, RetentionRun
from tests import databases
from tests.catalogue import until
from tests.desk import Desk, picture
from tests.destroying import Ready, ready
from tests.papers import Papers
from tests.planting import Bed, Plant

LONG_AGO, LATELY = date(1980, 1, 1), date(2026, 1, 1)
BESIDE = 10
"""One item in so many is not due."""
READ_BEFORE = 150
KEPT = 50
ROWS = 5_000


@contextmanager
def desk_on(kind: str) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data", broker_url="memory://", lease_seconds=600)
        if kind == "postgresql":
            with databases.postgresql() as url:
                database = Database(url)
                migrations.upgrade(database)
                database.close()
                yield from _opened(settings.model_copy(update={"catalogue_url": url}))
        else:
            yield from _opened(settings)


def _opened(settings: Settings) -> Iterator[Desk]:
    desk = Desk(settings)
    yield desk
    desk.archive.index.close()  # type: ignore[attr-defined]
    desk.close()


def processor(desk: Desk) -> float:
    """Seconds that this process, and the database server for it, have used."""
    used = time.process_time()
    engine = desk.kernel.database.engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            ours = text("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
            for pid in connection.scalars(ours):
                times = psutil.Process(pid).cpu_times()
                used += times.user + times.system
    return used


# ── the due list ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def due_list(desk: Desk, count: int) -> dict[str, Any]:
    actor = desk.person(Role.ARCHIVIST)[0]
    _age(desk, count)
    with desk.kernel.database.write() as session:
        run = runs.order_now(session, actor, request=None).id
    _assess(desk)  # the first list there is waits for a person
    with desk.kernel.database.write() as session:
        runs.confirm(session, actor, run, request=None)
    began, used = time.monotonic(), processor(desk)
    memory = psutil.Process().memory_info().rss
    _assess(desk)
    told = {"processor_seconds": round(processor(desk) - used, 2), "seconds": round(time.monotonic() - began, 2)}
    grown = psutil.Process().memory_info().rss - memory
    with desk.kernel.database.read() as session:
        found = session.scalar(select(func.count()).select_from(Item).where(Item.state == ItemState.DUE))
        assert found == count == session.get_one(RetentionRun, run).counts["due"], found
    return {"items": count + count // BESIDE, "due": found} | told | {"grown_mb": round(grown / 2**20, 1)}


def _assess(desk: Desk) -> None:
    lease = claim(desk.kernel.database, [Queue.INDEXING], "bench", seconds=600)
    assert lease is not None and lease.stage is Stage.ASSESS, lease
    AssessHandler(desk.kernel)(lease)


def _age(desk: Desk, count: int) -> None:
    """So many vouchers whose clocks are over, and some leases whose are not; all under one data key, which no schedule asks."""
    papers = Papers(desk)
    like = papers.one(papers.item("lease_contract"))
    row = {column.name: getattr(like, column.name) for column in Item.__table__.c}
    kinds = (
        ("payment_voucher", ("fiscal_year_ended_on", "debts_settled_on"), LONG_AGO, count),
        ("lease_contract", ("lease_ended_on", "deposit_settled_on"), LATELY, count // BESIDE - 1),
    )
    with desk.kernel.database.write() as session:
        for type_, triggers, day, many in kinds:
            for start in range(0, many, ROWS):
                ids = [new_id() for _ in range(min(ROWS, many - start))]
                session.execute(insert(Item), [row | {"id": each, "type": type_} for each in ids])
                events = [
                    {"name": name, "day": day, "item_id": each, "by_id": papers.owner} for each in ids for name in triggers
                ]
                session.execute(insert(RetentionEvent), events)


# ── an execution ──────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    reader = Reader(desk, bed.plant(_plants(KEPT, "留")))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--due", type=int, default=100_000, help="items that fall due; 0 leaves the due list out")
    parser.add_argument("--lines", default="250,500,1000", help="sizes of the batches that are carried out")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--pace", type=int, help="lines a minute at most")
    given = parser.parse_args()
    structlog.configure(processors=[], logger_factory=structlog.ReturnLoggerFactory(), wrapper_class=structlog.BoundLogger)
    print(json.dumps({"at": now().isoformat(timespec="seconds"), "database": given.database, "processors": os.cpu_count()}))
    if given.due:
        with desk_on(given.database) as desk:
            print(json.dumps({"due list": due_list(desk, given.due)}, ensure_ascii=False), flush=True)
    for lines in [int(each) for each in given.lines.split(",") if each]:
        with desk_on(given.database) as desk:
            print(json.dumps({"execution": destruction(desk, lines, pace=given.pace)}, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
